#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ktap-merge.py OUT [PREFIX:]FILE...: join flat KTAP files into one.

Names get their file's prefix, numbers are counted anew. A file that is missing
or has no result counts as a failure of its own.
"""

import re
import sys

RESULT = re.compile(r"^(not ok|ok) \d+ (.*)$")


def main():
    out, *sources = sys.argv[1:]
    lines, count, failed = [], 0, 0
    for source in sources:
        prefix, _, path = source.rpartition(":")
        prefix = prefix + "." if prefix else ""
        before = count
        try:
            with open(path, encoding="utf-8") as ktap:
                for line in ktap:
                    result = RESULT.match(line.rstrip("\n"))
                    if result:
                        count += 1
                        failed += result[1] == "not ok"
                        lines.append(f"{result[1]} {count} {prefix}{result[2]}")
                    elif line.startswith("#"):
                        lines.append(line.rstrip("\n"))
        except OSError as error:
            lines.append(f"# {error}")
        if count == before:
            count += 1
            failed += 1
            lines.append(f"not ok {count} {prefix}no_results")
    with open(out, "w", encoding="utf-8") as merged:
        merged.write("\n".join(["KTAP version 1", f"1..{count}", *lines]) + "\n")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
