#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# bench.sh [model|boot|kunit]...: the benchmarks, all by default.
#
#   model  GIC operations of the model with 1, 256 and 4096 LPIs pending
#   boot   power-on to init on the same QEMU, GICv5 against GICv3 (PAIRS=7 pairs)
#   kunit  the series: the host runs under -icount, where virtual time counts
#          instructions, so that figures are exact and the same on every machine.
#          MACHINE=v3 takes the GICv3 machine; BENCH=<glob> chooses the cases
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

[ $# -gt 0 ] || set -- model boot kunit
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
	*) die "no such part: $part (model, boot or kunit)" ;;
	esac
done
"$top/scripts/bench.py" --max-ratio 'model_.*_4096' 2.0 --max-value boot_ratio 1300 \
	"$results/bench.csv" "${files[@]}"
