# SPDX-License-Identifier: BSL-1.0
"""What a speaker does at its start: it waits for an interface that is missing, and warns of a host that is set up wrong."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from netns_lab import lab, testing  # noqa: E402
from netns_lab.testing import SPEAKER, VIP  # noqa: E402


class Start(testing.NetnsTest):
    def bare(self, name="node-1"):
        """A machine without any interface but lo."""
        machine = lab.Namespace(name)
        self.lab.machines[name] = machine
        return machine

    def test_a_missing_interface_is_waited_for_and_then_served(self):
        server, observer = self.bare(), self.wire()
        process = self.program(server, SPEAKER, "-i", "eth0", "-a", VIP)
        self.assertIsNotNone(process.wait_line("eth0"), "no line tells that eth0 is missing")
        self.assertTrue(process.running())
        self.lab.plug(server, "10.77.0.11")
        self.announced(observer, server.mac())
        self.answered_by(observer, server)

    def test_an_interface_that_matches_a_glob_may_come_later(self):
        server, observer = self.bare(), self.wire()
        process = self.program(server, SPEAKER, "-i", "et*", "-a", VIP)
        self.assertIsNotNone(process.wait_line("et[*]"), "no line tells that nothing matches")
        self.lab.plug(server, "10.77.0.11")
        self.announced(observer, server.mac())
        self.answered_by(observer, server)

    def test_with_strict_a_missing_interface_ends_it_with_78(self):
        process = self.program(self.bare(), SPEAKER, "-i", "eth0", "-a", VIP, "--strict")
        self.assertEqual(process.wait(), 78, process.log)
        self.assertIn("eth0", process.log)
        self.assertEqual(len(process.lines), 1, "one clear sentence")

    def test_a_bridge_port_is_warned_of(self):
        server = self.node()
        server.ip("link", "add", "dev", "br0", "type", "bridge")
        server.ip("link", "set", "dev", "eth0", "master", "br0")
        process = self.program(server, SPEAKER, "-i", "eth0", "-a", VIP)
        line = process.wait_line("bridge")
        self.assertIsNotNone(line, "no warning")
        self.assertIn("eth0", line)

    def test_a_vip_that_the_kernel_answers_for_is_warned_of(self):
        server = self.lab.add("node-1", "10.77.0.11")
        server.ip("address", "add", f"{VIP}/32", "dev", "lo")
        process = self.speaker(server)
        line = process.wait_line("arp_ignore")
        self.assertIsNotNone(line, "no warning")
        self.assertIn(VIP, line)
        self.assertIn("eth0", line)

    def test_a_host_that_is_set_up_right_is_not_warned_of(self):
        process = self.speaker(self.node())
        self.assertIsNotNone(process.wait_line("leading"), process.log)
        self.assertIsNone(process.wait_line("WARN|arp_ignore|arp_announce|bridge", 0.0))


if __name__ == "__main__":
    testing.main()
