# SPDX-License-Identifier: BSL-1.0
"""The harness itself, against the real servers: whatever the other tests of this folder lean on is shown here to do what
it says."""
import pathlib
import ssl
import sys
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from kube_lab import testing  # noqa: E402
from kube_lab.api import LEASES  # noqa: E402
from kube_lab.cluster import Cluster  # noqa: E402
from kube_lab.evidence import Frame, Write, read_write, wrong_frames  # noqa: E402
from netns_lab import lab  # noqa: E402
from netns_lab.programs import wait_until  # noqa: E402

PATH = LEASES.format("isat-system")
START_MAX = 60.0
ROTATION_MAX = 70.0     # seconds: the server looks at its files when they change, and every minute
REVOCATION_MAX = 15.0   # it remembers for ten seconds that a token was good, if it has been shown one


def lease(name, holder="node-1", **metadata):
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": name, **metadata},
            "spec": {"holderIdentity": holder, "leaseDurationSeconds": 4, "renewTime": "2026-01-02T03:04:05.000006Z"}}


def version_of(answer):
    return answer.json()["metadata"]["resourceVersion"]


class Judge(unittest.TestCase):
    """What troubles are judged by, on evidence that was made up: node-1 makes the lease at 10 s, waits, and leads."""
    MACS = {"node-1": "a", "node-2": "b"}

    @staticmethod
    def write(node, renewed, term, waits=False):
        return Write(0, "group", node, term, renewed, 3.0, waits, {})

    @staticmethod
    def release(node, renewed, term):
        return Write(0, "group", None, term, renewed, 1.0, False, {}, node)

    def found(self, *heard, later=()):
        """The judge's sentences about frames of (time, MAC), put together."""
        gone = Write(0, "group", None, 0, 0.0, 0.0, False, None)
        writes = [self.write("node-1", 10.0, 1, True), self.write("node-1", 13.1, 1), self.write("node-1", 13.9, 1)]
        for each in later:
            writes.append(gone if each is None else each if isinstance(each, Write) else self.write(*each))
        return "; ".join(wrong_frames([Frame(*each) for each in heard], writes, self.MACS))

    def test_frames_under_a_renewal_are_right_until_the_deadline(self):
        self.assertEqual(self.found((13.2, "a"), (16.84, "a")), "")
        self.assertEqual(self.found((16.86, "a")), "16.860: node-1 sends 2.960 s after its last renewal")

    def test_who_waits_or_never_held_the_lease_must_not_send(self):
        self.assertEqual(self.found((13.0, "a")), "13.000: node-1 sends and has never held the lease")
        self.assertEqual(self.found((13.2, "b")), "13.200: node-2 sends and has never held the lease")
        self.assertEqual(self.found((13.2, "c")), "13.200: c sends and has never held the lease")

    def test_a_lease_that_was_deleted_is_waited_for_whatever_its_next_holder_writes(self):
        seized = (None, ("node-2", 14.0, 2), ("node-2", 16.5, 2), ("node-2", 17.1, 2))
        self.assertEqual(self.found((16.8, "a"), (17.2, "b"), later=seized), "")
        self.assertEqual(self.found((16.6, "b"), later=seized), "16.600: node-2 sends and has never held the lease")

    def test_whoever_has_released_the_lease_must_not_send_until_it_holds_it_again(self):
        release = self.release("node-1", 14.5, 1)
        self.assertEqual(self.found((14.499, "a"), (14.54, "a"), later=[release]), "")
        late = "14.560: node-1 sends 0.060 s after it has released the lease"
        self.assertEqual(self.found((14.56, "a"), later=[release]), late)
        again = [release, ("node-1", 14.9, 2)]
        self.assertEqual(self.found((14.56, "a"), (15.0, "a"), later=again), late)
        self.assertEqual(self.found((14.7, "a"), later=[self.release("node-2", 14.5, 1)]), "")

    def test_a_release_is_known_by_its_marks(self):
        def read(written="2026-01-02T03:04:05.000006Z", **notes):
            marks = {"released": "yes", "released-by": "node-1", "written": written, **notes}
            return read_write(1, "group", {"metadata": {"annotations": {f"isat/{key}": text for key, text in marks.items()}},
                                "spec": {"holderIdentity": "", "renewTime": "2026-01-02T03:04:05.000006Z"}}).released_by
        self.assertEqual(read(), "node-1")
        self.assertIsNone(read(written="2026-01-02T03:04:05.000005Z"))
        self.assertIsNone(read(released="no"))

    def test_two_terms_side_by_side_are_found(self):
        self.assertEqual(self.found((15.0, "b"), (15.1, "a"), later=[("node-2", 14.9, 2)]),
                         "15.100: node-1 sends by term 1 after node-2 did by term 2")
        self.assertEqual(self.found((15.0, "a"), (15.1, "b"), later=[("node-2", 14.9, 1)]),
                         "15.100: node-2 sends by term 1 after node-1 did by term 1")


