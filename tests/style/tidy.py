#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Runs clang-tidy over what users get or copy: the programs, and through them every header.

    tidy.py BUILD_DIR

The tests would take ten minutes more. What was found clean is remembered in the user's cache, by all that it depends
on: the preprocessed text, the checks, the version of clang-tidy. A missing cache costs time only.
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TIDY = "clang-tidy-19"
CHOSEN = re.compile(r"/(examples|benchmarks|generated)/.*\.cpp$")
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "isat" / "tidy"


def run(command, folder):
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", check=False)


def preprocessing(entry):
    """The command of a compilation, made to preprocess. Comments stay, for some of them are NOLINT."""
    words = shlex.split(entry["command"])
    if "ccache" in words[0]:
        words = words[1:]
    output = words.index("-o")
    return [*words[:output], *words[output + 2:], "-E", "-C"]


def key_of(entry, about):
    text = run(preprocessing(entry), entry["directory"])
    if text.returncode != 0:
        return None
    # One clone's folder is as good as another's.
    content = text.stdout.replace(str(ROOT), "")
    return hashlib.sha256((about + content).encode()).hexdigest()


def check(build, entry, about):
    """What is wrong with a file: nothing if that was so before."""
    key = key_of(entry, about)
    if key is not None and (CACHE / key).exists():
        return True, ""
    done = run([TIDY, "-quiet", "-p", build, entry["file"]], entry["directory"])
    if done.returncode != 0:
        return False, f"{entry['file']}:\n{done.stdout}{done.stderr}"
    if key is not None:
        CACHE.mkdir(parents=True, exist_ok=True)
        (CACHE / key).touch()
    return False, ""


def main():
    if len(sys.argv) != 2:
        sys.exit("tidy.py BUILD_DIR")
    build = pathlib.Path(sys.argv[1]).resolve()
    entries = [each for each in json.loads((build / "compile_commands.json").read_text()) if CHOSEN.search(each["file"])]
    about = (ROOT / ".clang-tidy").read_text() + run([TIDY, "--version"], ROOT).stdout
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda each: check(build, each, about), entries))
    for _, text in results:
        if text:
            print(text)
    known = sum(was_known for was_known, _ in results)
    bad = sum(bool(text) for _, text in results)
    print(f"clang-tidy: {len(entries)} files, {known} of them known to be clean, findings in {bad}")
    return 1 if bad or not entries else 0


if __name__ == "__main__":
    sys.exit(main())
