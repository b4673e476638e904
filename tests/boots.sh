# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the levels that boot the patched host have in common. Sourced after lib.sh:
#
#	wanted NAME		is this boot one of those that BOOTS=a,b chooses?
#	strict_silent NAME [R]	whether the strict mode of the machine had nothing to
#				report in the boot NAME, as one more result; R are
#				rules that do not count ("27|29")
#	parts, status		the files of results so far, and the status to leave with

: "${results:?source lib.sh first}" "${logs:?}"

# shellcheck disable=SC2034 # for the level
parts=()
# shellcheck disable=SC2034 # for the level
status=0

wanted() { [ -z "${BOOTS:-}" ] || [[ ,$BOOTS, == *,$1,* ]]; }

strict_silent() {
	local name=$1 ignored=${2:-none} log=$logs/$1.log own=$results/boot/$1.own.ktap noise
	noise="no log"
	[ ! -e "$log" ] || noise=$(grep -a 'gicv5 strict:' "$log" |
		grep -avE "rule ($ignored):" | sort | uniq -c | head -n 20 || true)
	{
		echo "KTAP version 1"
		echo "1..1"
		[ -z "$noise" ] || awk '{ print "# " $0 }' <<<"$noise"
		echo "$([ -z "$noise" ] || echo 'not ')ok 1 strict-silent"
	} >"$own"
	# shellcheck disable=SC2034 # for the level
	[ -z "$noise" ] || status=1
	parts+=("$name:$own")
}