class OneCluster(testing.ClusterTest):
    """Two API servers, the second without a watch cache, and an account that may use Leases."""

    @classmethod
    def make_cluster(cls):
        cluster = Cluster()
        cluster.add_server(audit=True)
        cluster.add_server(watch_cache=False)
        return cluster.start()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account = cls.cluster.service_account("isat")
        cls.token = cls.account.token()
        cls.api, cls.second = (cls.cluster.api_of(cls.token, server) for server in cls.cluster.servers)

    def test_all_servers_are_ready_and_of_bearable_size(self):
        for process in [self.cluster.etcd, *self.cluster.servers]:
            print(f"{process.name}: {process.memory()} MiB")
            self.assertTrue(process.ready())
            self.assertLess(process.memory(), 700)

    def test_kubectl_talks_to_either_server(self):
        for server in self.cluster.servers:
            config = self.cluster.kubeconfig(f"admin-{server.port}", server)
            names = [each["metadata"]["name"] for each in self.cluster.kubectl_json("get", "ns", config=config)["items"]]
            self.assertIn("isat-system", names)

    def test_kubectl_takes_every_kind_of_kubeconfig(self):
        token_file = self.cluster.folder / "token"
        token_file.write_text(self.token)
        pair = self.cluster.authority.client("kubeconfig-user", ["system:masters"])
        for name, options in {"token": {"token": self.token}, "token-file": {"token_file": token_file},
                              "pair": {"pair": pair}, "paths": {"pair": pair, "embed": False}}.items():
            with self.subTest(name):
                config = self.cluster.kubeconfig(name, **options)
                self.assertIn("items", self.cluster.kubectl_json("get", "leases", config=config))
                self.assertEqual("client-key-data" in config.read_text(), name == "pair")

    def test_an_account_may_do_what_its_role_says_and_nothing_else(self):
        self.assertEqual(self.api.post(PATH, lease("allowed")).status, 201)
        self.assertEqual(self.api.get(f"{PATH}/allowed").json()["spec"]["holderIdentity"], "node-1")
        self.assertEqual(self.api.get(LEASES.format("kube-system")).status, 403)
        self.assertEqual(self.api.get("/api/v1/nodes").status, 403)
        self.assertEqual(self.api.patch(f"{PATH}/allowed", {"spec": {"holderIdentity": "x"}}).status, 403)
        self.assertEqual(self.cluster.api_of("no-such-token").get(PATH).status, 401)
        self.assertEqual(self.cluster.api_of().get(PATH).status, 403)

    def test_a_role_that_is_removed_and_restored_applies_at_once(self):
        account = self.cluster.service_account("fickle")
        apis = [self.cluster.api_of(account.token(), server) for server in self.cluster.servers]
        account.remove_role()
        self.assertEqual([api.get(PATH).status for api in apis], [403, 403])
        account.restore_role()
        self.assertEqual([api.get(PATH).status for api in apis], [200, 200])

    def test_cluster_rules_reach_what_is_in_no_namespace(self):
        rules = [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["get", "list", "watch"]}]
        account = self.cluster.service_account("wide", cluster_rules=rules)
        api = self.cluster.api_of(account.token())
        self.assertEqual([api.get(path).status for path in ("/api/v1/nodes", "/api/v1/services")], [200, 403])

    def test_a_revoked_token_is_refused(self):
        (token, _), (revoked, secret) = self.account.revocable(), self.account.revocable()
        self.account.revoke(secret)
        self.assertTrue(wait_until(lambda: self.cluster.api_of(revoked).get(PATH).status == 401, REVOCATION_MAX, 0.1))
        self.assertEqual(self.cluster.api_of(token).get(PATH).status, 200)

    def test_the_second_server_sees_what_the_first_one_wrote(self):
        self.assertEqual(self.api.post(PATH, lease("shared")).status, 201)
        seen = self.second.get(f"{PATH}/shared").json()
        seen["spec"]["holderIdentity"] = "node-2"
        self.assertEqual(self.second.put(f"{PATH}/shared", seen).status, 200)
        self.assertEqual(self.api.put(f"{PATH}/shared", seen).status, 409)
        self.assertEqual(self.api.get(f"{PATH}/shared").json()["spec"]["holderIdentity"], "node-2")

    def test_a_watch_shows_the_writes_of_the_other_server(self):
        old = version_of(self.api.post(PATH, lease("watched")))
        watch = self.second.watch(f"{PATH}?watch=1&resourceVersion={old}&fieldSelector=metadata.name%3Dwatched")
        changed = self.api.get(f"{PATH}/watched").json()
        changed["spec"]["holderIdentity"] = "node-2"
        self.api.put(f"{PATH}/watched", changed)
        event = next(watch)
        watch.close()
        self.assertEqual((event["type"], event["object"]["spec"]["holderIdentity"]), ("MODIFIED", "node-2"))

    def test_versions_older_than_a_compaction_are_gone_without_a_watch_cache(self):
        old = version_of(self.api.post(PATH, lease("compacted")))
        self.assertEqual(self.api.delete(f"{PATH}/compacted").status, 200)
        self.assertEqual(self.api.post(PATH, lease("later")).status, 201)  # what is compacted to is not gone itself
        self.cluster.etcd.compact()
        event = next(self.second.watch(f"{PATH}?watch=1&resourceVersion={old}"))
        self.assertEqual((event["type"], event["object"]["code"]), ("ERROR", 410))
        exact = self.second.get(f"{PATH}?resourceVersion={old}&resourceVersionMatch=Exact")
        self.assertEqual((exact.status, exact.json()["reason"]), (410, "Expired"))

    def test_a_paused_server_is_silent_and_then_goes_on(self):
        hasty = self.cluster.api_of(self.token, self.cluster.servers[1], timeout=0.5)
        self.cluster.servers[1].pause()
        try:
            self.assertRaises(TimeoutError, hasty.get, PATH)
            self.assertEqual(self.api.get(PATH).status, 200)
        finally:
            self.cluster.servers[1].resume()
        self.assertEqual(self.second.get(PATH).status, 200)

    def test_a_rotated_certificate_is_shown_without_a_restart(self):
        server = self.cluster.servers[1]
        began = time.monotonic()
        server.rotate_certificate()
        wanted = ssl.PEM_cert_to_DER_cert(server.pair.certificate.read_text())
        self.assertTrue(wait_until(lambda: self.second.shown_certificate() == wanted, ROTATION_MAX, 0.1))
        print(f"a rotated certificate is shown after {time.monotonic() - began:.1f} s")
        self.assertEqual(self.second.get(PATH).status, 200)

    def test_metrics_tell_requests_and_open_watches(self):
        admin = self.cluster.api
        before = admin.metrics()
        for _ in range(3):
            self.assertEqual(self.api.get(f"{PATH}/no-such-lease").status, 404)
        watch = self.api.watch(f"{PATH}?watch=1")
        self.assertEqual(self.api.post(PATH, lease("counted")).status, 201)
        while next(watch)["object"]["metadata"]["name"] != "counted":
            pass
        after = admin.metrics()
        watch.close()
        fresh = after.requests() - before.requests()
        self.assertEqual(fresh["GET", "leases", "404"], 3)
        self.assertEqual(fresh["POST", "leases", "201"], 1)
        self.assertEqual(after.watches("leases") - before.watches("leases"), 1)

    def test_the_audit_log_tells_who_asked_with_which_program(self):
        agent = self.cluster.api_of(self.token, agent="audited-program")
        self.assertEqual(agent.get(f"{PATH}/audited").status, 404)

        def mine():
            return [each for each in self.cluster.audited() if each["userAgent"] == "audited-program"]
        self.assertTrue(wait_until(mine))
        self.assertEqual([(each["verb"], each["objectRef"]["name"], each["responseStatus"]["code"],
                           each["user"]["username"]) for each in mine()],
                         [("get", "audited", 404, "system:serviceaccount:isat-system:isat")])


