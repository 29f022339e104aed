# SPDX-License-Identifier: BSL-1.0
"""Everything that goes wrong with API servers, rights, tokens and Leases happens to two speakers: they stop answering by
the deadline, say why, recover by themselves, and two never answer at once. Prints how long all of it took."""
import os
import pathlib
import shutil
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from evidence import SAFETY, Chronicle, Witness, wrong_frames  # noqa: E402
from kube_lab import certificates, network, testing  # noqa: E402
from kube_lab.api import LEASES  # noqa: E402
from kube_lab.cluster import Cluster  # noqa: E402
from kube_lab.fault_proxy import FaultProxy  # noqa: E402
from netns_lab import testing as netns  # noqa: E402
from netns_lab.programs import wait_until  # noqa: E402

NAMESPACE, GROUP, LAYOUT = "isat-system", "isat-group-0", "isat-layout"
DURATION, RENEW = 3.0, 0.75  # of the default profile, seconds
DEADLINE = DURATION * 0.99 - SAFETY
LAYOUT_VALIDITY = 15.0
FIRST_MAX = LAYOUT_VALIDITY + DURATION + 10.0  # seconds until the first leader of an empty namespace answers
RECOVER_MAX = DURATION + 5.0  # after the end of a trouble; a back-off may be waited out, and the machine may be busy
AT_ONCE = 0.5  # from an edit to the last frame of whom it robs
HEAR_MAX = 5.0  # from a change in the log of a speaker
QUIET = 0.3  # without a frame: silent, for a question is asked every 20 ms
READY_MAX = 120.0  # of a server on a machine that has much else to do
TOKEN_REMEMBERED = 10.0  # for so long a server takes a revoked token that it has seen before


