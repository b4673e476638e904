#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""bench-trace.py QEMU KERNEL INITRD GIC OUT: each instruction of a wake-up.

Boots KERNEL/Image on a machine with one CPU and GICv3 or GICv5 (GIC is 3 or 5), where
vgic_bench wakes a vCPU again and again, has QEMU log every instruction for a while, and
tells by KERNEL/System.map where they are. That changes nothing for those who are watched:
the same instructions run as without it. Prints "bench:" lines with the medians of the
parts of the round trip, and writes them with the functions of each part to OUT. The log,
OUT.trace, is removed when it has been read.
"""

import bisect
import collections
import os
import re
import socket
import statistics
import subprocess
import sys
import threading
import time

TRACE = re.compile(rb"Trace \d+: \S+ \[[0-9a-f]+/([0-9a-f]+)/")
STOPPED = b"Stopped execution of TB chain"
TURNING = b"vgic_bench: turning"
APPEND = "console=ttyAMA0 kvm-arm.wfi_trap_policy=trap gicv5.run=bench:turn"
LIMIT = 300
MIB = 24
ROUNDS = 5

# What begins with the first instruction of a symbol, or (in the guest, in user
# space) of a place. RING is there with a GICv5 only.
INJECT, RING, WAKE, SWITCH, GUEST, EXIT, SLEEP, DONE = range(8)
PARTS = {
    INJECT: "system call, injection",
    RING: "doorbell: interrupt taken, its handler found",
    WAKE: "vCPU thread woken",
    SWITCH: "vCPU thread on the CPU, way into the guest",
    GUEST: "the guest: handler, WFI",
    EXIT: "WFI exit, blocking",
    SLEEP: "waker on the CPU, way out of the system call",
}


class Symbols:
    """Functions of the kernel by address."""

    def __init__(self, path):
        found = []
        with open(path, encoding="ascii") as file:
            for line in file:
                address, kind, name = line.split()
                if kind in "tTwW" and not name.startswith("$"):
                    found.append((int(address, 16), name))
        found.sort()
        self.addresses = [address for address, _ in found]
        self.names = [name for _, name in found]

    def name(self, address):
        at = bisect.bisect_right(self.addresses, address) - 1
        return self.names[at] if at >= 0 else "?"


def is_kernel(address):
    return address >> 63


def monitor(path, *commands):
    """Have QEMU's monitor execute commands."""
    with socket.socket(socket.AF_UNIX) as hmp:
        hmp.connect(path)
        for command in commands:
            hmp.sendall(command.encode() + b"\n")
        time.sleep(0.2)


def record(qemu, kernel, initrd, gic, out):
    """Boot, and leave the log of some rounds in OUT.trace."""
    hmp, trace = out + ".monitor", out + ".trace"
    command = [qemu, "-M", f"virt,gic-version={gic},virtualization=on", "-cpu",
               "max,pauth-impdef=on", "-smp", "1", "-m", "2048", "-display", "none",
               "-serial", "stdio", "-nic", "none", "-no-reboot", "-kernel", kernel + "/Image",
               "-initrd", initrd, "-append", APPEND, "-icount", "shift=0,sleep=off",
               "-monitor", f"unix:{hmp},server=on,wait=off", "-D", trace]
    for path in hmp, trace:
        if os.path.exists(path):
            os.remove(path)
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as machine:
        limit = threading.Timer(LIMIT, machine.kill)
        limit.start()
        try:
            for line in machine.stdout:
                if TURNING in line:
                    break
            else:
                raise SystemExit("bench-trace.py: error: the machine has ended")
            monitor(hmp, "one-insn-per-tb on", "log exec,nochain")
            while os.path.getsize(trace) < MIB << 20:
                if machine.poll() is not None:
                    raise SystemExit("bench-trace.py: error: no trace")
                time.sleep(0.1)
        finally:
            limit.cancel()
            machine.kill()
    if os.path.exists(hmp):
        os.remove(hmp)


def instructions(path):
    """The addresses of what was executed, in order."""
    last = None
    with open(path, "rb") as log:
        for line in log:
            found = TRACE.match(line)
            if found:
                if last is not None:
                    yield last
                last = int(found[1], 16)
            elif STOPPED in line:
                last = None     # looked at, but not executed


def rounds(path, symbols):
    """Each round trip: lists of functions, by part."""
    part, current = None, None
    guest, before, previous = False, "", 0
    for address in instructions(path):
        # Into the guest goes the ERET of __guest_enter(), all else into user space.
        if not is_kernel(address):
            guest = guest or (is_kernel(previous) and before == "__guest_enter")
            name = "(guest)" if guest else "(user space)"
        else:
            guest = False
            name = symbols.name(address)
        if name != "(user space)" and before == "(user space)":
            part, current = INJECT, collections.defaultdict(list)
        if current is not None:
            if part == INJECT and name == "vectors" and before not in ("vectors", "(user space)"):
                part = RING
            elif part in (INJECT, RING) and name == "try_to_wake_up":
                part = WAKE
            elif part == WAKE and name == "cpu_switch_to":
                part = SWITCH
            elif part == SWITCH and name == "(guest)":
                part = GUEST
            elif part == GUEST and is_kernel(address):
                part = EXIT
            elif part == EXIT and name == "cpu_switch_to":
                part = SLEEP
            if name == "(user space)":
                if part == SLEEP:
                    yield current
                current = None
            else:
                current[part].append(name)
        previous, before = address, name


def main():
    qemu, kernel, initrd, gic, out = sys.argv[1:]
    record(qemu, kernel, initrd, gic, out)
    seen = list(rounds(out + ".trace", Symbols(kernel + "/System.map")))
    if not os.environ.get("KEEP_TRACE"):
        os.remove(out + ".trace")
    if len(seen) < ROUNDS:
        raise SystemExit(f"bench-trace.py: error: {len(seen)} rounds in the trace, not {ROUNDS}")
    sizes = [sum(map(len, one.values())) for one in seen]
    print(f"{len(seen)} rounds, of {min(sizes)} to {max(sizes)} instructions", file=sys.stderr)
    typical = seen[sizes.index(statistics.median_low(sizes))]
    count = {part: len(typical.get(part, ())) for part in PARTS}

    def bench(name, value):
        print(f"bench: gicv{gic}_{name} {value} instructions")

    into = sum(count[part] for part in (WAKE, SWITCH))
    if gic == "5":
        bench("ring_to_guest", count[RING] + into)
    bench("wake_to_guest", into)
    bench("exit_to_sleep", count[EXIT])
    bench("traced_round_trip", sum(count.values()))
    with open(out, "w", encoding="utf-8") as report:
        for part, title in PARTS.items():
            print(f"{count[part]:7} {title}", file=report)
        print(f"{sum(count.values()):7} all", file=report)
        for part, title in [*PARTS.items(), (None, "all")]:
            names = typical.get(part, ()) if part is not None else sum(typical.values(), [])
            print(f"\n{title}", file=report)
            for name, number in collections.Counter(names).most_common():
                print(f"{number:7} {name}", file=report)
    return 0


if __name__ == "__main__":
    sys.exit(main())
