#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Build QEMU with the GICv5 machine: build/qemu/qemu-system-aarch64.
#
#	qemu.sh [--asan] [--update]
#
#   --asan    with AddressSanitizer: build/qemu-asan
#   --update  look for a newer 10.0.x source package
#
# The source is Debian's source package of the suite trixie, so that QEMU's
# version is known to be 10.0. It is unpacked and configured once, in the cache
# folder; after that patches, model and glue are brought into that tree file by
# file, and only what has changed is compiled again.
#
# Prints the path of the binary.

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

series=10.0
variant=qemu
extra=()
update=
for arg; do
	case $arg in
	--asan) variant=qemu-asan; extra=(--enable-asan) ;;
	--update) update=1 ;;
	*) die "unknown argument: $arg (see the head of scripts/qemu.sh)" ;;
	esac
done

glue=$top/machine/qemu
model=$top/machine/model
out=$build/$variant
dl=$cache/qemu/download

configure_args=(
	--target-list=aarch64-softmmu --without-default-features
	--enable-system --enable-tcg --enable-fdt=system
	--without-default-devices --with-devices-aarch64=gicv5
	--disable-docs --disable-tools --disable-guest-agent --disable-download
	--disable-debug-info --disable-install-blobs --disable-werror
	--enable-trace-backends=log --python=/usr/bin/python3
	"--cc=ccache gcc" "${extra[@]}"
)

hash() { sha256sum | cut -c1-16; }

# dsc: the newest source package that has been downloaded.
dsc() { find "$dl" -name "qemu_*.dsc" 2>/dev/null | sort -V | tail -n 1; }

# fetch_source: the source package into $dl, its signature verified by apt.
fetch_source() {
	local tmp=$dl.new
	rm -rf "$tmp"
	mkdir -p "$tmp" && APT_NEWER=$update "$top/scripts/apt-private.sh" source trixie qemu "$tmp" &&
		publish "$tmp" "$dl"
}

# use_meson: QEMU wants meson >= 1.5. If the machine's own is older, take that
# of trixie, which is Python only, and put it on PYTHONPATH.
use_meson() {
	local own private=$cache/qemu/meson deb
	own=$(/usr/bin/python3 -c 'import mesonbuild.coredata as c; print(c.version)' 2>/dev/null || true)
	[ "$(printf '%s\n' 1.5 "$own" | sort -V | head -n 1)" = 1.5 ] && return 0
	if [ ! -d "$private" ]; then
		rm -rf "$private.new"
		mkdir -p "$private.new/deb"
		stage qemu-meson "$top/scripts/apt-private.sh" binary trixie meson "$private.new/deb"
		for deb in "$private.new"/deb/meson_*.deb; do
			dpkg-deb -x "$deb" "$private.new"
		done
		publish "$private.new" "$private"
	fi
	export PYTHONPATH=$private/usr/lib/python3/dist-packages
}

unpack() {
	rm -rf "$tree.new"
	mkdir -p "$tree.new" &&
		dpkg-source --no-copy -x "$1" "$tree.new/src" &&
		publish "$tree.new" "$tree"
}

# put FILE DEST: copy, but leave the time stamp of an equal file alone.
put() {
	cmp -s "$1" "$2" && return 0
	mkdir -p "$(dirname "$2")"
	cp "$1" "$2"
}

