#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Builds isat::kubernetes in each of its forms, installs it, and uses it as its users do."""

import os
import re
import shutil
import sys
import unittest

sys.dont_write_bytecode = True

from lab import BUILD_DIR, CMAKE, CXX, HERE, ROOT, VERSION, Installed, configure, main, run  # noqa: E402

SOURCE = HERE / "kubernetes"
NO_OPENSSL = "-DCMAKE_DISABLE_FIND_PACKAGE_OpenSSL=ON"


def built_as(form, *options):
    """A build of the library alone; it stays in the build directory, for the next run."""
    build = BUILD_DIR / "consumer" / form
    parts = [f"-DISAT_BUILD_{part}=OFF" for part in ("SPEAKER", "EXAMPLES", "TESTS", "BENCHMARKS")]
    configure(ROOT, build, *parts, *options)
    run(CMAKE, "--build", build)
    return build


class EachForm:
    """What is the same for a user whatever the form."""

    # The program that is linked by pkg-config's flags, and what it prints.
    by_pkg_config = (SOURCE / "main.cpp", f"kubernetes {VERSION}\n")

    def test_it_is_found_links_from_two_units_and_runs(self):
        build, _ = self.configure(SOURCE, "kubernetes")
        self.build(build)
        self.assertEqual(f"kubernetes {VERSION}\n", run(build / "consumer"))

    @unittest.skipIf(shutil.which("pkg-config") is None, "pkg-config is not installed")
    def test_pkg_config_knows_it(self):
        source, output = self.by_pkg_config
        self.assertEqual(output, self.pkg_config("isat-kubernetes", source))

    def libraries(self):
        return sorted(path.name for path in self.prefix.rglob("libisat*"))


class Static(EachForm, Installed):
    @classmethod
    def built(cls):
        return BUILD_DIR if os.environ["ISAT_KUBERNETES_TYPE"] == "STATIC_LIBRARY" else built_as("static")

    def test_one_include_folder_and_the_libraries_are_enough(self):
        program = self.folder / "by-hand"
        found = (f"-I{self.prefix}/include", f"-L{next(self.prefix.rglob('libisat-kubernetes.a')).parent}")
        libraries = ("-lisat-kubernetes", "-lboost_json", "-lboost_url", "-lssl", "-lcrypto", "-lfmt")
        run(CXX, "-std=c++20", *found, SOURCE / "main.cpp", *libraries, "-o", program)
        self.assertEqual(f"kubernetes {VERSION}\n", run(program))

    def test_one_library_is_installed(self):
        self.assertEqual(["libisat-kubernetes.a"], self.libraries())

    def test_no_component_named_means_all_of_them(self):
        after = "get_target_property(alias isat::kubernetes TYPE)\nget_target_property(other isat::net TYPE)"
        self.find("all", "REQUIRED", after=f'{after}\nmessage(STATUS "found ${{alias}} ${{other}}")')

    def test_a_missing_dependency_is_named_and_the_others_do_not_need_it(self):
        after = 'message(STATUS "found ${isat_FOUND}/${isat_net_FOUND}: ${isat_NOT_FOUND_MESSAGE}.")'
        output = self.find("dependency", "COMPONENTS net kubernetes", NO_OPENSSL, after=after)
        self.assertRegex(output, "found (FALSE|0)/TRUE: .*OpenSSL")


class Shared(EachForm, Installed):
    @classmethod
    def built(cls):
        return built_as("shared", "-DBUILD_SHARED_LIBS=ON")

    def test_the_soname_changes_with_the_minor_version(self):
        minor = VERSION.rsplit(".", 1)[0]
        names = [f"libisat-kubernetes.so{suffix}" for suffix in ("", f".{minor}", f".{VERSION}")]
        self.assertEqual(names, self.libraries())

    def test_it_exports_what_the_headers_mark_and_nothing_else_of_ours(self):
        library = next(self.prefix.rglob("libisat-kubernetes.so"))
        lines = run("nm", "--dynamic", "--defined-only", "--demangle", library).splitlines()
        # The first name inside of our namespaces: a function, or a class with all that belongs to it.
        ours = re.compile(r"(?:(?:vtable|typeinfo|typeinfo name) for )?isat::v0::(?:kubernetes::)?(?:detail::)?(\w+)")
        exported = {found.group(1) for line in lines if (found := ours.match(line.split(maxsplit=2)[2]))}
        headers = "".join(path.read_text() for path in (self.prefix / "include/isat/kubernetes").rglob("*.hpp"))
        marked = set()
        for declaration in re.findall(r"ISAT_API\s+([^;{]*)", headers):
            marked.update(re.findall(r"\w+", declaration))
        self.assertLessEqual({"api_client", "lease_store", "make_error_code", "load_default_config"}, exported)
        self.assertEqual(set(), exported - marked)


class HeaderOnly(EachForm, Installed):
    # What links the whole component from its headers is the same command as in Vendored, and slow.
    by_pkg_config = (HERE / "core" / "main.cpp", f"core {VERSION}\n")

    @classmethod
    def built(cls):
        return built_as("header-only", "-DISAT_HEADER_ONLY=ON")

    def test_no_library_is_installed(self):
        self.assertEqual([], self.libraries())


class Vendored(unittest.TestCase):
    """A copy of include/, and nothing that was configured, built or installed."""

    def test_one_include_folder_and_the_libraries_are_enough(self):
        program = BUILD_DIR / "consumer" / "vendored"
        program.parent.mkdir(exist_ok=True)
        libraries = ("-lboost_json", "-lboost_url", "-lssl", "-lcrypto", "-lfmt")
        # All bodies in one unit take their time: a compiler cache may know it.
        launcher = [word for word in (os.environ.get("ISAT_COMPILER_LAUNCHER"),) if word]
        run(*launcher, CXX, "-std=c++20", f"-I{ROOT}/include", "-c", SOURCE / "main.cpp", "-o", f"{program}.o")
        run(CXX, f"{program}.o", *libraries, "-o", program)
        self.assertEqual(f"kubernetes {VERSION}\n", run(program))


class LeftOut(Installed):
    @classmethod
    def built(cls):
        return built_as("left-out", "-DISAT_BUILD_KUBERNETES=OFF", NO_OPENSSL)

    def test_it_can_be_left_out_and_whoever_asks_for_it_is_told(self):
        output = self.find("asked", "REQUIRED COMPONENTS core kubernetes", fails=True)
        self.assertIn("isat was installed without its component 'kubernetes'.", output)

    def test_no_component_named_means_those_that_were_installed(self):
        after = 'if(NOT TARGET isat::core OR NOT TARGET isat::net OR TARGET isat::kubernetes)\nmessage(FATAL_ERROR "no")\nendif()'
        self.find("all", "REQUIRED", NO_OPENSSL, after=after)


class Subdirectory(Installed):
    def test_in_a_larger_build_it_is_there_when_it_is_asked_for(self):
        options = (f"-DISAT_SOURCE_DIR={ROOT}", "-DISAT_BUILD_KUBERNETES=ON")
        _, output = self.configure(HERE / "subdirectory", "subdirectory", *options)
        self.assertNotIn("Warning", output)


if __name__ == "__main__":
    sys.exit(main())
