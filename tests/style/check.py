#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Checks the tree against the style rules: check.py [ROOT] [--rule NAME]... [--list]

Exit code 0: nothing found; 1: findings, one a line, `file:line: [rule] what, and the remedy`; 77: the only rule asked
for needs a program that is not installed here.
"""

import argparse
import pathlib
import shutil
import sys

sys.dont_write_bytecode = True

import rules  # noqa: E402  (after the line that keeps the tree clean)
from tree import Tree  # noqa: E402


def main():
    names = {rule.__name__: rule for rule in rules.RULES}
    parser = argparse.ArgumentParser(description="Checks the tree against the style rules.")
    parser.add_argument("root", nargs="?", default=pathlib.Path(__file__).resolve().parents[2])
    parser.add_argument("--rule", action="append", choices=sorted(names), help="only this one (repeatable)")
    parser.add_argument("--except", dest="left_out", action="append", default=[], choices=sorted(names))
    parser.add_argument("--list", action="store_true", help="print the names of the rules")
    options = parser.parse_args()
    if options.list:
        print("\n".join(names))
        return 0
    if options.rule == ["formatted"] and shutil.which(rules.CLANG_FORMAT) is None:
        print(f"SKIP: {rules.CLANG_FORMAT} is not installed")
        return 77
    tree = Tree(options.root)
    findings = sorted(
        finding
        for name, rule in names.items()
        if name in (options.rule or names) and name not in options.left_out
        for finding in rule(tree)
    )
    for finding in findings:
        print(finding)
    print(rules.medians(tree))
    print(f"{len(findings)} findings in {len(tree.paths)} files")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
