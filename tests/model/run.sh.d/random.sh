#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The model beside the oracle: random runs, 1 million operations, with LONG=1
# 10 million. SEED is the first seed (default 1), RUNS the number of runs of 5000
# operations. Prints KTAP lines; the report of a difference goes to stderr.

. "$(dirname "$0")/../../../scripts/lib.sh"

need gcc:gcc
src=$top/machine/model
out=$build/model/random
runs=${RUNS:-$([ "${LONG:-0}" = 1 ] && echo 2000 || echo 200)}
mkdir -p "$out"

stage model-random-build gcc -std=gnu11 -Wall -Wextra -Werror -O2 -g -o "$out/random" \
	"$src/tests/random.c" "$src/tests/oracle.c" "$src"/*.c

verdict() { if "${@:2}" >&2; then echo "ok $1"; else echo "not ok $1"; fi; }

verdict random.canary "$out/random" --canary --seed "${SEED:-1}" --ops 5000
verdict random.oracle "$out/random" --seed "${SEED:-1}" --runs "$runs" --ops 5000
