# SPDX-License-Identifier: BSL-1.0
"""An address that the announcing interface carries is the machine's own: as a VIP from a Service it is refused while that
is so. Services come from the API server that the unit tests use, with the speaker in one network namespace."""
import pathlib
import resource
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from kube_lab.fake_cluster import API_SERVER, FakeCluster, node_object, service_object  # noqa: E402
from netns_lab import programs, testing  # noqa: E402
from netns_lab.testing import VIP  # noqa: E402

REFUSED = f"a VIP has gone vip={VIP} because=carried_address"
LOST = "the addresses of this host cannot be followed, what is known of them is kept; trying again reason=\"Too many open"


class OwnAddresses(testing.NetnsTest):
    def setUp(self):
        super().setUp()
        self.server = self.node()
        # 8: the kernel answers for no address, so whoever answers is the speaker.
        self.server.sysctl("net.ipv4.conf.all.arp_ignore", 8)
        self.observer = self.wire()
        cluster = FakeCluster(self, self.server)
        cluster.put(node_object())
        cluster.put(service_object("web", VIP))
        self.process = self.speaker(self.server, *cluster.options, vip=None, elector="always")
        self.answered_by(self.observer, self.server)

    def carry(self, verb, address=VIP):
        self.server.ip("address", verb, f"{address}/32", "dev", "eth0")

    def refused(self, times, bound=5.0):
        """Asserts that the VIP is refused for the so manieth time, and answered no more."""
        counted = programs.wait_until(lambda: self.process.log.count(REFUSED) >= times, bound)
        self.assertTrue(counted, self.process.log)
        self.assertEqual(self.process.log.count(REFUSED), times)
        self.assertIsNone(self.observer.ask(VIP, 0.5))

    def test_a_vip_is_refused_while_the_interface_carries_it(self):
        for times in (1, 2, 3):
            self.carry("add")
            self.refused(times)
            self.carry("del")
            self.answered_by(self.observer, self.server)
        self.assertNotIn("cannot be followed", self.process.log)

    def test_an_address_of_another_interface_does_not_matter(self):
        self.assertIn(VIP, self.server.ip("address", "show", "dev", "lo").stdout)  # from before its start
        self.server.ip("link", "add", "other0", "type", "veth", "peer", "name", "other1")
        self.server.ip("address", "add", f"{VIP}/32", "dev", "other0")
        self.carry("add", "10.77.0.200")  # behind it, so that it is known when the next one is
        self.carry("add", VIP)
        self.refused(1)
        self.carry("del", VIP)
        self.answered_by(self.observer, self.server)
        self.assertEqual(self.process.log.count(REFUSED), 1)

    def test_where_the_kernel_cannot_be_asked_what_was_known_holds_and_it_is_asked_again(self):
        usual = resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE)
        self.carry("add")
        self.refused(1)
        resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE, (3, usual[1]))  # no more descriptors
        self.carry("del")
        self.assertIsNotNone(self.process.wait_line(LOST), self.process.log)
        self.assertIsNone(self.observer.ask(VIP, 1.5))
        resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE, usual)
        self.answered_by(self.observer, self.server)
        self.assertIsNotNone(self.process.wait_line("the addresses of this host are followed again"))
        self.assertEqual(self.process.log.count("cannot be followed"), 1)
        self.carry("add")
        self.refused(2)


if __name__ == "__main__":
    testing.main((testing.SPEAKER, API_SERVER))
