#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# series.sh: build/series, what `git send-email build/series/*.patch` sends: the
# cover letter from patches/cover.md and the patches, each checked by
# check-mail.sh. To and Cc are what get_maintainer.pl says; they are in the headers
# and, for the eye, below the cover letter. V=2 makes it version 2.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tree-lib.sh"

need git:git perl:perl
"$top/scripts/tree.sh"
cd "$linux"
[ -z "$(tree_unsaved)" ] || die "build/linux has work that is not in patches/: run make refresh"
[ "$(git rev-list --count base..series)" != 0 ] || die "patches/series has no step"
grep -q '^Subject: ' "$top/patches/cover.md" 2>/dev/null ||
	die "patches/cover.md must begin with 'Subject: ', a blank line and the text"

tmp=$(mktemp -d "$build/.series.XXXXXX")
trap 'rm -rf "$tmp"' EXIT

# format-patch takes the cover letter from the branch's description, and its
# sender and date from the committer.
subject=$(sed -n 's/^Subject: //p;T;q' "$top/patches/cover.md")
body=$(sed '1,/^$/d' "$top/patches/cover.md")
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=branch.series.description
export GIT_CONFIG_VALUE_0="$subject

$body"
GIT_COMMITTER_NAME=$(git log -1 --format=%an series)
GIT_COMMITTER_EMAIL=$(git log -1 --format=%ae series)
GIT_COMMITTER_DATE=$(git log -1 --format=%ad --date=raw series)
export GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL GIT_COMMITTER_DATE

format() {
	git format-patch -q --cover-letter --cover-from-description=subject --zero-commit \
		--no-signature ${V:+-v "$V"} -o "$tmp/series" "$@" base..series
}

# maintainers WHAT...: who get_maintainer.pl names for the whole series. The base
# has no history, so MAINTAINERS is what it goes by.
maintainers() {
	find "$tmp/series" -name '*.patch' ! -name '*-cover-letter.patch' -print0 |
		xargs -0 perl scripts/get_maintainer.pl --no-git --no-git-fallback \
			--no-rolestats "$@" | sort -u
}

format
to=$(maintainers --nor --nol)
cc=$(maintainers --nom | grep -vxF -e "$to")
args=()
while read -r who; do args+=("--to=$who"); done <<<"$to"
while read -r who; do args+=("--cc=$who"); done <<<"$cc"
rm -r "$tmp/series"
format "${args[@]}"
{
	printf '%s\n' --- "Base: $(git log -1 --format=%s base)"
	printf '%s\n' "${args[@]/#--/}" | sed 's/^to=/To: /; s/^cc=/Cc: /'
} >>"$(find "$tmp/series" -name '*-cover-letter.patch')"

bad=0
for mail in "$tmp"/series/*.patch; do
	case $mail in *-cover-letter.patch) continue ;; esac
	result=ok
	"$top/scripts/check-mail.sh" "$linux" "$mail" >"$tmp/findings" 2>&1 || {
		result=FINDINGS
		bad=$((bad + 1))
	}
	printf '%-60.60s %s\n' "${mail##*/}" "$result" >&2
	cat "$tmp/findings" >&2
done
publish "$tmp/series" "$build/series"
[ "$bad" = 0 ] || die "$bad patches have findings; build/series is there to look at"
say "build/series: send with git send-email build/series/*.patch"
say "              try with git am --empty=drop build/series/*.patch"
