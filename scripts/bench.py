#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""bench.py CSV LOG...: collect the benchmark lines of consoles.

A line is "bench: NAME VALUE UNIT". The consoles come from a machine under
-icount shift=0, where a nanosecond of virtual time is one instruction: the unit
ns is reported as instructions. Names that differ only in a number at their end
are one family; its ratio column is the cost against the family's 8 (else its
first). Prints a table and writes the same as CSV. No line at all is an error.
"""

import csv
import re
import sys

LINE = re.compile(r"\bbench: (\S+) +(\d+(?:\.\d+)?) +(\S+)")


def collect(paths):
    for path in paths:
        with open(path, encoding="utf-8", errors="replace") as log:
            for line in log:
                found = LINE.search(line)
                if found:
                    unit = re.sub(r"^ns\b", "instructions", found[3])
                    yield found[1], float(found[2]), unit


def family(name):
    return re.sub(r"_\d+$", "", name)


def reference(rows, name):
    """The figure that the ratio of NAME is taken against."""
    peers = [row for row in rows if family(row[0]) == family(name)]
    return next((v for n, v, _ in peers if n == family(name) + "_8"), peers[0][1])


def main():
    out, *logs = sys.argv[1:]
    found = list(collect(logs))
    if not found:
        print(f"bench.py: error: no benchmark lines in {' '.join(logs)}", file=sys.stderr)
        return 1
    rows = [("benchmark", "value", "unit", "ratio")]
    for name, value, unit in found:
        base = reference(found, name)
        rows.append((name, f"{value:g}", unit, f"{value / base:.2f}" if base else ""))
    with open(out, "w", encoding="utf-8", newline="") as table:
        csv.writer(table).writerows(rows)
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    for name, value, unit, ratio in rows:
        print(f"{name:{widths[0]}}  {value:>{widths[1]}}  {unit:{widths[2]}}  {ratio:>{widths[3]}}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
