# SPDX-License-Identifier: BSL-1.0
"""A large cluster, by measure: 5,000 Services with an address each, an endpoint of each on every one of 20 nodes; then 500
more slices of 120 endpoints. How long a speaker takes from its start until it knows all VIPs, beside a plain GET of the same
lists in the same run; how much memory it takes, by itself and by its own estimate, and how much processor time when nothing
happens. ISAT_SCALE_SERVICES, ISAT_SCALE_SLICES, ISAT_SCALE_ENDPOINTS and ISAT_SCALE_SECONDS change the size."""
import contextlib
import multiprocessing
import os
import pathlib
import re
import statistics
import sys
import time
import urllib.request

sys.dont_write_bytecode = True
_HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(_HERE.parent / "support"))

from kube_lab import testing  # noqa: E402
from kube_lab.objects import Objects  # noqa: E402
from netns_lab import testing as netns  # noqa: E402

COUNT = int(os.environ.get("ISAT_SCALE_SERVICES", "5000"))
SLICES = int(os.environ.get("ISAT_SCALE_SLICES", str(COUNT // 10)))
ENDPOINTS = int(os.environ.get("ISAT_SCALE_ENDPOINTS", "120"))
SECONDS = float(os.environ.get("ISAT_SCALE_SECONDS", "30"))
NODES = 20
LISTS = ("/api/v1/services", "/apis/discovery.k8s.io/v1/endpointslices", "/api/v1/nodes")
WRITERS, ROUNDS = 4, 5 if COUNT > 1000 else 3
RATIO_MAX, MEMORY_MAX, PROCESSOR_MAX = 3.0, 40.0, 0.01  # of the GETs; MB, also at the peak; of a core
SYNC_MAX, LEAD_MAX = 60.0, 60.0  # seconds
ESTIMATED_MIN, ESTIMATED_MAX = 300.0, 1500.0  # octets for each Service, by the speaker's own estimate
GROWN_MIN, GROWN_MAX, SPARE = 0.5, 3.0, 2.0  # of the estimate; MB: what it takes once there is anything, whatever the size
SETTLE = 8.0  # until the announcements at the beginning of a leadership are over
ADDRESS, PAGES = "10.77.0.11", "10.77.0.11:7486"


def host(number):
    return f"{number // 250}.{number % 250 + 1}"


def write_service(objects, number):
    """A Service with its address and its slice, which has an endpoint on each node."""
    objects.service(f"service-{number}", f"10.90.{host(number)}",
                    {f"node-{node}": f"10.{100 + node}.{host(number)}" for node in range(1, NODES + 1)})


def write_slice(objects, number):
    """One more slice of a Service, a large one."""
    objects.slice(f"wide-{number}", f"service-{number}", [
        (f"node-{1 + each % NODES}", f"10.{130 + each // 250}.{number % 250}.{each % 250}") for each in range(ENDPOINTS)])


def write_part(cluster, write, first, count):
    """Every WRITERS-th object, in a process of its own."""
    with contextlib.closing(cluster.kept_api()) as api:
        objects = Objects(api)
        for number in range(first, count, WRITERS):
            write(objects, number)


class Scale(testing.NetworkedTest, netns.NetnsTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.token = cls.cluster.install()
        cls.config = cls.cluster.kubeconfig("speaker", token=cls.token)
        objects = Objects(cls.cluster.api)
        for number in range(1, NODES + 1):
            objects.node(f"node-{number}", f"10.77.0.{10 + number}")

    def write(self, what, write, count):
        """With several connections at once."""
        began = time.monotonic()
        fork = multiprocessing.get_context("fork")
        writers = [fork.Process(target=write_part, args=(self.cluster, write, first, count)) for first in range(WRITERS)]
        for each in writers:
            each.start()
        for each in writers:
            each.join()
        self.assertEqual([each.exitcode for each in writers], [0] * WRITERS)
        print(f"\n{count} {what} written in {time.monotonic() - began:.0f} s", flush=True)

    def get_lists(self):
        """(seconds, octets) of the same lists, whole, one after the other over one connection, by the speaker's account."""
        began, octets = time.monotonic(), 0
        with self.machine.entered(), contextlib.closing(self.cluster.kept_api(self.token, timeout=SYNC_MAX)) as api:
            for path in LISTS:
                answer = api.get(path)
                self.assertEqual(answer.status, 200)
                octets += len(answer.body)
        return time.monotonic() - began, octets

    def start(self, count):
        """(speaker, seconds until it knew all)."""
        began = time.monotonic()
        speaker = self.program(self.machine, netns.SPEAKER, "--source", "kubernetes", "-i", "eth0", "--kubeconfig", self.config,
                               "--node-name", "node-1", "--http", PAGES)
        line = speaker.wait_line("VIPs loaded", SYNC_MAX)
        self.assertIsNotNone(line, speaker.log)
        self.assertRegex(line, rf"\bvips={count}\b")
        at = next(at for at, each in speaker.lines if each == line)
        return speaker, at - began

    def rounds(self, count):
        """(speaker, best seconds of the GETs, best seconds until it knew all), in turn: whatever slows one down slows the
        other down too. The best of each: what else runs here makes them longer, never shorter."""
        gets, syncs, speaker = [], [], None
        for _ in range(ROUNDS):
            if speaker:
                speaker.stop()
            took, octets = self.get_lists()
            gets.append(took)
            speaker, took = self.start(count)
            syncs.append(took)
        print(f"lists of {octets / 1e6:.1f} MB: GET {self.shown(gets)}, speaker knows all {self.shown(syncs)}, ratio of the "
              f"best {min(syncs) / min(gets):.2f}", flush=True)
        return speaker, min(gets), min(syncs)

    def judge(self, speaker, got, synced, idle):
        """`idle`: seconds until a speaker knows that there is nothing; of few objects that is the larger part."""
        resident, peak = self.memory(speaker), self.memory(speaker, "VmHWM")
        print(f"memory {resident:.1f} MB when all is known, {peak:.1f} MB at most", flush=True)
        self.assertLessEqual(synced - (idle if got < idle else 0.0), RATIO_MAX * got)
        self.assertLess(peak, MEMORY_MAX)
        return resident

    def estimate(self):
        """What a speaker says that its source takes, in MB."""
        with self.machine.entered(), urllib.request.urlopen(f"http://{PAGES}/metrics", timeout=5.0) as answer:
            found = re.search(r"^isat_source_memory_bytes (\S+)$", answer.read().decode(), re.MULTILINE)
        self.assertIsNotNone(found)
        return float(found[1]) / 1e6

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

    def test_many_services_and_then_large_slices(self):
        self.machine = self.node("node-1", ADDRESS)
        self.network.plug(self.machine)
        speaker, _, idle = self.rounds(0)
        empty = self.memory(speaker)
        self.assertEqual(speaker.stop(), 0)
        self.write("Services", write_service, COUNT)
        speaker, got, synced = self.rounds(COUNT)
        grown, estimate = self.judge(speaker, got, synced, idle) - empty, self.estimate()
        print(f"grown by {grown:.1f} MB, {1e6 * grown / COUNT:.0f} octets for each Service; by its own estimate its source has "
              f"{estimate:.1f} MB, {1e6 * estimate / COUNT:.0f} for each", flush=True)
        self.assertGreater(1e6 * estimate, ESTIMATED_MIN * COUNT)
        self.assertLess(1e6 * estimate, ESTIMATED_MAX * COUNT)
        self.assertGreater(grown, GROWN_MIN * estimate)
        self.assertLess(grown, GROWN_MAX * estimate + SPARE)
        self.assertTrue(speaker.wait_line("leading, answering", LEAD_MAX), speaker.log)
        time.sleep(SETTLE)  # sleep: it announces each of its VIPs several times
        before, began = self.processor_time(speaker), time.monotonic()
        time.sleep(SECONDS)  # sleep: the time that is measured
        busy = (self.processor_time(speaker) - before) / (time.monotonic() - began)
        print(f"leading: {self.memory(speaker):.1f} MB, {self.memory(speaker, 'VmHWM'):.1f} MB at most; {100 * busy:.2f} % of a "
              f"core in {SECONDS:.0f} s", flush=True)
        self.assertLess(self.memory(speaker, "VmHWM"), MEMORY_MAX)
        self.assertLess(busy, PROCESSOR_MAX)
        self.assertEqual(speaker.stop(), 0, speaker.log[-2000:])
        self.write(f"slices of {ENDPOINTS} endpoints", write_slice, SLICES)
        speaker, got, synced = self.rounds(COUNT)
        self.judge(speaker, got, synced, idle)
        self.assertEqual(speaker.stop(), 0, speaker.log[-2000:])

    @staticmethod
    def shown(values):
        return f"{statistics.median(values):.2f} s ({' '.join(f'{value:.2f}' for value in sorted(values))})"


if __name__ == "__main__":
    testing.main([netns.SPEAKER])
