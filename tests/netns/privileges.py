# SPDX-License-Identifier: BSL-1.0
"""Which permission the speaker needs, and what it keeps: CAP_NET_RAW alone, permitted, in effect only around socket()."""
import os
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import shutil  # noqa: E402

from netns_lab import testing  # noqa: E402
from netns_lab.testing import SPEAKER, VIP, WORK  # noqa: E402

NET_RAW = 1 << 13
NOBODY = 65534
AS_NOBODY = ["setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"]


def users_can_change():
    """Inside a user namespace that maps only root there is no other user to become."""
    with open("/proc/self/uid_map", encoding="ascii") as mapping:
        return any(int(first) <= NOBODY < int(first) + int(count)
                   for first, _, count in (line.split() for line in mapping))


class Privileges(testing.NetnsTest):
    def setUp(self):
        super().setUp()
        if not shutil.which("setpriv"):
            self.skipTest("setpriv is not installed (package util-linux)")
        self.server = self.node()
        # A copy that every user can reach, wherever the build directory lies.
        self.binary = WORK / "speaker-for-all"
        shutil.copy(SPEAKER, self.binary)
        os.chmod(self.binary, 0o755)
        self.addCleanup(self.binary.unlink)

    def needs_another_user(self):
        if not users_can_change():
            self.skipTest("only root is mapped in this user namespace; run as root to test as another user")

    def refused(self, *command):
        """Asserts that the command ends with 77 and one sentence that names the capability."""
        process = self.program(self.server, *command, "-i", "eth0", "-a", VIP)
        self.assertEqual(process.wait(), 77, process.log)
        self.assertIn("CAP_NET_RAW", process.log)
        self.assertEqual(len(process.lines), 1, "one clear sentence")

    def works(self, *command, uid):
        """Asserts that the command answers, also on an interface made later, and holds nothing but CAP_NET_RAW."""
        observer = self.wire()
        process = self.program(self.server, *command, "-i", "eth0", "-a", VIP)
        self.answered_by(observer, self.server)
        self.holds_only_net_raw(process, uid)
        self.server.ip("link", "del", "dev", "eth0")
        self.lab.plug(self.server, "10.77.0.11", mac="02:00:00:00:44:01")
        self.announced(observer, "02:00:00:00:44:01")
        self.answered_by(observer, self.server)
        self.holds_only_net_raw(process, uid)
        return process

    def holds_only_net_raw(self, process, uid):
        held = {name: int(process.status(name), 16) for name in ("CapEff", "CapPrm", "CapInh", "CapAmb")}
        self.assertEqual(held, {"CapEff": 0, "CapPrm": NET_RAW, "CapInh": 0, "CapAmb": 0})
        self.assertEqual(process.status("Uid"), str(uid))
        self.assertEqual(process.status("NoNewPrivs"), "1")

    def test_root_keeps_nothing_but_net_raw(self):
        process = self.works(self.binary, uid=0)
        self.assertEqual(int(process.status("CapBnd"), 16), NET_RAW)

    def test_root_without_net_raw_is_refused_with_77(self):
        self.refused("setpriv", "--bounding-set", "-net_raw", "--inh-caps", "-net_raw", self.binary)

    def test_another_user_without_net_raw_is_refused_with_77(self):
        self.needs_another_user()
        self.refused(*AS_NOBODY, self.binary)

    def test_another_user_with_ambient_net_raw_works(self):
        self.needs_another_user()
        self.works(*AS_NOBODY, "--inh-caps", "+net_raw", "--ambient-caps", "+net_raw", self.binary, uid=NOBODY)

    def test_another_user_with_a_permitted_file_capability_works(self):
        self.needs_another_user()
        if not shutil.which("setcap"):
            self.skipTest("setcap is not installed (package libcap2-bin)")
        testing.lab.run("setcap", "cap_net_raw=p", self.binary)
        self.works(*AS_NOBODY, self.binary, uid=NOBODY)

    def test_another_user_can_elect_by_a_directory_of_its_own(self):
        self.needs_another_user()
        home = WORK / "home-of-nobody"
        home.mkdir()
        self.addCleanup(shutil.rmtree, home)
        self.addCleanup(self._stop_all)  # before the directory goes: a speaker makes what it misses in it again
        os.chown(home, NOBODY, NOBODY)
        self.works(*AS_NOBODY, "--inh-caps", "+net_raw", "--ambient-caps", "+net_raw", self.binary,
                   "-e", f"file:{home}/election", uid=NOBODY)


if __name__ == "__main__":
    testing.main()
