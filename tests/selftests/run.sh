#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Level "selftests": Linux's own KVM selftests (tests/selftests/gicv3.list) on
# the patched host with a GICv3: guests of before work as before.
# ONLY=a,b runs these tests of the list. MACHINE_KERNEL=base takes the
# unmodified kernel, for comparison.

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../../scripts/lib.sh"

kernel=$("$top/scripts/kernel.sh" "${MACHINE_KERNEL:-host}")
initrd=$("$top/scripts/initramfs.sh")
status=0
"$top/scripts/boot.sh" --machine v3 --cpus 2 --name gicv3 --kernel "$kernel/Image" \
	--initrd "$initrd" --timeout 900 --stall 300 \
	--append "gicv5.run=gicv3${ONLY:+:$ONLY}" || status=$?
cp "$results/boot/gicv3.ktap" "$results/selftests.ktap"
exit "$status"
