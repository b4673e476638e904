#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Level "machine": unmodified Linux on the GICv5 machine, at EL2 and EL1, with
# several numbers of PEs, several ways to run TCG and several shapes of the GIC.
# In every boot the model's strict mode must stay silent. ONLY=a,b runs these
# boots; MACHINE_KERNEL=host takes the patched kernel, with its selftests; LONG=1 adds
# more shapes.

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../../scripts/lib.sh"

need xz:xz-utils md5sum:coreutils dtc:device-tree-compiler cpio:cpio
qemu=${QEMU:-$("$top/scripts/qemu.sh")}
kernel=${KERNEL:-$("$top/scripts/kernel.sh" "${MACHINE_KERNEL:-base}")/Image}
own=$("$top/scripts/selftests.sh" "${MACHINE_KERNEL:-base}")
work=$build/machine
parts=()
status=0
mkdir -p "$work" "$results/boot"

# pack FIRST: a second archive behind the initramfs, with the selftests of this kernel.
# shellcheck disable=SC2317 # called by stage
pack() {
	rm -rf "$work/root"
	mkdir -p "$work/root/selftests/own"
	cp -L "$own/vgic_v5" "$own/no-vgic" "$work/root/selftests/own/"
	cd "$work/root"
	find . | sort | cpio -o -H newc -R 0:0 --quiet | cat "$1" - >"$work/initramfs.cpio"
}

first=$("$top/scripts/initramfs.sh")
stage "initramfs of the machine" pack "$first"
initrd=$work/initramfs.cpio

# A disk with content that is the same every time and compresses badly.
seq 1 200000 | xz -0 -T 1 -c >"$work/disk.img"
truncate -s 1M "$work/disk.img"
disk=$(md5sum <"$work/disk.img" | cut -d ' ' -f 1)

wanted() { [ -z "${ONLY:-}" ] || [[ ,$ONLY, == *,$1,* ]]; }

# result NAME STATUS [DIAGNOSTIC]: one result of this script itself.
result() {
	local file=$results/boot/machine-$1.own.ktap
	{
		echo "KTAP version 1"
		echo "1..1"
		[ "$2" = 0 ] || [ -z "${3:-}" ] || awk '{ print "# " $0 }' <<<"$3"
		if [ "$2" = 0 ]; then echo "ok 1 $1"; else echo "not ok 1 $1"; fi
	} >"$file"
	[ "$2" = 0 ] || status=1
	parts+=("$file")
}

# skipped NAME REASON
skipped() {
	local file=$results/boot/machine-$1.own.ktap
	printf 'KTAP version 1\n1..1\nok 1 %s # SKIP %s\n' "$1" "$2" >"$file"
	parts+=("$file")
}

# boot NAME EL CPUS TESTS [QEMU OPTION...]
boot() {
	local name=$1 el=$2 cpus=$3 tests=$4 log=$logs/machine-$1.log virt=on noise
	shift 4
	wanted "$name" || return 0
	[ "$el" = 2 ] || virt=off
	say "-- $name"
	rm -f "$results/boot/machine-$name.ktap" "$log"
	"$top/scripts/boot.sh" --machine v5 --kernel "$kernel" --initrd "$initrd" \
		--name "machine-$name" --cpus "$cpus" --mem 1024 \
		--props "virtualization=$virt" --timeout 1800 --stall 600 \
		--append "gicv5.run=machine:$tests machine.cpus=$cpus machine.el=$el machine.disk=$disk" \
		-- -global arm-gicv5.strict=report \
		-drive "if=none,id=d,format=raw,readonly=on,file=$work/disk.img" \
		-device virtio-blk-device,drive=d "$@" || status=1
	parts+=("$results/boot/machine-$name.ktap")
	noise=$(grep -a 'gicv5 strict:' "$log" | sort | uniq -c | head -n 20 || true)
	[ -e "$log" ] || noise="no log"
	result "$name-strict-silent" "$([ -z "$noise" ]; echo $?)" "$noise"
}

# reboot_twice: the machine comes up again after a reboot, twice.
reboot_twice() {
	local log=$logs/machine-reboot.log pid i=0 n=0
	wanted reboot || return 0
	say "-- reboot"
	"$qemu" -M virt,gic-version=5,virtualization=on -cpu max,pauth-impdef=on -smp 4 -m 1024 \
		-nographic -nic none -kernel "$kernel" -initrd "$initrd" \
		-append "console=ttyAMA0 gicv5.run=machine:online,ipi,reboot machine.cpus=4" \
		>"$log" 2>&1 </dev/null &
	pid=$!
	while [ $i -lt 600 ] && [ "$n" -lt 3 ] && kill -0 $pid 2>/dev/null; do
		sleep 1
		i=$((i + 1))
		n=$(grep -ac 'run: ok 2 ipi' "$log" || true)
	done
	kill $pid 2>/dev/null || true
	wait $pid 2>/dev/null || true
	result reboot "$([ "$n" -ge 3 ]; echo $?)" "$n of 3 boots came to the end of their tests in $i s"
}

