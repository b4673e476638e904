#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Packages of Debian suites that are not the machine's own. As a command, and,
# when sourced, as functions that print the path of the .deb or .dsc:
#
#	apt-private.sh binary|source SUITE[,SUITE...] PACKAGE [DIR]
#	apt_binary PACKAGE SUITE...
#	apt_source PACKAGE SUITE...
#
# The package comes from the first of the suites that has it, with its tarballs if
# it is source, into the cache folder; with DIR it is linked there.
#
# apt runs with lists, sources, cache and state of its own, so the machine's
# configuration is not touched and root is not needed; signatures are verified.
# What has been downloaded is used again without asking the mirror; APT_NEWER=1
# asks it for something newer. GICV5_MIRROR=<url> replaces the machine's mirror.
# apt_arch, with an apt_dir of its own, is for packages of another architecture.

. "$(dirname "$0")/lib.sh"

apt_dir=$cache/apt
apt_suites="trixie trixie-backports experimental"
apt_keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# The Debian mirror this machine uses. Where the lists have never been fetched
# apt-get indextargets is silent, and the addresses of the next update tell.
apt_mirror() {
	local mirror
	mirror=${GICV5_MIRROR:-}
	# shellcheck disable=SC2016
	[ -n "$mirror" ] || mirror=$(apt-get indextargets \
			--format '$(ORIGIN) $(LABEL) $(REPO_URI)' 2>/dev/null |
		awk '$1 == "Debian" && $2 == "Debian" { print $3; exit }')
	[ -n "$mirror" ] || mirror=$(apt-get update --print-uris 2>/dev/null |
		sed -n "s|^'\(.*/debian/\)dists/.*|\1|p" | head -n 1)
	[ -n "$mirror" ] ||
		die "no Debian mirror found in this machine's apt sources;" \
		    "name one with GICV5_MIRROR=<url>"
	printf '%s\n' "${mirror%/}/"
}

# Write the private configuration, and read the lists when there are none yet,
# when they are another mirror's, or when told to.
apt_setup() {
	local mirror arch suite
	command -v apt-get >/dev/null ||
		die "unsupported distribution: no apt here (Debian 12 or later is" \
		    "needed; LINUX= and QEMU= replace what would be fetched)"
	[ -e "$apt_keyring" ] || need "$apt_keyring:debian-archive-keyring"
	mirror=$(apt_mirror)
	arch=${apt_arch:-$(dpkg --print-architecture)}
	mkdir -p "$apt_dir/lists/partial" "$apt_dir/archives/partial" "$cache/dl"
	export APT_CONFIG=$apt_dir/apt.conf
	cat >"$APT_CONFIG" <<-END
		Dir::Etc::sourcelist "$apt_dir/sources.list";
		Dir::Etc::sourceparts "/dev/null";
		Dir::Etc::preferences "/dev/null";
		Dir::Etc::preferencesparts "/dev/null";
		Dir::State "$apt_dir";
		Dir::State::lists "$apt_dir/lists";
		Dir::State::status "/dev/null";
		Dir::Cache "$apt_dir";
		APT::Architecture "$arch";
		APT::Architectures { "$arch"; };
		APT::Sandbox::User "root";
		APT::Update::Error-Mode "any";
		Acquire::Languages "none";
		Acquire::Retries "2";
	END
	for suite in $apt_suites; do
		printf '%s [signed-by=%s] %s %s main\n' \
			deb "$apt_keyring" "$mirror" "$suite" \
			deb-src "$apt_keyring" "$mirror" "$suite"
	done >"$apt_dir/sources.list.new"
	if [ "${1:-}" != refresh ] &&
	   cmp -s "$apt_dir/sources.list.new" "$apt_dir/sources.list" &&
	   [ -e "$apt_dir/complete" ]; then
		return 0
	fi
	rm -f "$apt_dir/complete"
	mv "$apt_dir/sources.list.new" "$apt_dir/sources.list"
	need_space "$apt_dir" 600
	stage "package lists of trixie, experimental" apt-get update ||
		die "cannot read the package lists of $mirror (no network?):" \
		    "see build/logs"
	touch "$apt_dir/complete"
}

