# SPDX-License-Identifier: BSL-1.0
"""Each VIP is a group of its own (--groups service): a lease per VIP, led by a node that has the VIP, and removed some
time after nobody has it any more. An observer asks for all VIPs all the time."""
import pathlib
import signal
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from netns_lab import census, programs, testing  # noqa: E402
from netns_lab.testing import WORK  # noqa: E402

BOTH, ONE, OTHER = ["10.77.0.101", "10.77.0.102", "10.77.0.103"], "10.77.0.111", "10.77.0.112"
VIPS = [*BOTH, ONE, OTHER]
HAVE = {"node-1": [*BOTH, ONE], "node-2": [*BOTH, OTHER]}
REMOVED_AFTER = 60.0  # seconds without a change; each of the two leaves it to the other for 2 s at most


class OwnGroups(testing.NetnsTest):
    def setUp(self):
        super().setUp()
        self.directory = pathlib.Path(f"{WORK}/{self.id()}")
        self.machines = {name: self.node(name, f"10.77.0.1{number}") for number, name in enumerate(HAVE, 1)}
        self.names = {machine.mac(): name for name, machine in self.machines.items()}
        self.speakers = {}
        self.census = census.Census(self.lab.add("observer"), VIPS)
        self.addCleanup(self.census.close)

    def start(self, name, vips):
        self.speakers[name] = self.program(
            self.machines[name], testing.SPEAKER, "-i", "eth0", *(word for vip in vips for word in ("-a", vip)), "-e",
            f"file:{self.directory}", "--node-name", name, "--groups", "service")
        self.listening(self.speakers[name], self.machines[name])

    def leases(self):
        """The VIPs of which there is a lease: the last version of a record that was removed says so."""
        found = set()
        for record in self.directory.glob("isat-vip-*"):
            versions = sorted(each for each in record.iterdir() if each.name != "incarnation")
            try:
                removed = not versions or "\nremoved\n" in versions[-1].read_text()
            except FileNotFoundError:  # a newer one has just come
                removed = False
            if not removed:
                found.add(record.name.removeprefix("isat-vip-"))
        return found

    def owners(self, since):
        """{VIP: names of those who answered to what was asked from then on}."""
        found = {vip: set() for vip in VIPS}
        for each in self.census.since(since):
            found[each.vip].add(self.names[each.mac])
        return found

    def answered(self, expected, bound, since=None):
        """Waits until `expected` says so of {VIP: the one who answers}; None: nobody does. Asks for half a second."""
        def settled():
            owners = self.owners(time.monotonic() - 0.5)
            told = {vip: next(iter(by), None) if len(by) < 2 else by for vip, by in owners.items()}
            return told if expected(told) else None
        told = programs.wait_until(settled, bound, 0.05)
        self.assertTrue(told, f"after {bound} s: {self.owners(time.monotonic() - 0.5)}")
        return told

    def test_each_vip_is_led_by_one_that_has_it_and_taken_over_by_another_that_has_it(self):
        for name, vips in HAVE.items():
            self.start(name, vips)
        all_led = lambda told: all(told[vip] in HAVE for vip in VIPS)  # noqa: E731
        told = self.answered(all_led, 15.0)
        self.assertEqual((told[ONE], told[OTHER]), ("node-1", "node-2"))
        self.assertEqual(self.leases(), set(VIPS))
        self.assertFalse(list(self.directory.glob("isat-group-*")))
        self.assertIsNotNone(self.speakers["node-1"].wait_line(f"leading, answering from now on group={ONE} "))
        print("\nled by:", told)

        at = time.monotonic()
        self.speakers["node-1"].send(signal.SIGKILL)
        self.speakers["node-1"].wait()
        taken = lambda told: all(told[vip] == "node-2" for vip in [*BOTH, OTHER]) and told[ONE] is None  # noqa: E731
        self.answered(taken, 3.0)
        late = max(min(each.received for each in self.census.since(at) if each.vip == vip and
                       self.names[each.mac] == "node-2") - at for vip in BOTH)
        print(f"node-1 is killed, node-2 answers for all that both have after {late * 1000:.0f} ms")
        self.assertLess(late, 1.0)

        self.start("node-1", HAVE["node-1"])
        back = lambda told: told[ONE] == "node-1" and all(told[vip] == "node-2" for vip in BOTH)  # noqa: E731
        self.answered(back, 10.0)

    def test_the_lease_of_a_vip_that_nobody_has_any_more_is_removed_and_made_anew_for_one_that_comes_back(self):
        for name, vips in HAVE.items():
            self.start(name, vips)
        self.answered(lambda told: all(told[vip] in HAVE for vip in VIPS), 15.0)
        at = time.monotonic()
        self.assertEqual(self.speakers["node-1"].stop(), 0, self.speakers["node-1"].log)
        self.start("node-1", BOTH)
        self.answered(lambda told: told[ONE] is None and all(told[vip] for vip in [*BOTH, OTHER]), 5.0)
        gone = programs.wait_until(lambda: ONE not in self.leases(), REMOVED_AFTER + 10.0, 0.2)
        self.assertTrue(gone, f"the lease of {ONE} is still there")
        passed = time.monotonic() - at
        print(f"\nthe lease was removed {passed:.1f} s after its holder had released it")
        self.assertGreater(passed, REMOVED_AFTER - 1.0)
        self.assertEqual(self.leases(), {*BOTH, OTHER})
        for speaker in self.speakers.values():
            self.assertNotRegex(speaker.log, r" (warn|error) .*(store|lease)")

        self.assertEqual(self.speakers["node-1"].stop(), 0, self.speakers["node-1"].log)
        self.start("node-1", HAVE["node-1"])
        told = self.answered(lambda told: all(told[vip] in HAVE for vip in VIPS), 10.0)
        self.assertEqual(told[ONE], "node-1")


if __name__ == "__main__":
    testing.main()
