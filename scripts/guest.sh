#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# guest.sh [IMAGE]: build/initramfs-guest.cpio, the host's initramfs with all that is
# needed to boot a guest: the VMM, a kernel (IMAGE, by default the host's own), and
# the guest's initramfs. Its path is printed.
#
# It is build/initramfs.cpio with a second archive behind it; the kernel takes one
# after the other. So boots without a guest don't carry what they don't need.

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

need cpio:cpio
image=${1:-$("$top/scripts/kernel.sh" host)/Image}
[ -s "$image" ] || die "no such file: $image"
first=$("$top/scripts/initramfs.sh")
vmm=$("$top/scripts/vmm.sh")

# archive DIR: all that is in it, depending on nothing but its content.
archive() {
	find "$1" -exec touch -h -d @0 {} +
	(cd "$1" && find . | sort | cpio -o -H newc --reproducible -R 0:0 --quiet)
}
export -f archive

pack() {
	guest=$build/guest.root host=$build/guest-host.root
	rm -rf "$guest" "$host"
	mkdir -p "$guest"/{bin,dev,proc,sys,tmp} "$host"/{bin,guest}
	cp "$build/initramfs.root/bin/busybox" "$vmm/load" "$guest/bin/"
	ln -s busybox "$guest/bin/sh"
	install -m 755 "$top/machine/vmm/guest-init" "$guest/init"
	archive "$guest" >"$host/guest/initramfs.cpio"
	cp "$vmm/vmm" "$host/bin/"
	cp "$image" "$host/guest/Image"
	archive "$host" | cat "$first" - >"$build/initramfs-guest.cpio.tmp"
}

export build top vmm image first
export -f pack
stage "initramfs with a guest" bash -euo pipefail -c pack
publish "$build/initramfs-guest.cpio.tmp" "$build/initramfs-guest.cpio"
printf '%s\n' "$build/initramfs-guest.cpio"
