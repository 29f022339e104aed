#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Builds isat::net and isat::kubernetes in each of their forms, installs them, and uses them as their users do."""

import os
import re
import shutil
import sys
import unittest

sys.dont_write_bytecode = True

from lab import BUILD_DIR, CMAKE, CXX, HERE, ROOT, VERSION, Installed, configure, main, run  # noqa: E402

NO_OPENSSL = "-DCMAKE_DISABLE_FIND_PACKAGE_OpenSSL=ON"
COMPILED = ("kubernetes", "net")  # the components that are libraries
PRINTED = {"net": f"net {VERSION} ff:ff:ff:ff:ff:ff\n", "kubernetes": f"kubernetes {VERSION}\n"}
PROGRAM = {"net": "my_daemon", "kubernetes": "consumer"}
NEEDED = {"net": ("-lfmt",), "kubernetes": ("-lboost_json", "-lboost_url", "-lssl", "-lcrypto", "-lfmt")}

USES_ONE_BODY = """#include "isat/transport/list_links.hpp"

int main() {
  isat::error_code error;
  isat::transport::list_links(error);
}
"""


def built_as(form, *options):
    """A build of the libraries alone; it stays in the build directory, for the next run."""
    build = BUILD_DIR / "consumer" / form
    parts = [f"-DISAT_BUILD_{part}=OFF" for part in ("SPEAKER", "EXAMPLES", "TESTS", "BENCHMARKS")]
    configure(ROOT, build, *parts, *options)
    run(CMAKE, "--build", build)
    return build


class EachForm:
    """What is the same for a user whatever the form."""

    # The programs that are linked by pkg-config's flags.
    by_pkg_config = ("net", "kubernetes")

    def found(self, component, *options):
        build, _ = self.configure(HERE / component, component, *options)
        self.build(build)
        self.assertEqual(PRINTED[component], run(build / PROGRAM[component]))

    def test_net_is_found_links_from_two_units_and_runs(self):
        self.found("net", NO_OPENSSL)

    def test_kubernetes_is_found_links_from_two_units_and_runs(self):
        self.found("kubernetes")

    @unittest.skipIf(shutil.which("pkg-config") is None, "pkg-config is not installed")
    def test_pkg_config_knows_them(self):
        for component in self.by_pkg_config:
            with self.subTest(component):
                self.assertEqual(PRINTED[component], self.pkg_config(f"isat-{component}", HERE / component / "main.cpp"))

    def libraries(self):
        return sorted(path.name for path in self.prefix.rglob("libisat*"))


