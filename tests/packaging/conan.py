#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""The Conan package, made in each of its forms and used through both of Conan's generators for CMake. The libraries that
it needs are those of the system: system_library.py lends them the names of their recipes."""

import os
import pathlib
import re
import sys
import unittest

import workshop
from lab import BUILD_DIR, CXX, HERE, VERSION, main, run
from workshop import GENERATOR, LAUNCHER, MAIN_BUILD, build_and_run, copy_of_tree

import conan_client

FOLDER = BUILD_DIR / "packaging" / "conan"
HOME = FOLDER / "home"
JOBS = os.environ.get("CMAKE_BUILD_PARALLEL_LEVEL", str(os.cpu_count()))
WITH = ("-o", "isat/*:with_kubernetes=True")
HEADER_ONLY = ("-o", "isat/*:header_only=True")
TOOLS = ("-o", "isat/*:tools=True", "-o", "isat/*:fPIC=False")
VARIABLES = "tools.cmake.cmaketoolchain:extra_variables"


def cache_entries(variables):
    """They win over what Conan's toolchain would add."""
    return repr({name: {"value": value, "type": "STRING", "cache": True} for name, value in variables.items()})


SETTINGS = {
    "tools.cmake.cmaketoolchain:generator": GENERATOR,
    "tools.cmake.cmaketoolchain:user_presets": "",  # writes nothing into the folder where this was started
    "tools.build:jobs": JOBS,
    # The library's objects are those of the main build; programs that only use it are not optimized.
    VARIABLES: cache_entries({"CMAKE_CXX_COMPILER_LAUNCHER": LAUNCHER, "CMAKE_CXX_FLAGS_RELEASE": ""}),
    f"isat/*:{VARIABLES}": cache_entries({**MAIN_BUILD, "CMAKE_CXX_FLAGS": ""}),
}
REFERENCE = f"isat/{VERSION}"
PRINTED = {
    "core": f"core {VERSION}\n",
    "net": f"net {VERSION} ff:ff:ff:ff:ff:ff\n",
    "kubernetes": f"kubernetes {VERSION} ",
}


def installed_versions():
    """Of the libraries of this system, as recipes would have them."""
    text = run(CXX, "-E", "-dM", "-x", "c++", "-include", "boost/version.hpp", "/dev/null")
    number = int(re.search(r"#define BOOST_VERSION (\d+)", text).group(1))
    versions = {"boost": f"{number // 100000}.{number // 100 % 1000}.{number % 100}"}
    for name in ("fmt", "openssl", "yaml-cpp"):
        versions[name] = run("pkg-config", "--modversion", name).strip()
    versions["prometheus-cpp"] = run("pkg-config", "--modversion", "prometheus-cpp-core").strip()
    return versions


def setUpModule():
    for module, value in (("CONAN_HOME", HOME), ("CXX", CXX)):
        os.environ[module] = str(value)
    workshop.empty(HOME)
    Package.tree = copy_of_tree("conan")
    conan("profile", "detect")
    for name, version in installed_versions().items():
        lend(name, version)


def lend(name, version):
    conan("export", pathlib.Path(__file__).with_name("system_library.py"), "--name", name, "--version", version)


def conan(*words, fails=False):
    return run(Package.program, *words, fails=fails)


def settings():
    words = ["-s", "compiler.cppstd=20"]
    for name, value in SETTINGS.items():
        words += ["-c", f"{name}={value}"]
    return words


