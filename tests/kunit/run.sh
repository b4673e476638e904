#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Level "kunit": the series' KUnit suites in the patched host kernel, on every
# machine there is. KUNIT=<glob> chooses suites or suite.test; MACHINES="v3 v5"
# the machines. With LONG=1 the debug kernel runs them too, and is then searched
# for leaked memory.

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../../scripts/lib.sh"

glob=${KUNIT:-vgic-v5*}
read -ra machines <<<"${MACHINES:-v3 v5}"
initrd=$("$top/scripts/initramfs.sh")
status=0
parts=()

# boot CONFIG MACHINE OPTION...: one kernel on one machine.
boot() {
	local name=kunit-$1-$2 config=$1 machine=$2
	shift 2
	rm -f "$results/boot/$name.ktap"
	"$top/scripts/boot.sh" --kunit --machine "$machine" --cpus 4 --name "$name" \
		--kernel "$kernel/Image" --initrd "$initrd" "$@" || status=1
	parts+=("$config-$machine:$results/boot/$name.ktap")
}

args="kunit.enable=1 kunit.filter_glob=$glob gicv5.run=none"
kernel=$("$top/scripts/kernel.sh" host)
for machine in "${machines[@]}"; do
	boot host "$machine" --append "$args"
done
if [ -n "${LONG:-}" ]; then
	kernel=$("$top/scripts/kernel.sh" debug)
	for machine in "${machines[@]}"; do
		boot debug "$machine" --timeout 1800 --stall 300 \
			--append "$args gicv5.kmemleak=1 kmemleak=on"
	done
fi

"$top/scripts/ktap-merge.py" "$results/kunit.ktap" "${parts[@]}" || status=1
exit "$status"
