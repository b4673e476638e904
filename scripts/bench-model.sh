#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# bench-model.sh: what GIC operations cost in the model while 1, 256 or 4096 LPIs
# are pending, in instructions (counted, the same in each run) and in nanoseconds.
# Prints lines "bench: NAME VALUE UNIT".

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

need gcc:gcc valgrind:valgrind
src=$top/machine/model
out=$build/model/bench
rounds=198 all=1000	# five times, and ten before
mkdir -p "$out"

stage model-bench-build gcc -std=gnu11 -O2 -g -o "$out/bench" "$src/tests/bench.c" "$src"/*.c

# instructions KIND PENDING: per round.
instructions() {
	valgrind --tool=callgrind --toggle-collect=rounds --callgrind-out-file="$out/callgrind.out" \
		"$out/bench" "$1" "$2" "$rounds" 2>&1 >/dev/null |
		awk -v n=$all '/Collected :/ { printf "%.0f\n", $NF / n; ok = 1 }
			END { exit !ok }'
}

for kind in lpi spi config vlpi doorbell; do
	for pending in 1 256 4096; do
		echo "bench: model_${kind}_$pending $(instructions $kind $pending) instructions"
	done
	for pending in 1 256 4096; do
		echo "bench: model_${kind}_time_$pending $("$out/bench" $kind $pending 50000) nanoseconds"
	done
done
