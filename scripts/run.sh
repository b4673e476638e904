#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh: the main job. Compose the tree, build the host kernel, the selftests,
# the machine, the VMM and the initramfs, boot the patched host at EL2, run the KUnit
# suites, a Linux guest with two vCPUs and a few selftests there, and report: time per
# stage, what the guest's vCPUs have done, then the results.

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

steps=() status=0

# step NAME COMMAND...: run a part, note its time; stop at the first that fails.
step() {
	local name=$1 start=$SECONDS code=0
	shift
	say "== $name"
	"$@" >/dev/null || code=$?
	steps+=("$(printf '%-36s %5d s' "$name" $((SECONDS - start)))")
	[ "$code" = 0 ] || steps[-1]+='  FAILED'
	return "$code"
}

times() {
	say ""
	say "$(printf '%-36s %7s' stage time)"
	printf '%s\n' "${steps[@]}" >&2
	say "$(printf '%-36s %5d s' total "$SECONDS")"
	say ""
}
trap 'code=$?; [ "$code" = 0 ] || times; exit "$code"' EXIT

# host MACHINE LIST [OPTION...]: one boot that runs a list of tests.
# shellcheck disable=SC2317 # called through step
host() {
	local machine=$1 list=$2
	shift 2
	rm -f "$results/boot/run-$machine.ktap"
	"$top/scripts/boot.sh" --machine "$machine" --name "run-$machine" \
		--kernel "$build/kernel/host/Image" --initrd "$initrd" \
		--append "$append gicv5.run=$list" "$@"
}

step "Linux and the series" "$top/scripts/tree.sh"
export LINUX_SRC=$build/linux	# composed: the parts below need not look again
step "host kernel" "$top/scripts/kernel.sh" host
step "selftests" "$top/scripts/selftests.sh"
step "QEMU with the GICv5 machine" "$top/scripts/qemu.sh"
step "VMM, guest and initramfs" "$top/scripts/guest.sh" "$build/kernel/host/Image"
# KUnit's tests of the tables want them unused, which those of a GICv5 host are not.
append="kunit.enable=1 kunit.filter_glob=vgic-v5-doorbells* kvm-arm.wfi_trap_policy=trap"
initrd=$build/initramfs-guest.cpio
# One thread, and virtual time that does not depend on how busy this machine is:
# docs/testing.md. Each WFI of a guest reaches KVM.
step "host at EL2, GICv5: guest, selftests" host v5 quick-v5 --kunit \
	-- -icount "shift=4,sleep=off" || status=1
append="kunit.enable=1 kunit.filter_glob=vgic-v5-tables*" initrd=$build/initramfs.cpio
step "host at EL2, GICv3: selftests" host v3 quick-v3 --kunit \
	-- -accel "tcg,thread=single" || status=1

# guest LOG: what the log says of the guest's vCPUs and of its interrupts.
guest() {
	[ -s "$1" ] || return 0
	say "the guest's vCPUs: doorbells, exits, and the interrupts that it has handled"
	sed -n 's/.*run: # table: /  /p' "$1" >&2
	say "its /proc/interrupts"
	sed -n 's/.*run: # interrupts: /  /p' "$1" | { grep -v ' 0 *0 ' || true; } >&2
	say ""
}

trap - EXIT
times
guest "$logs/run-v5.log"
"$top/scripts/report.py" "$results/boot/run-v5.ktap" "$results/boot/run-v3.ktap" ||
	status=1
exit "$status"
