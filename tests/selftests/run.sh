#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Level "selftests": Linux's own KVM selftests (tests/selftests/gicv3.list) on
# the patched host with a GICv3, and that of the vgic on one with a GICv2: guests
# of before work as before.
# ONLY=a,b runs these tests of the list. MACHINE_KERNEL=base takes the
# unmodified kernel, for comparison. With LONG=1 the debug kernel runs those of
# the interrupt controller too, and is then searched for leaked memory.

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../../scripts/lib.sh"

# Virtual time counts instructions: what a test measures does not depend on how
# busy the build host is. All CPUs share a thread, which VMs need as well
# (docs/testing.md, "One thread").
icount=(-icount "shift=4,sleep=off")

initrd=$("$top/scripts/initramfs.sh")
parts=()
status=0

# boot NAME MACHINE KERNEL OPTION...
boot() {
	local name=$1 machine=$2 kernel
	kernel=$("$top/scripts/kernel.sh" "$3")
	shift 3
	rm -f "$results/boot/$name.ktap"
	"$top/scripts/boot.sh" --machine "$machine" --cpus 2 --name "$name" \
		--kernel "$kernel/Image" --initrd "$initrd" "$@" -- "${icount[@]}" || status=1
	parts+=("$results/boot/$name.ktap")
}

boot gicv3 v3 "${MACHINE_KERNEL:-host}" --timeout 900 --stall 300 \
	--append "gicv5.run=gicv3${ONLY:+:$ONLY}"
if [ -z "${ONLY:-}" ]; then
	boot gicv2 v2 "${MACHINE_KERNEL:-host}" --append "gicv5.run=gicv2"
fi
if [ -n "${LONG:-}" ]; then
	boot gicv3-debug v3 debug --timeout 3600 --stall 1200 --append "gicv5.slow=8 kmemleak=on \
		gicv5.kmemleak=1 gicv5.run=gicv3:vgic_init,vgic_irq,vgic_lpi_stress,vgic_its_save,no-vgic"
fi

"$top/scripts/ktap-merge.py" "$results/selftests.ktap" "${parts[@]}" || status=1
exit "$status"
