# SPDX-License-Identifier: BSL-1.0
"""The container image, checked step by step outside a container: what examples/kubernetes/collect.sh lays out of the program
that was just built (the last step of the Dockerfile but one) holds nothing else, and runs there as a runtime starts it: in
that root, as another user, with NET_RAW only. dockerfile.py builds the Dockerfile itself, where that can be done."""
import ctypes
import errno
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from netns_lab import sandbox  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
SPEAKER = pathlib.Path(os.environ.get("ISAT_BIN_DIR") or ROOT / "build" / "bin") / "isat-speaker"
PROGRAM = "/usr/bin/isat-speaker"
WANTED = re.compile(r"usr/bin/isat-speaker|(usr/)?lib(64|/[\w-]+)?/[\w.+-]+\.so[.\d]*|usr/share/doc/[\w.+-]+/copyright\.gz")
SIZE_MAX = 20_000_000  # octets, uncompressed
USER = 65532
MISSING = 77  # the exit code that names a missing permission
NET_RAW = 13
PR_SET_KEEPCAPS, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 8, 24, 38
CAPABILITY_VERSION = 0x20080522
LIBC = ctypes.CDLL(None, use_errno=True)


def checked(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def confine(root, held, no_new_privileges):
    """Makes of this process what a container runtime makes before it starts the program: with `held` the capability is
    permitted already then (containerd, CRI-O), without it is in the bounding set only (Docker)."""
    os.chroot(root)
    os.chdir("/")
    number = 0
    while number == NET_RAW or LIBC.prctl(PR_CAPBSET_DROP, number, 0, 0, 0) == 0:
        number += 1
    if ctypes.get_errno() != errno.EINVAL:  # which is how the last capability is known
        raise OSError(ctypes.get_errno(), "the bounding set cannot be made smaller")
    checked(LIBC.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0))
    os.setgroups([])
    os.setresgid(USER, USER, USER)
    os.setresuid(USER, USER, USER)
    mask = 1 << NET_RAW if held else 0
    checked(LIBC.capset(struct.pack("=Ii", CAPABILITY_VERSION, 0), struct.pack("=6I", mask, mask, 0, 0, 0, 0)))
    if no_new_privileges:
        checked(LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))


class Image(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        os.chmod(folder.name, 0o755)
        cls.image = pathlib.Path(folder.name, "image")
        subprocess.run([ROOT / "examples/kubernetes/collect.sh", SPEAKER, cls.image], check=True)
        cls.bare = pathlib.Path(folder.name, "bare")  # as a tool leaves it that loses extended attributes
        shutil.copytree(cls.image, cls.bare)
        subprocess.run(["setcap", "-r", f"{cls.bare}{PROGRAM}"], capture_output=True, check=False)

    def start(self, *words, root=None, held=True, no_new_privileges=False):
        process = subprocess.Popen([PROGRAM, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True, env={}, preexec_fn=lambda: confine(root or self.image, held, no_new_privileges))
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def output(self, *words):
        process = self.start(*words)
        out, said = process.communicate(timeout=20)
        self.assertEqual((process.returncode, said), (0, ""))
        return out

    def test_it_holds_the_program_its_libraries_and_their_licences_and_nothing_else(self):
        files = [each for each in self.image.rglob("*") if not each.is_dir()]
        names = {each.relative_to(self.image).as_posix() for each in files}
        self.assertEqual({name for name in names if not WANTED.fullmatch(name)}, set())
        self.assertEqual(len([name for name in names if "/bin/" in name]), 1)
        size = sum(each.stat().st_size for each in files)
        print(f"the image holds {size / 1e6:.1f} MB in {len(files)} files, "
              f"the program is {os.path.getsize(f'{self.image}{PROGRAM}') / 1e6:.2f} MB of it")
        self.assertLess(size, SIZE_MAX)

    def test_the_program_has_its_file_capability_permitted_and_not_effective(self):
        said = subprocess.run(["getcap", f"{self.image}{PROGRAM}"], capture_output=True, text=True, check=True).stdout
        self.assertEqual(said.split()[-1], "cap_net_raw=p")

    def test_it_runs_where_there_is_nothing_else(self):
        self.assertTrue(self.output("--version").startswith("isat-speaker "))
        self.assertIn("kind: DaemonSet", self.output("manifest"))
        self.assertIn("configuration is valid", self.output("-i", "lo", "-a", "192.0.2.1", "--check-config"))

    def runs(self, **how):
        """Whether it gets as far as to answer; else it must end with the code for a missing permission."""
        process = self.start("-i", "lo", "-a", "192.0.2.1", **how)
        if any("VIPs loaded" in line for line in process.stderr):
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(20), 0)
            return True
        self.assertEqual(process.wait(20), MISSING)
        return False

    def test_any_runtime_may_start_it_and_some_with_no_new_privileges(self):
        found = {(held, no_new): self.runs(held=held, no_new_privileges=no_new)
                 for held in (True, False) for no_new in (True, False)}
        self.assertEqual(found, {(True, False): True, (True, True): True, (False, False): True, (False, True): False})

    def test_without_the_file_capability_nothing_helps(self):
        for held in (True, False):
            for no_new in (True, False):
                with self.subTest(held=held, no_new_privileges=no_new):
                    self.assertFalse(self.runs(root=self.bare, held=held, no_new_privileges=no_new))


if __name__ == "__main__":
    if os.geteuid() != 0:
        sandbox.skip("only root can give a file its capability")
    for tool in ("setcap", "getcap", "ldd", "strip", "dpkg-query"):
        if shutil.which(tool, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is None:
            sandbox.skip(f"{tool} not found")
    sandbox.enter()
    unittest.main(verbosity=2)
