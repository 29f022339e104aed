# SPDX-License-Identifier: BSL-1.0
"""As much C++ as the style rules need: a source without comments and literals, and where its functions are."""

import re

_TOKEN = re.compile(
    r"""
      (?P<comment>//(?:\\\n|[^\n])*|/\*.*?\*/)
    | R"(?P<tag>[^()\s\\]{0,16})\((?P<raw>.*?)\)(?P=tag)"
    | "(?P<text>(?:\\.|[^"\\\n])*)"
    | (?<![0-9A-Fa-f'])'(?P<char>(?:\\.|[^'\\\n])+)'
    """,
    re.VERBOSE | re.DOTALL,
)


def _blank(match):
    kind = match.lastgroup if match.lastgroup != "tag" else "raw"
    lines = "\n" * match.group().count("\n")
    return lines if kind == "comment" else f'""{lines}'


def code(text):
    """The text with comments removed and literals emptied; every line keeps its number."""
    # An include's name looks like a literal and has to stay.
    lines = [line if re.match(r"\s*#\s*include\b", line) else None for line in text.split("\n")]
    stripped = _TOKEN.sub(_blank, text).split("\n")
    return "\n".join(kept if kept is not None else line for kept, line in zip(lines, stripped, strict=True))


def includes(text):
    """(line, name, is_quoted) of every include."""
    for number, line in enumerate(text.splitlines(), start=1):
        match = re.match(r"\s*#\s*include\s*([<\"])([^>\"]+)[>\"]", line)
        if match:
            yield number, match.group(2), match.group(1) == '"'


_SCOPE = re.compile(r"\b(namespace|class|struct|union|enum|extern)\b")
_TAIL = re.compile(r"(\)|\]|\b(const|noexcept|override|final|mutable|volatile|try)|&|->[^;=]*)\s*$")
_INITIALIZER_LIST = re.compile(r"\)[^():]*(?<!:):(?!:).*[\w>]\s*$", re.DOTALL)


def _flat(head):
    """A declaration's text without what stands in parentheses (and without operator=, which is no assignment)."""
    head = re.sub(r"\boperator\s*(\(\)|[^\s\w(]+)", "operator_", head)
    previous = None
    while previous != head:
        previous, head = head, re.sub(r"\([^()]*\)", "\0", head)
    return head.replace("\0", "()")


def _kind(head):
    """What the brace after this text opens: a "scope", a "function", or a "value" that is initialized."""
    flat = _flat(head)
    if re.match(r"\s*TEST_SUITE\(", head):  # doctest's name for a namespace
        return "scope"
    if _INITIALIZER_LIST.search(flat) and not _SCOPE.search(flat):
        return "value"
    without_templates = re.sub(r"<[^<>]*>", "", re.sub(r"<[^<>]*>", "", flat))
    if re.search(r"(?<![=!<>+\-*/|&^%])=(?!=)", without_templates):
        return "function" if re.search(r"\](\s*\(\))?[^()=]*$", flat) else "value"
    if _SCOPE.search(without_templates) and not flat.rstrip().endswith(")"):
        return "scope"
    return "function" if "(" in flat and _TAIL.search(flat) else "scope" if not flat.strip() else "value"


def _close(text, start):
    """The position of the brace that closes the one at `start`."""
    depth = 0
    for match in re.finditer(r"[{}]", text[start:]):
        depth += 1 if match.group() == "{" else -1
        if depth == 0:
            return start + match.start()
    return len(text) - 1


def functions(text):
    """(line, length) of every function body; what is nested in a function belongs to it.

    The length is that of clang-tidy's readability-function-size: from the line of `{` to the line of `}`.
    """
    text = re.sub(r"^[ \t]*#(?:\\\n|[^\n])*", lambda m: "\n" * m.group().count("\n"), code(text), flags=re.MULTILINE)
    position, head, parentheses = 0, "", 0
    while position < len(text):
        character = text[position]
        parentheses += {"(": 1, ")": -1}.get(character, 0)
        if character == "{":
            kind = "value" if parentheses > 0 else _kind(head)
            if kind != "scope":
                end = _close(text, position)
                if kind == "function":
                    yield text.count("\n", 0, position) + 1, text.count("\n", position, end)
                head = "" if kind == "function" else head + "()"
                position = end + 1
                continue
        if character in "{};" and parentheses <= 0:
            head, parentheses = "", 0
        else:
            head += character
        # An access specifier ends nothing by punctuation of its own.
        head = re.sub(r"^\s*(public|protected|private)\s*:(?!:)", "", head)
        position += 1
