# SPDX-License-Identifier: BSL-1.0
"""Everything that goes wrong with API servers, rights, tokens and Leases happens to two speakers: they stop answering by
the deadline, say why, recover by themselves, and two never answer at once. Prints how long all of it took."""
import pathlib
import shutil
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from kube_lab import certificates, testing  # noqa: E402
from kube_lab.api import LEASES  # noqa: E402
from kube_lab.evidence import Chronicle  # noqa: E402
from kube_lab.fault_proxy import FaultProxy  # noqa: E402
from kube_lab.speaker_pair import DURATION, FIRST_MAX, GROUP, NAMESPACE, QUIET, RENEW, SpeakerPair  # noqa: E402
from netns_lab import testing as netns  # noqa: E402
from netns_lab.programs import wait_until  # noqa: E402

LAYOUT = "isat-layout"
RECOVER_MAX = DURATION + 5.0  # after the end of a trouble; a back-off may be waited out, and the machine may be busy
AT_ONCE = 0.5  # from an edit to the last frame of whom it robs
STOP_MAX = 2.0  # for so long a server that is told to stop may serve the watches that are open
READY_MAX = 120.0  # of a server on a machine that has much else to do
EXPIRY_MAX = 30.0  # until a watch that was refused for some seconds is asked for again
TOKEN_REMEMBERED = 10.0  # for so long a server takes a revoked token that it has seen before


