# SPDX-License-Identifier: BSL-1.0
"""The tree as the style rules see it: files and their lines, components, and what is wrong where."""

import dataclasses
import os
import pathlib
import re

CPP_SUFFIXES = (".hpp", ".cpp", ".ipp")
LEFT_OUT = re.compile(r"^(\.git|build|build-.*|__pycache__|\.cache)$")


@dataclasses.dataclass(frozen=True, order=True)
class Finding:
    """One thing that is wrong: where, by which rule, and what to do about it."""

    path: str
    line: int
    rule: str
    text: str

    def __str__(self):
        return f"{self.path}:{self.line}: [{self.rule}] {self.text}"


class Tree:
    """Every file of the project below `root`, read once."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.paths = sorted(self._walk())
        self._texts = {}

    def _walk(self):
        for folder, folders, files in os.walk(self.root):
            folders[:] = [f for f in folders if not LEFT_OUT.match(f)]
            for file in files:
                path = pathlib.Path(folder, file)
                # In a git worktree .git is a file.
                if file != ".git" and not path.is_symlink():
                    yield path.relative_to(self.root).as_posix()

    def text(self, path):
        if path not in self._texts:
            self._texts[path] = (self.root / path).read_text(encoding="utf-8", errors="replace")
        return self._texts[path]

    def lines(self, path):
        """The lines of a file with their numbers, from 1."""
        return enumerate(self.text(path).splitlines(), start=1)

    def below(self, *folders, suffixes=None):
        """The paths inside one of the folders ("" is the whole tree), of certain kinds only if told so."""
        for path in self.paths:
            if any(path.startswith(folder) for folder in folders):
                if suffixes is None or path.endswith(tuple(suffixes)):
                    yield path

    def headers(self):
        return list(self.below("include/", suffixes=(".hpp", ".ipp")))

    def sources(self):
        return list(self.below("", suffixes=CPP_SUFFIXES))

    def components(self):
        """{header: component}, from the lists in cmake/IsatComponents.cmake."""
        result = {}
        lists = re.findall(r"set\(isat_(\w+)_headers\s+([^)]*)\)", self.text("cmake/IsatComponents.cmake"))
        for component, headers in lists:
            result.update({header: component for header in headers.split()})
        return result
