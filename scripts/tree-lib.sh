# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What tree.sh and refresh.sh agree on about build/linux. Sourced after lib.sh.
# Its repository remembers what it was composed from: the ref refs/composed (the
# last commit) and .git/composed (base commit, key of the series).

# shellcheck disable=SC2154
linux=$build/linux
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1

# series_key ROOT: a hash over patches/series and everything that it names.
series_key() {
	local steps
	steps=$("$top/scripts/series-steps.sh" "$1")
	(cd "$1" && {
		printf '%s\n' "$steps"
		while read -r patch files; do
			# shellcheck disable=SC2086
			[ -z "$patch" ] || sha256sum "patches/$patch" $files
		done <<<"$steps"
	}) | sha256sum | cut -c1-32
}

# link_objects REPO DIR: DIR's repository reads objects from REPO too.
link_objects() {
	local objects
	objects=$(git -C "$1" rev-parse --path-format=absolute --git-path objects)
	grep -qsxF "$objects" "$2/.git/objects/info/alternates" ||
		printf '%s\n' "$objects" >>"$2/.git/objects/info/alternates"
}

# tree_state: what build/linux was composed from.
tree_state() { cat "$linux/.git/composed" 2>/dev/null || true; }

# tree_untracked: files that somebody has put there. Debian's .gitignore ignores
# the whole tree, so git status does not show them.
tree_untracked() {
	sed '/^# Debian packaging/,$d' "$linux/.gitignore" >"$linux/.git/ignore" 2>/dev/null || true
	git -C "$linux" ls-files --others --exclude-from="$linux/.git/ignore"
}

# tree_unsaved: in words, what build/linux has that was not composed; or nothing.
tree_unsaved() {
	local n out=
	n=$(git -C "$linux" status --porcelain --untracked-files=no | wc -l)
	[ "$n" = 0 ] || out="$n edited files"
	n=$(tree_untracked | wc -l)
	[ "$n" = 0 ] || out="${out:+$out, }$n new files"
	n=$(git -C "$linux" rev-list --count HEAD --not refs/composed)
	[ "$n" = 0 ] || out="${out:+$out, }$n commits"
	if [ "$n" = 0 ] && ! git -C "$linux" diff --quiet HEAD refs/composed; then
		out="${out:+$out, }dropped commits"
	fi
	printf '%s' "$out"
}

# tree_take DIR FROM BASE KEY: bring DIR to the commits that FROM has composed.
# DIR has nothing unsaved; .git/updating says so to a run after an interruption.
# For a stage, so it is one chain.
tree_take() {
	rm -f "$1/.git/index.lock" &&
		git -C "$1" fetch -q "$2" series &&
		git -C "$1" config gc.auto 0 &&
		touch "$1/.git/updating" &&
		git -C "$1" checkout -q -f -B series FETCH_HEAD &&
		git -C "$1" branch -q -f base "$3" &&
		git -C "$1" update-ref refs/composed HEAD &&
		printf '%s %s\n' "$3" "$4" >"$1/.git/composed" &&
		rm "$1/.git/updating"
}
