# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What every script of this project starts with:
#
#	. "$(dirname "$0")/lib.sh"
#
# It sets the directories, stops the script at the first error, and gives a few
# words for talking to the person at the terminal. Progress goes to stderr, so
# that a script may print its result (a path, say) on stdout.

set -euo pipefail
export LC_ALL=C.UTF-8

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$top/build
logs=$build/logs
results=$build/results
cache=${GICV5_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/gicv5-kvm}
jobs=${JOBS:-$(nproc)}
export top build logs results cache jobs
mkdir -p "$logs" "$results" "$cache"

# say TEXT...: one line of progress.
say() { printf '%s\n' "$*" >&2; }

# die TEXT...: say what went wrong and what to do about it, and stop.
die() { printf '%s: error: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# stage NAME COMMAND...: run a command with its output in build/logs/NAME.log;
# say how long it took; when it fails show the end of the log, say where it is
# and return the command's status. A function runs in a subshell; as everywhere
# in bash its set -e has no effect when stage stands before || or in a condition.
stage() {
	# Names that the command, which sees them, does not look for.
	local stage_name=$1 stage_log=$logs/${1//[ \/]/-}.log stage_start=$SECONDS stage_status
	shift
	printf '%-40s ' "$stage_name" >&2
	set +e
	(set -e; "$@") >"$stage_log" 2>&1 </dev/null
	stage_status=$?
	set -e
	if [ "$stage_status" = 0 ]; then
		printf 'ok      %4d s\n' "$((SECONDS - stage_start))" >&2
		return 0
	fi
	printf 'FAILED  %4d s\n' "$((SECONDS - stage_start))" >&2
	tail -n 25 "$stage_log" | sed 's/^/    | /' >&2
	say "    full log: ${stage_log#"$top"/}"
	return "$stage_status"
}

# need COMMAND:PACKAGE...: make sure that commands (or, with a leading /, files)
# exist. As root the missing packages are installed from the machine's own suite
# in one call; otherwise the error names what to install.
need() {
	local item probe missing=()
	for item; do
		probe=${item%:*}
		case $probe in
		/*) [ -e "$probe" ] || missing+=("${item##*:}") ;;
		*) command -v "$probe" >/dev/null || missing+=("${item##*:}") ;;
		esac
	done
	[ ${#missing[@]} = 0 ] && return 0
	command -v apt-get >/dev/null ||
		die "missing: ${missing[*]} (not a Debian system: install them by hand)"
	[ "$(id -u)" = 0 ] ||
		die "missing packages: run as root: apt-get install ${missing[*]}"
	install_packages "${missing[@]}"
}

# install_packages PACKAGE...: as root; one apt at a time, lists refreshed once.
install_packages() (
	export DEBIAN_FRONTEND=noninteractive
	exec 8>"$cache/.apt.lock"
	flock 8
	apt-get install -qq -y --no-install-recommends "$@" >>"$logs/apt.log" 2>&1 && exit 0
	apt-get update -qq >>"$logs/apt.log" 2>&1 ||
		die "apt-get update failed (no network?): see build/logs/apt.log"
	apt-get install -qq -y --no-install-recommends "$@" >>"$logs/apt.log" 2>&1 ||
		die "cannot install: $* (see build/logs/apt.log)"
)

# publish TMP DEST: put a finished file or directory in its place in one step,
# so that an interrupted run never leaves a half-made one under its final name.
publish() {
	rm -rf "$2.old"
	[ ! -e "$2" ] || mv "$2" "$2.old"
	mv "$1" "$2"
	rm -rf "$2.old"
}

# need_space DIR MIB: stop early, with the figure, when DIR has less room.
need_space() {
	local free
	free=$(df -Pm "$1" | awk 'NR == 2 { print $4 }')
	[ "$free" -ge "$2" ] || die "$1 has $free MiB free, $2 MiB are needed"
}
