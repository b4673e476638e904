#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# fetch-linux.sh [--newer]: print the git repository that holds the base of the
# series, pristine Linux 7.3.y, as one commit on the branch `base`.
#
# It comes from the Debian package linux-source-7.3, or from LINUX=<dir or
# tarball>. What has been downloaded once is used again; --newer asks the mirror
# for a later point release. The repository is in the cache folder and made once
# for each content; its commit depends on nothing but the content.

. "$(dirname "$0")/lib.sh"

series=7.3
repos=$cache/linux

# What git does here must not depend on the user's settings.
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1

# kernel_version DIR: the version in the top Makefile; an error if it is not ours.
kernel_version() {
	local version=
	[ ! -f "$1/Makefile" ] || version=$(awk '
		$1 == "VERSION" && $2 == "=" { v = $3 }
		$1 == "PATCHLEVEL" && $2 == "=" { p = $3 }
		$1 == "SUBLEVEL" && $2 == "=" { s = $3 }
		$1 == "EXTRAVERSION" && $2 == "=" { e = $3 }
		END { if (v != "" && p != "") print v "." p "." s e }' "$1/Makefile")
	[ -n "$version" ] || die "$2 is not a Linux source tree (no version in its Makefile)"
	case $version in
	$series.*) printf '%s\n' "$version" ;;
	*) die "$2 is Linux $version; the series is for $series.y" ;;
	esac
}

# new_repo DIR: an empty repository whose objects go into few large packs.
new_repo() {
	git init -q --bare -b base "$1"
	git -C "$1" config core.bare false
	git -C "$1" config core.bigFileThreshold 1
	git -C "$1" config core.compression 1
	git -C "$1" config gc.auto 0
	mkdir -p "$1/info"
	# No line-end conversion, whatever .gitattributes says.
	echo '* -text' >"$1/info/attributes"
}

# commit_base REPO VERSION: what REPO's index holds becomes the commit `base`.
commit_base() {
	local tree commit
	tree=$(git -C "$1" write-tree)
	commit=$(GIT_AUTHOR_NAME=Linux GIT_AUTHOR_EMAIL=linux-kernel@vger.kernel.org \
		GIT_COMMITTER_NAME=Linux GIT_COMMITTER_EMAIL=linux-kernel@vger.kernel.org \
		GIT_AUTHOR_DATE='2026-01-01T00:00:00 +0000' \
		GIT_COMMITTER_DATE='2026-01-01T00:00:00 +0000' \
		git -C "$1" commit-tree -m "Linux $2" "$tree")
	git -C "$1" update-ref refs/heads/base "$commit"
}

unpack_deb() {
	dpkg-deb --fsys-tarfile "$1" |
		tar -xO "./usr/src/linux-source-$series.tar.xz" | tar -xJ -C "$2"
}

# from_archive FILE: a .deb or a tarball, by the sha256 of its content.
from_archive() {
	local file=$1 key tmp src version
	key=$(sha256sum "$file")
	key=${key:0:16}
	for repo in "$repos"/*-"$key".git; do
		[ ! -d "$repo" ] || return 0
	done
	need_space "$repos" 2800
	tmp=$(mktemp -d "$repos/.tmp.XXXXXX")
	# shellcheck disable=SC2064
	trap "rm -rf '$tmp'" EXIT
	mkdir "$tmp/src"
	case $file in
	*.deb) stage "unpack Linux" unpack_deb "$file" "$tmp/src" ;;
	*) stage "unpack Linux" tar -xf "$file" -C "$tmp/src" ;;
	esac || die "$file cannot be unpacked"
	src=$tmp/src
	[ -e "$src/Makefile" ] || set -- "$src"/*
	[ -e "$src/Makefile" ] || [ $# != 1 ] || src=$1
	version=$(kernel_version "$src" "$file")
	new_repo "$tmp/repo"
	# --force: Debian's .gitignore ignores the whole tree.
	stage "import Linux $version" git --git-dir="$tmp/repo" --work-tree="$src" \
		add --all --force || die "cannot import $file"
	commit_base "$tmp/repo" "$version"
	repo=$repos/$version-$key.git
	publish "$tmp/repo" "$repo"
	rm -rf "$tmp"
}

# from_dir DIR: a git checkout (its tracked files, as they are now) or a plain
# tree. The repository keeps an index of DIR, so looking again is quick.
from_dir() {
	local dir=$1 version key
	version=$(kernel_version "$dir" "$dir")
	key=$(printf %s "$dir" | sha256sum)
	repo=$repos/dir-${key:0:16}.git
	if [ ! -d "$repo" ]; then
		need_space "$repos" 800
		new_repo "$repo.tmp"
		publish "$repo.tmp" "$repo"
	fi
	rm -f "$repo/index.lock"
	local -a git=(git -c safe.directory=* --git-dir="$repo" --work-tree="$dir")
	if [ -e "$dir/.git" ]; then
		git -c safe.directory=* -C "$dir" ls-files -z >"$repo/files"
		"${git[@]}" ls-files -z | sort -z >"$repo/have"
		sort -z "$repo/files" | comm -z -13 - "$repo/have" |
			"${git[@]}" update-index -z --force-remove --stdin
		(cd "$dir" && stage "import Linux" "${git[@]}" add --force \
			--pathspec-from-file="$repo/files" --pathspec-file-nul) ||
			die "cannot import $dir"
	else
		if [ -e "$dir/.config" ] || [ -e "$dir/include/generated" ]; then
			die "$dir has build output in it: run 'make mrproper' there first"
		fi
		stage "import Linux" "${git[@]}" add --all --force -- "$dir" ||
			die "cannot import $dir"
	fi
	commit_base "$repo" "$version"
}

case ${1:-} in
--newer) export APT_NEWER=1 ;;
'') ;;
*) die "usage: fetch-linux.sh [--newer]" ;;
esac

mkdir -p "$repos"
exec 9>"$repos/.lock"
need git:git xz:xz-utils
source=${LINUX:-}
if [ -z "$source" ]; then
	source=$("$top/scripts/apt-private.sh" binary \
		trixie-backports,experimental "linux-source-$series")
elif [ -e "$source" ]; then
	source=$(realpath "$source")
else
	die "LINUX=$source: no such file or directory"
fi
flock 9
rm -rf "$repos"/.tmp.* "$repos"/*.tmp
repo=
if [ -d "$source" ]; then
	from_dir "$source"
else
	from_archive "$source"
fi
say "base: $(git -C "$repo" log -1 --format=%s base) (from ${source##*/})"
printf '%s\n' "$repo"
