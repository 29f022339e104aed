#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""The vcpkg port: installed with each of its features, Debug and Release, and linked in three ways. With VCPKG_ROOT set,
vcpkg itself installs it; else CMake executes the portfile with the functions of vcpkg_functions.cmake."""

import json
import os
import pathlib
import shutil
import sys
import unittest

import workshop
from lab import BUILD_DIR, CMAKE, HERE, VERSION, main, run
from workshop import GENERATOR, LAUNCHER, MAIN_BUILD, compile_and_run, copy_of_tree, definitions

VCPKG_ROOT = os.environ.get("VCPKG_ROOT")
PORT = "cmake/packaging/vcpkg/isat"
DEBUG_BUILD = {"CMAKE_CXX_COMPILER_LAUNCHER": LAUNCHER, "CMAKE_CXX_FLAGS_DEBUG": ""}  # as tests/consumer compiles
FOLDER = BUILD_DIR / "packaging" / "vcpkg"
PRINTED = {"net": f"net {VERSION} ff:ff:ff:ff:ff:ff\n", "kubernetes": f"kubernetes {VERSION}\n"}
PROGRAM = {"net": "my_daemon", "kubernetes": "consumer"}


def manifest():
    return json.loads((workshop.ROOT / PORT / "vcpkg.json").read_text())


def with_what_they_need(features):
    """The features that vcpkg adds to those asked for: a feature may depend on another one of its own port."""
    found = {"core", *features}
    for feature in features:
        for needed in manifest()["features"][feature]["dependencies"]:
            if isinstance(needed, dict) and needed["name"] == "isat":
                found.update(needed["features"])
    return sorted(found)


def execute_portfile(features, prefix):
    """It builds at those depths below the tree at which a compiler cache knows the objects."""
    tree = copy_of_tree("vcpkg")
    shutil.rmtree(prefix, ignore_errors=True)
    settings = {
        "PORT_DIR": tree / PORT,
        "FEATURES": ";".join(with_what_they_need(features)),
        "CURRENT_PACKAGES_DIR": prefix,
        "RELEASE_BUILD": tree / "build-release",
        "DEBUG_BUILD": tree / "build" / "vcpkg" / "debug",
        "GENERATOR": GENERATOR,
        "RELEASE_OPTIONS": ";".join(definitions(MAIN_BUILD)),
        "DEBUG_OPTIONS": ";".join(definitions(DEBUG_BUILD)),
    }
    run(CMAKE, *definitions(settings), "-P", pathlib.Path(__file__).with_name("vcpkg_functions.cmake"))
    return prefix


def ask_vcpkg(features, root):
    """What vcpkg installs in classic mode, with a root of its own."""
    wanted = f"isat[{','.join(['core', *features])}]"
    ports = f"--overlay-ports={(workshop.ROOT / PORT).parent}"
    # Its binary cache knows the port's files, and not the tree that they build.
    run(pathlib.Path(VCPKG_ROOT) / "vcpkg", "install", wanted, ports, f"--x-install-root={root}", "--binarysource=clear")
    return next(path.parents[1] for path in root.glob("*/share/isat"))


class Port(unittest.TestCase):
    """An installation with `features`."""

    features = ()

    @classmethod
    def setUpClass(cls):
        name = "-".join(cls.features) or "core"
        cls.folder = workshop.empty(FOLDER / "use" / name)
        if VCPKG_ROOT:
            cls.prefix = ask_vcpkg(cls.features, FOLDER / "vcpkg" / name)
        else:
            cls.prefix = execute_portfile(cls.features, FOLDER / "packages" / name)

    def files(self):
        """Only ours: vcpkg puts all packages into one folder."""
        owned = ("bin", "include/isat", "share", "lib", "debug", "tools/isat")
        paths = [path for top in owned for path in (self.prefix / top).rglob("*")]
        return [path.relative_to(self.prefix).as_posix() for path in paths if not VCPKG_ROOT or "isat" in path.as_posix()]

    def is_tidy(self):
        files = self.files()
        self.assertEqual([], [path for path in files if path.startswith(("debug/include", "debug/share", "share/doc", "bin"))])
        folders = [path for path in self.prefix.rglob("*") if path.is_dir()]
        self.assertEqual([], [path for path in folders if not any(path.iterdir())])
        licence = (workshop.ROOT / "LICENSE").read_text()
        self.assertEqual(licence, (self.prefix / "share/isat/copyright").read_text())
        for path in files:
            if path.endswith((".cmake", ".pc")):
                self.assertNotIn(str(BUILD_DIR), (self.prefix / path).read_text(), path)

    def has_libraries(self, *components):
        """One for release and one for debug for each of these components, and no others."""
        wanted = [f"{folder}/libisat-{component}.a" for folder in ("debug/lib", "lib") for component in components]
        self.assertEqual(wanted, sorted(path for path in self.files() if "libisat" in path))
        for component in components:
            pair = [(self.prefix / path).read_bytes() for path in wanted if path.endswith(f"isat-{component}.a")]
            self.assertNotEqual(*pair, f"the two of {component} are the same")

    def find_package(self, component, *options):
        build = self.folder / f"{component}-found-{len(list(self.folder.iterdir()))}"
        options = [f"-DCMAKE_PREFIX_PATH={self.prefix}", *options]
        if VCPKG_ROOT:
            toolchain = pathlib.Path(VCPKG_ROOT) / "scripts/buildsystems/vcpkg.cmake"
            options += [f"-DCMAKE_TOOLCHAIN_FILE={toolchain}", f"-DVCPKG_INSTALLED_DIR={self.prefix.parent}"]
        output = workshop.build_and_run(HERE / component, build, PROGRAM[component], *options)
        self.assertEqual(PRINTED[component], output)
        return (build / "build.ninja").read_text() if GENERATOR == "Ninja" else ""

    def pkg_config(self, component, *folders):
        path = {"PKG_CONFIG_PATH": ":".join(str(self.prefix / folder / "pkgconfig") for folder in folders)}
        module = f"isat-{component}"
        self.assertEqual(VERSION, run("pkg-config", "--modversion", module, environment=path).strip())
        flags = [run("pkg-config", f"--{kind}", module, environment=path).split() for kind in ("cflags", "libs")]
        # Spelled shortest, for the sake of a compiler cache.
        flags = [[f"{flag[:2]}{os.path.normpath(flag[2:])}" if flag[:2] in ("-I", "-L") else flag for flag in each]
                 for each in flags]
        self.assertIn(f"-I{self.prefix}/include", flags[0])
        if VCPKG_ROOT:
            flags[1].append(f"-L{self.prefix / folders[0]}")
        self.assertEqual(PRINTED[component], compile_and_run(HERE / component / "main.cpp", self.folder, *flags))
        return flags

    def plain_flags(self, component, folder, *libraries):
        debug = "d" if VCPKG_ROOT and folder.startswith("debug") else ""
        flags = ([f"-I{self.prefix}/include"], [f"-L{self.prefix / folder}", *libraries, f"-lfmt{debug}"])
        self.assertEqual(PRINTED[component], compile_and_run(HERE / component / "main.cpp", self.folder, *flags))


class Minimal(Port):
    def test_it_holds_one_library_and_nothing_of_kubernetes(self):
        self.is_tidy()
        self.has_libraries("net")
        files = self.files()
        self.assertEqual([], [path for path in files if path.startswith("tools") or "kubernetes" in path])
        self.assertIn("include/isat/isat.hpp", files)

    def test_it_is_linked_in_three_ways(self):
        self.find_package("net", "-DCMAKE_DISABLE_FIND_PACKAGE_OpenSSL=ON")
        self.pkg_config("net", "lib")
        self.plain_flags("net", "lib", "-lisat-net")


class Kubernetes(Port):
    features = ("kubernetes",)
    libraries = ("-lisat-kubernetes", "-lisat-net", "-lboost_url", "-lboost_json", "-lssl", "-lcrypto")

    def test_it_holds_libraries_for_release_and_for_debug_and_no_tools(self):
        self.is_tidy()
        self.has_libraries("kubernetes", "net")
        self.assertFalse((self.prefix / "tools/isat").exists())

    def test_it_is_linked_in_three_ways_for_release(self):
        linked = self.find_package("kubernetes", "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_CXX_FLAGS_RELEASE=")
        self.assertNotIn("debug/lib/libisat", linked)
        self.pkg_config("kubernetes", "lib")
        self.plain_flags("kubernetes", "lib", *self.libraries)

    def test_it_is_linked_in_three_ways_for_debug(self):
        linked = self.find_package("kubernetes", "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_CXX_FLAGS_DEBUG=")
        if linked:
            self.assertIn("debug/lib/libisat", linked)
        flags = self.pkg_config("kubernetes", "debug/lib")
        self.assertIn(f"-L{self.prefix}/debug/lib", flags[1])
        self.plain_flags("kubernetes", "debug/lib", *self.libraries)


class Tools(Port):
    features = ("tools",)

    def test_it_holds_the_programs_and_all_that_kubernetes_has(self):
        self.is_tidy()
        programs = sorted(path for path in self.files() if path.startswith("tools/isat/"))
        self.assertEqual(["tools/isat/isat-simulate", "tools/isat/isat-speaker"], programs)
        self.assertEqual(f"isat-speaker {VERSION}\n", run(self.prefix / "tools/isat/isat-speaker", "--version"))
        self.assertTrue((self.prefix / "debug/lib/libisat-kubernetes.a").exists())


class Manifest(unittest.TestCase):
    def test_it_says_what_the_project_says_and_asks_for_little(self):
        port = manifest()
        self.assertEqual(("isat", VERSION, "BSL-1.0", "linux"),
                         tuple(port[key] for key in ("name", "version-semver", "license", "supports")))
        self.assertNotIn("default-features", port)
        self.assertEqual({"kubernetes", "tools"}, set(port["features"]))


if __name__ == "__main__":
    if not VCPKG_ROOT:
        print("VCPKG_ROOT is not set: the portfile is executed without vcpkg")
    sys.exit(main())
