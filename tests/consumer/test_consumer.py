#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Installs isat into a fresh prefix and uses it there as its users do: each program is built and run."""

import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CMAKE = os.environ.get("CMAKE_COMMAND", "cmake")
CXX = os.environ.get("CXX", "g++")
VERSION = os.environ["ISAT_VERSION"]


def run(*command, fails=False, environment=None):
    """The command's output; what went wrong is shown with it."""
    done = subprocess.run(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, **(environment or {})},
        text=True,
        check=False,
    )
    if (done.returncode != 0) != fails:
        raise AssertionError(f"{shlex.join(map(str, command))}: exit code {done.returncode}\n{done.stdout}")
    return done.stdout


class Consumer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="isat-consumer-")
        installed = pathlib.Path(cls.folder.name, "installed")
        run(CMAKE, "--install", os.environ["ISAT_BUILD_DIR"], "--prefix", installed)
        # Moved after the installation: nothing in it may remember where it was.
        cls.prefix = pathlib.Path(cls.folder.name, "moved")
        installed.rename(cls.prefix)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def configure(self, source, name, *options, fails=False):
        launcher = os.environ.get("ISAT_COMPILER_LAUNCHER", "")
        build = pathlib.Path(self.folder.name, "build", name)
        output = run(
            *(CMAKE, "-S", source, "-B", build, f"-DCMAKE_PREFIX_PATH={self.prefix}", *options),
            f"-DCMAKE_CXX_COMPILER_LAUNCHER={launcher}",
            fails=fails,
        )
        return build, output

    def build(self, build):
        run(CMAKE, "--build", build)

    def test_core_is_found_and_runs_where_boost_and_fmt_are_absent(self):
        absent = ("-DCMAKE_DISABLE_FIND_PACKAGE_Boost=ON", "-DCMAKE_DISABLE_FIND_PACKAGE_fmt=ON")
        build, _ = self.configure(HERE / "core", "core", *absent)
        self.build(build)
        self.assertEqual(f"core {VERSION}\n", run(build / "consumer"))

    def test_net_is_found_links_from_two_units_and_runs(self):
        build, _ = self.configure(HERE / "net", "net")
        self.build(build)
        self.assertEqual(f"net {VERSION} ff:ff:ff:ff:ff:ff\n", run(build / "my_daemon"))

    def test_in_a_larger_build_it_adds_its_libraries_and_nothing_else(self):
        build, _ = self.configure(HERE / "subdirectory", "subdirectory", f"-DISAT_SOURCE_DIR={ROOT}")
        cached = {line.split(":")[0] for line in (build / "CMakeCache.txt").read_text().splitlines() if "=" in line}
        options = {name for name in cached if name.startswith("ISAT_")} - {"ISAT_SOURCE_DIR"}
        parts = ("SPEAKER", "EXAMPLES", "TESTS", "BENCHMARKS")
        asked = {f"ISAT_BUILD_{part}" for part in parts} | {"ISAT_INSTALL", "ISAT_WARNINGS_AS_ERRORS"}
        self.assertEqual(asked, {name.removesuffix("-ADVANCED") for name in options})
        self.build(build)
        self.assertEqual(f"core {VERSION}\n", run(build / "consumer"))
        self.assertEqual(f"net {VERSION} ff:ff:ff:ff:ff:ff\n", run(build / "net_consumer"))
        run(CMAKE, "--install", build, "--prefix", build / "nothing")
        self.assertEqual([], [path for path in (build / "nothing").rglob("*") if path.is_file()])

    def find(self, name, arguments, *options, after="", fails=False):
        """The output of a project that only finds isat."""
        source = pathlib.Path(self.folder.name, "find", name)
        source.mkdir(parents=True)
        lines = ("cmake_minimum_required(VERSION 3.25)", "project(find CXX)", f"find_package(isat {arguments})", after)
        (source / "CMakeLists.txt").write_text("\n".join(lines))
        return " ".join(self.configure(source, f"find-{name}", *options, fails=fails)[1].split())

    def test_an_unknown_component_is_refused_in_a_sentence(self):
        output = self.find("unknown", "REQUIRED COMPONENTS core carrier-pigeon", fails=True)
        self.assertIn("isat has no component 'carrier-pigeon', only: core, net.", output)

    def test_an_optional_component_may_be_unknown_or_lack_its_dependencies(self):
        after = 'message(STATUS "found ${isat_FOUND}/${isat_core_FOUND}/${isat_net_FOUND}/${isat_pigeon_FOUND}.")'
        no_boost = "-DCMAKE_DISABLE_FIND_PACKAGE_Boost=ON"
        output = self.find("optional", "REQUIRED COMPONENTS core OPTIONAL_COMPONENTS net pigeon", no_boost, after=after)
        self.assertRegex(output, "found (TRUE|1)/TRUE/FALSE/FALSE\\.")

    def test_a_missing_dependency_is_named(self):
        after = 'message(STATUS "found ${isat_FOUND}: ${isat_NOT_FOUND_MESSAGE}.")'
        output = self.find("dependency", "COMPONENTS core net", "-DCMAKE_DISABLE_FIND_PACKAGE_Boost=ON", after=after)
        self.assertRegex(output, "found (FALSE|0): .*Boost")

    def test_no_component_named_means_all_of_them(self):
        after = 'if(NOT TARGET isat::core OR NOT TARGET isat::net)\nmessage(FATAL_ERROR "a target is missing")\nendif()'
        self.find("all", "REQUIRED", after=after)

    def test_another_minor_version_is_not_compatible(self):
        output = self.find("newer", "0.2 REQUIRED COMPONENTS core", fails=True)
        self.assertIn(f"version: {VERSION}", output)

    def pkg_config(self, module, source):
        """The output of a program that is compiled by hand with the flags of a pkg-config module."""
        directory = next(self.prefix.rglob(f"{module}.pc")).parent
        found = {"PKG_CONFIG_PATH": str(directory)}
        self.assertEqual(VERSION, run("pkg-config", "--modversion", module, environment=found).strip())
        flags = run("pkg-config", "--cflags", "--libs", module, environment=found).split()
        self.assertEqual(self.prefix / "include", next(pathlib.Path(f[2:]).resolve() for f in flags if f.startswith("-I")))
        program = pathlib.Path(self.folder.name, module)
        run(CXX, "-std=c++20", source, *flags, "-o", program)
        return run(program)

    @unittest.skipIf(shutil.which("pkg-config") is None, "pkg-config is not installed")
    def test_pkg_config_knows_both_components(self):
        self.assertEqual(f"core {VERSION}\n", self.pkg_config("isat-core", HERE / "core/main.cpp"))
        output = self.pkg_config("isat-net", HERE / "net/main.cpp")
        self.assertEqual(f"net {VERSION} ff:ff:ff:ff:ff:ff\n", output)

    def test_an_older_standard_is_refused_in_a_sentence(self):
        include = f"-I{self.prefix}/include"
        output = run(CXX, "-std=c++17", "-fsyntax-only", include, HERE / "core/main.cpp", fails=True)
        self.assertIn("isat needs C++20", output)


def main():
    result = unittest.main(exit=False, verbosity=2).result
    if not result.wasSuccessful():
        return 1
    for _, reason in result.skipped:
        print(f"SKIP: {reason}")
    return 77 if result.skipped else 0


if __name__ == "__main__":
    sys.exit(main())
