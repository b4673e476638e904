#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# bench.sh: the benchmarks. The host runs under -icount, where virtual time
# counts instructions: figures are exact and the same on every machine. Lines
#
#	bench: NAME VALUE UNIT
#
# of the kernel log or of a program become a table and build/results/bench.csv.
# MACHINE=v3 takes the GICv3 machine; BENCH=<glob> chooses the KUnit cases.

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

machine=${MACHINE:-v5}
glob=${BENCH:-vgic-v5*.*cost*}
kernel=$("$top/scripts/kernel.sh" host)
initrd=$("$top/scripts/initramfs.sh")

"$top/scripts/boot.sh" --machine "$machine" --cpus 1 --name "bench-$machine" --kunit \
	--kernel "$kernel/Image" --initrd "$initrd" --timeout 900 --stall 600 \
	--append "kunit.enable=1 kunit.filter_glob=$glob gicv5.run=none" \
	-- -icount shift=0,sleep=off
"$top/scripts/bench.py" "$results/bench.csv" "$logs/bench-$machine.log"
