# SPDX-License-Identifier: BSL-1.0
"""Three speakers that have a pool of 900 addresses for 1,000 Services, which are created at once. The speaker that gives
addresses is killed when a third of them is given, and the next one frozen at two thirds, to go on when the third one has
finished: all addresses are given, no two Services have one at the same time, by each status that is written, and 100 are
told by an Event that the pool is full. ISAT_ASSIGNER_SERVICES changes how many there are; the pool has nine tenths."""
import collections
import os
import pathlib
import re
import signal
import sys
import time

sys.dont_write_bytecode = True
_HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(_HERE.parent / "support"))

from kube_lab import testing  # noqa: E402
from kube_lab.objects import Objects  # noqa: E402
from kube_lab.pool import WINDOW, Pool, Statuses, address, create_at_once  # noqa: E402
from netns_lab import testing as netns  # noqa: E402
from netns_lab.programs import wait_until  # noqa: E402

SERVICES = int(os.environ.get("ISAT_ASSIGNER_SERVICES", "1000"))
ADDRESSES = SERVICES * 9 // 10
GIVEN_MAX = 60.0  # seconds until all are
TURN_MAX = 10.0  # seconds until one gives addresses: 3 s of the lease, and the same again where there was none
TOLD_MAX = 30.0  # seconds until those without an address are told: 10 in a second, before what else is to be told
QUIET = 1.0  # seconds in which a thawed one could do damage
MINE, NOT_MINE = "giving addresses to Services from now on", "another speaker may give addresses to Services"


class SpeakersAssign(testing.NetworkedTest, netns.NetnsTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.config = cls.cluster.kubeconfig("speaker", token=cls.cluster.install("assigner"))
        for number in (1, 2, 3):
            Objects(cls.cluster.api).node(f"node-{number}", f"10.77.0.1{number}")
        cls.statuses = Statuses(cls.cluster)

    def setUp(self):
        super().setUp()
        self.pool = Pool(self.cluster)
        self.addCleanup(self.pool.close)
        self.machines, self.speakers, self.began = {}, {}, time.time()
        for number in (1, 2, 3):
            machine = self.node(f"node-{number}", f"10.77.0.1{number}")
            self.network.plug(machine)
            self.machines[machine.name] = machine
            self.start(machine.name)

    def start(self, name):
        """Whoever answers tells of each address, beside what the one that gives them tells."""
        self.speakers[name] = self.program(
            self.machines[name], netns.SPEAKER, "--source", "kubernetes", "--announce-without-endpoints", "-i", "eth0",
            "--kubeconfig", self.config, "--node-name", name, f"--assign-pool={address(0)}-{address(ADDRESSES - 1)}")

    def turn(self, name):
        """Whether it gives addresses, by what it has said last."""
        said = re.findall(f"{MINE}|{NOT_MINE}", self.speakers[name].log)
        return said[-1:] == [MINE]

    def giver(self, *without):
        """Waits for the speaker that gives addresses, which is none of those."""
        names = [name for name in self.speakers if name not in without]
        found = wait_until(lambda: next(filter(self.turn, names), None), TURN_MAX, 0.02)
        self.assertTrue(found, f"none of {names} gives addresses")
        return found

    def send_midway(self, name, number, given):
        """Sends the speaker that signal when so many addresses are given."""
        self.assertTrue(wait_until(lambda: self.statuses.given >= given, GIVEN_MAX, 0.002), self.statuses.given)
        self.speakers[name].send(number)
        done = len(self.pool.given())
        self.assertLess(done, ADDRESSES, "too late, all are given")
        print(f"{name} gets {number.name} {time.time() - self.began:.1f} s after the start, when {done} have addresses",
              flush=True)

    def judge(self):
        """No address twice, ever; all are given and claimed; who has none was told so, once, and nobody else was."""
        services = self.pool.services()
        self.assertEqual(self.statuses.differences(services), {})
        self.assertEqual(self.statuses.twice, [])
        given = [each for addresses in services.values() for each in addresses]
        self.assertEqual(sorted(given), sorted(map(address, range(ADDRESSES))))
        self.assertEqual(sorted(self.pool.claims()), sorted(given))
        without, began = {name for name, each in services.items() if not each}, time.monotonic()
        self.assertEqual(len(without), SERVICES - ADDRESSES)
        told = self.pool.wait_told(without, TOLD_MAX)
        counts = collections.Counter(each["regarding"]["name"] for each in self.pool.told()
                                     if each["regarding"]["name"] in services)
        print(f"{len(counts)} Services are told that the pool is full, {time.monotonic() - began:.1f} s later", flush=True)
        self.assertTrue(told, f"{len(without)} have no address, {len(counts)} are told")
        self.assertEqual(counts.keys(), without)
        windows = int(time.time() // WINDOW) - int(self.began // WINDOW) + 1
        self.assertLessEqual(max(counts.values()), windows, counts.most_common(3))

    def test_one_is_killed_and_one_is_frozen_midway_and_goes_on_when_another_has_finished(self):
        killed = self.giver()
        print(f"\n{killed} gives addresses", flush=True)
        writers = create_at_once(self.cluster, [f"service-{number}" for number in range(SERVICES)])
        self.send_midway(killed, signal.SIGKILL, ADDRESSES // 3)
        self.start(killed)  # as a DaemonSet does
        frozen = self.giver()
        self.send_midway(frozen, signal.SIGSTOP, ADDRESSES * 2 // 3)
        for each in writers:
            each.join(GIVEN_MAX)
            self.assertFalse(each.is_alive(), "not all Services are made")
        heir = self.giver(frozen)
        self.assertTrue(wait_until(lambda: self.statuses.given >= ADDRESSES, GIVEN_MAX, 0.02), self.statuses.given)
        print(f"{heir} goes on: all {ADDRESSES} are given {time.time() - self.began:.1f} s after the start", flush=True)
        before, mark = self.pool.services(), len(self.speakers[frozen].lines)
        self.speakers[frozen].send(signal.SIGCONT)
        self.assertTrue(self.speakers[frozen].wait_line(NOT_MINE, 5.0, mark), self.speakers[frozen].log[-2000:])
        time.sleep(QUIET)  # sleep: that it does no damage takes time to see
        self.assertEqual(self.pool.services(), before)
        self.judge()


if __name__ == "__main__":
    testing.main([netns.SPEAKER])
