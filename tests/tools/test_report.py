#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Results made up for the purpose: what must count as a failure does.

Prints KTAP, one line per case.
"""

import io
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
import report  # noqa: E402

# name, the level's KTAP, the plain line, the status
CASES = [
    ("all pass", "KTAP version 1\n1..2\nok 1 a\nok 2 - b\n",
     "2 passed, 0 failed, 0 skipped", 0),
    ("a failure", "ok 1 a\nnot ok 2 b\n", "1 passed, 1 failed, 0 skipped", 1),
    ("a skip is no failure", "ok 1 a\nok 2 b # SKIP no such hardware\n",
     "1 passed, 0 failed, 1 skipped", 0),
    ("a comment is no skip", "ok 1 a # time=0.1s\n", "1 passed, 0 failed, 0 skipped", 0),
    ("a failed skip fails", "not ok 1 a # SKIP no\n", "0 passed, 1 failed, 0 skipped", 1),
    ("other lines do not count", "# ok 1 a\nokay\n    ok 1 sub\nok 1 b\n",
     "1 passed, 0 failed, 0 skipped", 0),
    ("no test", "KTAP version 1\n", "0 passed, 1 failed, 0 skipped", 1),
    ("an empty file", "", "0 passed, 1 failed, 0 skipped", 1),
    ("a plan not kept", "1..3\nok 1 a\nok 2 b\n", "2 passed, 1 failed, 0 skipped", 1),
    ("a bail-out", "ok 1 a\nBail out! dead\n", "1 passed, 1 failed, 0 skipped", 1),
    ("a name twice", "ok 1 a\nok 2 a\n", "1 passed, 1 failed, 0 skipped", 1),
]


def run(text):
    out = io.StringIO()
    status = report.report([report.parse("level", text.splitlines())], out)
    return out.getvalue(), status


def main():
    bad = 0
    print(f"1..{len(CASES) + 2}")

    def result(number, good, name):
        nonlocal bad
        bad += not good
        print(f"{'ok' if good else 'not ok'} {number} {name}")

    for number, (name, text, plain, status) in enumerate(CASES, 1):
        out, got = run(text)
        result(number, out.splitlines()[-1] == plain and got == status, name)
    out, _ = run("# fine\nok 1 a\n# b.c:1: 1 == 2\nnot ok 2 b\nok 3 c # SKIP no such hardware\n")
    result(len(CASES) + 1, "FAILED  level: b\n    | b.c:1: 1 == 2\n" in out and
           "skipped level: c (no such hardware)\n" in out and "fine" not in out,
           "what and why is printed")
    level = report.read("/nonexistent/level.ktap")
    result(len(CASES) + 2, bool(level.failed), "a file that is not there")
    return 1 if bad else 0


sys.exit(main())
