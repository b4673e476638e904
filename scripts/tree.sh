#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# tree.sh: build/linux, a git tree: the base, then one commit for each step of
# the series. Only what is different is written, so a kernel built from it is
# rebuilt only where it must be. Commits or edits in build/linux that are not in
# patches/ yet are never overwritten.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tree-lib.sh"

need git:git
repo=$("$top/scripts/fetch-linux.sh")
base=$(git -C "$repo" rev-parse base)
key=$(series_key "$top")
exec 9>"$build/.linux.lock"
flock 9

tmp=$build/.linux.tmp
rm -rf "$tmp" "$tmp.new"
[ -d "$linux" ] || rm -rf "$linux"

if [ -d "$linux" ]; then
	link_objects "$repo" "$linux"
	# An update was interrupted: nothing of the user's was there before it.
	if [ -e "$linux/.git/updating" ]; then
		rm -f "$linux/.git/index.lock"
		git -C "$linux" checkout -q -f -B series refs/composed
		tree_untracked | (cd "$linux" && xargs -r -d '\n' rm -f)
	fi
	left=$(tree_unsaved)
	if [ "$(tree_state)" = "$base $key" ]; then
		say "build/linux: as composed before${left:+; not in patches/: $left}"
		exit 0
	fi
	[ -z "$left" ] ||
		die "build/linux has work that is not in patches/: $left;" \
		    "run make refresh, or discard it there"
else
	need_space "$build" 2200
fi

stage "compose-series" "$top/scripts/compose.sh" "$top" "$repo" "$base" "$tmp" ||
	die "the series does not compose on this base; build/linux is as it was"
if [ ! -d "$linux" ]; then
	git init -q -b series "$tmp.new"
	link_objects "$repo" "$tmp.new"
	stage "check-out-linux" tree_take "$tmp.new" "$tmp" "$base" "$key" ||
		die "cannot check out build/linux"
	publish "$tmp.new" "$linux"
else
	stage "check-out-linux" tree_take "$linux" "$tmp" "$base" "$key" ||
		die "cannot update build/linux"
fi
rm -rf "$tmp"
say "build/linux: $(git -C "$linux" log -1 --format=%s base) and" \
	"$(git -C "$linux" rev-list --count base..series) steps"
