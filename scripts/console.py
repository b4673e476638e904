#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run a machine, watch its console, and say what passed.

console.py [options] -- COMMAND...   runs COMMAND (a QEMU with its console on
                                     stdout) within the limits of time; --until TEXT
                                     ends one that cannot power off by itself at
                                     the line that has TEXT
console.py [options] --read FILE     judges a console that was kept

The console is that of a kernel whose init is machine/host/init: results of the
init are the lines marked "run: ", results of KUnit are the kernel's own KTAP.
Both become flat KTAP: ok or not ok, PREFIX.test or suite.test. One more result,
PREFIX.boot, says whether the kernel's log is free of defects and the end was
reached with every planned test done; its diagnostics name the lines that show
otherwise. The status is 0 if there is no failure.
"""

import argparse
import os
import re
import selectors
import signal
import subprocess
import sys
import time

# What the kernel prints about itself when it is not well, and QEMU's sanitizer.
DEFECT = re.compile("|".join((
    r"Kernel panic - not syncing",
    r"\bOops\b",
    r"Internal error:",
    r"Unable to handle kernel",
    r"\bBUG: ",
    r"\bkernel BUG at",
    r"(?<!==)\bWARNING: ",      # ==PID== begins a line of QEMU's own sanitizer
    r"ERROR: \w+Sanitizer",
    r"INFO: task .* blocked for more than",
    r"detected (?:expedited )?stalls?\b",
    r"self-detected stall",
    r"soft lockup",
    r"possible (?:circular locking|recursive locking|irq lock inversion|deadlock)",
    r"suspicious RCU usage",
    r"inconsistent lock state",
    r"sleeping function called from invalid context",
    r"scheduling while atomic",
    r"bad unlock balance",
    r"UBSAN: ",
    r"refcount_t: ",
    r"kmemleak: \d+ new suspected memory leaks",
    r"irq \d+: nobody cared",
    r"nVHE hyp panic|HYP panic",
    r"ODEBUG: ",
    r"list_(?:add|del) corruption",
)))

STAMP = re.compile(r"^(?:<\d+>)?\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? ?")
RESULT = re.compile(r"^(?P<indent> *)(?P<no>not )?ok (?P<number>\d+)(?: -)? (?P<name>[^#\n]*?)"
                    r"(?: *# *(?P<note>.*))?$")
PLAN = re.compile(r"^(?P<indent> *)1\.\.(?P<count>\d+)\s*(?:#.*)?$")
SKIP = re.compile(r"^skip\b:? *", re.I)


class Level:
    """The results of one level of nested KTAP, until its parent's line."""

    def __init__(self):
        self.planned = None
        self.seen = 0
        self.leaves = []        # (name, ok, note, diagnostics)


class Ktap:
    """Flattens one stream of KTAP; calls done(name, ok, note, diagnostics)."""

    def __init__(self):
        self.levels = {}
        self.diagnostics = []
        self.started = False
        self.bail = None
        self.problems = []

    def level(self, depth):
        return self.levels.setdefault(depth, Level())

    def line(self, text):
        """Take one line; return the result it ends with, or None."""
        if text.strip().startswith("KTAP version"):
            self.started = True
            depth = len(text) - len(text.lstrip(" "))
            if depth:
                self.levels[depth] = Level()
            return None
        if text.startswith("Bail out!"):
            self.bail = text
            return None
        plan = PLAN.match(text)
        if plan and self.started:
            self.level(len(plan["indent"])).planned = int(plan["count"])
            return None
        result = RESULT.match(text)
        if not result or not self.started:
            self.diagnose(text)
            return None
        return self.result(result)

    def diagnose(self, text):
        """Keep what belongs to the next result: # lines and what is indented below them."""
        if text.strip().startswith("#"):
            self.diagnostics.append(text.strip())
        elif self.diagnostics and text.startswith("    ") and text.strip():
            self.diagnostics.append("#   " + text.strip())

    def result(self, match):
        depth = len(match["indent"])
        name, note = match["name"].strip(), match["note"] or ""
        good = match["no"] is None
        level = self.level(depth)
        level.seen += 1
        if int(match["number"]) != level.seen:
            self.problems.append(f"result {match['number']} of {name} comes as number {level.seen}")
        deeper = sorted(d for d in self.levels if d > depth)
        leaves = []
        for inner in deeper:
            sub = self.levels.pop(inner)
            self.check(sub, name, inner)
            leaves += [(f"{name}.{n}", g, t, d) for n, g, t, d in sub.leaves]
        if not leaves or (not good and all(g for _, g, _, _ in leaves)):
            leaves.append((name, good, note, self.diagnostics))
        self.diagnostics = []
        level.leaves += leaves
        return name, good, note

    def check(self, level, where, depth):
        if level.planned is None:
            if depth >= 8:      # the kernel plans no count of parameters
                return
            self.problems.append(f"{where}: no plan, {level.seen} results")
        elif level.planned != level.seen:
            self.problems.append(f"{where}: {level.seen} of {level.planned} planned tests done")

    def finish(self):
        """All leaves; what is open or missing becomes a problem."""
        if self.bail:
            self.problems.append(self.bail)
        leaves = []
        for depth, level in sorted(self.levels.items()):
            self.check(level, "the run" if depth == 0 else "an unfinished suite", depth)
            leaves += level.leaves
        return leaves


def safe(name):
    """A test's name as one word."""
    return re.sub(r"[^\w.+=:,@/-]+", "_", name).strip("_")


