#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# boot.sh [options] [-- QEMU options]: boot a kernel at EL2 in QEMU, and watch.
#
#   --machine v2|v3|v5
#                     v2, v3: the distribution's QEMU with a GICv2 or GICv3; v5:
#                     the QEMU of `make qemu` with its GICv5 (default: v5)
#   --cpus N          (2)           --mem MIB   (2048)
#   --kernel IMAGE    (build/kernel/host/Image, built if it is not there)
#   --initrd CPIO     (build/initramfs.cpio, likewise; with --shell and a GICv5
#                     build/initramfs-guest.cpio, which has VMM and guest as well)
#   --append TEXT     more for the kernel command line; gicv5.run= is described
#                     in machine/host/init
#   --props TEXT      more properties of the machine (-M virt,...,TEXT)
#   --name NAME       name of this boot: build/logs/NAME.log and the results
#                     build/results/boot/NAME.ktap; prefix of the test names
#   --timeout S       limit for the whole (900); --stall S: without a line (180).
#                     They end what hangs: a busy machine must not reach them
#   --kunit           the kernel's KUnit must print results
#   --shell           an interactive shell instead; ctrl-a x ends QEMU
#
# Without --shell the status is 0 only if every test passed, the kernel log shows
# no defect, and the end was reached. QEMU=<binary> is used for either machine.

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

machine=v5 cpus=2 mem=2048 kernel='' initrd='' append='' props='' name='' shell='' kunit=''
timeout=900 stall=180
while [ $# -gt 0 ]; do
	case $1 in
	--shell) shell=1; shift; continue ;;
	--kunit) kunit=1; shift; continue ;;
	--) shift; break ;;
	--machine | --cpus | --mem | --kernel | --initrd | --append | --props | --name | \
		--timeout | --stall)
		[ $# -ge 2 ] || die "$1 needs a value"
		declare "${1#--}=$2"
		shift 2 ;;
	*) die "unknown option $1 (see the head of scripts/boot.sh)" ;;
	esac
done

need python3:python3
[ -n "$kernel" ] || kernel=$("$top/scripts/kernel.sh" host)/Image
if [ -z "$initrd" ]; then
	part=initramfs
	[ -z "$shell" ] || [ "$machine" != v5 ] || part=guest
	initrd=$("$top/scripts/$part.sh")
fi
for file in "$kernel" "$initrd"; do
	[ -s "$file" ] || die "no such file: $file"
done

case $machine in
v2 | v3)
	qemu=${QEMU:-qemu-system-aarch64}
	[ -n "${QEMU:-}" ] || need qemu-system-aarch64:qemu-system-arm
	virt=virt,gic-version=${machine#v},virtualization=on ;;
v5)
	qemu=${QEMU:-$("$top/scripts/qemu.sh")}
	virt=virt,gic-version=5,virtualization=on ;;
*) die "no such machine: $machine (v2, v3 or v5)" ;;
esac
command -v "$qemu" >/dev/null || die "no such QEMU: $qemu"

# The watchdog counts the time of the build host, where the machine may wait for
# its turn: 60 s and not 20 until it calls that a soft lockup.
append="console=ttyAMA0 earlycon printk.devkmsg=on log_buf_len=4M watchdog_thresh=30 $append"
set -- "$qemu" -M "$virt${props:+,$props}" -cpu max,pauth-impdef=on -smp "$cpus" -m "$mem" \
	-nographic -nic none -no-reboot -kernel "$kernel" -initrd "$initrd" "$@"

if [ -n "$shell" ]; then
	# One thread, as VMs need it (docs/testing.md), unless told otherwise
	[[ " $* " == *" -accel "* || " $* " == *" -icount "* ]] || set -- "$@" -accel tcg,thread=single
	exec "$@" -append "$append loglevel=4 gicv5.run=shell"
fi

name=${name:-boot-$machine}
mkdir -p "$results/boot"
exec python3 "$top/scripts/console.py" ${kunit:+--kunit} --name "$name" --timeout "$timeout" --stall "$stall" \
	--log "$logs/$name.log" --ktap "$results/boot/$name.ktap" -- \
	"$@" -append "$append"