class Package(unittest.TestCase):
    """What the forms have in common. `program` is Conan."""

    program = None
    tree = None

    def call_it_newer(self, name, version):
        """For this test the installed library has another version: the newest major one that the recipe admits."""
        lend(name, version)
        self.addCleanup(conan, "remove", "--confirm", f"{name}/{version}")

    def create(self, *options):
        """Makes the package and tries it out by its test_package. What was said, and the folder of the package."""
        output = conan("create", self.tree, "--no-remote", "--build=missing", *settings(), *options)
        self.assertNotIn("'.ninja' file", output)  # what was built in the tree before is no source
        self.assertIn(PRINTED["core"], output)
        self.assertIn(PRINTED["net"], output)
        self.assertEqual(WITH[1] in options, PRINTED["kubernetes"] in output)
        folder = pathlib.Path(re.findall(r"Package folder (\S+)", output)[-1])
        cache = folder.parent / "b" / "build-release" / "CMakeCache.txt"
        if HEADER_ONLY[1] not in options:
            # CMake would look on where the system's are, if it did not like what Conan has.
            found = re.findall(r"^\w+_DIR:PATH=(.+)$", cache.read_text(), re.MULTILINE)
            self.assertNotEqual([], found)
            self.assertEqual([], [path for path in found if not path.startswith(str(HOME))])
        return output, folder

    def use(self, component, generator, *options):
        """What a program of tests/consumer prints that finds the package by the files of a generator."""
        folder = workshop.empty(FOLDER / "use" / f"{component}-{generator}-{len(options)}")
        # Deployed to where it lies the next time, too, for the sake of a compiler cache.
        conan("install", f"--requires={REFERENCE}", "--no-remote", "-g", generator, "-g", "CMakeToolchain",
              f"--output-folder={folder}", "--deployer=direct_deploy", *settings(), *options)
        toolchain = next(folder.rglob("conan_toolchain.cmake"))
        program = {"net": "my_daemon", "kubernetes": "consumer"}[component]
        return build_and_run(HERE / component, folder / "build", program, f"-DCMAKE_TOOLCHAIN_FILE={toolchain}",
                             "-DCMAKE_BUILD_TYPE=Release")

    def files(self, folder):
        return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}

    def holds(self, folder, *wanted):
        """Beside headers and the licence, these files and no others."""
        files = self.files(folder) - {"conaninfo.txt", "conanmanifest.txt"}
        self.assertIn("include/isat/isat.hpp", files)
        self.assertIn("licenses/LICENSE", files)
        self.assertEqual(set(wanted), {path for path in files if not path.startswith(("include/isat/", "licenses/"))})
        return files


class Static(Package):
    def test_it_is_made_with_the_tools_and_linked_by_both_generators(self):
        output, folder = self.create(*WITH, *TOOLS)
        self.holds(folder, "lib/libisat-kubernetes.a", "lib/libisat-net.a", "bin/isat-speaker", "bin/isat-simulate")
        self.assertIn(f"isat-speaker {VERSION}\n", output)
        for generator in ("CMakeDeps", "CMakeConfigDeps"):
            with self.subTest(generator):
                self.assertEqual(f"kubernetes {VERSION}\n", self.use("kubernetes", generator, *WITH, *TOOLS))


class Shared(Package):
    def test_it_is_made_and_linked(self):
        self.call_it_newer("openssl", "4.9.0")
        output, folder = self.create(*WITH, "-o", "isat/*:shared=True")
        self.assertIn("openssl/4.9.0", output)
        minor = VERSION.rsplit(".", 1)[0]
        ends = ("", f".{minor}", f".{VERSION}")
        self.holds(folder, *(f"lib/libisat-{name}.so{end}" for name in ("kubernetes", "net") for end in ends))


class HeaderOnly(Package):
    def test_one_package_serves_with_and_without_kubernetes(self):
        output, folder = self.create(*HEADER_ONLY)
        files = self.holds(folder)
        self.assertIn("include/isat/kubernetes/impl/error.ipp", files)
        self.assertNotIn("include/isat/detail/isat_build_generated.hpp", files)
        self.assertNotIn("openssl", output)
        test = self.tree / "cmake/packaging/conan/test_package"
        output = conan("test", test, REFERENCE, "--no-remote", "--build=openssl/*", *settings(), *HEADER_ONLY, *WITH)
        self.assertIn(PRINTED["kubernetes"], output)


class WithoutKubernetes(Package):
    def test_it_is_one_library_and_needs_neither_openssl_nor_boosts(self):
        self.call_it_newer("fmt", "12.9.0")
        output, folder = self.create()
        self.assertIn("fmt/12.9.0", output)
        files = self.holds(folder, "lib/libisat-net.a")
        self.assertEqual([], [path for path in files if path.startswith("include/isat/kubernetes")])
        self.assertNotIn("openssl", output)
        self.assertEqual(PRINTED["net"], self.use("net", "CMakeConfigDeps"))


class Refusals(Package):
    def test_what_cannot_be_is_refused_in_a_sentence(self):
        for words, sentence in (
            (("-o", "isat/*:tools=True"), "the option tools needs with_kubernetes, and no header_only"),
            (("-s", "compiler.cppstd=17"), "Current cppstd (17) is lower than the required C++ standard (20)"),
            (("-s", "os=FreeBSD"), "isat speaks to Linux only"),
        ):
            with self.subTest(sentence):
                output = conan("graph", "info", self.tree, "--no-remote", *settings(), *words)
                self.assertIn(sentence, output)


if __name__ == "__main__":
    try:
        Package.program = conan_client.program()
    except conan_client.Missing as missing:
        print(f"SKIP: {missing}")
        sys.exit(77)
    sys.exit(main())