# asan: the model and the device under AddressSanitizer.
asan() {
	local sanitized
	wanted asan || return 0
	if [ -n "${QEMU:-}" ]; then
		skipped asan "QEMU= is given"
		return 0
	fi
	export ASAN_OPTIONS=detect_leaks=0
	sanitized=$("$top/scripts/qemu.sh" --asan)
	ONLY='' qemu=$sanitized probe probe-virt-asan virt - -M "$virt,virtualization=on" \
		-global arm-gicv5.test-frame=on -global arm-gicv5.strict=report
	ONLY='' QEMU=$sanitized boot asan 2 4 "$all,$kvm" "${one[@]}" -global arm-gicv5.istmd=on \
		-global arm-gicv5.hostile-cache=on -global arm-gicv5.busy-polls=3
	unset ASAN_OPTIONS
}

# refused NAME TEXT QEMU-OPTION...: a wrong combination ends with this message.
refused() {
	local name=$1 text=$2 out bad=0
	shift 2
	wanted "$name" || return 0
	if out=$(timeout 120 "$qemu" -display none -nic none "$@" 2>&1 </dev/null); then bad=1; fi
	grep -q "$text" <<<"$out" || bad=1
	result "$name" "$bad" "$out"
}

# monitor: the dump of the model through the monitor, with as many PEs as there
# can be.
monitor() {
	local out
	wanted monitor || return 0
	out=$(printf 'info pic\nquit\n' | timeout 120 "$qemu" -M virt,gic-version=5,virtualization=on \
		-cpu max -smp 64 -display none -nic none -S -monitor stdio 2>&1 || true)
	result monitor "$(grep -q '^PE 63:' <<<"$out" && grep -q '^IRS:' <<<"$out"; echo $?)" "$out"
}

# probe NAME IMAGE IDR0 QEMU-OPTION...: a bare-metal probe answers as expected, and
# the model reports what is expected, if anything. IDR0.VIRT follows the presence of
# EL2.
probe() {
	local name=$1 image=$2 idr0=$3 out=$logs/machine-$1.log diff
	shift 3
	wanted "$name" || return 0
	timeout 180 "$qemu" -cpu max -nographic -nic none -kernel "$work/$image.elf" "$@" \
		>"$out" 2>&1 </dev/null || true
	diff=$(diff <(sed "s/^idr0 .*/idr0 $idr0/" "$top/machine/probe/$image.expected") \
		<(sed -e 's/^.*: gicv5 strict: /strict: /' -e '/icount sleep disabled/d' \
			-e '/WARNING: ASan/d' "$out") || true)
	result "$name" "$([ -z "$diff" ]; echo $?)" "$diff"
}

# probe_x5: the physical side of QEMU's own GICv5, an independent model, answers as
# ours, but for the differences that are known. QEMU_X5 names such a QEMU.
probe_x5() {
	local x5=${QEMU_X5:-qemu-system-aarch64} out=$logs/machine-probe-x5.log diff
	wanted probe-x5 || return 0
	if ! timeout 20 "$x5" -M "virt,gic-version=x-5,dumpdtb=$work/x5.dtb" -cpu max \
		-display none >"$out" 2>&1 </dev/null; then
		skipped probe-x5 "no QEMU with gic-version=x-5 (QEMU_X5=<binary>)"
		return 0
	fi
	timeout 60 "$x5" -M virt,gic-version=x-5 -cpu max -nographic -nic none \
		-kernel "$work/probe.elf" >"$out" 2>&1 </dev/null || true
	diff=$(awk -f "$top/machine/probe/differences.awk" "$top/machine/probe/probe.expected" \
		"$top/machine/probe/x5.differences" "$out")
	result probe-x5 "$([ -z "$diff" ]; echo $?)" "$diff"
}

# kernel_is WHAT: base or host, by the name of the doorbells' irq_chip.
kernel_is() {
	local found=host
	wanted "kernel-$1" || return 0
	grep -qa GICv5-DB "$kernel" || found=base
	result "kernel-$1" "$([ $found = "$1" ]; echo $?)" "$kernel is the kernel \"$found\""
}

