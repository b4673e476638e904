#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""bench.py [--max-ratio NAME R] [--max-value NAME V] [--min-value NAME V]
         [--against PREFIX OTHER] CSV LOG...

Collects benchmark lines.

A line is "bench: NAME VALUE UNIT". Consoles come from a machine under -icount
shift=0, where a nanosecond of virtual time is one instruction: the unit ns is
reported as instructions. Names that differ only in a number at their end are one
family; its ratio column is the cost against the family's 8 (else its first). With
--against, names with PREFIX have their ratio against the same name with OTHER.
Prints a table and writes the same as CSV. No line at all is an error, and so is a
benchmark whose ratio or value is beyond its limit; NAME is a regular expression.
"""

import argparse
import csv
import re
import sys

LINE = re.compile(r"\bbench: (\S+) +(-?\d+(?:\.\d+)?) +(\S+)")


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


def reference(rows, name, against):
    """The figure that the ratio of NAME is taken against."""
    for prefix, other in against:
        if name.startswith(prefix):
            name = other + name[len(prefix):]
            return next((v for n, v, _ in rows if n == name), None)
    peers = [row for row in rows if family(row[0]) == family(name)]
    return next((v for n, v, _ in peers if n == family(name) + "_8"), peers[0][1])


def excess(found, args):
    """A sentence for each benchmark beyond its limit."""
    for name, value, _ in found:
        base = reference(found, name, args.against)
        for pattern, limit in args.max_ratio:
            if re.fullmatch(pattern, name) and base and value / base > float(limit):
                yield f"{name} is {value / base:.2f} times the first, limit {limit}"
        for pattern, limit in args.max_value:
            if re.fullmatch(pattern, name) and value > float(limit):
                yield f"{name} is {value:.10g}, limit {limit}"
        for pattern, limit in args.min_value:
            if re.fullmatch(pattern, name) and value < float(limit):
                yield f"{name} is {value:.10g}, at least {limit} are possible"


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--max-ratio", nargs=2, action="append", default=[])
    parser.add_argument("--max-value", nargs=2, action="append", default=[])
    parser.add_argument("--min-value", nargs=2, action="append", default=[])
    parser.add_argument("--against", nargs=2, action="append", default=[])
    parser.add_argument("out")
    parser.add_argument("logs", nargs="+")
    args = parser.parse_args()
    out = args.out
    found = list(collect(args.logs))
    if not found:
        print(f"bench.py: error: no benchmark lines in {' '.join(args.logs)}", file=sys.stderr)
        return 1
    rows = [("benchmark", "value", "unit", "ratio")]
    for name, value, unit in found:
        base = reference(found, name, args.against)
        rows.append((name, f"{value:.10g}", unit, f"{value / base:.2f}" if base else ""))
    with open(out, "w", encoding="utf-8", newline="") as table:
        csv.writer(table).writerows(rows)
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    for name, value, unit, ratio in rows:
        print(f"{name:{widths[0]}}  {value:>{widths[1]}}  {unit:{widths[2]}}  {ratio:>{widths[3]}}")
    above = list(excess(found, args))
    for sentence in above:
        print(f"bench.py: error: {sentence}", file=sys.stderr)
    return 1 if above else 0


if __name__ == "__main__":
    sys.exit(main())
