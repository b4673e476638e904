#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Level "selftests": Linux's own KVM selftests (tests/selftests/gicv3.list) on
# the patched host with a GICv3: guests of before work as before.
# ONLY=a,b runs these tests of the list. MACHINE_KERNEL=base takes the
# unmodified kernel, for comparison. With LONG=1 the debug kernel runs those of
# the interrupt controller too, and is then searched for leaked memory.

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../../scripts/lib.sh"

initrd=$("$top/scripts/initramfs.sh")
parts=()
status=0

# boot NAME KERNEL OPTION...
boot() {
	local name=$1 kernel
	kernel=$("$top/scripts/kernel.sh" "$2")
	shift 2
	rm -f "$results/boot/$name.ktap"
	"$top/scripts/boot.sh" --machine v3 --cpus 2 --name "$name" \
		--kernel "$kernel/Image" --initrd "$initrd" "$@" || status=1
	parts+=("$results/boot/$name.ktap")
}

boot gicv3 "${MACHINE_KERNEL:-host}" --timeout 900 --stall 300 \
	--append "gicv5.run=gicv3${ONLY:+:$ONLY}"
if [ -n "${LONG:-}" ]; then
	boot gicv3-debug debug --timeout 3600 --stall 1200 --append "gicv5.slow=8 kmemleak=on \
		gicv5.kmemleak=1 gicv5.run=gicv3:vgic_init,vgic_irq,vgic_lpi_stress,vgic_its_save,no-vgic"
fi

"$top/scripts/ktap-merge.py" "$results/selftests.ktap" "${parts[@]}" || status=1
exit "$status"
