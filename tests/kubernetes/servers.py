# SPDX-License-Identifier: BSL-1.0
"""Two API servers on one etcd, both known to two speakers: each server in turn is killed, started again and paused, and
the leader keeps its lease without a gap: every question is answered, by the same node. Prints the longest silences."""
import pathlib
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from evidence import Chronicle, Witness, wrong_frames  # noqa: E402
from kube_lab import network, testing  # noqa: E402
from kube_lab.cluster import Cluster  # noqa: E402
from netns_lab import testing as netns  # noqa: E402
from netns_lab.programs import wait_until  # noqa: E402

NAMESPACE, GROUP = "isat-system", "isat-group-0"
FIRST_MAX = 30.0  # seconds until the first leader of an empty namespace answers
PAUSE = 10.0


class Servers(testing.ClusterTest, netns.NetnsTest):
    @classmethod
    def make_cluster(cls):
        cls.network = network.ApiNetwork(servers=2)
        cls.addClassCleanup(cls.network.close)
        cluster = Cluster()
        for address in cls.network.addresses:
            cluster.add_server(address=address, port=6443, flags=Chronicle.STORAGE)
        return cluster.start()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        token = cls.cluster.folder / "token"
        token.write_text(cls.cluster.service_account("isat", namespace=NAMESPACE).token())
        cls.kubeconfig = cls.cluster.kubeconfig("speaker", token_file=token)
        cls.chronicle = Chronicle(cls.cluster.etcd, NAMESPACE)
        cls.addClassCleanup(cls.chronicle.close)

    def setUp(self):
        super().setUp()
        self.nodes = {name: self.node(name, address)
                      for name, address in (("node-1", "10.77.0.11"), ("node-2", "10.77.0.12"))}
        for machine in self.nodes.values():
            self.network.plug(machine)
        self.macs = {name: machine.mac() for name, machine in self.nodes.items()}
        self.witness = Witness(self.lab.add("witness"), netns.VIP)
        self.addCleanup(self.witness.close)

    def start(self):
        self.speakers, began = [], time.time()
        for machine in self.nodes.values():
            self.speakers.append(self.speaker(machine, "--kubeconfig", self.kubeconfig, "--api-server",
                                              self.cluster.servers[1].url, elector=f"kubernetes:{NAMESPACE}"))
            self.assertIsNotNone(self.witness.wait_frame(began, FIRST_MAX, self.macs["node-1"]), "node-1 does not answer")
        self.assertTrue(self.speakers[1].wait_line("another node has the lease", 20.0), self.speakers[1].log)

    def connections(self):
        """How many connections of the leader each server has now."""
        with open(f"/proc/{self.speakers[0].pid}/net/tcp", encoding="ascii") as table:
            rows = [line.split() for line in table.readlines()[1:]]
        peers = [row[2] for row in rows if row[3] == "01"]
        return [peers.count("%02X%02X%02X%02X:%04X" % (*map(int, reversed(server.address.split("."))), server.port))
                for server in self.cluster.servers]

    def goes_on(self, what, since):
        """Renewals come in time, every question since was answered, and nobody else has led."""
        self.assertTrue(self.chronicle.wait(GROUP, 3), f"{what}: no renewals")
        until = time.time()
        done = wait_until(lambda: self.witness.silences(since, until)[1] == 0, 1.0, 0.05)
        longest, unanswered = self.witness.silences(since, until)
        renewed = [each.renewed for each in self.chronicle.of(GROUP) if each.renewed >= since]
        apart = max((after - before for before, after in zip(renewed, renewed[1:])), default=0.0)
        print(f"  {what}: {until - since:.1f} s, the longest silence {1e3 * longest:.0f} ms, renewals at most {apart:.2f} s"
              f" apart, connections of the leader then {self.connections()}", flush=True)
        self.assertTrue(done, f"{what}: {unanswered} questions unanswered")
        self.assertEqual({each.mac for each in self.witness.since(since, until)}, {self.macs["node-1"]}, what)
        for speaker in self.speakers:
            self.assertNotRegex(speaker.log, "leading no more", what)
        self.assertEqual(sum("another node has the lease" in speaker.log for speaker in self.speakers), 1)

    def test_the_leader_goes_on_when_one_of_two_servers_is_killed_or_paused(self):
        self.start()
        print()
        for server in self.cluster.servers:
            began, used = time.time(), self.connections()
            server.kill()
            self.goes_on(f"{server.name} is killed, connections before {used}", began)
            began = time.time()
            server.start()
            self.goes_on(f"{server.name} is started again", began)
        for server in self.cluster.servers:
            began, used = time.time(), self.connections()
            server.pause()
            time.sleep(PAUSE)  # sleep: a pause of this length is the trouble
            self.goes_on(f"{server.name} is paused, connections before {used}", began)
            began = time.time()
            server.resume()
            self.goes_on(f"{server.name} goes on", began)
        wrong = wrong_frames(self.witness.frames, self.chronicle.of(GROUP), self.macs)
        self.assertEqual(wrong[:10], [], f"{len(wrong)} of {len(self.witness.frames)} frames")


if __name__ == "__main__":
    testing.main([netns.SPEAKER])
