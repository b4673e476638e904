#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Benchmark lines made up for the purpose: ratios, and limits that are exceeded.

Prints KTAP, one line per case.
"""

import csv
import subprocess
import sys
import tempfile
from pathlib import Path

BENCH = Path(__file__).resolve().parents[2] / "scripts" / "bench.py"
CONSOLE = ("[    1.0] bench: setup_1 100 ns/vcpu\nnoise\n"
           "[    1.1] bench: setup_8 50 ns/vcpu\nbench: boot 1200.5 thousandths\n")
TWO = ("bench: new_x_1 30 instructions\nbench: new_y 1 exits\n"
       "bench: old_x_1 20 instructions\nbench: new_z -0.5 exits\nbench: old_z 0 exits\n")

# name, text, options, status, rows of the CSV
CASES = [
    ("ratios against the family's 8", CONSOLE, [], 0,
     [["setup_1", "100", "instructions/vcpu", "2.00"],
      ["setup_8", "50", "instructions/vcpu", "1.00"],
      ["boot", "1200.5", "thousandths", "1.00"]]),
    ("big figures stay whole", "bench: x 1234567890 instructions\n", [], 0,
     [["x", "1234567890", "instructions", "1.00"]]),
    ("no line", "nothing\n", [], 1, None),
    ("a ratio at its limit", CONSOLE, ["--max-ratio", "setup_.*", "2.0"], 0, None),
    ("a ratio above its limit", CONSOLE, ["--max-ratio", "setup_.*", "1.9"], 1, None),
    ("a value at its limit", CONSOLE, ["--max-value", "boot", "1200.5"], 0, None),
    ("a value above its limit", CONSOLE, ["--max-value", "boot", "1200"], 1, None),
    ("ratios against others", TWO, ["--against", "new_", "old_"], 0,
     [["new_x_1", "30", "instructions", "1.50"], ["new_y", "1", "exits", ""],
      ["old_x_1", "20", "instructions", "1.00"], ["new_z", "-0.5", "exits", ""],
      ["old_z", "0", "exits", ""]]),
    ("a ratio against others", TWO,
     ["--against", "new_", "old_", "--max-ratio", "new_x_.*", "1.4"], 1, None),
    ("less than nothing", TWO, ["--max-value", "new_z", "0", "--min-value", "new_z", "0"],
     1, None),
    ("the limit of another", CONSOLE, ["--max-value", "boo", "1"], 0, None),
]


def run(text, options):
    with tempfile.TemporaryDirectory() as where:
        log, out = Path(where, "log"), Path(where, "csv")
        log.write_text(text, encoding="utf-8")
        status = subprocess.run([sys.executable, BENCH, *options, out, log],
                                capture_output=True, check=False).returncode
        rows = list(csv.reader(out.open(encoding="utf-8")))[1:] if out.exists() else None
    return status, rows


def main():
    failed = 0
    print(f"1..{len(CASES)}")
    for number, (name, text, options, status, rows) in enumerate(CASES, 1):
        got = run(text, options)
        good = got[0] == status and rows in (None, got[1])
        failed += not good
        print(f"{'ok' if good else 'not ok'} {number} {name}")
        if not good:
            print(f"# {got}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
