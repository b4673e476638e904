#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Consoles made up for the purpose: each defect in them must become a failure.

Prints KTAP, one line per case.
"""

import os
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CONSOLE = os.path.join(TOP, "scripts", "console.py")

BOOT = "[    0.000000] Linux version 7.3.4\n"
RUN = """\
[    1.000000] run: KTAP version 1
[    1.000100] run: 1..2
[    1.100000] run: # start a
[    1.200000] run: # some words
[    1.300000] run: ok 1 a # time=0.1s
[    1.400000] run: ok 2 b # SKIP no such hardware
"""
END = "[    2.000000] run: end 0\n"
KUNIT = """\
[    0.500000] KTAP version 1
[    0.500001] 1..1
[    0.500002]     KTAP version 1
[    0.500003]     # Subtest: suite
[    0.500004]     1..2
[    0.500005]     ok 1 one
[    0.500006]         KTAP version 1
[    0.500007]         # Subtest: many
[    0.500008]         ok 1 1 VPE
[    0.500009]         ok 2 16 VPEs
[    0.500010]     # many: pass:2 fail:0 skip:0 total:2
[    0.500011]     ok 2 many
[    0.500012] # suite: pass:2 fail:0 skip:0 total:2
[    0.500013] ok 1 suite
"""


def judge(text, *options):
    """Status of console.py for a kept console, and the KTAP it makes of it."""
    with tempfile.TemporaryDirectory() as where:
        console, ktap = os.path.join(where, "console"), os.path.join(where, "ktap")
        with open(console, "w", encoding="utf-8") as out:
            out.write(text)
        done = subprocess.run([CONSOLE, "--name", "m", "--ktap", ktap, "--read", console, *options],
                              check=False)
        with open(ktap, encoding="utf-8") as made:
            return done.returncode, made.read()


def run(*command, limits=()):
    """The same for a command that is run as the machine."""
    with tempfile.TemporaryDirectory() as where:
        ktap = os.path.join(where, "ktap")
        done = subprocess.run([CONSOLE, "--name", "m", "--ktap", ktap, *limits, "--", *command],
                              check=False, stderr=subprocess.DEVNULL)
        with open(ktap, encoding="utf-8") as made:
            return done.returncode, made.read()


def fails(result, *wanted):
    """The result is a failure, and its KTAP names all that is wanted."""
    status, ktap = result
    return status == 1 and "\nnot ok " in ktap and all(text in ktap for text in wanted)


def defect(line):
    """A console that is fine but for one line is a failure that shows this line."""
    return fails(judge(BOOT + RUN + f"[    1.5] {line}\n" + END), f"# {line}", " m.boot\n")


def passes():
    status, ktap = judge(BOOT + KUNIT + RUN + END, "--kunit")
    return status == 0 and ktap.splitlines() == [
        "KTAP version 1", "1..6",
        "ok 1 suite.one", "ok 2 suite.many.1_VPE", "ok 3 suite.many.16_VPEs",
        "ok 4 m.a", "ok 5 m.b # SKIP no such hardware", "ok 6 m.boot"]


def words_of_a_test_are_not_the_kernels():
    status, _ = judge(BOOT + RUN.replace("some words", "WARNING: BUG: Oops") + END)
    return status == 0


def sanitizer_remarks():
    remark = "==7==WARNING: ASan doesn't fully support makecontext/swapcontext functions\n"
    status, _ = judge(remark + BOOT + RUN + END)
    return status == 0


def ends_at(text, tail, stall="10"):
    """A machine with a good console that then says TEXT and does TAIL, --until "Power down"."""
    return run("sh", "-c", f'printf "%s" "$1"; echo "{text}"; {tail}', "sh", BOOT + RUN + END,
               limits=("--until", "Power down", "--stall", stall))


def until():
    """It counts as the end, also of a machine that goes on printing, and nothing else does."""
    forever = "while :; do echo a; sleep 0.1; done"
    return (ends_at("reboot: Power down", "sleep 20")[0] == 0
            and ends_at("reboot: Power down", forever)[0] == 0
            and ends_at("reboot: Power down", "exit 3")[0] == 0
            and fails(ends_at("reboot: Power up", "sleep 20", "0.5"), "hang: no line for"))


CASES = {
    "a machine that cannot power off by itself": until,
    "a remark of QEMU's sanitizer is no defect": sanitizer_remarks,
    "a finding of QEMU's sanitizer": lambda: defect(
        "==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x60"),
    "a good console passes, nested results become flat": passes,
    "words of a test are not taken for the kernel's": words_of_a_test_are_not_the_kernels,
    "panic": lambda: defect("Kernel panic - not syncing: Attempted to kill init!"),
    "oops": lambda: defect("Internal error: Oops: 0000000096000004 [#1] SMP"),
    "bad access": lambda: defect("Unable to handle kernel NULL pointer dereference at 00"),
    "WARN": lambda: defect("WARNING: CPU: 0 PID: 1 at arch/arm64/kvm/vgic/vgic-v5.c:42 f+0x1/0x2"),
    "BUG": lambda: defect("kernel BUG at arch/arm64/kvm/vgic/vgic.c:7!"),
    "lockdep": lambda: defect("WARNING: possible circular locking dependency detected"),
    "KASAN": lambda: defect("BUG: KASAN: slab-use-after-free in vgic_v5_teardown+0x10/0x20"),
    "kmemleak": lambda: defect("kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug)"),
    "sleep in atomic": lambda: defect("BUG: sleeping function called from invalid context at x"),
    "RCU stall": lambda: defect("rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:"),
    "expedited stall": lambda: defect("rcu: INFO: rcu_preempt detected expedited stalls on CPUs"),
    "hung task": lambda: defect("INFO: task vgic_irq:99 blocked for more than 60 seconds."),
    "soft lockup": lambda: defect("watchdog: BUG: soft lockup - CPU#1 stuck for 23s! [a:1]"),
    "RCU usage": lambda: defect("WARNING: suspicious RCU usage"),
    "hypervisor panic": lambda: defect("kvm [1]: nVHE hyp panic at: f+0x1/0x2!"),
    "a failed test": lambda: fails(
        judge(BOOT + RUN.replace("ok 1 a # time=0.1s", "not ok 1 a # status 1") + END),
        "# some words", "not ok 1 m.a\n", "ok 3 m.boot"),
    "a failed KUnit case": lambda: fails(
        judge(BOOT + KUNIT.replace("     ok 1 one", "     # one: EXPECTATION FAILED at f.c:1\n"
                                   "[    0.5]     not ok 1 one")
              .replace("] ok 1 suite", "] not ok 1 suite") + RUN + END),
        "EXPECTATION FAILED", "not ok 1 suite.one\n"),
    "a failed KUnit suite with no failed case": lambda: fails(
        judge(BOOT + KUNIT.replace("] ok 1 suite", "] not ok 1 suite") + RUN + END),
        "not ok 4 suite\n"),
    "a KUnit suite cut short": lambda: fails(
        judge(BOOT + KUNIT.replace("[    0.500005]     ok 1 one\n", "") + RUN + END), "planned"),
    "KUnit silent": lambda: fails(judge(BOOT + RUN + END, "--kunit"), "KUnit printed no results"),
    "KTAP cut short": lambda: fails(
        judge(BOOT + RUN.replace("[    1.400000] run: ok 2 b # SKIP no such hardware\n", "") + END),
        "1 of 2 planned"),
    "a result missing in the middle": lambda: fails(
        judge(BOOT + RUN.replace("1..2", "1..3").replace("ok 2 b", "ok 3 b") + END),
        "comes as number 2"),
    "no end": lambda: fails(judge(BOOT + RUN), "did not reach its end"),
    "no results": lambda: fails(judge(BOOT + END), "printed no results"),
    "bail out": lambda: fails(judge(BOOT + "[ 1.0] run: Bail out! no list\n" + RUN + END), "Bail"),
    "no kernel": lambda: fails(judge(""), "no kernel has started"),
    "machine ends with an error": lambda: fails(
        run("sh", "-c", "echo cannot open the disk; exit 3"), "status 3", "cannot open the disk"),
    "hang": lambda: fails(
        run("sh", "-c", "echo Linux version 7; sleep 20", limits=("--stall", "0.5")),
        "hang: no line for"),
    "endless output": lambda: fails(
        run("sh", "-c", "while :; do echo a; sleep 0.1; done", limits=("--timeout", "1")),
        "stopped after the limit"),
}


def main():
    print("KTAP version 1")
    print(f"1..{len(CASES)}")
    failed = 0
    for number, (name, case) in enumerate(CASES.items(), 1):
        good = case()
        failed |= not good
        print(f"{'ok' if good else 'not ok'} {number} console: {name}", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
