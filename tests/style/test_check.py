#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Plants one error of each kind in a copy of the tree and sees the rule name its file, line and remedy."""

import contextlib
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

import cpp  # noqa: E402  (after the line that keeps the tree clean)
import rules  # noqa: E402
from tree import LEFT_OUT, Tree  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
SPDX = "// SPDX-License-Identifier: BSL-1.0\n"
HEADER = SPDX + "\n#pragma once\n"
CORE = "include/isat/planted.hpp"
NET = "include/isat/planted_net.hpp"
KUBERNETES = "include/isat/kubernetes/planted.hpp"
BODY = "include/isat/kubernetes/impl/planted.ipp"
ROOM = "include/isat/kubernetes/api/impl/planted.ipp"
LONG_BODY = "  ++x;\n" * 61
MACHINE_PATH = "/wor" + "k/main"

# (what is planted, the rule that sees it, file, its text, line, a part of the message)
PLANTS = (
    ("bad format", rules.formatted, "tests/planted.cpp", SPDX + "\nint   x;\n", 3, "clang-format-19 -i"),
    ("unsorted includes", rules.formatted, "tests/planted.cpp", SPDX + "\n#include <vector>\n#include <array>\n", 3, "-i"),
    ("source without licence", rules.licensed, "tests/planted.cpp", "int x;\n", 1, "write `// SPDX"),
    ("script without licence", rules.licensed, "tests/planted.sh", "#!/bin/sh\ntrue\n", 2, "write `# SPDX"),
    ("CMake file without licence", rules.licensed, "cmake/planted.cmake", "set(x 1)\n", 1, "write `# SPDX"),
    ("header of no component", rules.listed, "include/isat/unlisted.hpp", HEADER, 1, "isat_core_headers"),
    ("component of no header", rules.listed, "cmake/IsatComponents.cmake", "set(x\n    include/isat/gone.hpp)\n", 2, "remove it"),
    ("Boost in core", rules.tiered, CORE, HEADER + "#include <boost/asio/post.hpp>\n", 4, "move this header to net"),
    ("Linux in core", rules.tiered, CORE, HEADER + "#include <sys/socket.h>\n", 4, "move this header to net"),
    ("net in core", rules.tiered, CORE, HEADER + '#include "isat/planted_net.hpp"\n', 4, "core stands below net"),
    ("slow header in core", rules.tiered, CORE, HEADER + "#include <algorithm>\n", 4, "slow to compile"),
    ("all of Asio", rules.tiered, NET, HEADER + "#include <boost/asio.hpp>\n", 4, "include the parts"),
    ("experimental Asio", rules.tiered, NET, HEADER + "#include <boost/asio/experimental/promise.hpp>\n", 4, "none of"),
    ("another Boost library", rules.tiered, NET, HEADER + "#include <boost/json.hpp>\n", 4, "Asio and System only"),
    ("a foreign library", rules.tiered, NET, HEADER + "#include <yaml-cpp/yaml.h>\n", 4, "only"),
    ("generated header", rules.tiered, NET, HEADER + '#include "isat_build_generated.hpp"\n', 4, "Linux headers only"),
    ("kubernetes in net", rules.tiered, NET, HEADER + '#include "isat/kubernetes/planted.hpp"\n', 4, "below kubernetes"),
    ("kubernetes in core", rules.tiered, CORE, HEADER + '#include "isat/kubernetes/planted.hpp"\n', 4, "core stands below"),
    ("TLS in net", rules.tiered, NET, HEADER + "#include <boost/asio/ssl/stream.hpp>\n", 4, "without OpenSSL"),
    ("OpenSSL in net", rules.tiered, NET, HEADER + "#include <openssl/x509.h>\n", 4, "only"),
    ("all of Asio's TLS", rules.tiered, BODY, HEADER + "#include <boost/asio/ssl.hpp>\n", 4, "include the parts"),
    ("Beast's streams", rules.tiered, BODY, HEADER + "#include <boost/beast/core/tcp_stream.hpp>\n", 4, "Asio's own"),
    ("all of Beast", rules.tiered, BODY, HEADER + "#include <boost/beast.hpp>\n", 4, "needs parts of"),
    ("Boost for its own sake", rules.tiered, BODY, HEADER + "#include <boost/regex.hpp>\n", 4, "do without"),
    ("a higher room", rules.tiered, ROOM, HEADER + '#include "isat/kubernetes/watch/x.hpp"\n', 4, "api stands below watch"),
    ("YAML in kubernetes", rules.tiered, BODY, HEADER + "#include <yaml-cpp/yaml.h>\n", 4, "only"),
    ("Beast in public", rules.hidden, KUBERNETES, HEADER + "#include <boost/beast/http/parser.hpp>\n", 4, "in the .ipp"),
    ("TLS in public", rules.hidden, KUBERNETES, HEADER + "#include <boost/asio/ssl/context.hpp>\n", 4, "in the .ipp"),
    ("JSON in public", rules.hidden, KUBERNETES, HEADER + "#include <boost/json/value.hpp>\n", 4, "fwd.hpp is allowed"),
    ("OpenSSL in public", rules.hidden, KUBERNETES, HEADER + "#include <openssl/x509.h>\n", 4, "in the .ipp"),
    ("umbrella without kubernetes", rules.gathered, "include/isat/kubernetes.hpp", HEADER, 1, "add #include"),
    ("umbrella inside", rules.tiered, NET, HEADER + '#include "isat/net.hpp"\n', 4, "for users"),
    ("incomplete umbrella", rules.gathered, "include/isat/core.hpp", HEADER, 1, "add #include"),
    ("header without test", rules.mirrored, CORE, HEADER, 1, "add tests/unit/planted.cpp"),
    ("bodies of no header", rules.embodied, BODY, HEADER, 1, "no header includes it"),
    (
        "bodies elsewhere",
        rules.embodied,
        KUBERNETES,
        HEADER + '#include "isat/kubernetes/api/impl/planted.ipp"\n',
        4,
        "move it to include/isat/kubernetes/impl",
    ),
    (
        "bodies of two headers",
        rules.embodied,
        KUBERNETES,
        HEADER + '#include "isat/kubernetes/impl/error.ipp"\n',
        4,
        "leave it to the one",
    ),
    ("header without guard", rules.guarded, CORE, SPDX, 1, "#pragma once"),
    ("long header", rules.short_headers, CORE, HEADER + "//\n" * 398, 401, "split it by idea"),
    ("long function", rules.short_functions, CORE, f"{HEADER}inline int f(int x) {{\n{LONG_BODY}  return x;\n}}\n", 4, "split"),
    ("long Python function", rules.short_functions, "tests/planted.py", "def f(x):\n" + "    x += 1\n" * 61, 1, "split"),
    ("long shell function", rules.short_functions, "tests/planted.sh", "f() {\n" + "  true\n" * 61 + "}\n", 1, "split"),
    ("clock in core", rules.timeless, CORE, HEADER + "auto t = clock::now();\n", 4, "as an argument"),
    ("macro", rules.quiet_macros, CORE, HEADER + "#define BOOST_ASIO_DISABLE_VISIBILITY 1\n", 4, "use a constant"),
    ("thread", rules.unthreaded, NET, HEADER + "std::jthread worker;\n", 4, "host's executor"),
    ("machine's path", rules.anonymous, "docs/planted.md", f"Go\nto {MACHINE_PATH}.\n", 2, "relative to the tree"),
    ("registry host", rules.anonymous, "tests/planted.sh", "curl https://pypi" + ".org/simple\n", 1, "leave it out"),
    ("sleep in C++", rules.patient, "tests/planted.cpp", "std::this_thread::sleep" + "_for(1s);\n", 1, "with a bound"),
    ("sleep in Python", rules.patient, "tests/planted.py", "time.sl" + "eep(1)\n", 1, "with a bound"),
    ("sleep in shell", rules.patient, "tests/planted.sh", "true; sl" + "eep 0.5\n", 1, "with a bound"),
    ("bare add_test", rules.labelled, "tests/planted/CMakeLists.txt", "add_test(NAME x COMMAND y)\n", 1, "LABEL"),
    ("script that cannot run", rules.runnable, "tests/planted.sh", "#!/bin/sh\n", 1, "chmod +x"),
    ("loose C++ in prose", rules.quoted, "docs/planted.md", "```cpp\nint x;\n```\n", 1, "name its region"),
    (
        "stale snippet",
        rules.quoted,
        "docs/planted.md",
        "<!-- snippet: tests/style/region.cpp#run -->\n```cpp\nint y;\n```\n",
        2,
        "copy the region again",
    ),
    (
        "snippet of nothing",
        rules.quoted,
        "docs/planted.md",
        "<!-- snippet: tests/style/region.cpp#walk -->\n```cpp\nint x;\n```\n",
        1,
        "has no region",
    ),
    ("marker without a block", rules.quoted, "docs/planted.md", "<!-- snippet: README.md#x -->\n", 1, "without a code block"),
)

