# SPDX-License-Identifier: BSL-1.0
"""The rules. Each takes the tree and yields findings that name file, line and remedy; RULES lists them all."""

import ast
import pathlib
import re
import shutil
import statistics
import subprocess

import cpp
import snippets
from tree import CPP_SUFFIXES, Finding

HEADER_LINES = 400
FUNCTION_LINES = 60
CLANG_FORMAT = "clang-format-19"
UMBRELLAS = {f"include/isat/{component}.hpp": component for component in ("core", "net", "kubernetes")}
UMBRELLAS["include/isat/isat.hpp"] = None
ROOMS = ("config", "api", "watch", "lease", "service")  # of kubernetes, the lowest first
GENERATED = ("include/isat/detail/build.hpp", "isat_build_generated.hpp")  # which header includes it, and its name
SLOW_IN_CORE = ("algorithm", "functional", "memory", "unordered_map")
SYSTEM_FOLDERS = ("arpa/", "asm/", "linux/", "net/", "netinet/", "netpacket/", "sys/")


def formatted(tree):
    """Formatting, order and blocks of includes: what clang-format says. Nothing is said where it is absent."""
    if shutil.which(CLANG_FORMAT) is None:
        return
    command = [CLANG_FORMAT, "--dry-run", "--ferror-limit=1", *tree.sources()]
    output = subprocess.run(command, cwd=tree.root, capture_output=True, text=True, check=False).stderr
    for path, line in re.findall(r"^([^\s:]+):(\d+):\d+: (?:warning|error): code should be", output, re.MULTILINE):
        yield Finding(path, int(line), "format", f"not as clang-format has it: run `{CLANG_FORMAT} -i {path}`")


def licensed(tree):
    """The SPDX line, first, or second after a `#!` line."""
    hashed = re.compile(r"(\.(sh|py|cmake|in|yaml|yml)|CMakeLists\.txt|\.clang-(format|tidy)|\.editorconfig)$")
    for path in tree.paths:
        first, second = (tree.text(path).splitlines() + ["", ""])[:2]
        script = first.startswith("#!")
        if not (script or path.endswith(CPP_SUFFIXES) or hashed.search(path)):
            continue
        comment = "//" if path.endswith(CPP_SUFFIXES) else "#"
        expected = f"{comment} SPDX-License-Identifier: BSL-1.0"
        if (second if script else first) != expected:
            yield Finding(path, 2 if script else 1, "spdx", f"the licence line is missing here: write `{expected}`")


def listed(tree):
    """Every header belongs to one component."""
    components = tree.components()
    for path in tree.headers():
        if path not in components:
            remedy = "add it to isat_core_headers, isat_net_headers or isat_kubernetes_headers in cmake/IsatComponents.cmake"
            yield Finding(path, 1, "component", f"the header belongs to no component: {remedy}")
    lists = "cmake/IsatComponents.cmake"
    for number, line in tree.lines(lists):
        match = re.match(r"\s+(include/isat/\S+?)\)?$", line)
        if match and match.group(1) not in tree.paths:
            yield Finding(lists, number, "component", f"there is no {match.group(1)}: remove it from the list")


BELOW = {
    "core": "core stands below net and kubernetes: move what is needed into a core header, or this header up",
    "net": "net stands below kubernetes: move what is needed into a net header, or this header to kubernetes",
}
ALLOWED_BOOST = {
    "net": (("boost/asio/", "boost/system/"), "of Boost, net needs Asio and System only: do without this one"),
    "kubernetes": (
        (
            *("boost/asio/", "boost/system/", "boost/json/", "boost/url/", "boost/beast/http/", "boost/beast/core/"),
            *("boost/throw_exception.hpp", "boost/assert/source_location.hpp"),  # what boost::system::result asks for
            *("boost/none.hpp", "boost/optional/optional.hpp"),  # what a body of Beast's parser is told
        ),
        "of Boost, kubernetes needs parts of Asio, System, JSON, URL and Beast's HTTP only: do without this one",
    ),
}
# What a user of kubernetes must not have to compile: behind a pointer to a class that an .ipp defines.
HIDDEN = ("boost/beast/", "boost/asio/ssl", "boost/json", "openssl/")