# bring_in: our patches, model and glue into the tree. A file that a patch
# touches is kept as it was in orig/, so that patches always meet the original.
bring_in() {
	local work=$tree/patched patches=("$glue"/patches/*.patch) f
	local ours=$tree/src/hw/intc/gicv5
	rm -rf "$work"
	mkdir -p "$work" "$tree/orig"
	sed -n 's,^--- a/,,p' "${patches[@]}" | sort -u | while read -r f; do
		if [ ! -e "$tree/orig/$f" ]; then
			mkdir -p "$(dirname "$tree/orig/$f")" &&
				cp -p "$tree/src/$f" "$tree/orig/$f" || return 1
		fi
	done || return 1
	cp -rp "$tree/orig/." "$work" || return 1
	for f in "${patches[@]}"; do
		echo "patch ${f##*/}"
		patch -d "$work" -p1 --fuzz=0 --no-backup-if-mismatch <"$f" || return 1
	done
	(cd "$work" && find . -type f) | while read -r f; do
		put "$work/$f" "$tree/src/$f" || return 1
	done || return 1
	{
		echo 'gicv5_model = files('
		(cd "$model" && printf "  '%s',\n" *.c)
		echo ')'
	} >"$tree/model.build"
	put "$tree/model.build" "$ours/model/meson.build" || return 1
	for f in "$model"/*.[ch]; do
		put "$f" "$ours/model/${f##*/}" || return 1
	done
	for f in "$glue"/*.[ch] "$glue"/meson.build "$glue"/trace-events; do
		put "$f" "$ours/${f##*/}" || return 1
	done
	for f in "$ours"/*.[ch] "$ours"/model/*.[ch]; do
		[ -e "$glue/${f#"$ours"/}" ] || [ -e "$model/${f##*/}" ] || rm "$f"
	done
	put "$glue/devices.mak" "$tree/src/configs/devices/aarch64-softmmu/gicv5.mak"
}

configure() {
	rm -rf "$tree/obj"
	mkdir -p "$tree/obj" && cd "$tree/obj" && "$tree/src/configure" "${configure_args[@]}" &&
		echo configured >.configured
}

compile() {
	ninja -C "$tree/obj" -j "$jobs" qemu-system-aarch64
}

need gcc:gcc ninja:ninja-build pkg-config:pkg-config flex:flex bison:bison ccache:ccache \
	dpkg-source:dpkg-dev patch:patch xz:xz-utils /usr/bin/python3:python3 \
	/usr/include/zlib.h:zlib1g-dev /usr/include/libfdt.h:libfdt-dev \
	/usr/include/glib-2.0/glib.h:libglib2.0-dev
need "/usr/lib/python$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')/ensurepip:python3-venv"
export CCACHE_DIR=$cache/ccache

mkdir -p "$cache/qemu" "$out"
exec 9>"$cache/qemu/lock"
flock 9

if [ -z "$(dsc)" ] || [ -n "$update" ]; then
	stage qemu-fetch fetch_source
fi
version=$(basename "$(dsc)" .dsc)
version=${version#qemu_}
case ${version#*:} in
"$series".*) ;;
*) die "the source package is QEMU $version, but the edits are for $series.x" ;;
esac

key=$({ echo "$version"; gcc --version; printf '%s\n' "${configure_args[@]}"; } | hash)
tree=$cache/qemu/$key
content=$({ echo "$key"; cat "$glue"/* "$glue"/patches/* "$model"/*.[ch] 2>/dev/null || true; } | hash)

if [ -x "$out/qemu-system-aarch64" ] && [ "$(cat "$out/content" 2>/dev/null)" = "$content" ]; then
	say "QEMU $version with GICv5: up to date"
	echo "$out/qemu-system-aarch64"
	exit 0
fi

say "QEMU $version with GICv5"
use_meson
# Trees of other versions or compilers, unused for two weeks.
find "$cache/qemu" -mindepth 1 -maxdepth 1 -type d -regextype posix-extended \
	-regex '.*/[0-9a-f]{16}' -mtime +14 -exec rm -rf {} +
if [ ! -d "$tree/src" ]; then
	need_space "$cache" 2500
	stage "$variant-unpack" unpack "$(dsc)"
fi
stage "$variant-bring-in" bring_in
[ -e "$tree/obj/.configured" ] || stage "$variant-configure" configure
touch "$tree"
stage "$variant-build" compile
cp "$tree/obj/qemu-system-aarch64" "$out/qemu-system-aarch64.new"
mv "$out/qemu-system-aarch64.new" "$out/qemu-system-aarch64"
echo "$content" >"$out/content"
echo "$out/qemu-system-aarch64"
