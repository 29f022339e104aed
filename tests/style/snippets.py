# SPDX-License-Identifier: BSL-1.0
"""Snippets: code blocks in Markdown that repeat a region of a file.

In the page:    <!-- snippet: examples/03_fixed_vip.cpp#run -->     (without #run: the whole file)
                followed by the code block
In the file:    // [run]  …  // [/run]                              (or # instead of //)
"""

import re
import textwrap

_MARK = re.compile(r"\s*(?://|#) \[(/?)([\w-]+)\]\s*$")
_SNIPPET = re.compile(r"\s*<!-- snippet: ([^\s#]+)(?:#([\w-]+))? -->\s*$")
_FENCE = re.compile(r"(\s*)(```+)\s*(\S*)")


def region(text, name):
    """The lines of a region without its indentation, None if there is none; the whole text if the name is None."""
    kept, inside, found = [], name is None, False
    for line in text.splitlines():
        mark = _MARK.match(line)
        if mark:
            if mark.group(2) == name:
                inside, found = mark.group(1) == "", True
        elif inside and "SPDX-License-Identifier" not in line:
            kept.append(line)
    if name is not None and not found:
        return None
    return textwrap.dedent("\n".join(kept)).strip("\n")


def _blocks(lines):
    """(index of the fence, language, text) of every code block."""
    index = 0
    while index < len(lines):
        fence = _FENCE.match(lines[index])
        index += 1
        if not fence:
            continue
        start = index
        while index < len(lines) and lines[index].strip() != fence.group(2):
            index += 1
        yield start - 1, fence.group(3), textwrap.dedent("\n".join(lines[start:index])).strip("\n")
        index += 1


def _marker(lines, fence):
    """The snippet marker of the block at `fence`, and its line."""
    index = fence - 1
    while index >= 0 and not lines[index].strip():
        index -= 1
    return (index, _SNIPPET.match(lines[index])) if index >= 0 else (0, None)


def differences(tree, page):
    """(line, text) for every block of the page that is not what its source says."""
    lines = tree.text(page).splitlines()
    used = set()
    for fence, language, block in _blocks(lines):
        at, marker = _marker(lines, fence)
        if not marker:
            if language.lower() in ("cpp", "c++", "cc", "hpp"):
                yield fence + 1, "C++ that nothing compiles: name its region with <!-- snippet: FILE#REGION --> above"
            continue
        used.add(at)
        path, name = marker.groups()
        source = region(tree.text(path), name) if path in tree.paths else None
        if source is None:
            where = f"{path} has no region [{name}]" if path in tree.paths else f"there is no file {path}"
            yield at + 1, f"{where}: mend the marker, or mark the region in the file"
        elif source != block:
            yield fence + 1, f"the block differs from {path}#{name or ''}: copy the region again\n{textwrap.indent(source, '    ')}"
    for index, line in enumerate(lines):
        if _SNIPPET.match(line) and index not in used:
            yield index + 1, "a snippet marker without a code block: put the block below, or remove the marker"
