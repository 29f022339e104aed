# SPDX-License-Identifier: BSL-1.0
"""The leading speaker dies or is told to stop, twenty times each: how long until the other announces and answers, and what
the client loses. Prints the distributions."""
import signal
import statistics
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "examples" / "demo"))

import time  # noqa: E402

import measure  # noqa: E402
from netns_lab import testing  # noqa: E402
from netns_lab.testing import PROBE, VIP, WORK  # noqa: E402

ROUNDS = 20
MEDIAN_MAX, WORST_MAX = 50.0, 300.0  # ms, ten times what an idle machine shows


class Failover(testing.NetnsTest):
    def setUp(self):
        super().setUp()
        self.elector = f"file:{WORK}/{self.id()}"
        self.nodes = {name: self.node(name, address)
                      for name, address in (("node-1", "10.77.0.11"), ("node-2", "10.77.0.12"))}
        for machine in self.nodes.values():
            self.service(machine)
        self.macs = {name: machine.mac() for name, machine in self.nodes.items()}
        self.watch = self.instrument("observer", None, "watch", "--interface", "eth0", "--vip", VIP)
        self.running = {"node-1": self.speaker(self.nodes["node-1"], elector=self.elector)}
        self.await_answer("node-1", 0, 10.0)  # the first leader of an empty store is silent for some seconds
        self.running["node-2"] = self.follower("node-2")
        self.client = self.instrument("client", "10.77.0.50", "client", "--target", VIP)
        self.assertTrue(self.client.wait_line("served"), "the client reaches nobody")
        self.leader, self.events = "node-1", []

    def instrument(self, name, address, *command):
        program = self.program(self.lab.add(name, address), PROBE, *command, "--out", WORK / command[0])
        self.assertTrue(program.wait_line("ready"), program.log)
        return program

    def follower(self, name):
        process = self.speaker(self.nodes[name], elector=self.elector)
        self.assertTrue(process.wait_line("another node has the lease"), process.log)
        return process

    def await_answer(self, name, seen, bound=5.0):
        self.assertTrue(self.watch.wait_line(f"^answer .* {self.macs[name]}", bound, seen), f"{name} does not answer")

    def end_leader(self, number, exit_code):
        """Ends the leading speaker by a signal, waits until the other answers, and starts it again as a follower."""
        old = self.leader
        new = next(name for name in self.nodes if name != old)
        seen = len(self.watch.lines)
        self.events.append(measure.Event("end", f"round {len(self.events) + 1}", time.monotonic_ns(), old, new))
        self.running[old].send(number)
        self.await_answer(new, seen)
        self.assertEqual(self.running[old].wait(), exit_code, self.running[old].log)
        self.leader = new
        self.running[old] = self.follower(old)

    def outcomes(self):
        end = time.monotonic_ns()
        self.assertEqual((self.client.stop(), self.watch.stop()), (0, 0))
        record = measure.load(WORK / "watch", WORK / "client")
        print("\nticks missed by the instruments:", record.missed)
        return measure.outcomes(record, self.events, end, self.macs)

    def check(self, what, results, values):
        self.assertEqual(len(values), ROUNDS)
        self.assertNotIn(None, values, f"{what}: never in some round")
        shown = " ".join(f"{value:.1f}" for value in sorted(values))
        print(f"{what}, ms: median {statistics.median(values):.1f}, all {shown}")
        self.assertLess(statistics.median(values), MEDIAN_MAX, what)
        self.assertLess(max(values), WORST_MAX, what)

    def fail_over(self, number, exit_code):
        for _ in range(ROUNDS):
            self.end_leader(number, exit_code)
        results = self.outcomes()
        self.check("the other answers after", results, [each.answered_after for each in results])
        self.check("the other announces after", results, [each.announced_after for each in results])
        print("questions unanswered, ms:", " ".join(f"{each.unanswered:.1f}" for each in results))
        for each in results:
            if each.lost:
                print(f"{each.event.label}: probes lost that were sent",
                      " ".join(f"{at:.1f}" for at in each.lost_at), "ms after the signal")
        print(f"client: {sum(each.lost for each in results)} of {sum(each.probes for each in results)} probes lost, "
              f"{sum(each.failed for each in results)} of {sum(each.connections for each in results)} connections failed")
        self.assertEqual([each.both for each in results], [0.0] * ROUNDS, "two nodes answered side by side")
        self.assertEqual(sum(each.strangers for each in results), 0)
        self.assertGreater(min(each.probes for each in results), 0)
        return results

    def test_killed_leaders_are_replaced(self):
        self.fail_over(signal.SIGKILL, -signal.SIGKILL)

    def test_stopped_leaders_hand_over_and_no_probe_is_lost(self):
        results = self.fail_over(signal.SIGTERM, 0)
        self.assertEqual(sum(each.lost for each in results), 0, "probes were lost")
        self.assertEqual(sum(each.failed for each in results), 0, "connections failed")
        told = [line for program in self.started for _, line in program.lines if "store does not answer" in line]
        self.assertEqual(told, [], "a release that was overtaken by its successor is no failure of the store")


if __name__ == "__main__":
    testing.main()