# (what must not be taken for an error, the rule, file, text)
INNOCENT = (
    ("explained sleep", rules.patient, "tests/planted.py", "time.sl" + "eep(1)  # sleep: one step of a bounded wait\n"),
    ("word sleep", rules.patient, "tests/planted.sh", "echo 'they never sleep 5 hours'\n"),
    ("parameter now", rules.timeless, CORE, HEADER + "bool f(time_point now);  // not now()\n"),
    ("std in core", rules.tiered, CORE, HEADER + "#include <array>\n"),
    ("Linux in net", rules.tiered, NET, HEADER + "#include <linux/if_packet.h>\n#include <unistd.h>\n"),
    (
        "what bodies are made with",
        rules.tiered,
        BODY,
        HEADER + "#include <boost/beast/http/parser.hpp>\n#include <boost/json/value.hpp>\n#include <openssl/x509.h>\n",
    ),
    ("a lower room", rules.tiered, ROOM, HEADER + '#include "isat/kubernetes/config/planted.hpp"\n'),
    ("bodies hide everything", rules.hidden, BODY, HEADER + "#include <boost/asio/ssl/context.hpp>\n"),
    ("announced JSON", rules.hidden, KUBERNETES, HEADER + "#include <boost/json/fwd.hpp>\n"),
    ("home in prose", rules.anonymous, "docs/planted.md", "See ~/" + "work/x, $HOME/home/x and build/root/x.\n"),
    (
        "true snippet",
        rules.quoted,
        "docs/planted.md",
        "<!-- snippet: tests/style/region.cpp#run -->\n\n```cpp\nint x;\n```\n",
    ),
    ("shell in prose", rules.quoted, "docs/planted.md", "```sh\ntests/run.sh\n```\n"),
)

