# SPDX-License-Identifier: BSL-1.0
"""An interface that goes, comes back, changes its MAC or loses its carrier, while the speaker runs: it goes on answering
with the right MAC and announces anew, without a restart."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from netns_lab import testing  # noqa: E402
from netns_lab.testing import VIP  # noqa: E402


class Interfaces(testing.NetnsTest):
    def setUp(self):
        super().setUp()
        self.server = self.node()
        self.observer = self.wire()
        self.process = self.speaker(self.server)
        self.answered_by(self.observer, self.server)

    def expect_back(self, mac):
        """Announced anew and answered with `mac`, by the same process."""
        self.announced(self.observer, mac)
        self.assertEqual(self.server.mac(), mac)
        self.answered_by(self.observer, self.server)
        self.assertTrue(self.process.running())

    def test_an_interface_made_anew_is_served_with_its_new_mac(self):
        old = self.server.mac()
        self.server.ip("link", "del", "dev", "eth0")
        self.assertIsNone(self.observer.ask(VIP, 0.2))
        self.observer.drain()
        self.lab.plug(self.server, "10.77.0.11", mac="02:00:00:00:11:22")
        self.assertNotEqual(old, "02:00:00:00:11:22")
        self.expect_back("02:00:00:00:11:22")

    def test_an_interface_made_anew_with_the_same_mac_is_served_again(self):
        mac = self.server.mac()
        for _ in range(3):
            self.server.ip("link", "del", "dev", "eth0")
            self.observer.drain()
            self.lab.plug(self.server, "10.77.0.11", mac=mac)
            self.expect_back(mac)

    def test_a_changed_mac_is_announced_and_answered_with(self):
        for mac in ("02:00:00:00:33:01", "02:00:00:00:33:02"):
            self.observer.drain()
            self.server.ip("link", "set", "dev", "eth0", "address", mac)
            self.expect_back(mac)

    def test_a_mac_changed_while_the_interface_is_down_counts_too(self):
        self.server.ip("link", "set", "dev", "eth0", "down")
        self.server.ip("link", "set", "dev", "eth0", "address", "02:00:00:00:33:03")
        self.observer.drain()
        self.server.ip("link", "set", "dev", "eth0", "up")
        self.expect_back("02:00:00:00:33:03")

    def test_set_down_and_up_again_it_is_announced_and_answers(self):
        mac = self.server.mac()
        for _ in range(3):
            self.server.ip("link", "set", "dev", "eth0", "down")
            self.assertIsNone(self.observer.ask(VIP, 0.1))
            self.observer.drain()
            self.server.ip("link", "set", "dev", "eth0", "up")
            self.expect_back(mac)

    def test_a_pulled_cable_that_is_back_is_announced(self):
        mac = self.server.mac()
        self.lab.pull_cable(self.server)
        self.assertIsNone(self.observer.ask(VIP, 0.1))
        self.observer.drain()
        self.lab.plug_cable(self.server)
        self.expect_back(mac)


if __name__ == "__main__":
    testing.main()
