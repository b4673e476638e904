#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""bench-boot.py QEMU KERNEL INITRD PAIRS: GICv5 against GICv3, from power-on to init.

Boots the same image on the same QEMU, with the one and with the other, PAIRS times in
turn, and looks when the init prints its first line. Prints "bench:" lines: medians in
milliseconds of time and of QEMU's CPU time, and the medians of the pairs' ratios in
thousandths. Then each once under -icount, where the kernel's own clock counts
instructions.
"""

import re
import resource
import statistics
import subprocess
import sys
import time

FIRST = b"run: KTAP version"
STAMP = re.compile(rb"\[ *(\d+\.\d+)\][^\n]*run: KTAP version")
APPEND = "console=ttyAMA0 gicv5.run=none"
LIMIT = 180


def cpu_seconds():
    """CPU time of the QEMUs that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def boot(qemu, kernel, initrd, gic, *options):
    """From the start of QEMU to the init's first line: seconds, CPU seconds, that line."""
    command = [qemu, "-M", f"virt,gic-version={gic},virtualization=on",
               "-cpu", "max,pauth-impdef=on", "-smp", "2", "-m", "1024", "-nographic",
               "-nic", "none", "-no-reboot", "-kernel", kernel, "-initrd", initrd,
               "-append", APPEND, *options]
    start, cpu = time.monotonic(), cpu_seconds()
    found = None
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as machine:
        try:
            for line in machine.stdout:
                if FIRST in line:
                    found = time.monotonic() - start, line
                if found or time.monotonic() - start > LIMIT:
                    break
        finally:
            machine.kill()
    if not found:
        raise SystemExit(f"bench-boot.py: error: no init with gic-version={gic}")
    return found[0], cpu_seconds() - cpu, found[1]


def main():
    qemu, kernel, initrd, pairs = sys.argv[1:]
    times = {3: [], 5: []}
    for number in range(int(pairs)):
        for gic in (3, 5) if number % 2 else (5, 3):
            times[gic].append(boot(qemu, kernel, initrd, gic)[:2])
    for column, name in enumerate(("boot", "boot_cpu")):
        v3, v5 = ([row[column] for row in times[gic]] for gic in (3, 5))
        ratio = statistics.median(b / a for a, b in zip(v3, v5))
        print(f"bench: {name}_gicv3 {1000 * statistics.median(v3):.0f} milliseconds")
        print(f"bench: {name}_gicv5 {1000 * statistics.median(v5):.0f} milliseconds")
        print(f"bench: {name}_ratio {1000 * ratio:.0f} thousandths")
    for gic in 3, 5:
        line = boot(qemu, kernel, initrd, gic, "-icount", "shift=0,sleep=off")[2]
        stamp = STAMP.search(line)
        if not stamp:
            raise SystemExit("bench-boot.py: error: the init's line has no time")
        print(f"bench: boot_instructions_gicv{gic} {float(stamp[1]) * 1e9:.0f} instructions")
    return 0


if __name__ == "__main__":
    sys.exit(main())