FUNCTIONS = """
#define LOOP(x) do { x } while (0)
namespace a::inline b {
enum class e : int { one, two };
struct s : base<int> {
  explicit s(int x) noexcept : x_{x}, y_(x) {}
  int x() const& noexcept { return x_; }
  bool operator==(const s&) const = default;
  s& operator=(const s& o) {
    x_ = o.x_;  // a brace } in a comment
    return *this;
  }
 private:
  std::array<int, 2> list_ = {1, 2};
  int x_{0};
};
inline constexpr s value{s{1}};
template <class T>
  requires(sizeof(T) > 1)
auto f(T t, int u = {}) -> decltype(t) {
  auto inner = [&] {
    return R"x(})x";
  };
  return inner();
}
}  // namespace a
TEST_SUITE("a suite") {
TEST_CASE("braces { in text") {
  const char c = '}';
  SUBCASE("nested") {}
}
}
"""


@contextlib.contextmanager
def planted(root, files):
    """Puts the files there and takes them away again."""
    before = {path: (root / path).read_bytes() if (root / path).exists() else None for path in files}
    try:
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        yield
    finally:
        for path, old in before.items():
            (root / path).unlink()
            if old is not None:
                (root / path).write_bytes(old)


class EachRule(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="isat-style-")
        cls.root = pathlib.Path(cls.folder.name, "tree")
        shutil.copytree(ROOT, cls.root, ignore=lambda _, names: [n for n in names if LEFT_OUT.match(n)])
        planted = {"core": CORE, "net": NET, "kubernetes": f"{KUBERNETES} {BODY} {ROOM}"}
        for header in (CORE, NET, KUBERNETES, BODY, ROOM):
            (cls.root / header).write_text(HEADER)
        lists = cls.root / "cmake/IsatComponents.cmake"
        more = "".join(f"\nset(isat_{component}_headers {headers})" for component, headers in planted.items())
        lists.write_text(lists.read_text() + more + "\n")
        (cls.root / "tests/style/region.cpp").write_text(f"{SPDX}\n  // [run]\n  int x;\n  // [/run]\n")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def findings(self, rule, path):
        return [finding for finding in rule(Tree(self.root)) if finding.path == path]

    def test_a_planted_error_is_seen_with_its_line_and_remedy(self):
        for what, rule, path, text, line, remedy in PLANTS:
            if rule is rules.formatted and shutil.which(rules.CLANG_FORMAT) is None:
                continue
            with self.subTest(what), planted(self.root, {path: text}):
                found = self.findings(rule, path)
                self.assertTrue(found, "the rule saw nothing")
                self.assertTrue(any(f.line == line and remedy in f.text for f in found), [str(f) for f in found])

    def test_what_is_right_is_left_alone(self):
        for what, rule, path, text in INNOCENT:
            with self.subTest(what), planted(self.root, {path: text}):
                self.assertEqual([], [str(f) for f in self.findings(rule, path)])

    def test_every_rule_has_a_planted_error(self):
        self.assertEqual({rule.__name__ for rule in rules.RULES}, {plant[1].__name__ for plant in PLANTS})


class FindingFunctions(unittest.TestCase):
    def test_functions_are_found_and_measured_as_clang_tidy_does(self):
        lines = FUNCTIONS.splitlines()
        found = [(lines[line - 1].strip(), length) for line, length in cpp.functions(FUNCTIONS)]
        self.assertEqual(
            [
                ("explicit s(int x) noexcept : x_{x}, y_(x) {}", 0),
                ("int x() const& noexcept { return x_; }", 0),
                ("s& operator=(const s& o) {", 3),
                ("auto f(T t, int u = {}) -> decltype(t) {", 5),
                ('TEST_CASE("braces { in text") {', 3),
            ],
            found,
        )


if __name__ == "__main__":
    unittest.main()
