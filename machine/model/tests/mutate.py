#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Mutation check: do the tests notice a defect in the library?

Puts the defects of mutants.txt into a copy of the library one at a time, builds
the unit tests and the random runs with it, and says which of them fail. Prints
one KTAP line; the list of survivors and the figures go to stderr.

    mutate.py OUTDIR [--only N] [--ops N]

--only takes N defects, spread over the list. A defect whose line is not in the
library exactly once, or that does not compile, makes the check fail: the list
has to follow the library. So do tests that fail without any defect.
"""

import argparse
import pathlib
import shutil
import subprocess
import sys

TARGET = 90  # per cent of the defects that must be found
CFLAGS = ["-std=gnu11", "-O1", "-w"]
TESTS = pathlib.Path(__file__).resolve().parent
LIBRARY = TESTS.parent


class Broken(Exception):
    """The list of defects or the tests themselves are wrong."""


def read_mutants():
    mutants, block = [], {}
    lines = (TESTS / "mutants.txt").read_text().splitlines() + [""]
    for number, line in enumerate(lines, 1):
        if line.startswith("#"):
            continue
        if not line.strip():
            if block:
                mutants.append(block)
            block = {}
            continue
        key, _, value = line.partition(": ")
        if key not in ("what", "file", "old", "new"):
            raise Broken(f"mutants.txt:{number}: {line}")
        block[key] = value
        block.setdefault("line", number)
    for block in mutants:
        if set(block) != {"what", "file", "old", "new", "line"}:
            raise Broken(f"mutants.txt:{block['line']}: incomplete")
    return mutants


def mutate(mutant):
    """The text of the library's file with the defect."""
    lines = (LIBRARY / mutant["file"]).read_text().split("\n")
    places = [i for i, line in enumerate(lines) if line.strip() == mutant["old"]]
    if len(places) != 1:
        raise Broken(f"mutants.txt:{mutant['line']}: \"{mutant['old']}\" is "
                     f"{len(places)} times in {mutant['file']}, must be there once")
    lines[places[0]] = mutant["new"]
    return "\n".join(lines)


def run(command, cwd, timeout=180):
    try:
        done = subprocess.run(command, cwd=cwd, timeout=timeout, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    except subprocess.TimeoutExpired:
        return 1, "time is up"
    return done.returncode, done.stdout.decode(errors="replace")


def build(source, target, cwd):
    status, text = run(["gcc", *CFLAGS, "-c", str(source), "-o", str(target)], cwd)
    if status:
        raise Broken(f"{source} does not compile:\n{text}")


class Bench:
    """The copy of the library with its tests, and the objects of both."""

    def __init__(self, out, ops):
        self.dir, self.ops = out, ops
        if out.exists():
            shutil.rmtree(out)
        shutil.copytree(LIBRARY, out, ignore=shutil.ignore_patterns("*.o"))
        self.library = sorted(path.stem for path in out.glob("*.c"))
        self.unit = sorted(path.stem for path in (out / "tests").glob("test_*.c"))
        for name in self.library:
            build(out / f"{name}.c", out / f"{name}.o", out)
        for name in [*self.unit, "world", "random", "oracle"]:
            build(out / "tests" / f"{name}.c", out / "tests" / f"{name}.o", out / "tests")

    def link(self, program, objects, libs=()):
        tests = [f"tests/{name}.o" for name in objects]
        status, text = run(["gcc", "-o", program, *tests,
                            *[f"{name}.o" for name in self.library], *libs], self.dir)
        if status:
            raise Broken(f"{program} does not link:\n{text}")

    def finders(self):
        """The names of the tests that fail."""
        found = []
        self.link("random", ["random", "oracle"])
        if run(["./random", "--seed", "1", "--runs", "100", "--ops", str(self.ops)], self.dir)[0]:
            found.append("random")
        for name in self.unit:
            self.link(name, [name, "world"], ["-lcmocka"])
            if run([f"./{name}"], self.dir)[0]:
                found.append(name)
        return found

    def try_mutant(self, mutant):
        source = self.dir / mutant["file"]
        target = source.with_suffix(".o")
        good_source, good_object = source.read_bytes(), target.read_bytes()
        source.write_text(mutate(mutant))
        try:
            build(source, target, self.dir)
            return self.finders()
        finally:
            source.write_bytes(good_source)
            target.write_bytes(good_object)


def check(args):
    mutants = read_mutants()
    for mutant in mutants:
        mutate(mutant)
    if args.only:
        mutants = mutants[:: max(1, len(mutants) // args.only)][: args.only]
    bench = Bench(args.out, args.ops)
    found = bench.finders()
    if found:
        raise Broken(f"tests fail without a defect: {', '.join(found)}")
    killed, by_random, by_unit, survivors = 0, 0, 0, []
    for mutant in mutants:
        found = bench.try_mutant(mutant)
        print(f"{mutant['file']:12} {mutant['what']}: "
              f"{'found by ' + ', '.join(found) if found else 'SURVIVED'}", file=sys.stderr)
        killed += bool(found)
        by_random += "random" in found
        by_unit += bool(set(found) - {"random"})
        if not found:
            survivors.append(mutant)
    print(f"mutation: {killed} of {len(mutants)} defects found ({by_unit} by unit tests, "
          f"{by_random} by random runs), {len(survivors)} survive", file=sys.stderr)
    for mutant in survivors:
        print(f"  survives: {mutant['file']}: {mutant['what']}", file=sys.stderr)
    return 100 * killed >= TARGET * len(mutants)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--only", type=int, default=0)
    parser.add_argument("--ops", type=int, default=2000)
    args = parser.parse_args()
    args.out = args.out.resolve()
    try:
        good = check(args)
    except Broken as why:
        print(f"mutate.py: error: {why}", file=sys.stderr)
        good = False
    print("ok mutation" if good else "not ok mutation")


main()
