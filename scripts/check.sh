#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# check.sh [--long] [LEVEL...]: run the tests of these levels (all of them by
# default, in rising order of cost) and report. A level is tests/LEVEL/run.sh,
# which writes build/results/LEVEL.ktap; --long reaches it as LONG=1. All levels
# run, also after one has failed.

. "$(dirname "$0")/lib.sh"

all=(tools model series kunit selftests guest machine)
levels=()
for arg; do
	case $arg in
	--long) export LONG=1 ;;
	-*) die "usage: check.sh [--long] [LEVEL...]" ;;
	*)
		[ -x "$top/tests/$arg/run.sh" ] || die "no level $arg in tests/ (${all[*]})"
		levels+=("$arg")
		;;
	esac
done
if [ ${#levels[@]} = 0 ]; then
	for level in "${all[@]}"; do
		[ ! -x "$top/tests/$level/run.sh" ] || levels+=("$level")
	done
fi
need python3:python3

files=()
times=()
for level in "${levels[@]}"; do
	file=$results/$level.ktap
	start=$SECONDS
	status=0
	rm -f "$file"
	say "== $level"
	"$top/tests/$level/run.sh" </dev/null || status=$?
	# A script that died without saying which test failed has failed.
	if [ "$status" != 0 ] && ! grep -qs '^not ok' "$file"; then
		printf 'Bail out! tests/%s/run.sh ended with status %s\n' \
			"$level" "$status" >>"$file"
	fi
	files+=("$file")
	times+=("$(printf '%-16s %5d s' "$level" "$((SECONDS - start))")")
done

say "== time"
say "$(printf '%s\n' "${times[@]}")"
say "== result"
exec "$top/scripts/report.py" "${files[@]}"
