# SPDX-License-Identifier: BSL-1.0
"""Two speakers on machines of their own, known to real API servers, and a witness on their segment: what tests of
troubles start from, and by what they judge."""
import os
import time

from netns_lab import testing as netns
from netns_lab.programs import wait_until

from . import network, testing
from .cluster import Cluster
from .evidence import Chronicle, Witness, wrong_frames

NAMESPACE, GROUP = "isat-system", "isat-group-0"
DURATION, RENEW = 3.0, 0.75  # of the default profile, seconds
LAYOUT_VALIDITY = 15.0
FIRST_MAX = LAYOUT_VALIDITY + DURATION + 10.0  # seconds until the first leader of an empty namespace answers
HEAR_MAX = 5.0  # from a change in the log of a speaker
QUIET = 0.3  # without a frame: silent, for a question is asked every 20 ms


class SpeakerPair(testing.ClusterTest, netns.NetnsTest):
    """One API server, and a service account that may use Leases in its namespace, nothing else."""
    server_options = ({},)  # for each of the API servers

    @classmethod
    def make_cluster(cls):
        cls.network = network.ApiNetwork(servers=2)
        cls.addClassCleanup(cls.network.close)
        cluster = Cluster()
        for address, options in zip(cls.network.addresses, cls.server_options):
            cluster.add_server(address=address, port=6443, flags=Chronicle.STORAGE, **options)
        return cluster.start()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.api = cls.cluster.api
        cls.account = cls.cluster.service_account("isat", namespace=NAMESPACE)
        cls.token, cls.tokens = cls.cluster.folder / "token", []  # the latest one's file; all that there ever were
        cls.secret = cls.new_token()
        cls.kubeconfig = cls.cluster.kubeconfig("speaker", token_file=cls.token)
        cls.chronicle = Chronicle(cls.cluster.etcd, NAMESPACE)
        cls.addClassCleanup(cls.chronicle.close)

    @classmethod
    def new_token(cls):
        """Replaces the token in the file, as a kubelet does; returns what it can be revoked by."""
        token, secret = cls.account.revocable()
        cls.tokens.append(token)
        fresh = cls.token.with_suffix(".new")
        fresh.write_text(token)
        os.replace(fresh, cls.token)
        return secret

    def setUp(self):
        super().setUp()
        self.nodes = {name: self.node(name, address)
                      for name, address in (("node-1", "10.77.0.11"), ("node-2", "10.77.0.12"))}
        self.addresses = {name: self.network.plug(machine) for name, machine in self.nodes.items()}
        self.macs = {name: machine.mac() for name, machine in self.nodes.items()}
        self.witness = Witness(self.lab.add("witness"), netns.VIP)
        self.addCleanup(self.witness.close)
        self.running, self.leader = {}, "node-1"
        print(f"\n{self.id().rpartition('.')[2]}", flush=True)

    def start(self, *options, kubeconfig=None):
        """Two speakers: node-1 leads and answers, node-2 follows."""
        began = time.time()
        for name, machine in self.nodes.items():
            self.running[name] = self.speaker(machine, "--kubeconfig", kubeconfig or self.kubeconfig, *options,
                                              elector=f"kubernetes:{NAMESPACE}")
            first = self.witness.wait_frame(began, FIRST_MAX, self.macs["node-1"])
            self.assertIsNotNone(first, "node-1 does not answer")
        self.hears("node-2", "another node has the lease", 0, 20.0)
        print(f"  node-1 answers {first.at - began:.1f} s after its start", flush=True)

    def other(self):
        return "node-2" if self.leader == "node-1" else "node-1"

    def marks(self):
        """Where the logs end now; who leads is noted too."""
        last = self.witness.since(time.time() - QUIET)
        self.assertTrue(last, "nobody answers")
        self.leader = next(name for name, mac in self.macs.items() if mac == last[-1].mac)
        return {name: len(speaker.lines) for name, speaker in self.running.items()}

    def hears(self, node, pattern, start, bound=HEAR_MAX):
        line = self.running[node].wait_line(pattern, bound, start)
        self.assertIsNotNone(line, f"{node} does not say {pattern!r}:\n{self.running[node].log}")
        return line

    def goes_on(self, what, since, marks, renewals=3):
        """So many more renewals come, and every question since was answered, by the leader, which never stopped to lead."""
        self.assertTrue(self.chronicle.wait(GROUP, renewals), f"{what}: no renewals")
        until = time.time()
        done = wait_until(lambda: self.witness.silences(since, until)[1] == 0, 1.0, 0.05)
        longest, unanswered = self.witness.silences(since, until)
        renewed = [each.renewed for each in self.chronicle.of(GROUP) if each.renewed >= since]
        apart = max((after - before for before, after in zip(renewed, renewed[1:])), default=0.0)
        print(f"  {what}: {until - since:.1f} s, the longest silence {1e3 * longest:.0f} ms, renewals at most {apart:.2f} s"
              " apart", flush=True)
        self.assertTrue(done, f"{what}: {unanswered} questions unanswered")
        self.assertEqual({each.mac for each in self.witness.since(since, until)}, {self.macs[self.leader]}, what)
        self.assertNotIn("leading no more", "\n".join(
            line for _, line in self.running[self.leader].lines[marks[self.leader]:]), what)

    def leader_stops(self, bound):
        """Ends the leader; the other answers within `bound` seconds."""
        began = time.time()
        self.assertEqual(self.running[self.leader].stop(), 0)
        first = self.witness.wait_frame(began, DURATION + HEAR_MAX, self.macs[self.other()])
        self.assertIsNotNone(first, "nobody takes over")
        print(f"  the other took over {1e3 * (first.at - began):.0f} ms after SIGTERM", flush=True)
        self.assertLess(first.at - began, bound, "the follower has not heard of the release")

    def check_frames(self):
        """Judges every frame of the test: sent under a renewal that was new enough, and never two side by side. Then ends
        the speakers, whose logs must hold no token, nor the end of one."""
        wrong = wrong_frames(self.witness.frames, self.chronicle.of(GROUP), self.macs)
        self.assertEqual(wrong[:10], [], f"{len(wrong)} of {len(self.witness.frames)} frames")
        print(f"  {len(self.witness.frames)} frames, each by who had the lease", flush=True)
        for speaker in self.running.values():
            self.assertEqual(speaker.stop(), 0, speaker.log)
            for token in self.tokens:
                self.assertNotIn(token[-20:], speaker.log, "a token in the log")
