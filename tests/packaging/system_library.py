# SPDX-License-Identifier: BSL-1.0
"""A Conan recipe for what Debian has installed already: exported once for each library, under its name, it stands for the
recipe of that name and holds nothing but the names that users link."""

from conan import ConanFile

# Library -> the name of its CMake package; component, if it has some -> target, what the linker is told, and what the
# compiler is told when the library is shared, as Debian's are. A component with nothing at all is none to Conan.
LIBRARIES = {
    "boost": ("Boost", {
        "headers": ("Boost::headers", ["m"], []),
        "container": ("Boost::container", ["boost_container"], ["BOOST_CONTAINER_DYN_LINK", "BOOST_CONTAINER_NO_LIB"]),
        "json": ("Boost::json", ["boost_json"], ["BOOST_JSON_DYN_LINK", "BOOST_JSON_NO_LIB"]),
        "url": ("Boost::url", ["boost_url"], ["BOOST_URL_DYN_LINK", "BOOST_URL_NO_LIB"]),
        "program_options": ("Boost::program_options", ["boost_program_options"],
                            ["BOOST_PROGRAM_OPTIONS_DYN_LINK", "BOOST_PROGRAM_OPTIONS_NO_LIB"]),
    }),
    "fmt": ("fmt", {"_fmt": ("fmt::fmt", ["fmt"], ["FMT_SHARED"])}),
    "openssl": ("OpenSSL", {
        "crypto": ("OpenSSL::Crypto", ["crypto"], []),
        "ssl": ("OpenSSL::SSL", ["ssl"], []),
    }),
    "prometheus-cpp": ("prometheus-cpp", {"prometheus-cpp-core": ("prometheus-cpp::core", ["prometheus-cpp-core"], [])}),
    "yaml-cpp": ("yaml-cpp", {None: ("yaml-cpp::yaml-cpp", ["yaml-cpp"], [])}),
}


class SystemLibrary(ConanFile):
    def package_info(self):
        package, components = LIBRARIES[self.name]
        self.cpp_info.set_property("cmake_file_name", package)
        for name, (target, libraries, definitions) in components.items():
            component = self.cpp_info.components[name] if name else self.cpp_info
            component.set_property("cmake_target_name", target)
            component.includedirs = component.libdirs = component.bindirs = []
            component.system_libs = libraries
            component.defines = definitions
            if name == "json":
                component.requires = ["container"]
