#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# compose.sh ROOT REPO COMMIT DEST: compose the series of ROOT (its patches/ and
# new files) on COMMIT of the git repository REPO, one commit for each step, into
# the new repository DEST (branch `series`), and print the last commit. Equal
# input gives equal commits.
#
# A file that enters the kernel tree in one step may be edited by a later one.
# ROOT has it as the last step leaves it; taking the later patches back in
# reverse order gives what it was when it entered.
#
# DEST has no files checked out, so composing takes seconds.

. "$(dirname "$0")/lib.sh"

[ $# = 4 ] || die "usage: compose.sh ROOT REPO COMMIT DEST"
root=$1 repo=$2 base=$3 dest=$4
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE

steps=()
text=$("$top/scripts/series-steps.sh" "$root")
[ -z "$text" ] || mapfile -t steps <<<"$text"

enter=$(mktemp -d)
trap 'rm -rf "$enter"' EXIT

# enter/now: the new files as of the step at hand, from the last step back;
# enter/N: those that enter with step N, as they enter.
mkdir "$enter/now"
for step in "${steps[@]}"; do
	for file in ${step#"${step%% *}"}; do
		(cd "$root" && cp -p --parents "$file" "$enter/now")
	done
done
for ((n = ${#steps[@]}; n >= 1; n--)); do
	read -r patch files <<<"${steps[n - 1]}"
	mkdir "$enter/$n"
	for file in $files; do
		(cd "$enter/now" && cp -p --parents "$file" "$enter/$n" && rm "$file")
	done
	mapfile -t earlier < <(cd "$enter/now" && find . -type f -printf '--include=%P\n')
	[ ${#earlier[@]} = 0 ] ||
		(cd "$enter/now" && GIT_CEILING_DIRECTORIES=$enter git apply -R \
			--allow-empty --whitespace=nowarn "${earlier[@]}" \
			"$root/patches/$patch") ||
		die "$patch edits a file that an earlier step adds, but not as that" \
		    "file is now: change it in build/linux and make refresh"
done

git init -q -b series "$dest"
cd "$dest"
git -C "$repo" rev-parse --path-format=absolute --git-path objects >.git/objects/info/alternates
git config gc.auto 0
git update-ref refs/heads/series "$base"
git read-tree HEAD

# Each step goes from the mail through the index to a commit. Nothing is checked
# out: with tens of thousands of files in the index, all that looks at the work tree
# takes a second.
info=.git/step.info body=.git/step.body diff=.git/step.diff
author() { sed -n "s/^$1: //p" "$info"; }
for ((n = 1; n <= ${#steps[@]}; n++)); do
	read -r patch files <<<"${steps[n - 1]}"
	{
		git mailinfo --no-scissors "$body" "$diff" <"$root/patches/$patch" >"$info" &&
			{ [ ! -s "$diff" ] || git apply --cached --whitespace=nowarn "$diff"; }
	} 2>.git/step.log || {
		sed 's/^/    | /' .git/step.log >&2
		die "step $n, $patch, does not apply on this base:" \
		    "docs/series.md says how to carry the series over"
	}
	for file in $files; do
		! git cat-file -e "$base:$file" 2>/dev/null ||
			die "$file is new in $patch, but the base has it already"
		mode=100644
		[ ! -x "$enter/$n/$file" ] || mode=100755
		git update-index --add --cacheinfo \
			"$mode,$(git hash-object -w "$enter/$n/$file"),$file"
	done
	# The author is the committer too, so that equal input gives equal commits.
	export GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_AUTHOR_DATE
	GIT_AUTHOR_NAME=$(author Author) GIT_AUTHOR_EMAIL=$(author Email)
	GIT_AUTHOR_DATE=$(author Date)
	commit=$({ author Subject; echo; cat "$body"; } | git stripspace |
		GIT_COMMITTER_NAME=$GIT_AUTHOR_NAME GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL \
		GIT_COMMITTER_DATE=$GIT_AUTHOR_DATE \
		git commit-tree -p HEAD "$(git write-tree)")
	git update-ref refs/heads/series "$commit"
done
git rev-parse HEAD
