#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh: the main job. Compose the tree, build the host kernel, the selftests,
# the machine and the initramfs, boot the patched host at EL2, run the KUnit
# suites and a few selftests there, and report: time per stage, then the results.

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

# host MACHINE LIST [OPTION...]: one boot that runs a list of selftests.
# shellcheck disable=SC2317 # called through step
host() {
	local machine=$1 list=$2
	shift 2
	rm -f "$results/boot/run-$machine.ktap"
	"$top/scripts/boot.sh" --machine "$machine" --name "run-$machine" \
		--kernel "$build/kernel/host/Image" --initrd "$build/initramfs.cpio" \
		--append "$kunit gicv5.run=$list" "$@"
}

step "Linux and the series" "$top/scripts/tree.sh"
export LINUX_SRC=$build/linux	# composed: the parts below need not look again
step "host kernel" "$top/scripts/kernel.sh" host
step "selftests" "$top/scripts/selftests.sh"
step "QEMU with the GICv5 machine" "$top/scripts/qemu.sh"
step "initramfs" "$top/scripts/initramfs.sh"
kunit="kunit.enable=1 kunit.filter_glob=vgic-v5*"
# One thread: docs/testing.md
one=(-- -accel "tcg,thread=single")
step "host at EL2, GICv5: KUnit, selftests" host v5 quick-v5 --kunit "${one[@]}" || status=1
kunit=''
step "host at EL2, GICv3: selftests" host v3 quick-v3 "${one[@]}" || status=1

trap - EXIT
times
"$top/scripts/report.py" "$results/boot/run-v5.ktap" "$results/boot/run-v3.ktap" ||
	status=1
exit "$status"
