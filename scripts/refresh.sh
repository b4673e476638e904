#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# refresh.sh [--force]: the way back. Each commit of build/linux after the base
# becomes a step of patches/series: edits to files that Linux has (and to files of
# earlier steps) a patch, the files that the commit adds files of this project.
# Before anything is written here, the result is composed again and must give the
# same tree and messages.
#
# When patches/ has changed since build/linux was composed, refresh would undo
# that change; it refuses without --force.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tree-lib.sh"

need git:git
[ -d "$linux" ] || die "there is no build/linux: run make tree first"
exec 9>"$build/.linux.lock"
flock 9
cd "$linux"

[ ! -e .git/updating ] || die "build/linux is half updated: run make tree first"
if [ -e .git/rebase-merge ] || [ -e .git/rebase-apply ]; then
	die "a rebase is under way in build/linux: finish it first"
fi
edited=$(git status --porcelain --untracked-files=no)
[ -z "$edited" ] || die "build/linux has edits that are in no commit: commit them first
$edited"
untracked=$(tree_untracked)
[ -z "$untracked" ] || die "build/linux has files that are in no commit
(git add --force, since Debian's .gitignore ignores all; or remove them):
$untracked"
read -r _ key <.git/composed
[ "${1:-}" = --force ] || [ "$(series_key "$top")" = "$key" ] ||
	die "patches/ or its files have changed since build/linux was composed;" \
	    "make tree takes them over, scripts/refresh.sh --force drops them"

base=$(git rev-list --max-parents=0 HEAD)
[ "$(wc -w <<<"$base")" = 1 ] || die "build/linux has more than one root commit"
[ -z "$(git rev-list --merges HEAD)" ] || die "build/linux has merge commits: a series is a line"

tmp=$(mktemp -d "$build/.refresh.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
new=$tmp/root
mkdir -p "$new/patches"

# The comment at the head of patches/series stays.
awk '/^#/ { print; next } { exit }' "$top/patches/series" >"$new/patches/series"

# The commit without the files it adds, as a mail; then the list of these.
n=0
for commit in $(git rev-list --reverse "$base..HEAD"); do
	n=$((n + 1))
	added=$(git diff-tree -r --no-renames --diff-filter=A --name-only "$commit^" "$commit")
	removed=$(git diff-tree -r --no-renames --diff-filter=D --name-only "$commit^" "$commit")
	for file in $removed; do
		git cat-file -e "$base:$file" 2>/dev/null ||
			die "$(git log -1 --format=%s "$commit") removes $file, which an" \
			    "earlier step adds: take it out of that step instead"
	done
	export GIT_INDEX_FILE=$tmp/index
	git read-tree "$commit"
	[ -z "$added" ] || git update-index --force-remove --stdin <<<"$added"
	tree=$(git write-tree)
	unset GIT_INDEX_FILE
	mail=$(GIT_AUTHOR_NAME=$(git log -1 --format=%an "$commit") \
		GIT_AUTHOR_EMAIL=$(git log -1 --format=%ae "$commit") \
		GIT_AUTHOR_DATE=$(git log -1 --format=%ad --date=raw "$commit") \
		GIT_COMMITTER_NAME=series GIT_COMMITTER_EMAIL=series \
		git commit-tree -p "$commit^" -F <(git log -1 --format=%B "$commit") "$tree")
	patch=$(git format-patch -1 --always --no-numbered --start-number "$n" --zero-commit \
		--no-signature --no-stat --no-renames --binary --abbrev=12 \
		--diff-algorithm=histogram -o "$new/patches" "$mail")
	printf '%s\n' "${patch##*/}" >>"$new/patches/series"
	for file in $added; do
		printf '\t%s\n' "$file" >>"$new/patches/series"
		printf '%s\n' "$file" >>"$tmp/added"
	done
done
if [ -s "$tmp/added" ]; then
	xargs -a "$tmp/added" -d '\n' git archive HEAD -- | tar -x -C "$new"
fi

# The identity: what was written composes to what it was written from.
commit=$("$top/scripts/compose.sh" "$new" "$linux" "$base" "$tmp/linux")
git fetch -q "$tmp/linux" series
format='%T%n%an <%ae> %ad%n%B'
if ! diff -u <(git log --date=raw --format="$format" "$base..HEAD") \
	     <(git log --date=raw --format="$format" "$base..$commit") >"$logs/refresh.log"; then
	head -n 40 "$logs/refresh.log" >&2
	die "composing again does not give the same commits: nothing was changed"
fi

# Into the project: first what is new, then away with what is gone.
old=$(awk '!/^[[:space:]]*(#|$)/ { for (i = 1; i <= NF; i++)
	print (i == 1 && !/^[[:space:]]/ ? "patches/" : "") $i }' "$top/patches/series")
(cd "$new" && find . -type f -printf '%P\n') | while read -r file; do
	cmp -s "$new/$file" "$top/$file" && continue
	mkdir -p "$top/$(dirname "$file")"
	cp -p "$new/$file" "$top/$file.tmp$$"
	mv "$top/$file.tmp$$" "$top/$file"
	say "  wrote $file"
done
for file in $old; do
	[ ! -e "$new/$file" ] || continue
	rm -f "$top/$file"
	rmdir -p --ignore-fail-on-non-empty "$top/$(dirname "$file")" 2>/dev/null || true
	say "  removed $file"
done
git reset -q --soft "$commit"
git branch -q -f base "$base"
git update-ref refs/composed "$commit"
printf '%s %s\n' "$base" "$(series_key "$top")" >.git/composed
say "patches/: $n steps, composed again to the same tree $(git rev-parse --short "HEAD^{tree}")"