def _wrong_target(target, component, components):
    """Why a header of this component must not include that header of ours."""
    if target in UMBRELLAS:
        return "umbrella headers are for users: include the header that declares what you use"
    above = {"core": ("net", "kubernetes", None), "net": ("kubernetes",), "kubernetes": ()}
    return BELOW[component] if components.get(target) in above[component] else None


def _wrong_room(path, name):
    """Why a header in this room of kubernetes must not include that name."""
    here, there = (next((room for room in ROOMS if path.startswith(f"include/isat/kubernetes/{room}/")), None)
                   for path in (path, f"include/{name}"))
    if here and there and ROOMS.index(here) < ROOMS.index(there):
        return f"{here} stands below {there}: move what both need to {here}, or hand it in"
    return None


def _wrong_boost(name, component):
    """Why a header of this component must not include that header of Boost."""
    if name in ("boost/asio.hpp", "boost/asio/ssl.hpp") or name.startswith("boost/asio/experimental/"):
        return "include the parts of Boost.Asio that you use, none of them experimental"
    if component == "net" and name.startswith("boost/asio/ssl"):
        return "net gets along without OpenSSL: move this header to kubernetes"
    if name.startswith("boost/beast/") and "stream" in name:
        return "of Beast, the HTTP parser and serializer are needed only: use Asio's own streams"
    parts, why = ALLOWED_BOOST[component]
    return None if name.startswith(parts) else why


def _wrong_include(name, component, components):
    """Why a header of this component must not include that name; None if it may."""
    if name.startswith("isat/"):
        return _wrong_target(f"include/{name}", component, components)
    if "/" not in name and "." not in name:
        if component == "core" and name in SLOW_IN_CORE:
            return "core does without the headers that are slow to compile: write the few lines, or move to net"
        return None
    if component == "core":
        return "core knows the standard library only: move this header to net, or pass the value in"
    if name.startswith("boost/"):
        return _wrong_boost(name, component)
    if name.startswith("fmt/") or name.startswith(SYSTEM_FOLDERS) or re.fullmatch(r"\w+\.h", name):
        return None
    if component == "kubernetes":
        if name.startswith("openssl/"):
            return None
        return "kubernetes may include isat, the Boost libraries it needs, OpenSSL, fmt, std and Linux headers only"
    return "net may include isat, Boost.Asio, Boost.System, fmt, std and Linux headers only"


def tiered(tree):
    """Tiers point one way: core (std only) <- net (Boost.Asio, fmt, Linux) <- kubernetes (JSON, URL, Beast, OpenSSL); and so
    do the rooms of kubernetes."""
    components = tree.components()
    for path in tree.headers():
        if path in UMBRELLAS:
            continue
        component = components.get(path)
        if component is None:
            continue  # which is a finding of its own
        for line, name, _ in cpp.includes(tree.text(path)):
            why = _wrong_include(name, component, components) or _wrong_room(path, name)
            if why and (path, name) != GENERATED:
                yield Finding(path, line, "tier", f"{component} header includes <{name}>: {why}")


def _is_public(path):
    """Whether users include this header themselves."""
    return "/detail/" not in path and "/impl/" not in path


def hidden(tree):
    """Public headers of kubernetes are quick to compile: none needs Beast, TLS or all of Boost.JSON."""
    for path, component in tree.components().items():
        if component != "kubernetes" or path not in tree.paths or not _is_public(path):
            continue
        for line, name, _ in cpp.includes(tree.text(path)):
            if name.startswith(HIDDEN) and name != "boost/json/fwd.hpp":
                why = "users would have to compile it: include it in the .ipp (of Boost.JSON, fwd.hpp is allowed)"
                yield Finding(path, line, "hidden", f"public header includes <{name}>: {why}")


def _reached(tree, path, seen=None):
    """The headers of ours that an include of this one brings along."""
    seen = set() if seen is None else seen
    for _, name, _ in cpp.includes(tree.text(path)):
        target = f"include/{name}"
        if target in tree.paths and target not in seen:
            seen.add(target)
            _reached(tree, target, seen)
    return seen


def gathered(tree):
    """An umbrella brings every public header of its component."""
    components = tree.components()
    for umbrella, component in UMBRELLAS.items():
        if component is None or umbrella not in tree.paths:
            continue
        have = _reached(tree, umbrella)
        for path, owner in components.items():
            public = path in tree.paths and _is_public(path) and path not in UMBRELLAS
            if owner == component and public and path not in have:
                yield Finding(umbrella, 1, "umbrella", f'lacks a header of its component: add #include "{path[8:]}"')


