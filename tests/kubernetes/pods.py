# SPDX-License-Identifier: BSL-1.0
"""Speakers that are configured as pods are: by the environment and the files of their service account, whose rights are
those that docs/kubernetes.md tells people to give. Two API servers on one etcd, of which they are told one; the other is
found in the endpoints of default/kubernetes by those who may read them, and does when the first one dies."""
import datetime
import pathlib
import shlex
import signal
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from kube_lab import testing  # noqa: E402
from kube_lab.api import LEASES  # noqa: E402
from netns_lab import testing as netns  # noqa: E402
from netns_lab.programs import wait_until  # noqa: E402

NAMESPACE, ACCOUNT = "isat-system", "isat"
DOCUMENT = netns.ROOT / "docs" / "kubernetes.md"
POD = pathlib.Path("/var/run/secrets/kubernetes.io/serviceaccount")  # in the sandbox's own /run
FIRST_MAX = 40.0  # seconds: the first leader of an empty namespace is silent for the layout's 15 s
DURATION = 3.0  # of a lease, in seconds
TAKEOVER_MAX = DURATION + 0.03 + 0.5 + 1.0  # hold-off, what may be beside it, and a loaded machine


class Pods(testing.NetworkedTest, netns.NetnsTest):
    server_count = 2
    cluster_options = {"publish": True, "audit": True}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster.add_server(address=cls.network.addresses[1], port=6443, publish=True, audit=True)
        cls.cluster.start()
        for words in cls.documented("-n default", False):
            cls.cluster.kubectl(*words)
        POD.mkdir(parents=True, exist_ok=True)
        (POD / "token").write_text(cls.cluster.kubectl("create", "token", ACCOUNT, "-n", NAMESPACE).strip())
        (POD / "namespace").write_text(NAMESPACE)
        (POD / "ca.crt").write_bytes(pathlib.Path(cls.cluster.authority.certificate).read_bytes())

    @staticmethod
    def documented(part, present):
        """The words of those `kubectl create` of the documentation that have the part, or have it not."""
        lines = [line.strip() for line in DOCUMENT.read_text(encoding="utf-8").splitlines()]
        return [shlex.split(line)[1:] for line in lines if line.startswith("kubectl create ") and (part in line) == present]

    def may(self, *what):
        """Waits until the account may do that."""
        asked = ("auth", "can-i", *what, f"--as=system:serviceaccount:{NAMESPACE}:{ACCOUNT}")
        done = wait_until(lambda: self.cluster.kubectl(*asked, check=False).strip() == "yes", 10.0, 0.1)
        self.assertTrue(done, f"{ACCOUNT} may not {what}")

    def setUp(self):
        super().setUp()
        machines = [self.node(f"node-{number}", f"10.77.0.1{number}") for number in (1, 2)]
        self.nodes = {self.network.plug(machine): machine for machine in machines}

    def pod(self, machine, *options):
        """A speaker in a pod on this machine, whose kubelet tells the first API server."""
        environment = ("env", f"KUBERNETES_SERVICE_HOST={self.network.addresses[0]}", "KUBERNETES_SERVICE_PORT=6443")
        speaker = self.program(machine, *environment, netns.SPEAKER, "-i", "eth0", "-a", netns.VIP, "--node-name",
                               machine.name, "-e", "kubernetes", "--wait", "10s", *options)
        self.listening(speaker, machine)
        return speaker

    def asked_for_servers(self, address, status):
        """Waits until the pod at this address has been answered so when it asked where API servers are."""
        def answered():
            return any(event["sourceIPs"] == [address] and event["responseStatus"]["code"] == status
                       for event in self.cluster.audited()
                       if event.get("objectRef", {}).get("resource") == "endpointslices")
        self.assertTrue(wait_until(answered, 10.0, 0.1), f"{address} has not read, with {status}, the endpoints")

    def lease(self, server):
        """The spec of the group's Lease as this server has it."""
        return self.cluster.admin_api(server).get(f"{LEASES.format(NAMESPACE)}/isat-group-0").json()["spec"]

    def renewed(self, server):
        return datetime.datetime.fromisoformat(self.lease(server)["renewTime"].replace("Z", "+00:00")).timestamp()

    def test_a_speaker_in_a_pod_needs_no_kubeconfig(self):
        (address, machine), _ = self.nodes.items()
        speaker = self.pod(machine)
        self.assertTrue(speaker.wait_line("namespace=isat-system authenticated_by=\"token file "), speaker.log)
        self.assertTrue(speaker.wait_line("leading, answering from now on", FIRST_MAX), speaker.log)
        self.asked_for_servers(address, 403)  # and goes on without
        self.assertEqual(speaker.stop(), 0, speaker.log)
        self.assertNotIn((POD / "token").read_text()[-20:], speaker.log)

    def test_it_finds_the_other_api_server_and_goes_on_with_that_when_its_own_dies(self):
        own, other = self.cluster.servers
        for words in self.documented("-n default", True):
            self.cluster.kubectl(*words)
            self.addCleanup(self.cluster.kubectl, "delete", *words[1:3], "-n", "default")
        self.may("list", "endpointslices.discovery.k8s.io", "-n", "default")
        leader, follower = (self.pod(machine) for machine in self.nodes.values())
        self.assertTrue(leader.wait_line("leading, answering from now on", FIRST_MAX), leader.log)
        self.assertTrue(follower.wait_line("another node has the lease", FIRST_MAX), follower.log)
        for address in self.nodes:
            self.asked_for_servers(address, 200)
        wire = self.wire()
        leads, follows = self.nodes.values()
        self.answered_by(wire, leads)
        own.kill()
        self.addCleanup(own.start)
        killed = time.time()
        later = wait_until(lambda: self.renewed(other) > killed + DURATION + 1.0, DURATION + 5.0, 0.1)
        self.assertTrue(later, f"not renewed by way of the other server\n{leader.log}")
        self.assertNotIn("leading no more", leader.log)
        self.answered_by(wire, leads)
        leader.send(signal.SIGKILL)
        self.assertTrue(follower.wait_line("leading, answering from now on", TAKEOVER_MAX), follower.log)
        self.answered_by(wire, follows)
        self.assertTrue(self.lease(other)["holderIdentity"].startswith("node-2_"))
        self.assertEqual(follower.stop(), 0, follower.log)


if __name__ == "__main__":
    testing.main([netns.SPEAKER])
