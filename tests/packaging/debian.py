#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""The Debian packages, made as docs say and installed by dpkg itself: into a throw-away layer over this system, where nothing
reaches the system or its network."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

import workshop
from lab import BUILD_DIR, CMAKE, HERE, ROOT, VERSION, run
from workshop import MAIN_BUILD, copy_of_tree, definitions

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from netns_lab import sandbox  # noqa: E402

PROGRAM = "/usr/bin/isat-speaker"
UNIT = "lib/systemd/system/isat-speaker.service"
EXAMPLE = "usr/share/doc/isat-speaker/examples/isat-speaker.yaml"
NO_PERMISSION = 77
EXPOSURE_MAX = 2.5  # of 10, as systemd-analyze counts
TOOLS = ("dpkg", "dpkg-deb", "dpkg-shlibdeps", "file", "lintian", "systemd-analyze", "adduser", "setcap", "getcap", "setpriv")


def make_packages():
    """The paths of isat-speaker and libisat-dev."""
    tree = copy_of_tree("debian")
    build = tree / "build-debian"
    for old in build.glob("*.deb"):
        old.unlink()
    run(CMAKE, "-S", tree, "-B", build, "--preset", "debian", *definitions(MAIN_BUILD))
    run(CMAKE, "--build", build)
    run(pathlib.Path(CMAKE).with_name("cpack"), "--config", build / "CPackConfig.cmake", "-B", build)
    return [next(build.glob(f"{name}_*.deb")) for name in ("isat-speaker", "libisat-dev")]


class Layer:
    """A system of its own: this one below, and above it a layer in memory that takes all changes."""

    def __init__(self, folder):
        self.folder = folder
        self.root = folder / "root"
        folder.mkdir(parents=True, exist_ok=True)
        run("mount", "-t", "tmpfs", "layer", folder)
        for name in ("root", "upper", "work"):
            (folder / name).mkdir()
        layers = f"lowerdir=/,upperdir={folder}/upper,workdir={folder}/work"
        run("mount", "-t", "overlay", "layer", "-o", layers, self.root)
        for name in ("proc", "dev"):
            run("mount", "--rbind", f"/{name}", self.root / name)
        # Fresh, and so is what listens there on the system below.
        for name in ("tmp", "run"):
            run("mount", "-t", "tmpfs", name, self.root / name)
        # The tree may lie in another file system than the root folder.
        for place in (ROOT, BUILD_DIR):
            inside = self.root / place.relative_to("/")
            inside.mkdir(parents=True, exist_ok=True)
            run("mount", "--bind", place, inside)
        # No daemon is to be started by what dpkg calls.
        policy = self.root / "usr/sbin/policy-rc.d"
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)

    def close(self):
        run("umount", "--recursive", self.folder)

    def run(self, *words, fails=False):
        return run("chroot", self.root, "env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C", *words, fails=fails)

    def path(self, name):
        return self.root / name.lstrip("/")


