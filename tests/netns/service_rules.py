# SPDX-License-Identifier: BSL-1.0
"""Which Services a speaker announces, and whether a cordoned node goes on, is what --lb-class and --withdraw-when-cordoned
say: two Services, one of a class, and a Node that is cordoned while a speaker answers."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from kube_lab.fake_cluster import API_SERVER, EXCLUDED, FakeCluster, node_object, service_object  # noqa: E402
from netns_lab import testing  # noqa: E402

CLASS = "example.com/isat"
PLAIN, OF_CLASS = "10.77.0.101", "10.77.0.102"
SILENT = 1.0  # seconds for which nobody must answer


class ServiceRules(testing.NetnsTest):
    def start(self, *options):
        self.machine, self.observer = self.node(), self.wire()
        self.cluster = FakeCluster(self, self.machine)
        for each in (node_object(), service_object("plain", PLAIN), service_object("of-class", OF_CLASS,
                                                                                   loadBalancerClass=CLASS)):
            self.cluster.put(each)
        self.process = self.speaker(self.machine, *self.cluster.options, *options, vip=None, elector="always")

    def only(self, vip):
        """That one is answered for, and the other one is not."""
        self.answered_by(self.observer, self.machine, vip)
        self.assertIsNone(self.observer.ask(OF_CLASS if vip == PLAIN else PLAIN, SILENT))

    def withdrawn(self, why):
        self.assertIsNotNone(self.process.wait_line(f"nothing is announced by this node: {why}"), self.process.log)
        self.assertIsNone(self.observer.ask(PLAIN, SILENT))

    def test_by_default_those_without_a_class_and_also_when_cordoned(self):
        self.start()
        self.only(PLAIN)
        self.cluster.put(node_object(EXCLUDED, unschedulable=True))  # so what follows is a change that is heard
        self.withdrawn("Node node-1 has the label")
        self.cluster.put(node_object(unschedulable=True))
        self.only(PLAIN)
        self.assertNotIn("cordoned", self.process.log)

    def test_with_a_class_those_of_it(self):
        self.start("--lb-class", CLASS)
        self.only(OF_CLASS)
        self.cluster.put(service_object("of-class", OF_CLASS, loadBalancerClass="example.com/other"))
        self.cluster.put(service_object("plain", PLAIN, loadBalancerClass=CLASS))
        self.only(PLAIN)

    def test_nothing_while_cordoned_where_that_is_wanted(self):
        self.start("--withdraw-when-cordoned")
        self.only(PLAIN)
        self.cluster.put(node_object(unschedulable=True))
        self.withdrawn("Node node-1 is cordoned")
        self.cluster.put(node_object())
        self.only(PLAIN)


if __name__ == "__main__":
    testing.main((testing.SPEAKER, API_SERVER))