class Console:
    """Judges a console line by line."""

    def __init__(self, prefix, show=None, kunit=False):
        self.prefix = prefix
        self.show = show or (lambda text: None)
        self.want_kunit = kunit
        self.run = Ktap()
        self.kunit = Ktap()
        self.defects = []
        self.context = 0
        self.ended = False
        self.recent = []
        self.booted = False

    def line(self, raw):
        text = STAMP.sub("", raw.rstrip("\r\n"))
        if text.startswith("run: "):
            self.init_line(text[5:])
            return
        self.recent = (self.recent + [text])[-15:]
        if "Linux version" in text and not self.booted:
            self.booted = True
            self.show("kernel started")
        if DEFECT.search(text):
            self.defects.append(text.strip())
            self.context = 12
            self.show("!! " + text.strip())
        elif self.context:
            self.context -= 1
            self.defects.append("  " + text.rstrip())
        done = self.kunit.line(text)
        if done and self.show:
            self.progress(*done)

    def init_line(self, text):
        if text.startswith("end "):
            self.ended = True
            return
        if text.startswith("# start "):
            return
        done = self.run.line(text)
        if done:
            self.progress(*done)

    def progress(self, name, good, note):
        self.show(f"{'ok    ' if good else 'not ok'} {name}{'  # ' + note if note else ''}")

    def finish(self, ending=None):
        """The flat results; ENDING says why the machine stopped, if not by itself."""
        results = []
        for name, good, note, diagnostics in self.kunit.finish() if self.kunit.started else []:
            results.append((name, good, note, diagnostics))
        for name, good, note, diagnostics in self.run.finish():
            results.append((f"{self.prefix}.{name}", good, note, diagnostics))
        why = []
        if ending:
            why.append(ending)
        if self.defects:
            why.append("the kernel reports a defect:")
            why += self.defects[:60]
        if not self.ended:
            why.append("the init did not reach its end" if self.booted
                       else "no kernel has started")
        if not self.run.started and self.booted:
            why.append("the init printed no results")
        if self.want_kunit and not self.kunit.started:
            why.append("KUnit printed no results")
        why += self.run.problems + self.kunit.problems
        if why and not self.defects:
            why.append("the last lines of the kernel:")
            why += ["  " + line for line in self.recent]
        results.append((f"{self.prefix}.boot", not why, "", ["# " + line for line in why]))
        return results


def write_ktap(path, results):
    """Write flat KTAP with unique names; return the number of failures."""
    used = {}
    with open(path + ".tmp", "w", encoding="utf-8") as out:
        out.write("KTAP version 1\n")
        out.write(f"1..{len(results)}\n")
        for number, (name, good, note, diagnostics) in enumerate(results, 1):
            name = safe(name)
            used[name] = used.get(name, 0) + 1
            if used[name] > 1:
                name = f"{name}.{used[name]}"
            skip = SKIP.match(note) if good else None
            if not good:
                for line in diagnostics:
                    out.write(line + "\n")
            tail = f" # SKIP {note[skip.end():] or 'no reason given'}" if skip else ""
            out.write(f"{'ok' if good else 'not ok'} {number} {name}{tail}\n")
    os.replace(path + ".tmp", path)
    return sum(1 for _, good, _, _ in results if not good)


def watch(command, console, log, timeout, stall, until=None):
    """Run COMMAND and feed its console; return why it ended, None if as it should."""
    start = last = time.monotonic()
    ending = None
    reached = False
    machine = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, start_new_session=True)
    pending = b""
    with selectors.DefaultSelector() as selector:
        selector.register(machine.stdout, selectors.EVENT_READ)
        while not reached:
            now = time.monotonic()
            limit = min(start + timeout, last + stall)
            if now >= limit:
                ending = (f"stopped after the limit of {timeout} s" if now >= start + timeout
                          else f"hang: no line for {stall} s")
                break
            if not selector.select(limit - now):
                continue
            data = os.read(machine.stdout.fileno(), 65536)
            if not data:
                break
            last = time.monotonic()
            log.write(data.decode("utf-8", "replace"))
            log.flush()
            *lines, pending = (pending + data).split(b"\n")
            for line in lines:
                text = line.decode("utf-8", "replace")
                console.line(text)
                reached = reached or bool(until and until in text)
    if pending:
        console.line(pending.decode("utf-8", "replace"))
    if ending or reached:
        os.killpg(machine.pid, signal.SIGKILL)
    status = machine.wait()
    if not ending and not reached and status:
        ending = f"{command[0]} ended with status {status}"
    return ending


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--name", default="boot")
    parser.add_argument("--prefix")
    parser.add_argument("--timeout", type=float, default=300)
    parser.add_argument("--stall", type=float, default=90)
    parser.add_argument("--until", metavar="TEXT")
    parser.add_argument("--log", default=os.devnull)
    parser.add_argument("--ktap", required=True)
    parser.add_argument("--kunit", action="store_true", help="KUnit must print results")
    parser.add_argument("--read", metavar="FILE")
    parser.add_argument("command", nargs="*")
    args = parser.parse_args()

    start = time.monotonic()

    def show(text):
        print(f"  {time.monotonic() - start:6.1f} s  {text}", file=sys.stderr, flush=True)

    console = Console(args.prefix or args.name, None if args.read else show, args.kunit)
    if args.read:
        with open(args.read, encoding="utf-8", errors="replace") as kept:
            for line in kept:
                console.line(line)
        ending = None
    else:
        if not args.command:
            parser.error("no command")
        with open(args.log, "w", encoding="utf-8") as log:
            ending = watch(args.command, console, log, args.timeout, args.stall, args.until)
    results = console.finish(ending)
    failures = write_ktap(args.ktap, results)
    if failures and not args.read:
        for line in results[-1][3]:
            print("    | " + line[2:], file=sys.stderr)
        print(f"  {failures} of {len(results)} results are failures; log: {args.log}",
              file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
