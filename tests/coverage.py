#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Says which lines the tests of a build of the preset `clang` have run, and fails if they are too few.

    coverage.py BUILD_DIR        after: LLVM_PROFILE_FILE=BUILD_DIR/profiles/%m.profraw ctest --test-dir BUILD_DIR ...

What a template or an inline function never became is no line here: no program has it.
"""
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
COMPONENTS = (ROOT / "cmake" / "IsatComponents.cmake").read_text()
WANTED = {"isat::core": 90, "all": 80}  # percent of lines


def headers_of(component):
    """The files of a component, bodies included, as the build knows them."""
    listed = re.search(rf"set\(isat_{component}_headers\s+([^)]*)\)", COMPONENTS)[1]
    return set(listed.split())


def part_of(path, core):
    if path in core:
        return "isat::core"
    if path.startswith("include/isat/kubernetes"):
        return "isat::kubernetes"
    if path.startswith("include/"):
        return "isat::net"
    return "isat-speaker" if path.startswith("examples/speaker/") else None


def counted(build):
    """(path, lines, lines that were run) of each file of ours that a program of the build has."""
    profiles = sorted((build / "profiles").glob("*.profraw"))
    if not profiles:
        sys.exit(f"{build}/profiles has no profile: run tests with LLVM_PROFILE_FILE first")
    merged = build / "profiles" / "all.profdata"
    subprocess.run(["llvm-profdata-19", "merge", "--sparse", "-o", merged, *profiles], check=True)
    # The first is the program, the others are more of them.
    programs = [path for path in sorted((build / "bin").iterdir()) if path.is_file()]
    objects = [programs[0], *(f"--object={path}" for path in programs[1:])]
    command = ["llvm-cov-19", "export", "--summary-only", f"--compilation-dir={build}", f"--instr-profile={merged}", *objects]
    exported = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    for each in exported["data"][0]["files"]:
        path = pathlib.Path(each["filename"]).resolve()
        if path.is_relative_to(ROOT):
            lines = each["summary"]["lines"]
            yield str(path.relative_to(ROOT)), lines["count"], lines["covered"]


def main():
    if len(sys.argv) != 2:
        sys.exit("coverage.py BUILD_DIR")
    core = headers_of("core")
    sums, files = {}, []
    for path, lines, covered in counted(pathlib.Path(sys.argv[1]).resolve()):
        part = part_of(path, core)
        if part is None or lines == 0:
            continue
        files.append((covered / lines, lines - covered, path))
        for name in (part, "all"):
            of, run = sums.get(name, (0, 0))
            sums[name] = (of + lines, run + covered)
    for _, missed, path in sorted(files, key=lambda each: -each[1])[:10]:
        print(f"{missed:5} lines not run in {path}")
    short = []
    for name, (lines, covered) in sorted(sums.items()):
        percent = 100 * covered / lines
        wanted = WANTED.get(name)
        print(f"{percent:5.1f} % of {lines:5} lines  {name}" + (f", at least {wanted} %" if wanted else ""))
        if wanted and percent < wanted:
            short.append(name)
    return 1 if short or set(WANTED) - set(sums) else 0


if __name__ == "__main__":
    sys.exit(main())
