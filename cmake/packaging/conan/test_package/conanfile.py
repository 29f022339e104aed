# SPDX-License-Identifier: BSL-1.0
"""Links each component that the package has, and runs the result."""

import os

from conan import ConanFile
from conan.tools.build import can_run
from conan.tools.cmake import CMake, CMakeToolchain, cmake_layout


class TestPackage(ConanFile):
    settings = "os", "arch", "compiler", "build_type"
    generators = "CMakeDeps", "VirtualRunEnv"

    def requirements(self):
        self.requires(self.tested_reference_str, run=True)

    def layout(self):
        cmake_layout(self)

    @property
    def _components(self):
        with_kubernetes = self.dependencies["isat"].options.with_kubernetes
        return ["core", "net"] + (["kubernetes"] if with_kubernetes else [])

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.variables["COMPONENTS"] = ";".join(self._components)
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def test(self):
        if not can_run(self):
            return
        for component in self._components:
            self.run(os.path.join(self.cpp.build.bindir, f"use_{component}"), env="conanrun")
        if self.dependencies["isat"].options.tools:
            self.run("isat-speaker --version", env="conanrun")