class Troubles(SpeakerPair):
    server_options = ({"watch_cache": False},)

    # ---- What is done ----

    def edit(self, name, **changes):
        """Merges `changes` into a Lease and returns the time just before."""
        began = time.time()
        answer = self.api.patch(f"{LEASES.format(NAMESPACE)}/{name}", changes)
        self.assertEqual(answer.status, 200, answer)
        return began

    def remove(self, name):
        began = time.time()
        self.assertEqual(self.api.delete(f"{LEASES.format(NAMESPACE)}/{name}").status, 200)
        return began

    def serve(self):
        """Starts the server again and waits until it is ready."""
        self.cluster.server.start(wait=False)
        self.cluster.server.wait_ready(READY_MAX)

    def proxied(self):
        """A proxy before the server, and the speakers that know nothing but the proxy."""
        self.pair = self.cluster.authority.server("proxy", [self.network.addresses[1]])
        proxy = FaultProxy(self.network.addresses[1], 6443, self.pair, self.cluster.server, self.cluster.authority.certificate)
        self.addCleanup(proxy.close)
        self.start(kubeconfig=self.cluster.kubeconfig("proxy", proxy, token_file=self.token))
        return proxy

    # ---- What is seen ----

    def falls_silent(self, what, since, marks, why, bound=DURATION):
        """The leader stops within `bound` of `since`, and says `why`; returns from when on it is silent. Whether it was
        entitled to all that it sent is judged at the end."""
        self.assertTrue(wait_until(lambda: not self.witness.since(time.time() - QUIET), bound + 2.0, 0.02),
                        f"{what}: somebody answers on and on")
        return self.stopped(what, since, marks, why, bound)

    def stopped(self, what, since, marks, why, bound):
        for pattern in why:
            print(f"    {self.hears(self.leader, pattern, marks[self.leader])[25:]}", flush=True)
        last = max((each.at for each in self.witness.frames if each.mac == self.macs[self.leader]), default=since)
        print(f"  {what}: the last frame after {last - since:.2f} s", flush=True)
        self.assertLess(last - since, bound, what)
        return max(since, last + 1e-6)

    def recovers(self, what, since, bound=RECOVER_MAX):
        """Somebody answers within `bound` of `since`, and a renewal later too."""
        frame = self.witness.wait_frame(since, bound)
        self.assertIsNotNone(frame, f"{what}: nobody answers")
        self.assertTrue(self.chronicle.wait(GROUP, 1), f"{what}: no renewal")
        self.assertTrue(self.witness.since(time.time() - QUIET), f"{what}: silent again")
        print(f"  {what}: answered {frame.at - since:.2f} s after its end", flush=True)

    # ---- The troubles ----

    def test_the_server_is_paused_restarted_and_stopped_for_long(self):
        self.start()
        marks, began = self.marks(), time.time()
        self.cluster.server.pause()
        self.falls_silent("paused", began, marks, ["the store does not answer", "not renewed in time"])
        time.sleep(max(0.0, began + 10.0 - time.time()))  # sleep: a pause of this length is the trouble
        self.cluster.server.resume()
        self.recovers("paused", time.time())

        began = time.time()
        self.cluster.server.stop(STOP_MAX)
        self.serve()
        print(f"  restarted within {time.time() - began:.2f} s", flush=True)
        self.recovers("restarted", time.time())

        marks, began = self.marks(), time.time()
        self.cluster.server.stop(STOP_MAX)
        self.falls_silent("stopped", began, marks, ["the store does not answer", "not renewed in time"], DURATION + STOP_MAX)
        self.chronicle.forget_past(self.cluster.etcd)  # watches cannot go on where they were
        time.sleep(max(0.0, began + 30.0 - time.time()))  # sleep: a stop of this length is the trouble
        self.serve()
        self.recovers("stopped", time.time())
        self.marks()
        self.leader_stops(DURATION - RENEW)  # too early for a lease that was waited out
        self.check_frames()

    def test_rights_and_tokens_come_and_go(self):
        self.start()
        marks, began = self.marks(), time.time()
        old, type(self).secret = self.secret, self.new_token()
        self.account.revoke(old)
        self.edit(GROUP, metadata={"annotations": {"example.org/note": "by hand"}, "labels": {"example.org/by": "hand"}})
        self.edit(LAYOUT, metadata={"annotations": {"example.org/note": "by hand"}})
        self.cluster.server.rotate_certificate()
        time.sleep(TOKEN_REMEMBERED + 1.0)  # sleep: for so long the old token may still have been good
        self.goes_on("token and certificate rotated, metadata edited", began, marks)
        kept = self.api.get(f"{LEASES.format(NAMESPACE)}/{GROUP}").json()["metadata"]
        self.assertEqual((kept["annotations"]["example.org/note"], kept["labels"]["example.org/by"]), ("by hand", "hand"))

        marks, began = self.marks(), time.time()
        self.account.remove_role()
        self.falls_silent("role removed", began, marks, ["the store refuses.*RBAC", "not renewed in time"], DURATION + AT_ONCE)
        self.account.restore_role()
        self.recovers("role removed", time.time())
        self.check_frames()
        self.assertEqual(len(set(self.tokens)), 2)

    def test_leases_are_edited_by_hand(self):
        self.start()
        edits = (("holder edited", {"spec": {"holderIdentity": "somebody"}}),
                 ("duration edited", {"spec": {"leaseDurationSeconds": 6}}),
                 ("renewal edited", {"spec": {"renewTime": "2026-01-01T00:00:00.000000Z"}}),
                 ("nonce removed", {"metadata": {"annotations": {"isat/nonce": None}}}))
        for what, change in edits:
            marks = self.marks()
            began = self.edit(GROUP, **change)
            silent_from = self.falls_silent(what, began, marks, ["leading no more", "the lease is ours no more"], AT_ONCE)
            self.recovers(what, silent_from, 6.0 + RECOVER_MAX)
        self.check_frames()

    def test_a_lease_is_deleted_with_and_without_its_holder_seeing_it(self):
        self.start()
        # Whoever makes it anew is silent for as long as its last holder may answer, which may be the same.
        marks = self.marks()
        began = self.remove(GROUP)
        silent_from = self.stopped("deleted", began, marks, ["took a lease that was missing|another node has the lease",
                                                             "leading no more"], 2 * DURATION)
        self.recovers("deleted", silent_from)

        marks = self.marks()
        self.network.pull_cable(self.nodes[self.leader])
        began = self.remove(GROUP)
        self.hears(self.other(), "took a lease that was missing", marks[self.other()])
        first = self.witness.wait_frame(began, RECOVER_MAX, self.macs[self.other()])
        self.assertIsNotNone(first, "nobody takes over")
        silent_from = self.stopped("deleted behind its holder's back", began, marks, ["not renewed in time"], DURATION)
        print(f"  the other answers {first.at - silent_from:.2f} s after that", flush=True)
        self.assertGreater(first.at, silent_from)
        self.network.plug_cable(self.nodes[self.leader])
        self.hears(self.leader, "another node has the lease", marks[self.leader], EXPIRY_MAX)
        self.check_frames()

    def test_the_layout_is_edited_and_deleted(self):
        self.start()
        for what, change in (("layout edited", lambda: self.edit(LAYOUT, metadata={"annotations": {"isat/groups": "many"}})),
                             ("layout deleted", lambda: self.remove(LAYOUT))):
            marks = self.marks()
            began = change()
            silent_from = self.falls_silent(what, began, marks,
                                            ["the layout has changed|no layout that all speakers follow"])
            self.recovers(what, silent_from, FIRST_MAX)
        self.check_frames()

    def test_the_past_that_watches_ask_for_is_gone(self):
        proxy = self.proxied()
        second = self.cluster.add_server(address=self.network.addresses[1], port=6444, flags=Chronicle.STORAGE)
        self.addCleanup(second.stop, 0)

        def compact():
            self.chronicle.forget_past(self.cluster.etcd)

        def change_server():
            second.start(wait=False)  # its cache begins now
            second.wait_ready(READY_MAX)
            proxy.use(second)
        for what, expire in (("past compacted", compact), ("a new watch cache", change_server)):
            marks, began, before = self.marks(), time.time(), len(proxy.expired)
            proxy.refuse(503, only_watches=True)
            proxy.drop_connections()
            self.assertTrue(self.chronicle.wait(GROUP, 2))
            expire()
            proxy.serve_again()
            proxy.drop_connections()
            wait_until(lambda before=before: set(proxy.expired[before:]) == set(self.addresses.values()), EXPIRY_MAX, 0.02)
            told = proxy.expired[before:]
            print(f"  {what}: {len(told)} watches were told 410", flush=True)
            self.assertEqual(set(told), set(self.addresses.values()), f"{what}: not everybody was told 410")
            self.goes_on(what, began, marks)
        self.leader_stops(AT_ONCE)  # by the watch
        self.check_frames()

    def test_the_server_refuses_and_shows_other_certificates(self):
        proxy = self.proxied()
        for status, retry_after in ((429, 1), (500, None)):
            marks, began = self.marks(), time.time()
            proxy.refuse(status, retry_after)
            self.falls_silent(f"answers {status}", began, marks, [f"the store refuses.*{status}", "not renewed in time"])
            proxy.serve_again()
            self.recovers(f"answers {status}", time.time())

        marks, began = self.marks(), time.time()
        self.cluster.authority.server("proxy", [self.network.addresses[1]])
        proxy.show_new_certificate()
        proxy.drop_connections()
        self.goes_on("certificate rotated, connections reset", began, marks)

        marks, began = self.marks(), time.time()
        stranger = certificates.Authority(self.cluster.folder / "stranger").server("proxy", [self.network.addresses[1]])
        for source, target in zip(stranger, self.pair):
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