class BrokenCluster(testing.ClusterTest):
    """What ends and comes back, in a cluster of its own beside the other one."""

    def test_a_server_comes_back_under_its_address_with_what_it_had(self):
        cluster = self.cluster
        account = cluster.service_account("isat")
        token = account.token()
        api = cluster.api_of(token)
        self.assertEqual(api.post(PATH, lease("kept")).status, 201)
        for end in (cluster.server.kill, cluster.server.stop):
            began = time.monotonic()
            end()
            print(f"{end.__name__}: {time.monotonic() - began:.1f} s", end=", ")
            self.assertRaises(ConnectionRefusedError, api.get, PATH)
            began = time.monotonic()
            cluster.server.start()
            print(f"ready after {time.monotonic() - began:.1f} s")
            self.assertLess(time.monotonic() - began, START_MAX)
            self.assertEqual(api.get(f"{PATH}/kept").status, 200)

    def test_an_api_server_outlives_its_etcd(self):
        self.cluster.etcd.kill()
        self.assertTrue(wait_until(lambda: not self.cluster.server.ready(), 10.0, 0.1))
        self.cluster.etcd.start()
        self.assertTrue(wait_until(self.cluster.server.ready, 30.0, 0.1))
        self.assertEqual(self.cluster.api.get("/api/v1/namespaces/default").status, 200)