class Debian(unittest.TestCase):
    folder = None  # main() makes it

    @classmethod
    def setUpClass(cls):
        cls.speaker, cls.development = make_packages()
        cls.layer = cls.new_layer("installed")
        cls.addClassCleanup(cls.layer.close)
        cls.said = cls.install(cls.layer)

    @classmethod
    def new_layer(cls, name):
        return Layer(cls.folder / name)

    @classmethod
    def install(cls, layer, *packages):
        packages = packages or (cls.speaker, cls.development)
        return layer.run("dpkg", "--install", *packages)

    def as_user(self, name, *words):
        return ["chroot", self.layer.root, "runuser", "-u", name, "--", *words]

    def as_the_unit(self, *words):
        """As systemd starts the service: with nothing but the capability, and forbidden to gain any. The shell between is
        there because setpriv itself still holds all that root has."""
        ambient = ("--inh-caps=-all,+net_raw", "--ambient-caps=+net_raw", "--bounding-set=-all,+net_raw", "--no-new-privs")
        user = ("--reuid=isat-speaker", "--regid=isat-speaker", "--clear-groups")
        return ["chroot", self.layer.root, "setpriv", *user, *ambient, "sh", "-c", 'exec "$@"', "sh", *words]

    def answers(self, command):
        """Whether the speaker gets as far as to answer; else it ends for want of the permission."""
        process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True)
        with process:
            said = []
            for line in process.stderr:
                said.append(line)
                if "VIPs loaded" in line:
                    process.terminate()
                    return True
        self.assertEqual(NO_PERMISSION, process.returncode, "".join(said))
        return False

    def test_lintian_finds_no_error(self):
        run("lintian", "--allow-root", "--fail-on=error", self.speaker, self.development)

    def test_the_speaker_s_package_holds_program_unit_and_example_and_nothing_else(self):
        names = self.names(self.speaker)
        documents = {f"usr/share/doc/isat-speaker/{name}" for name in ("changelog.Debian.gz", "copyright")}
        self.assertEqual({"usr/bin/isat-speaker", "usr/bin/isat-simulate", UNIT, EXAMPLE} | documents, names)

    def test_the_other_package_holds_headers_library_and_what_finds_them_and_nothing_else(self):
        others = {name for name in self.names(self.development) if not name.startswith("usr/include/isat/")}
        library = "usr/lib/" + run("dpkg-architecture", "-qDEB_HOST_MULTIARCH").strip()
        wanted = rf"{library}/(libisat-(kubernetes|net)\.a|cmake/isat/[\w-]+\.cmake|pkgconfig/isat-\w+\.pc)"
        unwanted = {name for name in others if not re.fullmatch(wanted, name)}
        self.assertEqual({"changelog.Debian.gz", "copyright"}, {pathlib.Path(name).name for name in unwanted})
        self.assertLessEqual({f"{library}/libisat-{name}.a" for name in ("kubernetes", "net")}, others)

    def names(self, package):
        lines = run("dpkg-deb", "--contents", package).splitlines()
        return {line.split(maxsplit=5)[5].removeprefix("./") for line in lines if not line.startswith("d")}

    def test_it_says_who_it_is_and_reads_its_example(self):
        self.assertEqual(f"isat-speaker {VERSION}\n", self.layer.run(PROGRAM, "--version"))
        self.assertIn("configuration is valid", self.layer.run(PROGRAM, "--config", f"/{EXAMPLE}", "--check-config"))

    def test_the_capability_is_permitted_and_only_root_and_the_group_may_use_it(self):
        self.assertEqual("cap_net_raw=p", run("getcap", self.layer.path(PROGRAM)).split()[-1])
        self.assertNotIn("isat-speaker: ", self.said)
        state = self.layer.path(PROGRAM).stat()
        self.assertEqual(("0o100750", 0), (oct(state.st_mode), state.st_uid))
        self.assertIn("Permission denied", run(*self.as_user("nobody", PROGRAM, "--version"), fails=True))

    def test_it_answers_as_its_user_and_as_the_unit_starts_it(self):
        words = (PROGRAM, "-i", "lo", "-a", "192.0.2.1")
        self.assertTrue(self.answers(self.as_user("isat-speaker", *words)))
        self.assertFalse(self.answers(self.as_user("isat-speaker", "setpriv", "--no-new-privs", *words)))
        self.assertTrue(self.answers(self.as_the_unit(*words)))

    def test_where_the_capability_cannot_be_set_it_says_what_to_do_and_installs_all_the_same(self):
        layer = self.new_layer("without-setcap")
        self.addCleanup(layer.close)
        for setcap in ("usr/sbin/setcap", "sbin/setcap"):
            layer.path(setcap).unlink(missing_ok=True)
        said = self.install(layer, self.speaker)
        self.assertIn("there is no setcap; the package libcap2-bin has it", said)
        self.assertIn(f"do as root: setcap cap_net_raw=p {PROGRAM}", said)
        self.assertEqual("", run("getcap", layer.path(PROGRAM)).strip())

    def test_it_is_neither_enabled_nor_started(self):
        self.assertEqual([], list(self.layer.path("etc/systemd/system").rglob("isat-speaker*")))
        self.assertFalse(self.layer.path("etc/isat").exists())

    def test_the_unit_is_correct_and_confined(self):
        said = run("systemd-analyze", "verify", "--man=no", f"--root={self.layer.root}", "isat-speaker.service")
        self.assertNotIn("isat-speaker.service", said)  # a word on other units is not about us
        said = run("systemd-analyze", "security", "--offline=yes", f"--root={self.layer.root}", "isat-speaker.service")
        exposure = float(re.search(r"Overall exposure level for isat-speaker.service: ([\d.]+)", said).group(1))
        print(f"exposure {exposure}")
        self.assertLessEqual(exposure, EXPOSURE_MAX)

    def test_neither_a_boot_nor_an_upgrade_waits_until_it_is_ready(self):
        unit = self.layer.path(UNIT).read_text()
        self.assertIn("\nType=exec\n", unit)
        self.assertIn("\nNotifyAccess=main\n", unit)
        self.assertNotIn("\nTimeoutStartSec=", unit)

    def test_a_program_is_built_with_the_other_package_by_cmake_and_by_pkg_config(self):
        self.layer.run(CMAKE, "-S", HERE / "kubernetes", "-B", "/run/found", "-G", workshop.GENERATOR)
        self.layer.run(CMAKE, "--build", "/run/found")
        self.assertEqual(f"kubernetes {VERSION}\n", self.layer.run("/run/found/consumer"))
        self.assertIn("isat_DIR:PATH=/usr/lib", self.layer.path("run/found/CMakeCache.txt").read_text())
        flags = "$(pkg-config --cflags --libs isat-kubernetes)"
        command = f"c++ -std=c++20 {HERE}/core/main.cpp {flags} -o /run/core && /run/core"
        self.assertEqual(f"core {VERSION}\n", self.layer.run("sh", "-c", command))

    def test_installed_again_and_purged_it_leaves_the_user_alone(self):
        layer = self.new_layer("purged")
        self.addCleanup(layer.close)
        self.install(layer, self.speaker)
        self.install(layer, self.speaker)
        self.assertEqual("cap_net_raw=p", run("getcap", layer.path(PROGRAM)).split()[-1])
        layer.run("dpkg", "--purge", "isat-speaker")
        self.assertFalse(layer.path(PROGRAM).exists() or layer.path(UNIT).exists())
        self.assertIn("/nonexistent", layer.run("getent", "passwd", "isat-speaker"))


if __name__ == "__main__":
    if os.geteuid() != 0:
        sandbox.skip("dpkg installs as root only")
    os.environ["PATH"] = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    for tool in TOOLS:
        if shutil.which(tool) is None:
            sandbox.skip(f"{tool} not found")
    sandbox.enter()
    Debian.folder = BUILD_DIR / "packaging" / "debian" / "layers"
    try:
        Layer(Debian.folder / "trial").close()
    except AssertionError as problem:
        sandbox.skip(f"no layer over this system can be made: {problem}")
    unittest.main(verbosity=2)
