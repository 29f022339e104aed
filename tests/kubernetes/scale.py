# SPDX-License-Identifier: BSL-1.0
"""A large cluster, by measure: 5,000 Services with an address each, an endpoint of each on every one of 20 nodes. How long a
speaker takes from its start until it knows all VIPs, beside a plain GET of the same lists in the same run; how much memory
it takes, and how much processor time when nothing happens. ISAT_SCALE_SERVICES and ISAT_SCALE_SECONDS change the size."""
import concurrent.futures
import contextlib
import os
import pathlib
import statistics
import sys
import time

sys.dont_write_bytecode = True
_HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(_HERE.parent / "support"))
sys.path.insert(0, str(_HERE / "e2e"))

from kube_lab import network, testing  # noqa: E402
from kube_lab.cluster import Cluster  # noqa: E402
from netns_lab import testing as netns  # noqa: E402
from objects import Objects  # noqa: E402

NAMESPACE, ACCOUNT = "isat-system", "isat-speaker"
COUNT = int(os.environ.get("ISAT_SCALE_SERVICES", "5000"))
SECONDS = float(os.environ.get("ISAT_SCALE_SECONDS", "30"))
NODES = 20
LISTS = ("/api/v1/services", "/apis/discovery.k8s.io/v1/endpointslices", "/api/v1/nodes")
WRITERS, ROUNDS = 4, 5
RATIO_MAX, MEMORY_MAX, PROCESSOR_MAX = 3.0, 40.0, 0.01  # of the GETs; MB; of a core
SYNC_MAX, LEAD_MAX = 60.0, 60.0  # seconds
SETTLE = 15.0  # until the announcements at the beginning of a leadership are over


class Scale(testing.ClusterTest, netns.NetnsTest):
    @classmethod
    def make_cluster(cls):
        cls.network = network.ApiNetwork(servers=1)
        cls.addClassCleanup(cls.network.close)
        return Cluster.started(address=cls.network.addresses[0], port=6443)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster.kubectl("apply", "--kustomize", netns.ROOT / "examples" / "kubernetes" / "base")
        token = cls.cluster.kubectl("create", "token", ACCOUNT, f"--namespace={NAMESPACE}").strip()
        cls.token = token
        cls.config = cls.cluster.kubeconfig("speaker", token=token, namespace=NAMESPACE)
        cls.objects = Objects(cls.cluster.api)
        began = time.monotonic()
        for number in range(1, NODES + 1):
            cls.objects.node(f"node-{number}", f"10.77.0.{10 + number}")
        with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
            list(pool.map(cls.write, range(WRITERS)))
        print(f"\n{COUNT} Services written in {time.monotonic() - began:.0f} s", flush=True)

    @classmethod
    def write(cls, first):
        """Every WRITERS-th Service, from `first` on, with its address and its slice, which has an endpoint on each node."""
        with contextlib.closing(cls.cluster.kept_api()) as api:
            objects = Objects(api)
            for number in range(first, COUNT, WRITERS):
                host = f"{number // 250}.{number % 250 + 1}"
                objects.service(f"service-{number}", f"10.90.{host}",
                                {f"node-{node}": f"10.{100 + node}.{host}" for node in range(1, NODES + 1)})

    def get_lists(self, machine):
        """(seconds, octets) of the same lists, whole, one after the other over one connection, by the speaker's account."""
        began, octets = time.monotonic(), 0
        with machine.entered(), contextlib.closing(self.cluster.kept_api(self.token, timeout=SYNC_MAX)) as api:
            for path in LISTS:
                answer = api.get(path)
                self.assertEqual(answer.status, 200)
                octets += len(answer.body)
        return time.monotonic() - began, octets

    def start(self, machine):
        """(speaker, seconds until it knew all)."""
        began = time.monotonic()
        speaker = self.program(machine, netns.SPEAKER, "--source", "kubernetes", "-i", "eth0", "--kubeconfig", self.config,
                               "--node-name", "node-1")
        line = speaker.wait_line("VIPs loaded", SYNC_MAX)
        self.assertIsNotNone(line, speaker.log)
        self.assertIn(f"vips={COUNT}", line)
        at = next(at for at, each in speaker.lines if each == line)
        return speaker, at - began

    @staticmethod
    def processor_time(speaker):
        """Seconds of processor time so far."""
        with open(f"/proc/{speaker.pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")

    @staticmethod
    def memory(speaker, field="VmRSS"):
        """In MB."""
        return int(speaker.status(field)) * 1024 / 1e6

    def test_many_services(self):
        machine = self.node("node-1", "10.77.0.11")
        self.network.plug(machine)
        gets, syncs, speaker = [], [], None
        for _ in range(ROUNDS):  # in turn, so that whatever slows one down slows the other down too
            if speaker:
                speaker.stop()
            took, octets = self.get_lists(machine)
            gets.append(took)
            speaker, took = self.start(machine)
            syncs.append(took)
        ratio = min(syncs) / min(gets)  # the best of each: what else runs here makes them longer, never shorter
        print(f"\nlists of {octets / 1e6:.1f} MB: GET {self.shown(gets)}, speaker knows all {self.shown(syncs)}, ratio of the best "
              f"{ratio:.2f}",
              flush=True)
        synced = self.memory(speaker)
        self.assertTrue(speaker.wait_line("leading, answering", LEAD_MAX), speaker.log)
        time.sleep(SETTLE)  # sleep: it announces each of its VIPs several times
        before, began = self.processor_time(speaker), time.monotonic()
        time.sleep(SECONDS)  # sleep: the time that is measured
        busy = (self.processor_time(speaker) - before) / (time.monotonic() - began)
        resident, peak = self.memory(speaker), self.memory(speaker, "VmHWM")
        print(f"memory {synced:.1f} MB when all is known, {resident:.1f} MB when it leads, {peak:.1f} MB at most; "
              f"{100 * busy:.2f} % of a core in {SECONDS:.0f} s", flush=True)
        self.assertLessEqual(ratio, RATIO_MAX)
        self.assertLess(resident, MEMORY_MAX)
        self.assertLess(busy, PROCESSOR_MAX)
        self.assertEqual(speaker.stop(), 0, speaker.log[-2000:])

    @staticmethod
    def shown(values):
        return f"{statistics.median(values):.2f} s ({' '.join(f'{value:.2f}' for value in sorted(values))})"


if __name__ == "__main__":
    testing.main([netns.SPEAKER])
