# SPDX-License-Identifier: BSL-1.0
"""An installation of isat in a fresh prefix, and the ways to use it there."""

import os
import pathlib
import shlex
import shutil
import subprocess
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CMAKE = os.environ.get("CMAKE_COMMAND", "cmake")
CXX = os.environ.get("CXX", "g++")
VERSION = os.environ["ISAT_VERSION"]
BUILD_DIR = pathlib.Path(os.environ["ISAT_BUILD_DIR"])


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


def configure(source, build, *options, fails=False):
    """The output of CMake for a project."""
    launcher = os.environ.get("ISAT_COMPILER_LAUNCHER", "")
    return run(CMAKE, "-S", source, "-B", build, f"-DCMAKE_CXX_COMPILER_LAUNCHER={launcher}", *options, fails=fails)


class Installed(unittest.TestCase):
    """Tests of an installation: `prefix` is where it is, `folder` a place for what else is needed."""

    @classmethod
    def built(cls):
        """The build directory that is installed."""
        return BUILD_DIR

    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory(prefix="isat-consumer-")
        cls.addClassCleanup(temporary.cleanup)
        cls.folder = pathlib.Path(temporary.name)
        installed = cls.folder / "installed"
        run(CMAKE, "--install", cls.built(), "--prefix", installed)
        # Moved after the installation: nothing in it may remember where it was.
        cls.prefix = cls.folder / "moved"
        installed.rename(cls.prefix)

    def configure(self, source, name, *options, fails=False, kept=False):
        """The build directory, made anew, and the output. It can be kept for the sake of a compiler cache: what is compiled in
        it has the same paths the next time."""
        build = (BUILD_DIR / "consumer" if kept else self.folder / "build") / name
        shutil.rmtree(build, ignore_errors=True)
        return build, configure(source, build, f"-DCMAKE_PREFIX_PATH={self.prefix}", *options, fails=fails)

    def build(self, build):
        run(CMAKE, "--build", build)

    def find(self, name, arguments, *options, after="", fails=False):
        """The output of a project that only finds isat."""
        source = self.folder / "find" / name
        source.mkdir(parents=True)
        lines = ("cmake_minimum_required(VERSION 3.25)", "project(find CXX)", f"find_package(isat {arguments})", after)
        (source / "CMakeLists.txt").write_text("\n".join(lines))
        return " ".join(self.configure(source, f"find-{name}", *options, fails=fails)[1].split())

    def pkg_config(self, module, source):
        """The output of a program that is compiled by hand with the flags of a pkg-config module."""
        directory = next(self.prefix.rglob(f"{module}.pc")).parent
        found = {"PKG_CONFIG_PATH": str(directory)}
        self.assertEqual(VERSION, run("pkg-config", "--modversion", module, environment=found).strip())
        flags = run("pkg-config", "--cflags", "--libs", module, environment=found).split()
        self.assertEqual(self.prefix / "include", next(pathlib.Path(f[2:]).resolve() for f in flags if f.startswith("-I")))
        program = self.folder / module
        run(CXX, "-std=c++20", source, *flags, "-o", program)
        return run(program, environment={"LD_LIBRARY_PATH": str(directory.parent)})


def main():
    """Runs the tests of the program; exit code 77 if some of them could not be run here."""
    result = unittest.main(exit=False, verbosity=2).result
    if not result.wasSuccessful():
        return 1
    for _, reason in result.skipped:
        print(f"SKIP: {reason}")
    return 77 if result.skipped else 0
