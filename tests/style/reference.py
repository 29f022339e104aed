#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Makes the reference of the public headers, in a folder of its own, and fails on what Doxygen warns of.

A member whose name says enough needs no sentence: that it has none is the only warning which is forgiven.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
FORGIVEN = re.compile(r"warning: Member .* of (class|struct) .* is not documented")
# Names of members, and of specializations of templates that others have described.
OF_OTHERS = re.compile(r"warning: Compound formatter< .* > is not documented")


def main():
    doxygen = shutil.which("doxygen")
    if doxygen is None:
        print("SKIP: doxygen is not installed")
        return 77
    with tempfile.TemporaryDirectory(prefix="isat-reference-") as folder:
        settings = (ROOT / "docs" / "Doxyfile").read_text() + f"\nOUTPUT_DIRECTORY = {folder}\n"
        done = subprocess.run([doxygen, "-"], input=settings, cwd=ROOT, capture_output=True, text=True, check=False)
        pages = len(list(pathlib.Path(folder, "html").glob("*.html")))
    lines = (done.stdout + done.stderr).splitlines()
    findings = [line for line in lines if line and not FORGIVEN.search(line) and not OF_OTHERS.search(line)]
    print("\n".join(findings))
    print(f"{pages} pages, {len(findings)} findings")
    return 1 if findings or done.returncode != 0 or pages < 100 else 0


if __name__ == "__main__":
    sys.exit(main())
