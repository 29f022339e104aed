#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Measures how long users' units and ours take to compile, and fails if one is over its budget.

    compile_budget.py headers    what one include of an umbrella header costs at -O0, code generation included
    compile_budget.py bodies     each body of isat::net and isat::kubernetes, at -O2

A budget holds for a machine on which the reference, Boost.Asio's umbrella alone, takes as long as it says; on another
one it grows and shrinks with what the reference takes there. Processor time counts, reference and subjects take turns,
and of several rounds the fastest counts: others that compile beside this one slow a unit down, and never the other way.
For the same reason there are more rounds where these do not show that all keep to their budgets.
Beside each umbrella stands what the headers of others that it includes cost alone: that much no change of ours can save.
"""

import os
import pathlib
import re
import resource
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
CXX = shlex.split(os.environ.get("CXX", "g++"))
REFERENCE = "boost/asio.hpp"
REFERENCE_SECONDS = {"-O0": 2.34, "-O2": 2.9}
# Seconds. The headers of the standard library that core needs take 0.55 of its own, and those of others 1.7 of net's.
HEADERS = {"isat/core.hpp": 1.3, "isat/net.hpp": 2.5}
BODY = 15.0
ENOUGH_ROUNDS, ROUNDS = 5, 15


def write_unit(folder, includes):
    unit = pathlib.Path(folder, "unit.cpp")
    unit.write_text("".join(f"#include <{include}>\n" for include in includes))
    return unit


def seconds(folder, level, includes):
    """The processor time that a unit with these includes takes to compile."""
    unit = write_unit(folder, includes)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    flags = ("-std=c++20", level, "-fPIC", f"-I{folder}", f"-I{ROOT}/include", "-c", "-o", f"{folder}/unit.o")
    subprocess.run((*CXX, *flags, unit), check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def included_of_others(folder, include):
    """What our headers include that is not ours, when this one is included."""
    command = (*CXX, "-std=c++20", "-MM", f"-I{folder}", f"-I{ROOT}/include", write_unit(folder, [include]))
    made = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    ours = [pathlib.Path(each) for each in made.replace("\\\n", " ").split() if "/isat/" in each]
    return sorted({found for each in ours for found in re.findall(r"^#include <(.*)>", each.read_text(), re.M)})


def over(folder, level, budgets, rounds):
    """The names of those that are over their budgets, by the fastest of at most some rounds; each goes through all."""
    taken = {name: [] for name in (REFERENCE, *budgets)}
    others = {name: included_of_others(folder, name) for name in budgets} if rounds > 1 else {}
    alone = {name: [] for name in others}
    for number in range(1, rounds + 1):
        for name, times in taken.items():
            times.append(seconds(folder, level, [name]))
        for name, times in alone.items():
            times.append(seconds(folder, level, others[name]))
        scale = min(taken[REFERENCE]) / REFERENCE_SECONDS[level]
        found = [name for name, budget in budgets.items() if min(taken[name]) > budget * scale]
        if number >= ENOUGH_ROUNDS and not found:
            break
    print(f"{min(taken[REFERENCE]):5.2f} s  reference: {REFERENCE} at {level}; budgets are {scale:.2f} times as long here, "
          f"after {number} rounds")
    for name, budget in budgets.items():
        rest = f", of which {min(alone[name]):.2f} s are headers of others" if name in alone else ""
        print(f"{min(taken[name]):5.2f} s of {budget * scale:5.2f} s  {name}{rest}", flush=True)
    return found


def main():
    if sys.argv[1:] not in (["headers"], ["bodies"]):
        sys.exit("compile_budget.py headers|bodies")
    with tempfile.TemporaryDirectory(prefix="isat-budget-") as folder:
        generated = pathlib.Path(folder, "isat/detail/build_generated.hpp")
        generated.parent.mkdir(parents=True)
        generated.write_text("#pragma once\n#define ISAT_HEADER_ONLY 0\n")
        if sys.argv[1] == "headers":
            found = over(folder, "-O0", HEADERS, ROUNDS)
            remedy = "look at what it includes, with -H, and what its inline bodies instantiate"
        else:
            # Those of core are templates, which cost where they are used.
            bodies = sorted(body for body in (ROOT / "include").glob("**/impl/*.ipp") if "ISAT_INLINE" in body.read_text())
            found = over(folder, "-O2", {body.relative_to(ROOT / "include").as_posix(): BODY for body in bodies}, 1)
            remedy = "split it by idea, or move what instantiates much into a body of its own"
    for name in found:
        print(f"over the budget: {name}: {remedy}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
