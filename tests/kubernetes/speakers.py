# SPDX-License-Identifier: BSL-1.0
"""Two speakers in namespaces elect their leader by Leases of a real API server, with RBAC and TLS on: who answers, what
kubectl shows, and how long it takes when the leader is killed, told to stop or asked to hand over. Prints the
distributions."""
import datetime
import pathlib
import signal
import statistics
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "examples" / "demo"))

import measure  # noqa: E402
from kube_lab import testing  # noqa: E402
from kube_lab.api import LEASES  # noqa: E402
from netns_lab import testing as netns  # noqa: E402
from netns_lab.programs import wait_until  # noqa: E402

NAMESPACE = "isat-system"
NO_LEASES = ({"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]},)
ROUNDS = 20
FIRST_MAX = 40.0  # seconds: the first leader of an empty namespace is silent for the layout's 15 s, and both start
HOLD_OFF, EXTRA = 0.03, 0.5  # seconds beside D: the successor is the only other candidate, and so of rank 0 or 1
RENEWED_EVERY = 0.75  # seconds, by the default profile
SLACK = 1.0  # seconds by which a loaded machine may miss that, once in a while
STOPPED_MEDIAN_MAX = 100.0  # ms


class Side:
    """One election between speakers on the two nodes, and what the wire showed of it."""

    def __init__(self, test, name, vip, duration, *options):
        self.test, self.name, self.vip, self.duration, self.options = test, name, vip, duration, options
        self.watch_path = netns.WORK / f"watch-{name}"
        observer = test.lab.add(f"see-{name}")
        self.watch = test.program(observer, netns.PROBE, "watch", "--interface", "eth0", "--vip", vip, "--out", self.watch_path)
        test.assertTrue(self.watch.wait_line("ready"), self.watch.log)
        self.running, self.leader, self.events, self.since_renewal = {}, None, [], []

    def speaker(self, node):
        arguments = ("--kubeconfig", self.test.kubeconfig, "--lease-name", self.name, *self.options)
        self.running[node] = self.test.speaker(self.test.nodes[node], *arguments, vip=self.vip,
                                               elector=f"kubernetes:{NAMESPACE}")
        return self.running[node]

    def follower(self, node):
        speaker = self.speaker(node)
        self.test.assertTrue(speaker.wait_line("another node has the lease", 20.0), speaker.log)

    def start(self, leader="node-1", follower="node-2"):
        """Both run, the one leads and answers, the other follows."""
        self.speaker(leader)
        self.await_answer(leader, 0, FIRST_MAX)
        self.follower(follower)
        self.leader = leader

    def other(self):
        return "node-2" if self.leader == "node-1" else "node-1"

    def await_answer(self, node, seen, bound):
        pattern = f"^answer .* {self.test.macs[node]}"
        self.test.assertTrue(self.watch.wait_line(pattern, bound, seen), f"{self.name}: {node} does not answer for {self.vip}")

    def lease(self):
        return self.test.cluster.api.get(f"{LEASES.format(NAMESPACE)}/{self.name}-group-0").json()

    def end_leader(self, number):
        """Sends the leader a signal; success() waits for what comes of it."""
        self.seen = len(self.watch.lines)
        self.events.append(measure.Event("end", f"round {len(self.events) + 1}", time.monotonic_ns(), self.leader,
                                         self.other()))
        self.running[self.leader].send(number)

    def renewed(self):
        """Notes when the leader that was ended had renewed last, on the clock of the events."""
        renewed = datetime.datetime.fromisoformat(self.lease()["spec"]["renewTime"].replace("Z", "+00:00"))
        self.since_renewal.append(time.monotonic_ns() - int((time.time() - renewed.timestamp()) * 1e9))

    def success(self, exit_code, bound):
        """Waits until the other answers; then the one that ended is started again, as a follower."""
        ended, self.leader = self.leader, self.other()
        self.await_answer(self.leader, self.seen, bound)
        self.test.assertEqual(self.running[ended].wait(), exit_code, self.running[ended].log)
        self.follower(ended)

    def results(self):
        end = time.monotonic_ns()
        self.test.assertEqual(self.watch.stop(), 0)
        record = measure.load(self.watch_path)
        results = measure.outcomes(record, self.events, end, self.test.macs)
        self.test.assertEqual([each.both for each in results], [0.0] * ROUNDS, f"{self.name}: two nodes answered at once")
        self.test.assertEqual(sum(each.strangers for each in results), 0)
        self.test.assertNotIn(None, [each.answered_after for each in results])
        print(f"\n{self.name}: ticks missed by the instrument: {record.missed}")
        self.show("answered after", [each.answered_after for each in results])
        self.show("announced after", [each.announced_after for each in results])
        self.show("questions unanswered", [each.unanswered for each in results])
        return results

    def show(self, what, values):
        shown = " ".join(f"{value:.0f}" for value in sorted(values))
        print(f"{self.name}: {what}, ms: median {statistics.median(values):.1f}, all {shown}", flush=True)

    def check_takeovers(self):
        """Asserts that successors were there within D + hold-off + 0.5 s after the last renewal."""
        results = self.results()
        bound = (self.duration + HOLD_OFF + EXTRA) * 1e3
        after = [(each.event.at - renewed) / 1e6 + min(each.answered_after, each.announced_after)
                 for each, renewed in zip(results, self.since_renewal, strict=True)]
        self.show("taken over after the last renewal", after)
        print(f"{self.name}: {sum(each > bound for each in after)} of {len(after)} took longer than {bound:.0f} ms")
        self.test.assertGreater(min(after), self.duration * 1e3 * 0.9, "a lease was not waited out")
        self.test.assertLess(statistics.median(after), bound)
        self.test.assertLess(max(after), bound + SLACK * 1e3)


class Speakers(testing.NetworkedTest, netns.NetnsTest):
    """One API server, and a service account that may use Leases in its namespace and nothing else."""

    cluster_options = {"publish": True}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account = cls.cluster.service_account("isat", namespace=NAMESPACE)
        token = cls.cluster.folder / "token"
        token.write_text(cls.account.token())
        cls.kubeconfig = cls.cluster.kubeconfig("speaker", token_file=token)

    def setUp(self):
        super().setUp()
        self.nodes = {name: self.node(name, address)
                      for name, address in (("node-1", "10.77.0.11"), ("node-2", "10.77.0.12"))}
        for machine in self.nodes.values():
            self.network.plug(machine)
        self.macs = {name: machine.mac() for name, machine in self.nodes.items()}

    def shown_holder(self, lease):
        """The holder that `kubectl get lease` shows to people."""
        rows = [line.split() for line in self.cluster.kubectl("get", "lease", "-n", NAMESPACE).splitlines()]
        self.assertEqual(rows[0][:2], ["NAME", "HOLDER"])
        return next((row[1] for row in rows if row[0] == lease), "")

    def test_one_of_two_leads_kubectl_shows_it_and_an_annotation_moves_the_lease(self):
        side = Side(self, "isat", "10.77.0.100", 3.0)
        side.start()
        self.assertRegex(self.shown_holder("isat-group-0"), r"\Anode-1_[0-9a-f]{8}_[0-9a-f]+\Z")
        spec = side.lease()["spec"]
        self.assertEqual(spec["leaseDurationSeconds"], 4)
        seen, moved = len(side.watch.lines), time.monotonic()
        self.cluster.kubectl("annotate", "lease", "isat-group-0", "-n", NAMESPACE, "isat/hand-over-to=node-2")
        side.await_answer("node-2", seen, 5.0)
        print(f"\nhanded over {1e3 * (time.monotonic() - moved):.0f} ms after kubectl was started")
        self.assertTrue(wait_until(lambda: self.shown_holder("isat-group-0").startswith("node-2_"), 5.0, 0.1))
        after = side.lease()
        self.assertEqual(after["spec"]["leaseTransitions"], spec["leaseTransitions"] + 1)
        self.assertNotIn("isat/hand-over-to", after["metadata"]["annotations"])
        for speaker in side.running.values():
            self.assertEqual(speaker.stop(), 0, speaker.log)
        self.assertNotIn(self.cluster.folder.joinpath("token").read_text()[-20:], "".join(p.log for p in self.started))

    def test_who_may_not_use_leases_is_told_so(self):
        nobody = self.cluster.kubeconfig("nobody", token=self.cluster.service_account("nobody", NO_LEASES).token())
        refused = self.program(self.nodes["node-1"], netns.SPEAKER, "-i", "eth0", "-a", "10.77.0.100", "--node-name", "node-1",
                               "-e", f"kubernetes:{NAMESPACE}", "--kubeconfig", nobody, "--wait", "0")
        self.assertEqual(refused.wait(), 69, refused.log)
        self.assertRegex(refused.log, "the store cannot be used: cannot read the Lease isat-system/isat-layout: "
                                      '.*"system:serviceaccount:isat-system:nobody" cannot get resource "leases"')
        stranger = self.cluster.kubeconfig("stranger", token="no.such.token")
        speaker = self.speaker(self.nodes["node-1"], "--kubeconfig", stranger, elector="kubernetes")
        self.assertTrue(speaker.wait_line("WARN  the store refuses what it is asked, trying again reason=.*credentials"),
                        speaker.log)
        self.assertEqual(speaker.stop(), 0, speaker.log)
        self.assertNotIn("no.such.token", speaker.log)

    def test_killed_leaders_are_replaced_within_the_lease(self):
        slow = Side(self, "isat", "10.77.0.100", 3.0)
        fast = Side(self, "fast", "10.77.0.101", 1.2, "--profile", "fast")
        fast.speaker("node-1")  # the two first starts are waited for together
        slow.start()
        fast.await_answer("node-1", 0, FIRST_MAX)
        fast.follower("node-2")
        fast.leader = "node-1"
        for number in range(ROUNDS):  # the fast ones change places while the slow ones wait
            time.sleep(RENEWED_EVERY * number / ROUNDS)  # sleep: leaders die anywhere between two renewals
            slow.end_leader(signal.SIGKILL)
            fast.end_leader(signal.SIGKILL)
            fast.renewed()
            slow.renewed()
            fast.success(-signal.SIGKILL, 5.0)
            slow.success(-signal.SIGKILL, 10.0)
        fast.check_takeovers()
        slow.check_takeovers()

    def test_leaders_that_are_told_to_stop_hand_over(self):
        side = Side(self, "isat", "10.77.0.100", 3.0)
        side.start()
        for _ in range(ROUNDS):
            side.end_leader(signal.SIGTERM)
            side.success(0, 10.0)
        results = side.results()
        self.assertLess(statistics.median([each.answered_after for each in results]), STOPPED_MEDIAN_MAX)


if __name__ == "__main__":
    testing.main([netns.SPEAKER, netns.PROBE])
