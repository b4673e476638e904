#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Level "selftests": KVM selftests on the patched host. With a GICv3
# (tests/selftests/gicv3.list) and a GICv2 (gicv2.list) guests of before work as
# before; with the GICv5 machine (gicv5.list) guests have a GICv5, and the strict
# mode of the machine has to stay silent. ONLY=a,b runs these tests of the lists,
# BOOTS=a,b these boots. MACHINE_KERNEL=base takes the unmodified kernel, for
# comparison.
#
# With LONG=1 the GICv5 comes in every shape that the architecture allows it, the
# host runs without VHE, and the debug kernel runs what concerns the interrupt
# controller and is then searched for leaked memory. What takes long by itself has
# lists of its own: gicv5-rounds.list, and on the debug kernel gicv5-long.list.

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../../scripts/lib.sh"
# shellcheck source=tests/boots.sh
. "$top/tests/boots.sh"

# Virtual time counts instructions: what a test measures does not depend on how
# busy the build host is. All CPUs share a thread, which VMs need as well
# (docs/testing.md, "One thread").
icount=(-icount "shift=4,sleep=off")

initrd=$("$top/scripts/initramfs.sh")

# boot NAME MACHINE KERNEL OPTION...
boot() {
	local name=$1 machine=$2 kernel
	wanted "$name" || return 0
	kernel=$("$top/scripts/kernel.sh" "$3")
	shift 3
	say "-- $name"
	rm -f "$results/boot/$name.ktap"
	"$top/scripts/boot.sh" --machine "$machine" --cpus 2 --name "$name" \
		--kernel "$kernel/Image" --initrd "$initrd" "$@" || status=1
	parts+=("$results/boot/$name.ktap")
}

# gicv5 NAME KERNEL APPEND PROPERTY...: the GICv5 machine, with properties of the
# device, and the tests of $list. That the machine has nothing to report is one more
# result, but for the rules about the operands of GIC instructions: guests try those on
# purpose.
gicv5() {
	local name=$1 kernel=$2 append=$3 prop props=()
	wanted "$name" || return 0
	shift 3
	for prop; do props+=(-global "arm-gicv5.$prop"); done
	rm -f "$logs/$name.log"
	boot "$name" v5 "$kernel" --timeout 3600 --stall 300 \
		--append "kvm-arm.wfi_trap_policy=trap gicv5.run=$list${ONLY:+:$ONLY} $append" \
		-- "${icount[@]}" -global arm-gicv5.strict=report \
		-global arm-gicv5.test-frame=on "${props[@]}"
	strict_silent "$name" '27|29|30|33|34'
}

kernel=${MACHINE_KERNEL:-host}
list=gicv5
boot gicv3 v3 "$kernel" --timeout 900 --stall 300 \
	--append "gicv5.run=gicv3${ONLY:+:$ONLY}" -- "${icount[@]}"
if [ -z "${ONLY:-}" ]; then
	boot gicv2 v2 "$kernel" --append "gicv5.run=gicv2" -- "${icount[@]}"
fi
gicv5 gicv5 "$kernel" ""
if [ -n "${LONG:-}" ]; then
	gicv5 gicv5-native-wfi "$kernel" "kvm-arm.wfi_trap_policy=notrap"
	gicv5 gicv5-nvhe "$kernel" "kvm-arm.mode=nvhe"
	gicv5 gicv5-hostile "$kernel" "" hostile-cache=on busy-polls=3
	gicv5 gicv5-iste8 "$kernel" "" istmd=on istmd-sz=20
	gicv5 gicv5-iste16 "$kernel" "" istmd=on istmd-sz=0
	gicv5 gicv5-linear "$kernel" "" vmt-levels=off ist-levels=off
	gicv5 gicv5-vmd "$kernel" "" vmd=on vmd-sz=12 vped-sz=12
	list=gicv5-rounds
	gicv5 gicv5-rounds "$kernel" ""
	list=gicv5
	# With many LRs in use the debug kernel needs more than a tick's 250,000
	# instructions to enter a guest, which then gets nowhere: four times as many.
	boot gicv3-debug v3 debug --timeout 3600 --stall 1200 --append "gicv5.slow=8 kmemleak=on \
		gicv5.kmemleak=1 gicv5.run=gicv3:vgic_init,vgic_irq,vgic_lpi_stress,vgic_its_save,no-vgic" \
		-- -icount "shift=2,sleep=off"
	gicv5 gicv5-debug debug "gicv5.slow=8 kmemleak=on gicv5.kmemleak=1"
	list=gicv5-long
	gicv5 gicv5-long debug "gicv5.slow=8 kmemleak=on gicv5.kmemleak=1"
fi

"$top/scripts/ktap-merge.py" "$results/selftests.ktap" "${parts[@]}" || status=1
exit "$status"
