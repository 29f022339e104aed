# SPDX-License-Identifier: BSL-1.0
"""isat for Conan 2: `conan create .` builds the tree and tries the result out, `-o header_only=True` only copies headers."""

import os
import re

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain
from conan.tools.files import copy, load, rmdir
from conan.tools.layout import basic_layout


class Isat(ConanFile):
    name = "isat"
    description = "Answers ARP for virtual IPv4 addresses while their leadership lasts"
    license = "BSL-1.0"
    topics = ("arp", "virtual-ip", "failover", "leader-election", "kubernetes", "asio")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {name: [True, False] for name in ("shared", "fPIC", "header_only", "with_kubernetes", "tools")}
    default_options = {"shared": False, "fPIC": True, "header_only": False, "with_kubernetes": False, "tools": False}
    implements = ["auto_shared_fpic", "auto_header_only"]
    exports_sources = "CMakeLists.txt", "LICENSE", "cmake/*", "!cmake/packaging/conan/*", "examples/*", "include/*"
    test_package_folder = "cmake/packaging/conan/test_package"

    def set_version(self):
        text = load(self, os.path.join(self.recipe_folder, "include/isat/version.hpp"))
        parts = ("MAJOR", "MINOR", "PATCH")
        self.version = ".".join(re.search(rf"#define ISAT_VERSION_{part} (\d+)", text).group(1) for part in parts)

    def layout(self):
        basic_layout(self)  # build-release and the like: build/ is that of the presets

    def requirements(self):
        self.requires("boost/[>=1.81 <2]", transitive_headers=True)
        self.requires("fmt/[>=9 <13]", transitive_headers=True)
        if self.options.with_kubernetes:
            self.requires("openssl/[>=3 <5]", transitive_headers=True)
        if self.options.tools:
            self.requires("yaml-cpp/[>=0.7 <1]", visible=False)
            self.requires("prometheus-cpp/[>=1 <2]", visible=False)

    def validate(self):
        check_min_cppstd(self, 20)
        if self.settings.os != "Linux":
            raise ConanInvalidConfiguration("isat speaks to Linux only: packet sockets, rtnetlink")
        if self.options.tools and (self.options.header_only or not self.options.with_kubernetes):
            raise ConanInvalidConfiguration("the option tools needs with_kubernetes, and no header_only")

    def generate(self):
        toolchain = CMakeToolchain(self)
        wanted = {"KUBERNETES": self.options.with_kubernetes, "SPEAKER": self.options.tools}
        for part in ("KUBERNETES", "SPEAKER", "EXAMPLES", "TESTS", "BENCHMARKS"):
            toolchain.cache_variables[f"ISAT_BUILD_{part}"] = bool(wanted.get(part))
        toolchain.generate()
        dependencies = CMakeDeps(self)
        # CMakeLists.txt asks for the oldest that will do; recipes without a word on it admit the same major version only.
        for name in ("fmt", "openssl"):
            dependencies.set_property(name, "cmake_config_version_compat", "AnyNewerVersion")
        dependencies.generate()

    def build(self):
        if not self.options.header_only:
            cmake = CMake(self)
            cmake.configure()
            cmake.build()

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        if self.options.header_only:
            # All of them: with and without Kubernetes is one package then.
            copy(self, "*", os.path.join(self.source_folder, "include"), os.path.join(self.package_folder, "include"))
            return
        CMake(self).install()
        for folder in ("share", "lib/cmake", "lib/pkgconfig"):
            rmdir(self, os.path.join(self.package_folder, folder))

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "isat")
        self.cpp_info.set_property("cmake_config_version_compat", "SameMinorVersion")
        self._add_component("core", [])
        self._add_component("net", ["core", "boost::headers", "fmt::fmt"], compiled=True)
        if self.options.with_kubernetes:
            needed = ["net", "boost::json", "boost::url", "openssl::ssl", "openssl::crypto"]
            self._add_component("kubernetes", needed, compiled=True)
        if self.options.tools:
            self.cpp_info.components["kubernetes"].bindirs = ["bin"]

    def _add_component(self, name, requires, compiled=False):
        component = self.cpp_info.components[name]
        component.set_property("cmake_target_name", f"isat::{name}")
        component.set_property("pkg_config_name", f"isat-{name}")
        component.requires = requires
        component.bindirs = component.libdirs = []
        if compiled and not self.options.header_only:
            component.libs, component.libdirs = [f"isat-{name}"], ["lib"]
