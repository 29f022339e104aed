# SPDX-License-Identifier: BSL-1.0
"""Which tests did not run: from the file that `ctest --output-junit FILE` writes, a line `SKIPPED name: reason` for each
reason that such a test gave in a line `SKIP: reason`; ctest's own word for it, if it gave none.

    skips.py FILE
"""
import re
import sys
import xml.etree.ElementTree


def reasons_of(test):
    """Those for which a test did not run, be it by its own will or not."""
    skipped = test.find("skipped")
    said = "it is disabled" if test.get("status") == "disabled" else skipped.get("message") if skipped is not None else None
    if said is None:
        return []
    return re.findall(r"^SKIP: (.*)$", test.findtext("system-out") or "", re.MULTILINE) or [f"it gave no reason ({said})"]


def main(path):
    for test in xml.etree.ElementTree.parse(path).iter("testcase"):
        for reason in reasons_of(test):
            print(f"SKIPPED {test.get('name')}: {reason}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
