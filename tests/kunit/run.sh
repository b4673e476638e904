#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Level "kunit": the series' KUnit suites in the patched host kernel, on every
# machine there is. KUNIT=<glob> chooses suites or suite.test; MACHINES="v3 v5"
# the machines. With LONG=1 the debug kernel runs them with many create and
# destroy cycles and then looks for leaked memory.
. "$(dirname "$0")/../../scripts/lib.sh"

glob=${KUNIT:-vgic-v5*}
read -ra machines <<<"${MACHINES:-v3 v5}"
config=host
args="kunit.enable=1 kunit.filter_glob=$glob gicv5.run=none"
limits=(--timeout 120 --stall 60)
if [ -n "${LONG:-}" ]; then
	config=debug
	args+=" vgic_v5_test.cycles=${CYCLES:-200} gicv5.kmemleak=1 kmemleak=on"
	limits=(--timeout 1200 --stall 300)
fi

kernel=$("$top/scripts/kernel.sh" "$config")
initrd=$("$top/scripts/initramfs.sh")
status=0 parts=()
for machine in "${machines[@]}"; do
	name=kunit-$config-$machine
	rm -f "$results/boot/$name.ktap"
	"$top/scripts/boot.sh" --kunit --machine "$machine" --cpus 4 --name "$name" \
		--kernel "$kernel/Image" --initrd "$initrd" "${limits[@]}" \
		--append "$args" || status=$?
	parts+=("$machine:$results/boot/$name.ktap")
done
"$top/scripts/ktap-merge.py" "$results/kunit.ktap" "${parts[@]}" || status=1
exit "$status"
