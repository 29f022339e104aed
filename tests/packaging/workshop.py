# SPDX-License-Identifier: BSL-1.0
"""Where packages are made and tried out: a copy of the tree under the build directory, so that nothing is written into the
tree itself, and programs of users that are compiled against what a package holds."""

import os
import pathlib
import shutil
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "consumer"))

from lab import BUILD_DIR, CMAKE, CXX, ROOT, run  # noqa: E402

# What a release holds that is needed to build it.
SHIPPED = ("CMakeLists.txt", "CMakePresets.json", "LICENSE", "README.md", "CHANGELOG.md", "conanfile.py", "cmake", "examples",
           "include")
LAUNCHER = os.environ.get("ISAT_COMPILER_LAUNCHER", "")
GENERATOR = os.environ.get("CMAKE_GENERATOR", "Ninja")
# A compiler cache knows an object by the flags and the paths relative to where the compiler runs. Objects that are made
# with these flags one folder below the tree are those of the main build.
os.environ.setdefault("CCACHE_BASEDIR", str(ROOT))
os.environ.setdefault("CCACHE_NOHASHDIR", "1")
MAIN_BUILD = {"CMAKE_CXX_COMPILER_LAUNCHER": LAUNCHER, "CMAKE_CXX_FLAGS_RELEASE": "-O2", "ISAT_WARNINGS_AS_ERRORS": "ON"}


def definitions(variables):
    return [f"-D{name}={value}" for name, value in variables.items()]


def copy_of_tree(name):
    """The folder of that copy, brought up to date; build directories that lie in it are left alone."""
    copy = BUILD_DIR / "packaging" / name / "tree"
    copy.mkdir(parents=True, exist_ok=True)
    for entry in SHIPPED:
        shutil.rmtree(copy / entry, ignore_errors=True)
        if (ROOT / entry).is_dir():
            shutil.copytree(ROOT / entry, copy / entry, ignore=shutil.ignore_patterns("__pycache__"))
        elif (ROOT / entry).exists():
            shutil.copy2(ROOT / entry, copy / entry)
    return copy


def empty(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def compile_and_run(source, folder, compile_flags, link_flags, environment=None):
    """What the program prints. Compiled and linked apart, for the sake of a compiler cache."""
    program = folder / source.parent.name
    launcher = [LAUNCHER] if LAUNCHER else []
    run(*launcher, CXX, "-std=c++20", *compile_flags, "-c", source, "-o", f"{program}.o")
    run(CXX, f"{program}.o", *link_flags, "-o", program)
    return run(program, environment=environment)


def build_and_run(source, build, program, *options):
    """What the program of a CMake project prints."""
    run(CMAKE, "-S", source, "-B", build, "-G", GENERATOR, *definitions({"CMAKE_CXX_COMPILER_LAUNCHER": LAUNCHER}), *options)
    run(CMAKE, "--build", build)
    return run(build / program)
