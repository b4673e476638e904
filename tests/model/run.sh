#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Level "model": the unit tests of machine/model with ASan and UBSan, and the
# line coverage of the library by them. A run.sh.d/*.sh beside this file is a
# further part: it prints its own `ok` and `not ok` lines.
# Result: build/results/model.ktap.

# shellcheck source-path=SCRIPTDIR source=../../scripts/lib.sh
. "$(dirname "$0")/../../scripts/lib.sh"

need gcc:gcc make:make /usr/include/cmocka.h:libcmocka-dev

src=$top/machine/model/tests
out=$build/model/tests
ktap=$results/model.ktap
min_coverage=90

stage model-library make -C "$top/machine/model"
stage model-tests make -j "$jobs" -C "$src"

find "$out" -name '*.gcda' -delete
lines=$(mktemp)
trap 'rm -f "$lines"' EXIT

# A program that dies in the middle leaves tests without a line: say so.
for test in "$src"/test_*.c; do
	name=$(basename "$test" .c)
	status=0
	CMOCKA_MESSAGE_OUTPUT=TAP timeout 600 "$out/$name" >"$logs/$name.tap" 2>&1 || status=$?
	sed -nE "s/^((not )?ok) [0-9]+ -? ?(.*)/\1 ${name#test_}.\3/p" "$logs/$name.tap" >>"$lines"
	planned=$(sed -nE 's/^1\.\.([0-9]+)$/\1/p' "$logs/$name.tap")
	seen=$(grep -cE '^(not )?ok [0-9]' "$logs/$name.tap" || true)
	if [ "${planned:-none}" != "$seen" ]; then
		echo "not ok ${name#test_}.complete" >>"$lines"
		say "$name: $seen of ${planned:-?} tests ran, status $status"
	fi
	grep -E '^(not ok|# .*error)' "$logs/$name.tap" >&2 || true
done

coverage=$(cd "$out/lib" && gcov -n ./*.gcda 2>/dev/null |
	awk '
		/^File / { ours = $0 !~ /tests\// && $0 !~ /usr/ }
		/^Lines executed/ && ours {
			split($0, f, /[:% ]+/); n += $NF; hit += $NF * f[3] / 100; ours = 0
		}
		END { printf "%.1f", n ? 100 * hit / n : 0 }')
say "line coverage of the library by its unit tests: $coverage %"
if awk -v c="$coverage" -v m=$min_coverage 'BEGIN { exit !(c >= m) }'; then
	echo "ok coverage" >>"$lines"
else
	echo "not ok coverage" >>"$lines"
fi

for part in "$(dirname "$0")"/run.sh.d/*.sh; do
	[ -e "$part" ] || continue
	"$part" >>"$lines" || echo "not ok $(basename "$part" .sh).complete" >>"$lines"
done

{
	echo "KTAP version 1"
	echo "1..$(wc -l <"$lines")"
	awk '{ n++; sub(/^not ok /, "not ok " n " ") || sub(/^ok /, "ok " n " "); print }' "$lines"
} >"$ktap"
! grep -q '^not ok' "$ktap"