def mirrored(tree):
    """Path = name = test."""
    kernel_tests = {pathlib.PurePosixPath(p).stem.removeprefix("test_") for p in tree.below("tests/netns/")}
    for path in tree.headers():
        name = pathlib.PurePosixPath(path)
        if path in UMBRELLAS or not _is_public(path):
            continue
        test = "tests/unit/" + path.removeprefix("include/isat/").removesuffix(".hpp") + ".cpp"
        if test not in tree.paths and name.stem not in kernel_tests:
            yield Finding(path, 1, "mirror", f"no test mirrors this header: add {test} (or one of that name in tests/netns)")


def _room(header):
    """The folder of what belongs together: detail/ and impl/ are parts of it."""
    folder = pathlib.PurePosixPath(header).parent
    return folder.parent if folder.name == "detail" else folder


def embodied(tree):
    """Each file of bodies has one header that includes it: else a header-only copy lacks them, and nothing says whose they
    are. It is in the impl/ of the header's room."""
    owners = {}
    for path in tree.below("include/", suffixes=(".hpp",)):
        for line, name, _ in cpp.includes(tree.text(path)):
            if name.endswith(".ipp"):
                owners.setdefault(f"include/{name}", []).append((path, line))
    for path in tree.below("include/", suffixes=(".ipp",)):
        having = owners.get(path, [])
        if not having:
            yield Finding(path, 1, "bodies", "no header includes it: end the one that declares them with `#if ISAT_HEADER_ONLY`")
        for header, line in having:
            if _room(header) != pathlib.PurePosixPath(path).parent.parent:
                yield Finding(header, line, "bodies", f"{path} is in another room: move it to {_room(header)}/impl")
        for other, line in having if len(having) > 1 else ():
            yield Finding(other, line, "bodies", f"another header includes {path}, too: leave it to the one that declares them")


def guarded(tree):
    """`#pragma once`, in every header."""
    for path in tree.below("", suffixes=(".hpp",)):
        if not re.search(r"^#pragma once$", tree.text(path), re.MULTILINE):
            yield Finding(path, 1, "pragma", "no `#pragma once`: add it after the opening comment")


def short_headers(tree):
    for path in tree.headers():
        lines = len(tree.text(path).splitlines())
        if lines > HEADER_LINES:
            text = f"{lines} lines, at most {HEADER_LINES}: split it by idea (machine, table, policy)"
            yield Finding(path, HEADER_LINES + 1, "header-size", text)