class FromNamespaces(testing.NetworkedTest):
    """API servers as machines of a lab reach them: at addresses of their own, on a network of their own."""

    cluster_options = {"publish": True}

    def setUp(self):
        self.segment = lab.Lab()
        self.addCleanup(self.segment.close)
        self.node = self.segment.add("node-1", "10.77.0.11")
        self.network.plug(self.node)

    def asks(self, machine):
        """What a machine is answered within a second, None for nothing."""
        with machine.entered():
            try:
                return self.cluster.admin_api(self.cluster.server, timeout=1.0).get("/readyz").body
            except OSError:
                return None

    def test_a_machine_asks_over_tls_until_its_api_cable_is_pulled(self):
        self.assertTrue(wait_until(lambda: self.asks(self.node) == b"ok", 10.0))
        self.network.pull_cable(self.node)
        self.assertIsNone(self.asks(self.node))
        self.network.plug_cable(self.node)
        self.assertTrue(wait_until(lambda: self.asks(self.node) == b"ok", 10.0))

    def test_a_machine_without_an_api_cable_reaches_nothing(self):
        other = self.segment.add("node-2", "10.77.0.12")
        self.assertIsNone(self.asks(other))

    def test_the_server_is_among_the_endpoints_of_the_service_that_stands_for_it(self):
        path = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes"
        self.assertTrue(wait_until(lambda: self.cluster.api.get(path).status == 200, 10.0, 0.1))
        found = self.cluster.api.get(path).json()
        self.assertEqual(found["endpoints"][0]["addresses"], self.network.addresses)
        self.assertEqual(found["ports"][0]["port"], 6443)


if __name__ == "__main__":
    testing.main()
