#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""bench.py CSV LOG...: collect the benchmark lines of consoles.

A line is "bench: NAME [PARAMETER=VALUE ...] METRIC=VALUE": the last pair is the
measured figure. Prints a table and writes the same as CSV. Having found no
line at all is an error.
"""

import csv
import re
import sys

LINE = re.compile(r"\bbench: (\S+)((?: +\w+=\S+)+)\s*$")


def collect(paths):
    for path in paths:
        with open(path, encoding="utf-8", errors="replace") as log:
            for line in log:
                found = LINE.search(line)
                if found:
                    *parameters, figure = found[2].split()
                    metric, _, value = figure.partition("=")
                    yield found[1], " ".join(parameters), metric, value


def main():
    out, *logs = sys.argv[1:]
    rows = [("benchmark", "parameters", "metric", "value"), *collect(logs)]
    if len(rows) == 1:
        print(f"bench.py: error: no benchmark lines in {' '.join(logs)}", file=sys.stderr)
        return 1
    with open(out, "w", encoding="utf-8", newline="") as table:
        csv.writer(table).writerows(rows)
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    for row in rows:
        print("  ".join(cell.ljust(widths[i]) if i < 3 else cell.rjust(widths[i])
                        for i, cell in enumerate(row)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
