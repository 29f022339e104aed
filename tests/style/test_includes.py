#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Asks the compiler what the umbrella headers bring along, directly or not: users must not pay for what they do not use."""

import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

ROOT = pathlib.Path(__file__).resolve().parents[2]
CXX = shlex.split(os.environ.get("CXX", "g++"))
# Beast, TLS, OpenSSL: what makes the bodies of kubernetes slow to compile.
HEAVY = re.compile(r"(boost/beast/|boost/asio/ssl|openssl/).*")
JSON = re.compile(r"boost/json/.*")
LIBRARY = re.compile(r"boost/(?:json|url|beast)/.*|boost/asio/ssl.*|openssl/.*|isat/kubernetes.*")


class Includes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="isat-includes-")
        # As in a compiled library: then, and only then, the headers of net and kubernetes come without their bodies.
        pathlib.Path(cls.folder.name, "isat_build_generated.hpp").write_text("#pragma once\n#define ISAT_HEADER_ONLY 0\n")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def reached(self, *headers):
        """The paths of all headers that a unit with these includes reads."""
        unit = "".join(f"#include <{header}>\n" for header in headers)
        command = (*CXX, "-std=c++20", "-M", f"-I{self.folder.name}", f"-I{ROOT}/include", "-x", "c++", "-")
        done = subprocess.run(command, input=unit, capture_output=True, text=True, check=False)
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout.replace("\\\n", " ").split()

    def macros(self, *headers):
        """The macros that our headers, and no other ones, define or undefine in a unit with these includes."""
        unit = "".join(f"#include <{header}>\n" for header in headers)
        command = (*CXX, "-std=c++20", "-E", "-dD", f"-I{self.folder.name}", f"-I{ROOT}/include", "-x", "c++", "-")
        done = subprocess.run(command, input=unit, capture_output=True, text=True, check=False)
        self.assertEqual(0, done.returncode, done.stderr)
        names, ours = set(), False
        for line in done.stdout.splitlines():
            if where := re.match(r'# \d+ "([^"]*)"', line):
                ours = where[1].startswith((f"{ROOT}/include/isat/", f"{self.folder.name}/"))
            elif ours and (macro := re.match(r"#(?:define|undef) (\w+)", line)):
                names.add(macro[1])
        return names

    def header_only_unit(self):
        """The object file of a unit that includes all, bodies too, and uses nothing; compiled once, as it takes a minute."""
        made = pathlib.Path(self.folder.name, "unit.o")
        if not made.exists():
            unit = "#include <isat/isat.hpp>\n#include <isat/kubernetes.hpp>\n"
            flags = ("-std=c++20", "-DBOOST_ASIO_NO_DEPRECATED", "-c", f"-I{ROOT}/include", "-o", made)
            done = subprocess.run((*CXX, *flags, "-x", "c++", "-"), input=unit, capture_output=True, text=True, check=False)
            self.assertEqual(0, done.returncode, done.stderr)
        return made

    def found(self, pattern, paths):
        """The names, as they are included, of those headers that match."""
        return {match.group() for path in paths if (match := pattern.search(path))}

    def culprits(self, pattern):
        """Which of the headers of kubernetes bring what matches: asked one by one, when it is known that some do."""
        headers = re.findall('#include "(isat/kubernetes/.*)"', (ROOT / "include/isat/kubernetes.hpp").read_text())
        found = {header: sorted(self.found(pattern, self.reached(header))) for header in headers}
        return "; ".join(f"{header} brings {names[0]} and others" for header, names in found.items() if names)

    def test_no_public_header_of_kubernetes_brings_beast_tls_or_openssl(self):
        if self.found(HEAVY, self.reached("isat/kubernetes.hpp")):
            self.fail(f"hide it behind `class state;`, defined in the .ipp: {self.culprits(HEAVY)}")

    def test_public_headers_of_kubernetes_only_announce_json(self):
        announced = self.found(JSON, self.reached("boost/json/fwd.hpp"))
        self.assertLessEqual(self.found(JSON, self.reached("isat/kubernetes.hpp")), announced)

    def test_core_and_net_know_nothing_of_kubernetes(self):
        self.assertEqual(set(), self.found(LIBRARY, self.reached("isat/isat.hpp")))

    def test_net_brings_neither_bodies_nor_machines_of_the_election(self):
        # Those of core's machines are templates: they are seen wherever a machine is.
        brought = {path for path in self.reached("isat/net.hpp", "isat/kubernetes.hpp") if "/isat/" in path and "/impl/" in path}
        self.assertEqual(set(), brought, "include it in the .ipp; keep what needs it behind a pointer")

    def test_an_include_alone_generates_no_code(self):
        unit = self.header_only_unit()
        names = subprocess.run(("nm", "-C", "--defined-only", unit), capture_output=True, text=True, check=True).stdout
        ours = [name for name in names.splitlines() if "isat::" in name]
        tables = [name for name in ours if "vtable for isat::" in name]
        if ours:
            remedy = "declare virtual functions that an .ipp defines as ISAT_INLINE, in their class, too"
            self.fail(f"{len(ours)} symbols, {(tables or ours)[:3]}: {remedy}")

    def test_macros_that_a_user_gets_from_us_begin_with_our_name(self):
        defined = self.macros("isat/isat.hpp", "isat/kubernetes.hpp")
        self.assertIn("ISAT_API", defined)
        self.assertEqual(set(), {name for name in defined if not name.startswith("ISAT_")})

    def test_no_name_that_asio_has_deprecated_is_used(self):
        self.header_only_unit()

    def test_what_is_brought_indirectly_is_seen(self):
        paths = self.reached("isat/core.hpp", "boost/beast/http/parser.hpp", "boost/asio/ssl/context.hpp")
        found = self.found(HEAVY, paths)
        self.assertIn("boost/beast/core/string.hpp", found)
        self.assertIn("openssl/ssl.h", found)


if __name__ == "__main__":
    unittest.main()
