#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Level "kunit": the series' KUnit suites in the patched host kernel, on every
# machine there is. KUNIT=<glob> chooses suites or suite.test; MACHINES="v3 v5"
# the machines. The kernel's own kunit.py takes the configuration of the series'
# .kunitconfig. With LONG=1 kunit.py also builds and runs it, and the debug kernel
# runs the suites and is then searched for leaked memory.

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../../scripts/lib.sh"
# shellcheck source=scripts/kernel-lib.sh
. "$top/scripts/kernel-lib.sh"

kernel_env
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

# kunit_py VERB OPTION...: the kernel's own tool, away from the source.
# shellcheck disable=SC2317 # called through stage
kunit_py() {
	cd "$build/linux"
	mkdir -p "$build/obj" &&
	tools/testing/kunit/kunit.py "$1" --arch arm64 --cross_compile "$CROSS_COMPILE" \
		--kunitconfig arch/arm64/kvm/vgic --build_dir "$build/obj/kunit-py" \
		--make_options "CC=ccache ${CROSS_COMPILE}gcc" "${@:2}"
}

# own NAME COMMAND...: a command as a case of its own.
own() {
	local name=$1 file=$results/boot/kunit-$1.own.ktap verdict=ok
	shift
	mkdir -p "$results/boot"
	stage "kunit-$name" "$@" || { verdict="not ok" status=1; }
	printf 'KTAP version 1\n1..1\n%s 1 %s\n' "$verdict" "$name" >"$file"
	parts+=("$file")
}

args="kunit.enable=1 kunit.filter_glob=$glob gicv5.run=none"
kernel=$("$top/scripts/kernel.sh" host)
for machine in "${machines[@]}"; do
	boot host "$machine" --append "$args"
done
own kunit.py-config kunit_py config
if [ -n "${LONG:-}" ]; then
	own kunit.py-run kunit_py run --jobs "$jobs" --qemu_args "-smp 2"
	kernel=$("$top/scripts/kernel.sh" debug)
	for machine in "${machines[@]}"; do
		boot debug "$machine" --timeout 1800 --stall 300 \
			--append "$args gicv5.kmemleak=1 kmemleak=on"
	done
fi

"$top/scripts/ktap-merge.py" "$results/kunit.ktap" "${parts[@]}" || status=1
exit "$status"
