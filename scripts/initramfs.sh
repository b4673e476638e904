#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# initramfs.sh: build/initramfs.cpio, what the host boots into: Debian's static
# busybox for arm64, machine/host/init, the lists of tests and the selftests
# that the lists name, and what else stands in build/initramfs.d. The archive
# depends on nothing but its content. Its path is printed.

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/apt-private.sh
. "$(dirname "$0")/apt-private.sh"

need cpio:cpio dpkg-deb:dpkg
selftests=$("$top/scripts/selftests.sh")
busybox=$(apt_arch=arm64 apt_suites=trixie apt_dir=$cache/apt-arm64 \
	apt_binary busybox-static trixie)

# pack: in a shell of its own, so that the first error ends it.
pack() {
	root=$build/initramfs.root
	rm -rf "$root"
	mkdir -p "$root"/{bin,dev,proc,sys,tmp,root,etc,lists,selftests}
	dpkg-deb --fsys-tarfile "$busybox" | tar -x -O ./usr/bin/busybox >"$root/bin/busybox"
	ln -s busybox "$root/bin/sh"
	cp "$top/machine/host/init" "$root/init"
	cp "$top"/tests/*/*.list "$root/lists/"
	cp "$top"/tests/*/guest-* "$root/lists/"
	if [ -d "$build/initramfs.d" ]; then cp -a "$build/initramfs.d/." "$root/"; fi
	# Each word of a list that is the name of a selftest.
	cat "$root"/lists/*.list | tr -s ' \t' '\n' | sort -u | while read -r name; do
		[ ! -x "$selftests/$name" ] || cp -L "$selftests/$name" "$root/selftests/"
	done
	chmod 755 "$root/init" "$root/bin/busybox"
	find "$root" -exec touch -h -d @0 {} +
	cd "$root"
	find . | sort | cpio -o -H newc --reproducible -R 0:0 --quiet >"$build/initramfs.cpio.tmp"
}

export build top busybox selftests
export -f pack
stage initramfs bash -euo pipefail -c pack
publish "$build/initramfs.cpio.tmp" "$build/initramfs.cpio"
printf '%s\n' "$build/initramfs.cpio"
