#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""bench-boot.py QEMU KERNEL INITRD PAIRS: GICv5 against GICv3, from power-on to init.

Boots the same image on the same QEMU, with the one and with the other, PAIRS times in
turn, and looks when the init prints its first line. Prints "bench:" lines: medians in
milliseconds, and the median of the pairs' ratios in thousandths. Then each once under
-icount, where the kernel's own clock counts instructions.
"""

import re
import statistics
import subprocess
import sys
import time

FIRST = b"run: KTAP version"
STAMP = re.compile(rb"\[ *(\d+\.\d+)\][^\n]*run: KTAP version")
APPEND = "console=ttyAMA0 gicv5.run=none"
LIMIT = 180


def boot(qemu, kernel, initrd, gic, *options):
    """Seconds from the start of QEMU to the init's first line, and that line."""
    command = [qemu, "-M", f"virt,gic-version={gic},virtualization=on",
               "-cpu", "max,pauth-impdef=on", "-smp", "2", "-m", "1024", "-nographic",
               "-nic", "none", "-no-reboot", "-kernel", kernel, "-initrd", initrd,
               "-append", APPEND, *options]
    start = time.monotonic()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as machine:
        try:
            for line in machine.stdout:
                if FIRST in line:
                    return time.monotonic() - start, line
                if time.monotonic() - start > LIMIT:
                    break
        finally:
            machine.kill()
    raise SystemExit(f"bench-boot.py: error: no init with gic-version={gic}")


def main():
    qemu, kernel, initrd, pairs = sys.argv[1:]
    times = {3: [], 5: []}
    for number in range(int(pairs)):
        for gic in (3, 5) if number % 2 else (5, 3):
            times[gic].append(boot(qemu, kernel, initrd, gic)[0])
    ratio = statistics.median(v5 / v3 for v3, v5 in zip(times[3], times[5]))
    for gic in 3, 5:
        print(f"bench: boot_gicv{gic} {1000 * statistics.median(times[gic]):.0f} milliseconds")
    print(f"bench: boot_ratio {1000 * ratio:.0f} thousandths")
    for gic in 3, 5:
        line = boot(qemu, kernel, initrd, gic, "-icount", "shift=0,sleep=off")[1]
        stamp = STAMP.search(line)
        if not stamp:
            raise SystemExit("bench-boot.py: error: the init's line has no time")
        print(f"bench: boot_instructions_gicv{gic} {float(stamp[1]) * 1e9:.0f} instructions")
    return 0


if __name__ == "__main__":
    sys.exit(main())
