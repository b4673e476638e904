#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# series-steps.sh ROOT: print ROOT/patches/series in one line for each step: the
# patch, then the new files that enter with it. A patch or file that is named but
# absent, named twice or out of place is an error.

. "$(dirname "$0")/lib.sh"

root=$1
[ -f "$root/patches/series" ] || die "no patches/series in $root"
steps=$(awk '
	/^[[:space:]]*(#|$)/ { next }
	/^[[:space:]]/ { if (line == "") exit 1; for (i = 1; i <= NF; i++) line = line " " $i; next }
	{ if (line != "") print line; $1 = $1; line = $0 }
	END { if (line != "") print line }' "$root/patches/series") ||
	die "patches/series begins with an indented line"
[ -n "$steps" ] || exit 0

while read -r patch files; do
	[ -f "$root/patches/$patch" ] || die "patches/series names $patch, which is not in patches/"
	for file in $files; do
		[ -f "$root/$file" ] || die "patches/series names $file, which is not there"
		case $file in
		arch/* | drivers/* | include/* | tools/* | Documentation/*) ;;
		*) die "$file: new files belong in arch, drivers, include, tools or Documentation" ;;
		esac
	done
done <<<"$steps"
twice=$(tr ' ' '\n' <<<"$steps" | sort | uniq -d | tr '\n' ' ')
[ -z "$twice" ] || die "patches/series names more than once: $twice"
printf '%s\n' "$steps"
