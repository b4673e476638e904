#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Level "guest": Linux guests on the patched host at EL2, by machine/vmm; the strict
# mode of the machine has to stay silent. ONLY=a,b runs these tests of the list,
# BOOTS=a,b these boots.
#
# With LONG=1 the host runs without VHE and with every policy of WFI as well, with the
# machine's caches hostile and its interrupt state tables of another shape, guests are
# larger and run longer, and the debug kernel has its turn.

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../../scripts/lib.sh"
# shellcheck source=tests/boots.sh
. "$top/tests/boots.sh"

initrd=$("$top/scripts/guest.sh")

# boot NAME MACHINE KERNEL APPEND [QEMU OPTION...]
boot() {
	local name=$1 machine=$2 kernel append=$4
	wanted "$name" || return 0
	kernel=$("$top/scripts/kernel.sh" "$3")
	shift 4
	say "-- $name"
	rm -f "$results/boot/$name.ktap" "$logs/$name.log"
	"$top/scripts/boot.sh" --machine "$machine" --cpus 2 --name "$name" \
		--kernel "$kernel/Image" --initrd "$initrd" --timeout 10800 --stall 300 \
		--append "$append" -- -icount "shift=$shift,sleep=off" "$@" || status=1
	parts+=("$results/boot/$name.ktap")
}

# gicv5 NAME KERNEL APPEND [PROPERTY...]: that the machine has nothing to report is
# one more result. Linux gives GIC instructions no wrong operands, so all rules count.
gicv5() {
	local name=$1 kernel=$2 append=$3 prop props=()
	wanted "$name" || return 0
	shift 3
	for prop; do props+=(-global "arm-gicv5.$prop"); done
	boot "$name" v5 "$kernel" "$append" -global arm-gicv5.strict=report \
		-global arm-gicv5.test-frame=on "${props[@]}"
	strict_silent "$name"
}

shift=4		# an instruction is 16 ns
run=gicv5.run=guest${ONLY:+:$ONLY}
trap=kvm-arm.wfi_trap_policy=trap
gicv5 guest host "$trap $run"
if [ -z "${ONLY:-}" ]; then
	boot guest-gicv3 v3 host "gicv5.run=no-gicv5"
fi
if [ -n "${LONG:-}" ]; then
	gicv5 guest-long host "$trap gicv5.run=guest-long"
	gicv5 guest-default host "$run"
	gicv5 guest-notrap host "kvm-arm.wfi_trap_policy=notrap $run"
	gicv5 guest-fire host "$trap gicv5.run=fire${ONLY:+:$ONLY}"
	gicv5 guest-nvhe host "$trap kvm-arm.mode=nvhe $run"
	gicv5 guest-hostile host "$trap $run" hostile-cache=on busy-polls=3 istmd=on istmd-sz=20
	gicv5 guest-linear host "$trap $run" vmt-levels=off ist-levels=off
	# Or the debug kernel is busy with its own ticks, and guests get nowhere
	shift=2
	gicv5 guest-debug debug "$trap gicv5.run=guest-debug${ONLY:+:$ONLY} gicv5.slow=8 \
		kmemleak=on gicv5.kmemleak=1"
fi

"$top/scripts/ktap-merge.py" "$results/guest.ktap" "${parts[@]}" || status=1
exit "$status"