# apt_version PACKAGE Packages|Sources SUITE...: the suite's best version.
apt_version() {
	local package=$1 kind=$2 suite version
	shift 2
	for suite; do
		version=$(apt-cache madison "$package" |
			awk -F ' *\\| *' -v want="$suite/main" -v kind="$kind" '
				{ n = split($3, f, " ") }
				f[2] == want && f[n] == kind { print $2; exit }')
		[ -z "$version" ] || { printf '%s\n' "$version"; return 0; }
	done
	return 1
}

# apt_get_into DIR COMMAND...: run it in a new directory and publish that.
apt_get_into() (
	dest=$1
	tmp=$(mktemp -d "$cache/dl/.tmp.XXXXXX")
	trap 'rm -rf "$tmp"' EXIT
	shift
	cd "$tmp" && stage "download ${dest##*/}" "$@" && publish "$tmp" "$dest"
)

# apt_fetch KIND PACKAGE SUITE...: print the directory with the package.
apt_fetch() (
	kind=$1 package=$2 dest=$cache/dl/$1/$2
	shift 2
	printf '%s\n' "$dest"
	mkdir -p "$cache/dl/$kind"
	exec 7>"$cache/dl/.lock"
	flock 7
	rm -rf "$cache"/dl/.tmp.*
	[ ! -d "$dest" ] || [ -n "${APT_NEWER:-}" ] || return 0
	apt_setup "${APT_NEWER:+refresh}"
	version=$(apt_version "$package" "$kind" "$@") || {
		apt_setup refresh
		version=$(apt_version "$package" "$kind" "$@")
	} || die "no package $package in ${*} of $(apt_mirror)"
	need_space "$cache/dl" "$(apt_mib "$package" "$kind" "$version")"
	get=(apt-get download "$package=$version")
	[ "$kind" = Packages ] ||
		get=(apt-get source --only-source --download-only "$package=$version")
	# Lists may be older than the mirror: read them again once.
	apt_get_into "$dest" "${get[@]}" || {
		apt_setup refresh
		apt_get_into "$dest" "${get[@]}"
	} || die "cannot download $package $version: see build/logs"
)

# apt_mib PACKAGE KIND VERSION: room its download takes, and a little more.
apt_mib() {
	local show=show
	[ "$2" = Packages ] || show=showsrc
	apt-cache "$show" "$1" | awk -v want="$3" '
		/^Version: / { this = ($2 == want) }
		/^(Files|Checksums-Sha256):/ { list = (this && $1 ~ /^Checksums/) ; next }
		/^[^ ]/ { list = 0 }
		this && /^Size: / { bytes = $2 }
		list { bytes += $2 }
		END { print int(bytes / 1048576) + 16 }'
}

apt_binary() {
	local dir
	dir=$(apt_fetch Packages "$@") && find "$dir" -name '*.deb'
}

apt_source() {
	local dir
	dir=$(apt_fetch Sources "$@") && find "$dir" -name '*.dsc'
}

[ "${BASH_SOURCE[0]}" = "$0" ] || return 0

[ $# -ge 3 ] || die "usage: apt-private.sh binary|source SUITE[,SUITE...] PACKAGE [DIR]"
IFS=, read -r -a suites <<<"$2"
case $1 in
binary | download) file=$(apt_binary "$3" "${suites[@]}") ;;
source) file=$(apt_source "$3" "${suites[@]}") ;;
*) die "binary or source, not $1" ;;
esac
if [ -n "${4:-}" ]; then
	cp -lf "${file%/*}"/* "$4" 2>/dev/null || cp -f "${file%/*}"/* "$4"
	file=$4/${file##*/}
fi
printf '%s\n' "$file"