def function_sizes(tree):
    """(path, line, lines) of every function in C++, Python and shell."""
    for path in tree.sources():
        for line, length in cpp.functions(tree.text(path)):
            yield path, line, length
    for path in tree.below("", suffixes=(".py",)):
        for node in ast.walk(ast.parse(tree.text(path))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield path, node.lineno, node.end_lineno - node.lineno
    for path in tree.paths:
        if path.endswith(".sh") or re.match(r"#!.*\bbash", tree.text(path)):
            for match in re.finditer(r"^\w+\(\) \{$.*?^\}$", tree.text(path), re.MULTILINE | re.DOTALL):
                yield path, tree.text(path).count("\n", 0, match.start()) + 1, match.group().count("\n")


def short_functions(tree):
    for path, line, length in function_sizes(tree):
        if length > FUNCTION_LINES:
            text = f"a function of {length} lines, at most {FUNCTION_LINES}: split it by idea"
            yield Finding(path, line, "function-size", text)


def timeless(tree):
    """Core is told the time."""
    for path, component in tree.components().items():
        if component != "core" or path not in tree.paths:
            continue
        for number, line in enumerate(cpp.code(tree.text(path)).splitlines(), start=1):
            if re.search(r"\bnow\s*\(\s*\)|\b(clock_gettime|gettimeofday)\b", line):
                yield Finding(path, number, "clock", "core never reads a clock: take `now` as an argument")


def quiet_macros(tree):
    """Macros of installed headers are ours by name, and configure nobody else's library."""
    for path in tree.headers():
        for number, line in enumerate(cpp.code(tree.text(path)).splitlines(), start=1):
            macro = re.match(r"\s*#\s*define\s+(\w+)", line)
            if macro and not macro.group(1).startswith("ISAT_"):
                text = f"an installed header defines {macro.group(1)}: use a constant or function, else a name ISAT_…"
                yield Finding(path, number, "macro", text)


def unthreaded(tree):
    """The executor is the host's, and so are the threads."""
    for path in tree.headers():
        for number, line in enumerate(cpp.code(tree.text(path)).splitlines(), start=1):
            if re.search(r"\bstd::(jthread|thread|async)\b(?!::id)|\bthread_pool\b|\bpthread_create\b", line):
                yield Finding(path, number, "thread", "the library starts no threads: work on the host's executor")


def anonymous(tree):
    """Nothing of the machine it was written on, and no package registry."""
    folders = r"(?<![\w.$}~-])/(?:wor" + r"k|hom" + r"e|roo" + r"t)/"
    siblings = r"\.\./share" + r"d\b|\.librar" + r"y\b"
    hosts = r"\b(?:pypi|files\.pythonhosted|registry\.npmjs|proxy\.golang|index\.crates|crates|deb\.debian)\.(?:org|io)\b"
    pattern = re.compile(f"{folders}|{siblings}|{hosts}")
    for path in tree.paths:
        for number, line in tree.lines(path):
            if match := pattern.search(line):
                text = f"`{match.group()}` is of one machine: use a path relative to the tree, mktemp, or leave it out"
                yield Finding(path, number, "machine", text)


def patient(tree):
    """Tests wait for events, with a bound; a fixed sleep says in a comment why it is none of that kind."""
    pattern = re.compile(
        r"\b(sleep_(?:for|until)|(?:u|nano)sleep)\b"  # C++ and C
        r"|\b(time|asyncio)\.sleep\("  # Python
        r"|(^|[;&|({]|\bdo\b)\s*sleep\s+[\d.$\"]"  # shell
    )
    explained = re.compile(r"(//|#).*\bsleep: \w+")
    for path in tree.below("tests/", suffixes=(*CPP_SUFFIXES, ".py", ".sh")):
        previous = ""
        for number, line in tree.lines(path):
            if path.endswith(CPP_SUFFIXES):
                bare = re.sub(r"//.*", "", line)
            else:
                bare = re.sub(r"(^|\s)#.*", "", line)
            if pattern.search(bare) and not explained.search(line) and not explained.search(previous):
                text = "a fixed sleep in a test: wait for the event with a bound, or write `sleep: why` in a comment here"
                yield Finding(path, number, "sleep", text)
            previous = line


def labelled(tree):
    """Tests are added by the functions that give them label, time limit and skip code."""
    for path in tree.below("", suffixes=("CMakeLists.txt", ".cmake")):
        for number, line in tree.lines(path):
            if re.match(r"\s*add_test\(", line) and path != "cmake/IsatTests.cmake":
                yield Finding(path, number, "label", "a test without a label: use isat_add_test(… LABEL …)")


def runnable(tree):
    """What starts with `#!` can be run."""
    for path in tree.paths:
        if tree.text(path).startswith("#!") and not (tree.root / path).stat().st_mode & 0o111:
            yield Finding(path, 1, "run-bit", f"a script that cannot be run: `chmod +x {path}`")


def quoted(tree):
    """Code in prose is a region of a file that is compiled or run."""
    for path in tree.below("", suffixes=(".md",)):
        for line, text in snippets.differences(tree, path):
            yield Finding(path, line, "snippet", text)


RULES = (
    formatted,
    licensed,
    listed,
    tiered,
    hidden,
    gathered,
    mirrored,
    embodied,
    guarded,
    short_headers,
    short_functions,
    timeless,
    quiet_macros,
    unthreaded,
    anonymous,
    patient,
    labelled,
    runnable,
    quoted,
)


def medians(tree):
    """One line on how long headers and functions are. Nothing enforces it."""
    headers = [len(tree.text(path).splitlines()) for path in tree.headers()] or [0]
    functions = [length for _, _, length in function_sizes(tree)] or [0]
    return (
        f"headers: {len(headers)}, median {statistics.median(headers):.0f} lines (aim 120), longest {max(headers)}; "
        f"functions: {len(functions)}, median {statistics.median(functions):.0f} lines (aim 10), longest {max(functions)}"
    )