[ -n "${KERNEL:-}" ] || kernel_is "${MACHINE_KERNEL:-base}"
virt=virt,gic-version=5
need aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu
if stage machine-probe "$top/machine/probe/build.sh" "$work/probe.elf" &&
	stage machine-probe-virt "$top/machine/probe/build.sh" "$work/virt.elf" virt.c &&
	stage machine-probe-smp "$top/machine/probe/build.sh" "$work/smp.elf" smp.c; then
	probe probe-el1 probe 1219 -M "$virt"
	probe probe-el2 probe 1259 -M "$virt,virtualization=on"
	probe probe-hostile probe 1259 -M "$virt,virtualization=on" \
		-global arm-gicv5.hostile-cache=on -global arm-gicv5.busy-polls=3
	probe probe-virt virt - -M "$virt,virtualization=on" -global arm-gicv5.test-frame=on \
		-global arm-gicv5.strict=report
	probe probe-virt-icount virt - -M "$virt,virtualization=on" -icount shift=0,sleep=off \
		-global arm-gicv5.test-frame=on -global arm-gicv5.strict=report
	probe probe-smp-el1 smp - -M "$virt" -smp 64 -global arm-gicv5.strict=report
	probe probe-smp-el2 smp - -M "$virt,virtualization=on" -smp 64 \
		-global arm-gicv5.strict=report
	probe_x5
else
	result probe-build 1
fi
refused secure-refused 'gic-version=5 has no Secure state' -M "$virt,secure=on" -cpu max
refused acpi-refused 'gic-version=5 has no ACPI' -M "$virt,acpi=on" -cpu max
refused cpu-refused 'FEAT_NMI' -M "$virt" -cpu cortex-a57
refused pes-refused 'exceeds max CPUs' -M "$virt" -cpu max -smp 65
refused knob-refused 'GICv5 configuration:' -M "$virt" -cpu max -global arm-gicv5.ist-l2sz=0
monitor

all=online,kvm,disk,ipi,hotplug
# Where VMs are created all CPUs share a thread (docs/testing.md, "One thread").
kvm=vgic_v5,no-vgic
one=(-accel "tcg,thread=single")
boot el2-1 2 1 $all,$kvm
boot el2-2 2 2 $all
boot el2-4 2 4 $all
boot el2-8 2 8 $all
boot el2-16 2 16 $all
boot el1-1 1 1 $all
boot el1-4 1 4 $all
boot single-thread 2 4 $all,$kvm "${one[@]}"
boot icount 2 4 $all,$kvm -icount shift=1,sleep=off
boot istmd 2 4 $all,$kvm "${one[@]}" -global arm-gicv5.istmd=on -global arm-gicv5.istmd-sz=12
boot hostile-cache 2 4 $all,$kvm "${one[@]}" -global arm-gicv5.hostile-cache=on
boot busy 2 4 $all,$kvm,testframe "${one[@]}" -global arm-gicv5.busy-polls=3 \
	-global arm-gicv5.test-frame=on
# The device tree for Arm's FVP, with the addresses of this machine.
if FVP_PARAMS=$top/machine/fvp/params.qemu "$top/machine/fvp/dts.sh" 4 "" >"$work/fvp.dts" &&
	stage fvp-tree dtc -I dts -O dtb -o "$work/fvp.dtb" "$work/fvp.dts"; then
	boot fvp-tree 2 4 $all,$kvm "${one[@]}" -dtb "$work/fvp.dtb"
else
	result fvp-tree-build 1
fi
boot linear 2 4 $all -global arm-gicv5.ist-levels=off -global arm-gicv5.vmt-levels=off
if [ -n "${LONG:-}" ]; then
	boot vmd 2 4 $all,$kvm "${one[@]}" -global arm-gicv5.vmd=on -global arm-gicv5.istmd=on \
		-global arm-gicv5.hostile-cache=on -global arm-gicv5.busy-polls=20
	boot no-setlpi 2 4 $all -global arm-gicv5.setlpi=off
	boot no-virt 2 4 online,disk,ipi,hotplug -global arm-gicv5.virt=off
	boot id24 2 4 $all,$kvm "${one[@]}" -global arm-gicv5.id-bits=24
	boot id14 2 4 $all,$kvm "${one[@]}" -global arm-gicv5.id-bits=14 -global arm-gicv5.icc-id-bits=16
	boot pri4 2 4 $all,$kvm "${one[@]}" -global arm-gicv5.icc-pri-bits=4 -global arm-gicv5.pri-bits=4
	boot l2sz-64k 2 4 $all -global arm-gicv5.ist-l2sz=4
	boot istmd16 2 16 $all -global arm-gicv5.istmd=on -global arm-gicv5.istmd-sz=0
	asan
fi
reboot_twice

"$top/scripts/ktap-merge.py" "$results/machine.ktap" "${parts[@]}" || status=1
exit "$status"
