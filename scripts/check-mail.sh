#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# check-mail.sh TREE MAIL: checkpatch.pl --strict of the kernel TREE on one mail of
# the series, and its trailers. Prints the findings; the status says if there are.

. "$(dirname "$0")/lib.sh"

[ $# = 2 ] || die "usage: check-mail.sh TREE MAIL"
tree=$1 mail=$(realpath "$2") status=0
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
# checkpatch runs spdxcheck.py, which wants two modules of Debian's python3.
PATH=/usr/bin:$PATH
need perl:perl git:git python3:python3 /usr/lib/python3/dist-packages/ply:python3-ply \
	/usr/lib/python3/dist-packages/git:python3-git

finding() { printf '%s: %s\n' "${mail##*/}" "$*"; status=1; }

# FILE_PATH_CHANGES asks if MAINTAINERS covers a new file; the entry of arm64 KVM
# goes by directory, and get_maintainer.pl on the mail tells.
(cd "$tree" && perl scripts/checkpatch.pl --strict --quiet --show-types \
	--no-summary --ignore FILE_PATH_CHANGES "$mail") || status=1

parts=$(mktemp -d)
trap 'rm -rf "$parts"' EXIT
author=$(git mailinfo "$parts/message" "$parts/diff" <"$mail" | awk '
	/^Author: / { name = substr($0, 9) }
	/^Email: / { mail = substr($0, 8) }
	END { print name " <" mail ">" }')
trailers=$({ printf 'x\n\n'; cat "$parts/message"; } |
	git interpret-trailers --only-trailers --unfold --no-divider)
last=$(tail -n 1 <<<"$trailers")
[[ $last == "Signed-off-by: "* ]] || finding "the last trailer is not a Signed-off-by"
grep -qxF "Signed-off-by: $author" <<<"$trailers" ||
	finding "no Signed-off-by of the author, $author"
rank=0
while IFS=: read -r name _; do
	case $name in
	Fixes) now=1 ;;
	Reported-by | Suggested-by | Closes) now=2 ;;
	Co-developed-by | Signed-off-by) now=3 ;;
	*) finding "a trailer that is not for a new series: $name"; continue ;;
	esac
	[ "$now" -ge "$rank" ] || finding "$name comes too late among the trailers"
	rank=$now
done <<<"$trailers"
exit "$status"
