#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""report.py FILE.ktap...: one table of results, a row for each file.

A file is flat KTAP: "ok N name", "not ok N name", "ok N name # SKIP reason". Its
level is the file's name. After the table come the skips and the failures by name, each
failure with the last of its diagnostics ("# ..." lines), and at the end the plain
line "N passed, N failed, N skipped". The status is 1 on any failure. A level without a
result, a test that appears twice, a plan that is not kept and a bail-out are failures
too: silence is not success.
"""

import re
import sys
from pathlib import Path

RESULT = re.compile(r"(not )?ok\b(?: +\d+)?(?: +(?:- )?([^#]*))?(?:#(.*))?$")
SKIP = re.compile(r"\s*skip\b:?\s*(.*)", re.IGNORECASE)
PLAN = re.compile(r"1\.\.(\d+)\b")
SHOWN = 15      # lines of diagnostics of a failure


class Level:
    def __init__(self, name):
        self.name = name
        self.passed = []
        self.failed = []        # (name, diagnostics)
        self.skipped = []       # (name, reason)

    def fail(self, name, diagnostics=()):
        self.failed.append((name, diagnostics[-SHOWN:]))

    def count(self):
        return len(self.passed) + len(self.failed) + len(self.skipped)


def parse(name, lines):
    """One level's KTAP."""
    level = Level(name)
    seen = set()
    plan = None
    diagnostics = []
    for line in lines:
        line = line.rstrip()
        if line.startswith("#"):
            diagnostics.append(line[1:].removeprefix(" "))
        elif match := PLAN.match(line):
            plan = int(match[1])
        elif line.startswith("Bail out!"):
            level.fail(line, diagnostics)
        elif match := RESULT.match(line):
            test = (match[2] or "").strip() or "(a test without a name)"
            skip = SKIP.match(match[3] or "")
            if test in seen:
                level.fail(f"{test}: more than one result")
            elif match[1]:
                level.fail(test, diagnostics)
            elif skip:
                level.skipped.append((test, skip[1].strip() or "no reason given"))
            else:
                level.passed.append(test)
            seen.add(test)
            diagnostics = []
    if not seen:
        level.fail("no test gave a result")
    elif plan is not None and plan != len(seen):
        level.fail(f"{plan} tests planned, {len(seen)} gave a result")
    return level


def read(path):
    try:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    return parse(Path(path).stem, text.splitlines())


def report(levels, out=sys.stdout):
    """Print everything; return the exit status."""
    print(f"{'level':<16} {'passed':>7} {'failed':>7} {'skipped':>7}", file=out)
    for level in levels:
        print(f"{level.name:<16} {len(level.passed):>7} {len(level.failed):>7} "
              f"{len(level.skipped):>7}", file=out)
    for level in levels:
        for test, reason in level.skipped:
            print(f"skipped {level.name}: {test} ({reason})", file=out)
    for level in levels:
        for test, diagnostics in level.failed:
            print(f"FAILED  {level.name}: {test}", file=out)
            for line in diagnostics:
                print(f"    | {line}", file=out)
    passed, failed, skipped = (
        sum(len(getattr(level, kind)) for level in levels)
        for kind in ("passed", "failed", "skipped"))
    print(f"{passed} passed, {failed} failed, {skipped} skipped", file=out)
    return 1 if failed or not levels else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(report([read(path) for path in sys.argv[1:]]))