class Troubles(testing.ClusterTest, netns.NetnsTest):
    """One API server without watch cache, and a service account that may use Leases in its namespace, nothing else."""

    @classmethod
    def make_cluster(cls):
        cls.network = network.ApiNetwork(servers=2)
        cls.addClassCleanup(cls.network.close)
        return Cluster.started(address=cls.network.addresses[0], port=6443, watch_cache=False, flags=Chronicle.STORAGE)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account = cls.cluster.service_account("isat", namespace=NAMESPACE)
        cls.token = cls.cluster.folder / "token"
        cls.secret = cls.new_token()
        cls.kubeconfig = cls.cluster.kubeconfig("speaker", token_file=cls.token)
        cls.chronicle = Chronicle(cls.cluster.etcd, NAMESPACE)
        cls.addClassCleanup(cls.chronicle.close)
        cls.api = cls.cluster.api

    @classmethod
    def new_token(cls):
        """Replaces the token in the file, as a kubelet does; returns what it can be revoked by."""
        token, secret = cls.account.revocable()
        fresh = cls.token.with_suffix(".new")
        fresh.write_text(token)
        os.replace(fresh, cls.token)
        return secret

    def setUp(self):
        super().setUp()
        self.nodes = {name: self.node(name, address)
                      for name, address in (("node-1", "10.77.0.11"), ("node-2", "10.77.0.12"))}
        for machine in self.nodes.values():
            self.network.plug(machine)
        self.macs = {name: machine.mac() for name, machine in self.nodes.items()}
        self.witness = Witness(self.lab.add("witness"), netns.VIP)
        self.addCleanup(self.witness.close)
        self.running, self.silent_from = {}, 0.0
        print(f"\n{self.id().rpartition('.')[2]}", flush=True)

    # ---- What is done ----

    def start(self, kubeconfig=None):
        """Two speakers: node-1 leads and answers, node-2 follows."""
        began = time.time()
        for name in self.nodes:
            self.running[name] = self.speaker(self.nodes[name], "--kubeconfig", kubeconfig or self.kubeconfig,
                                              elector=f"kubernetes:{NAMESPACE}")
            first = self.witness.wait_frame(began, FIRST_MAX, self.macs["node-1"])
            self.assertIsNotNone(first, "node-1 does not answer")
        self.hears("node-2", "another node has the lease", 0, 20.0)
        self.leader = "node-1"
        print(f"  node-1 answers {first.at - began:.1f} s after its start", flush=True)

    def other(self):
        return "node-2" if self.leader == "node-1" else "node-1"

    def edit(self, name, **changes):
        """Merges `changes` into a Lease and returns the time just before."""
        began = time.time()
        answer = self.api.patch(f"{LEASES.format(NAMESPACE)}/{name}", changes)
        self.assertEqual(answer.status, 200, answer)
        return began

    def serve(self):
        """Starts the server again and waits until it is ready."""
        self.cluster.server.start(wait=False)
        self.cluster.server.wait_ready(READY_MAX)

    def remove(self, name):
        began = time.time()
        self.assertEqual(self.api.delete(f"{LEASES.format(NAMESPACE)}/{name}").status, 200)
        return began

    # ---- What is seen ----

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

    def falls_silent(self, what, since, marks, why, bound=DURATION):
        """The leader stops within `bound` of `since`, and says `why`. When it may act no more is judged at the end."""
        self.assertTrue(wait_until(lambda: not self.witness.since(time.time() - QUIET), bound + 2.0, 0.02),
                        f"{what}: somebody answers on and on")
        last = self.witness.frames[-1]
        self.silent_from = last.at + 1e-6
        print(f"  {what}: the last frame after {last.at - since:.2f} s", flush=True)
        self.assertLess(last.at - since, bound, what)
        for pattern in why:
            print(f"    {self.hears(self.leader, pattern, marks[self.leader])[25:]}", flush=True)

    def recovers(self, what, since, bound=RECOVER_MAX):
        """Somebody answers within `bound` of `since`, and a renewal later too."""
        frame = self.witness.wait_frame(max(since, self.silent_from), bound)
        self.assertIsNotNone(frame, f"{what}: nobody answers")
        self.assertTrue(self.chronicle.wait(GROUP, 1), f"{what}: no renewal")
        self.assertTrue(self.witness.since(time.time() - QUIET), f"{what}: silent again")
        print(f"  {what}: answered {frame.at - since:.2f} s after its end", flush=True)

    def goes_on(self, what, since, marks, until=None):
        """Every question since was answered by the same node, which never stopped to lead."""
        until = until or time.time()
        done = wait_until(lambda: self.witness.silences(since, until)[1] == 0, 1.0, 0.05)
        longest, unanswered = self.witness.silences(since, until)
        print(f"  {what}: {until - since:.1f} s without a gap, the longest silence {1e3 * longest:.0f} ms", flush=True)
        self.assertTrue(done, f"{what}: {unanswered} questions unanswered")
        self.assertEqual({each.mac for each in self.witness.since(since, until)}, {self.macs[self.leader]}, what)
        self.assertNotIn("leading no more", "\n".join(
            line for _, line in self.running[self.leader].lines[marks[self.leader]:]), what)

    def check_frames(self):
        """Judges every frame of the test: sent under a renewal that was new enough, and never two side by side."""
        self.assertGreater(len(self.witness.frames), 100)
        wrong = wrong_frames(self.witness.frames, self.chronicle.of(GROUP), self.macs)
        self.assertEqual(wrong[:10], [], f"{len(wrong)} of {len(self.witness.frames)} frames")
        for speaker in self.running.values():
            self.assertEqual(speaker.stop(), 0, speaker.log)

    # ---- The troubles ----

    def test_the_server_is_paused_restarted_and_stopped_for_long(self):
        self.start()
        marks, began = self.marks(), time.time()
        self.cluster.server.pause()
        self.falls_silent("paused", began, marks, ["the store does not answer", "not renewed in time"])
        time.sleep(max(0.0, began + 10.0 - time.time()))  # sleep: a pause of this length is the trouble
        self.cluster.server.resume()
        self.recovers("paused", time.time())

        marks, began = self.marks(), time.time()
        self.cluster.server.stop()
        self.serve()
        print(f"  restarted within {time.time() - began:.2f} s", flush=True)
        self.recovers("restarted", time.time())

        marks, began = self.marks(), time.time()
        self.cluster.server.stop()
        self.falls_silent("stopped", began, marks, ["the store does not answer", "not renewed in time"])
        self.chronicle.forget_past(self.cluster.etcd)  # watches cannot go on where they were: 410
        time.sleep(max(0.0, began + 30.0 - time.time()))  # sleep: a stop of this length is the trouble
        self.serve()
        self.recovers("stopped", time.time())
        expired = [count for (verb, _, code), count in self.api.metrics().requests(resource="leases").items()
                   if verb in ("WATCH", "LIST") and code == "410"]
        print(f"  watches that were refused as expired: {sum(expired):.0f}", flush=True)
        marks, began = self.marks(), time.time()
        self.hears(self.other(), "another node has the lease|the store answers again", 0)
        self.assertEqual(self.running[self.leader].stop(), 0)
        first = self.witness.wait_frame(began, DURATION, self.macs[self.other()])
        self.assertIsNotNone(first, "the follower has not heard of the release")
        print(f"  the other took over {1e3 * (first.at - began):.0f} ms after SIGTERM", flush=True)
        self.check_frames()

    def test_rights_and_tokens_come_and_go(self):
        self.start()
        marks, began = self.marks(), time.time()
        old, type(self).secret = self.secret, self.new_token()
        self.account.revoke(old)
        self.edit(GROUP, metadata={"annotations": {"example.org/note": "by hand"}, "labels": {"example.org/by": "hand"}})
        self.edit(LAYOUT, metadata={"annotations": {"example.org/note": "by hand"}})
        self.cluster.server.rotate_certificate()
        time.sleep(TOKEN_REMEMBERED + 3.0)  # sleep: for so long the old token may still have been good
        self.goes_on("token and certificate rotated, metadata edited", began, marks)
        kept = self.api.get(f"{LEASES.format(NAMESPACE)}/{GROUP}").json()["metadata"]
        self.assertEqual((kept["annotations"]["example.org/note"], kept["labels"]["example.org/by"]), ("by hand", "hand"))

        marks, began = self.marks(), time.time()
        self.account.remove_role()
        self.falls_silent("role removed", began, marks, ["the store refuses.*RBAC", "not renewed in time"], DURATION + 0.5)
        time.sleep(max(0.0, began + 10.0 - time.time()))  # sleep: so long the role is gone
        self.account.restore_role()
        self.recovers("role removed", time.time())
        self.check_frames()
        self.assertNotIn(self.token.read_text()[-20:], "".join(speaker.log for speaker in self.running.values()))

    def test_leases_are_edited_and_deleted_by_hand(self):
        self.start()
        edits = (("holder edited", {"spec": {"holderIdentity": "somebody"}}),
                 ("duration edited", {"spec": {"leaseDurationSeconds": 6}}),
                 ("renewal edited", {"spec": {"renewTime": "2026-01-01T00:00:00.000000Z"}}),
                 ("nonce removed", {"metadata": {"annotations": {"isat/nonce": None}}}))
        for what, change in edits:
            marks = self.marks()
            began = self.edit(GROUP, **change)
            self.falls_silent(what, began, marks, ["leading no more|the lease is ours no more"], AT_ONCE)
            self.recovers(what, began, 6.0 + RECOVER_MAX)
        marks = self.marks()
        began = self.remove(GROUP)
        self.falls_silent("lease deleted", began, marks, ["leading no more|the lease is ours no more"], AT_ONCE)
        self.recovers("lease deleted", began)
        self.check_frames()

    def test_the_layout_is_edited_and_deleted(self):
        self.start()
        for what, change in (("layout edited", lambda: self.edit(LAYOUT, metadata={"annotations": {"isat/groups": "many"}})),
                             ("layout deleted", lambda: self.remove(LAYOUT))):
            marks = self.marks()
            began = change()
            self.falls_silent(what, began, marks, ["the layout has changed|no layout that all speakers follow"])
            self.recovers(what, began, FIRST_MAX)
        self.check_frames()

    def test_the_server_refuses_and_shows_other_certificates(self):
        pair = self.cluster.authority.server("proxy", [self.network.addresses[1]])
        proxy = FaultProxy(self.network.addresses[1], 6443, pair, self.cluster.server, self.cluster.authority.certificate)
        self.addCleanup(proxy.close)
        self.start(self.cluster.kubeconfig("proxy", proxy, token_file=self.token))
        for status, retry_after in ((429, 1), (500, None)):
            marks, began = self.marks(), time.time()
            proxy.refuse(status, retry_after)
            self.falls_silent(f"answers {status}", began, marks, [f"the store refuses.*{status}", "not renewed in time"])
            time.sleep(max(0.0, began + 10.0 - time.time()))  # sleep: so long it refuses
            proxy.serve_again()
            self.recovers(f"answers {status}", time.time())

        marks, began = self.marks(), time.time()
        self.cluster.authority.server("proxy", [self.network.addresses[1]])
        proxy.show_new_certificate()
        proxy.drop_connections()
        self.assertTrue(self.chronicle.wait(GROUP, 4))
        self.goes_on("certificate rotated, connections reset", began, marks)

        marks, began = self.marks(), time.time()
        stranger = certificates.Authority(self.cluster.folder / "stranger").server("proxy", [self.network.addresses[1]])
        for source, target in zip(stranger, pair):
            shutil.copy(source, target)
        proxy.show_new_certificate()
        proxy.drop_connections()
        self.falls_silent("a stranger's certificate", began, marks, ["the store cannot be asked.*certificate",
                                                                     "not renewed in time"])
        self.cluster.authority.server("proxy", [self.network.addresses[1]])
        proxy.show_new_certificate()
        self.recovers("a stranger's certificate", time.time())
        self.check_frames()


if __name__ == "__main__":
    testing.main([netns.SPEAKER])
