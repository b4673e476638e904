#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# libFuzzer over the public API of the model, with ASan and UBSan, for 30 s, with
# LONG=1 for 10 minutes (FUZZ_SECONDS overrides it). The corpus grows in
# build/model/fuzz/corpus; an input that breaks the model stays in
# build/model/fuzz and is run again with `fuzz INPUT`. Prints KTAP lines.

. "$(dirname "$0")/../../../scripts/lib.sh"

need clang:clang
runtime=$(clang -print-resource-dir)/lib/linux/libclang_rt.fuzzer-$(uname -m).a
need "$runtime":libclang-rt-"$(clang -dumpversion | cut -d. -f1)"-dev
src=$top/machine/model
out=$build/model/fuzz
seconds=${FUZZ_SECONDS:-$([ "${LONG:-0}" = 1 ] && echo 600 || echo 30)}
mkdir -p "$out/corpus"

stage model-fuzz-build clang -g -O1 -fsanitize=fuzzer,address,undefined \
	-fno-sanitize-recover=all -o "$out/fuzz" "$src/tests/fuzz.c" "$src"/*.c

if stage model-fuzz "$out/fuzz" -max_total_time="$seconds" -timeout=10 -max_len=600 \
	-malloc_limit_mb=64 -print_final_stats=1 -artifact_prefix="$out/" "$out/corpus"; then
	echo "ok fuzz.api"
else
	echo "not ok fuzz.api"
fi
executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$logs/model-fuzz.log")
say "fuzzing: ${executions:-0} executions in $seconds s"
