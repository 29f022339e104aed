#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Installs isat into a fresh prefix and uses it there as its users do: each program is built and run."""

import pathlib
import shutil
import sys
import unittest

sys.dont_write_bytecode = True

from lab import CMAKE, CXX, HERE, ROOT, VERSION, Installed, main, run  # noqa: E402  (after the line that keeps the tree clean)


class Consumer(Installed):
    def test_core_is_found_and_runs_where_boost_and_fmt_are_absent(self):
        absent = [f"-DCMAKE_DISABLE_FIND_PACKAGE_{package}=ON" for package in ("Boost", "fmt", "OpenSSL")]
        build, _ = self.configure(HERE / "core", "core", *absent)
        self.build(build)
        self.assertEqual(f"core {VERSION}\n", run(build / "consumer"))

    def test_core_needs_neither_exceptions_nor_run_time_types(self):
        program = self.folder / "core-without"
        without = ("-std=c++20", "-fno-exceptions", "-fno-rtti", "-Wall", "-Wextra", "-Werror")
        run(CXX, *without, f"-I{self.prefix}/include", HERE / "core/main.cpp", "-o", program)
        self.assertEqual(f"core {VERSION}\n", run(program))

    def test_it_is_fetched_from_a_folder_that_the_user_names(self):
        options = (f"-DFETCHCONTENT_SOURCE_DIR_ISAT={ROOT}", "-DFETCHCONTENT_FULLY_DISCONNECTED=ON")
        build, _ = self.configure(HERE / "fetched", "fetched", *options)
        self.build(build)
        self.assertEqual(f"core {VERSION}\n", run(build / "consumer"))
        # What it does not link is not compiled for it.
        self.assertEqual([], [path.name for path in build.rglob("libisat*")])

    def test_in_a_larger_build_it_adds_its_libraries_and_nothing_else(self):
        build, _ = self.configure(HERE / "subdirectory", "subdirectory", f"-DISAT_SOURCE_DIR={ROOT}", kept=True)
        cached = {line.split(":")[0] for line in (build / "CMakeCache.txt").read_text().splitlines() if "=" in line}
        options = {name for name in cached if name.startswith("ISAT_")} - {"ISAT_SOURCE_DIR"}
        asked = {f"ISAT_BUILD_{part}" for part in ("KUBERNETES", "SPEAKER", "EXAMPLES", "TESTS", "BENCHMARKS")}
        asked |= {"ISAT_INSTALL", "ISAT_HEADER_ONLY", "ISAT_WARNINGS_AS_ERRORS"}
        self.assertEqual(asked, {name.removesuffix("-ADVANCED") for name in options})
        self.build(build)
        self.assertEqual(f"core {VERSION}\n", run(build / "consumer"))
        self.assertEqual(f"net {VERSION} ff:ff:ff:ff:ff:ff\n", run(build / "net_consumer"))
        run(CMAKE, "--install", build, "--prefix", build / "nothing")
        self.assertEqual([], [path for path in (build / "nothing").rglob("*") if path.is_file()])

    def test_an_unknown_component_is_refused_in_a_sentence(self):
        output = self.find("unknown", "REQUIRED COMPONENTS core carrier-pigeon", fails=True)
        self.assertIn("isat has no component 'carrier-pigeon', only: core, net, kubernetes.", output)

    def test_an_optional_component_may_be_unknown_or_lack_its_dependencies(self):
        after = 'message(STATUS "found ${isat_FOUND}/${isat_core_FOUND}/${isat_net_FOUND}/${isat_pigeon_FOUND}.")'
        no_boost = "-DCMAKE_DISABLE_FIND_PACKAGE_Boost=ON"
        output = self.find("optional", "REQUIRED COMPONENTS core OPTIONAL_COMPONENTS net pigeon", no_boost, after=after)
        self.assertRegex(output, "found (TRUE|1)/TRUE/FALSE/FALSE\\.")

    def test_a_missing_dependency_is_named(self):
        after = 'message(STATUS "found ${isat_FOUND}: ${isat_NOT_FOUND_MESSAGE}.")'
        output = self.find("dependency", "COMPONENTS core net", "-DCMAKE_DISABLE_FIND_PACKAGE_Boost=ON", after=after)
        self.assertRegex(output, "found (FALSE|0): .*Boost")

    def test_another_minor_version_is_not_compatible(self):
        major, minor = map(int, VERSION.split(".")[:2])
        for name, wanted in (("newer", f"{major}.{minor + 1}"), ("older", f"{major}.{minor - 1}")):
            with self.subTest(name):
                output = self.find(name, f"{wanted} REQUIRED COMPONENTS core", fails=True)
                self.assertIn(f"version: {VERSION}", output)

    @unittest.skipIf(shutil.which("pkg-config") is None, "pkg-config is not installed")
    def test_pkg_config_knows_core(self):
        self.assertEqual(f"core {VERSION}\n", self.pkg_config("isat-core", HERE / "core/main.cpp"))

    def test_an_older_standard_is_refused_in_a_sentence(self):
        include = f"-I{self.prefix}/include"
        output = run(CXX, "-std=c++17", "-fsyntax-only", include, HERE / "core/main.cpp", fails=True)
        self.assertIn("isat needs C++20", output)


if __name__ == "__main__":
    sys.exit(main())
