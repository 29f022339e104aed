#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Measures how long each body of isat::kubernetes takes to compile at -O2, and fails if one is over the budget.

The budget holds for a machine on which the reference, Boost.Asio's umbrella alone, takes REFERENCE seconds; on another
one it grows and shrinks with what the reference takes there. Processor time counts, so a loaded machine does no harm.
"""

import os
import pathlib
import resource
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
CXX = shlex.split(os.environ.get("CXX", "g++"))
BUDGET = 15.0
REFERENCE = 2.9


def seconds(folder, *includes):
    """The processor time that a unit with these includes takes to compile."""
    unit = pathlib.Path(folder, "unit.cpp")
    unit.write_text("".join(f"#include <{name}>\n" for name in includes))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    flags = ("-std=c++20", "-O2", "-fPIC", f"-I{folder}", f"-I{ROOT}/include", "-c", "-o", f"{folder}/unit.o")
    subprocess.run((*CXX, *flags, unit), check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    with tempfile.TemporaryDirectory(prefix="isat-budget-") as folder:
        generated = pathlib.Path(folder, "isat/kubernetes/build_generated.hpp")
        generated.parent.mkdir(parents=True)
        generated.write_text("#pragma once\n#define ISAT_KUBERNETES_HEADER_ONLY 0\n")
        reference = min(seconds(folder, "boost/asio.hpp") for _ in range(3))
        budget = BUDGET * reference / REFERENCE
        print(f"{reference:5.1f} s  reference: boost/asio.hpp; so the budget is {budget:.1f} s here", flush=True)
        over = []
        for body in sorted((ROOT / "include/isat/kubernetes").glob("**/impl/*.ipp")):
            name = body.relative_to(ROOT / "include").as_posix()
            taken = seconds(folder, name)
            print(f"{taken:5.1f} s  {taken / reference:4.1f} x reference  {name}", flush=True)
            if taken > budget:
                over.append(name)
    for name in over:
        print(f"over the budget: {name}: split it by idea, or move what instantiates much into a body of its own")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
