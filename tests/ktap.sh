# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What a level written in shell is made of. Sourced after lib.sh:
#
#	ktap_begin LEVEL
#	try NAME COMMAND...	a case: the command (mostly a function) must succeed
#	skip NAME REASON	a case that cannot run here
#	ktap_end		the plan, and the status to leave with
#
# A case runs in a subshell under set -e with its output in build/logs/LEVEL/.

: "${results:?source lib.sh first}" "${logs:?}"

ktap_begin() {
	level=$1 count=0 failures=0
	ktap=$results/$level.ktap
	mkdir -p "$logs/$level"
	rm -f "$logs/$level"/*
	echo "KTAP version 1" >"$ktap"
}

# Not to be called as a condition (try ... || ...): bash ignores set -e there.
try() {
	# Names that the case, which sees them, does not look for.
	local try_name=$1 try_start=$SECONDS try_status try_log
	shift
	count=$((count + 1))
	try_log=$logs/$level/$(printf '%03d-%s' "$count" "$try_name" | tr -c 'A-Za-z0-9.\n-' _).log
	set +e
	(set -e; "$@") >"$try_log" 2>&1 </dev/null
	try_status=$?
	set -e
	if [ "$try_status" = 0 ]; then
		echo "ok $count $try_name" >>"$ktap"
		printf 'ok      %4d s  %s\n' "$((SECONDS - try_start))" "$try_name" >&2
	else
		failures=$((failures + 1))
		{ tail -n 25 "$try_log" | sed 's/^/# /'; echo "not ok $count $try_name"; } >>"$ktap"
		printf 'FAILED  %4d s  %s\n' "$((SECONDS - try_start))" "$try_name" >&2
		tail -n 25 "$try_log" | sed 's/^/    | /' >&2
		say "    full log: ${try_log#"$top"/}"
	fi
}

skip() {
	count=$((count + 1))
	echo "ok $count $1 # SKIP $2" >>"$ktap"
	printf 'skip            %s (%s)\n' "$1" "$2" >&2
}

ktap_end() {
	echo "1..$count" >>"$ktap"
	[ "$failures" = 0 ]
}
