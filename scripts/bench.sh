#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# bench.sh [model|boot|kunit|guest|trace]...: the benchmarks, all by default.
#
#   model  GIC operations of the model with 1, 256 and 4096 LPIs pending
#   boot   power-on to init on the same QEMU, GICv5 against GICv3 (PAIRS=7 pairs)
#   kunit  the series: the host runs under -icount, where virtual time counts
#          instructions, so that figures are exact and the same on every machine.
#          MACHINE=v3 takes the GICv3 machine; BENCH=<glob> chooses the cases
#   guest  interrupts of a guest, on the patched host: a GICv5 guest on the GICv5
#          machine against a GICv3 guest on the GICv3 machine (docs/performance.md)
#   trace  the parts of a wake-up, from a log of each instruction; the functions of
#          each part are in build/results/bench-trace-gicv5.txt and -gicv3.txt
#
# Lines
#
#	bench: NAME VALUE UNIT
#
# of the kernel log or of a program become a table and build/results/bench.csv. The
# status is not 0 if a limit that the table names is exceeded.

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

machine=${MACHINE:-v5}
glob=${BENCH:-vgic-v5*.*cost*}
files=()

# keep NAME COMMAND...: run a program, and keep its lines for the table.
keep() {
	local file=$logs/bench-$1.out
	say "-- $1"
	"${@:2}" >"$file"
	files+=("$file")
}

# guest MACHINE CPUS TEST: a line of tests/bench/bench.list, on our QEMU, whose
# counter has 1 GHz on either machine.
guest() {
	local name=bench-guest-$1-$3
	say "-- $name"
	QEMU=$qemu "$top/scripts/boot.sh" --machine "$1" --cpus "$2" --name "$name" \
		--kernel "$kernel/Image" --initrd "$build/initramfs-bench.cpio" \
		--timeout 1800 --stall 600 \
		--append "kvm-arm.wfi_trap_policy=trap gicv5.run=bench:$3" \
		-- -icount shift=0,sleep=off
	files+=("$logs/$name.log")
}

# The initramfs, and an archive behind it with the program.
guest_initramfs() {
	local program initrd root=$build/bench.root
	program=$("$top/scripts/bench-program.sh")
	initrd=$("$top/scripts/initramfs.sh")
	rm -rf "$root"
	install -D "$program" "$root/selftests/vgic_bench"
	(cd "$root" && find . | cpio -o -H newc -R 0:0 --quiet) |
		cat "$initrd" - >"$build/initramfs-bench.cpio"
}

[ $# -gt 0 ] || set -- model boot kunit guest trace
for part; do
	case $part in
	model) keep model "$top/scripts/bench-model.sh" ;;
	boot)
		qemu=${QEMU:-$("$top/scripts/qemu.sh")}
		kernel=$("$top/scripts/kernel.sh" base)
		keep boot "$top/scripts/bench-boot.py" "$qemu" "$kernel/Image" \
			"$("$top/scripts/initramfs.sh")" "${PAIRS:-7}"
		;;
	kunit)
		kernel=$("$top/scripts/kernel.sh" host)
		"$top/scripts/boot.sh" --machine "$machine" --cpus 1 --name "bench-$machine" --kunit \
			--kernel "$kernel/Image" --initrd "$("$top/scripts/initramfs.sh")" \
			--timeout 900 --stall 600 \
			--append "kunit.enable=1 kunit.filter_glob=$glob gicv5.run=none" \
			-- -icount shift=0,sleep=off
		files+=("$logs/bench-$machine.log")
		;;
	guest)
		qemu=${QEMU:-$("$top/scripts/qemu.sh")}
		kernel=$("$top/scripts/kernel.sh" host)
		guest_initramfs
		for gic in v5 v3; do
			guest $gic 1 one
			guest $gic 2 two
		done
		;;
	trace)
		qemu=${QEMU:-$("$top/scripts/qemu.sh")}
		kernel=$("$top/scripts/kernel.sh" host)
		guest_initramfs
		for gic in 5 3; do
			keep "trace-gicv$gic" "$top/scripts/bench-trace.py" "$qemu" "$kernel" \
				"$build/initramfs-bench.cpio" $gic "$results/bench-trace-gicv$gic.txt"
		done
		;;
	*) die "no such part: $part (model, boot, kunit, guest or trace)" ;;
	esac
done
"$top/scripts/bench.py" --max-ratio 'model_.*_4096' 2.0 --max-value boot_ratio 1300 \
	--max-value 'gicv5_ipi_(self|running)_.*exits' 0 \
	--min-value 'gicv[35]_ipi_.*exits' 0 --against gicv5_ gicv3_ \
	"$results/bench.csv" "${files[@]}"