class Static(EachForm, Installed):
    @classmethod
    def built(cls):
        return BUILD_DIR if os.environ["ISAT_LIBRARY_TYPE"] == "STATIC_LIBRARY" else built_as("static")

    def test_one_include_folder_and_the_libraries_are_enough(self):
        folders = (f"-I{self.prefix}/include", f"-L{next(self.prefix.rglob('libisat-net.a')).parent}")
        for component, ours in (("net", ("-lisat-net",)), ("kubernetes", ("-lisat-kubernetes", "-lisat-net"))):
            with self.subTest(component):
                program = self.folder / f"{component}-by-hand"
                source = HERE / component / "main.cpp"
                run(CXX, "-std=c++20", source, *folders, *ours, *NEEDED[component], "-o", program)
                self.assertEqual(PRINTED[component], run(program))

    def test_a_copy_of_the_headers_beside_it_is_header_only_all_the_same(self):
        source = self.folder / "links.cpp"
        source.write_text(USES_ONE_BODY)
        folders = (f"-I{ROOT}/include", f"-isystem{self.prefix}/include")  # the former's come first
        run(CXX, "-std=c++20", source, *folders, *NEEDED["net"], "-o", self.folder / "links")

    def test_each_has_one_library_and_core_has_none(self):
        self.assertEqual([f"libisat-{component}.a" for component in COMPILED], self.libraries())

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

    def test_the_sonames_change_with_the_minor_version(self):
        minor = VERSION.rsplit(".", 1)[0]
        suffixes = ("", f".{minor}", f".{VERSION}")
        self.assertEqual([f"libisat-{component}.so{each}" for component in COMPILED for each in suffixes], self.libraries())
        for component in COMPILED:
            said = run("objdump", "--private-headers", self.shared_object(component))
            self.assertIn(f"SONAME libisat-{component}.so.{minor}\n", re.sub(" +", " ", said))

    def test_kubernetes_finds_net_beside_it(self):
        # For whoever links kubernetes alone, or is linked so that what he does not call himself is left out.
        empty = self.folder / "empty.cpp"
        empty.write_text("int main() {}\n")
        program = self.folder / "kubernetes-alone"
        place = self.shared_object("kubernetes").parent
        libraries = (f"-L{place}", f"-Wl,-rpath-link,{place},--no-as-needed", "-lisat-kubernetes")
        run(CXX, empty, *libraries, f"-Wl,-rpath,{place}", "-o", program)
        run(program)

    def test_the_installed_daemon_looks_for_them_from_its_own_place_too(self):
        build = self.folder / "with-daemon"
        ours = [f"-DISAT_BUILD_{part}=OFF" for part in ("EXAMPLES", "TESTS", "BENCHMARKS")]
        packagers = ("-DCMAKE_INSTALL_LIBDIR=lib/some-arch", "-DCMAKE_INSTALL_RPATH=/dependencies")
        configure(ROOT, build, "-DBUILD_SHARED_LIBS=ON", *ours, *packagers)
        rules = (build / "examples/speaker/cmake_install.cmake").read_text()
        self.assertRegex(rules, r'RPATH "/dependencies:\\?\$ORIGIN/\.\./lib/some-arch"')

    def test_whatever_is_inline_needs_only_what_they_export(self):
        source = self.folder / "all.cpp"
        source.write_text("#include <isat/isat.hpp>\n#include <isat/kubernetes.hpp>\n")
        made = self.folder / "all.so"
        flags = ("-std=c++20", "-fPIC", "-fkeep-inline-functions", "-shared", "-Wl,-z,defs", f"-I{self.prefix}/include")
        place = self.shared_object("net").parent
        ours = (f"-L{place}", "-lisat-kubernetes", "-lisat-net")
        run(CXX, *flags, source, *ours, *NEEDED["net"], *NEEDED["kubernetes"], "-o", made)

    def shared_object(self, component):
        return next(self.prefix.rglob(f"libisat-{component}.so"))

    def headers(self):
        return "".join(path.read_text() for path in (self.prefix / "include/isat").rglob("*.hpp"))

    def exported(self, component):
        """The names right inside of our namespaces: a function, or a class with all that belongs to it."""
        lines = run("nm", "--dynamic", "--defined-only", "--demangle", self.shared_object(component)).splitlines()
        spaces = set(re.findall(r"^namespace isat::inline v0::([\w:]+)", self.headers(), re.M))
        longest_first = "|".join(sorted(spaces, key=len, reverse=True))
        of_class = "(?:(?:vtable|VTT|typeinfo|typeinfo name) for |(?:non-)?virtual thunk to )?"
        ours = re.compile(rf"{of_class}isat::v0::(?:(?:{longest_first})::)?(\w+)")
        return {found.group(1) for line in lines if (found := ours.match(line.split(maxsplit=2)[2]))}

    def test_they_export_what_the_headers_mark_and_nothing_else_of_ours(self):
        classes = re.findall(r"\b(?:class|struct) ISAT_API (\w+)", self.headers())
        functions = re.findall(r"(?<!class )(?<!struct )\bISAT_API [^;{()]*?(\w+)\(", self.headers())
        marked = {*classes, *functions}
        for component, some in (
            ("net", {"speaker", "lease_elector", "file_store", "packet_socket", "make_error_code"}),
            ("kubernetes", {"api_client", "lease_store", "make_error_code", "load_default_config"}),
        ):
            with self.subTest(component):
                exported = self.exported(component)
                self.assertLessEqual(some, exported)
                self.assertEqual(set(), exported - marked)


class HeaderOnly(EachForm, Installed):
    # What links kubernetes from its headers is the same command as in Vendored, and slow.
    by_pkg_config = ("net",)

    @classmethod
    def built(cls):
        return built_as("header-only", "-DISAT_HEADER_ONLY=ON")

    def test_no_library_is_installed(self):
        self.assertEqual([], self.libraries())


class Vendored(unittest.TestCase):
    """A copy of include/, and nothing that was configured, built or installed."""

    def test_one_include_folder_and_the_libraries_of_others_are_enough(self):
        folder = BUILD_DIR / "consumer"
        folder.mkdir(exist_ok=True)
        # All bodies in one unit take their time: a compiler cache may know it.
        launcher = [word for word in (os.environ.get("ISAT_COMPILER_LAUNCHER"),) if word]
        for component, libraries in NEEDED.items():
            with self.subTest(component):
                program = folder / f"vendored-{component}"
                source = HERE / component / "main.cpp"
                run(*launcher, CXX, "-std=c++20", f"-I{ROOT}/include", "-c", source, "-o", f"{program}.o")
                run(CXX, f"{program}.o", *libraries, "-o", program)
                self.assertEqual(PRINTED[component], run(program))


class LeftOut(Installed):
    @classmethod
    def built(cls):
        return built_as("left-out", "-DISAT_BUILD_KUBERNETES=OFF", NO_OPENSSL)

    def test_kubernetes_can_be_left_out_and_whoever_asks_for_it_is_told(self):
        output = self.find("asked", "REQUIRED COMPONENTS core kubernetes", fails=True)
        self.assertIn("isat was installed without its component 'kubernetes'.", output)

    def test_no_component_named_means_those_that_were_installed(self):
        after = 'if(NOT TARGET isat::core OR NOT TARGET isat::net OR TARGET isat::kubernetes)\nmessage(FATAL_ERROR "no")\nendif()'
        self.find("all", "REQUIRED", NO_OPENSSL, after=after)


class Subdirectory(Installed):
    def test_in_a_larger_build_kubernetes_is_there_when_it_is_asked_for(self):
        options = (f"-DISAT_SOURCE_DIR={ROOT}", "-DISAT_BUILD_KUBERNETES=ON")
        _, output = self.configure(HERE / "subdirectory", "subdirectory", *options)
        self.assertNotIn("Warning", output)


if __name__ == "__main__":
    sys.exit(main())
