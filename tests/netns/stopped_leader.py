# SPDX-License-Identifier: BSL-1.0
"""The leading speaker is stopped (SIGSTOP) for longer than its lease lasts and then goes on (SIGCONT): the other takes
over when the lease has ended, and the old leader, which wakes up with a full queue of questions, finds in time that it
leads no more. Several pairs run side by side, each on a segment of its own. Prints the distributions."""
import concurrent.futures
import itertools
import pathlib
import random
import signal
import statistics
import sys
import time
from typing import NamedTuple

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "examples" / "demo"))

import measure  # noqa: E402
from netns_lab import testing  # noqa: E402
from netns_lab.testing import PROBE, VIP, WORK  # noqa: E402

MS = measure.MS
HOLD_OFF, ALLOWANCE = 30, 500  # ms: the longest hold-off between two nodes, and what a busy machine may add
BATCH_MAX = 64                 # frames: what may be under way when a process is stopped between its check and its send
BATCH_WITHIN = 10              # ms


class Profile(NamedTuple):
    name: str
    duration: int  # D, ms
    renew: int     # ms


FAST = Profile("fast", 1200, 300)
DEFAULT = Profile("default", 3000, 750)


class Round(NamedTuple):
    """Instants of one round, by the observer's clock; `alive`: the old leader is known to run again since."""
    old: str
    new: str
    stopped: int
    continued: int
    alive: int


class Pair:
    """Two speakers and an observer on a segment of their own; node-1 leads at first."""

    def __init__(self, test, number, profile):
        self.test, self.profile, self.number = test, profile, number
        self.lab = test.segment(f"pair-{number}")
        self.elector = f"file:{WORK}/{test.id()}-{number}"
        self.machines = [self.lab.add(f"node-{side}-{number}", f"10.77.0.1{side}") for side in (1, 2)]
        self.macs = [machine.mac() for machine in self.machines]
        self.out = WORK / f"watch-{number}"
        self.watch = test.program(self.lab.add(f"watch-{number}"), PROBE, "watch", "--interface", "eth0", "--vip", VIP,
                                  "--out", self.out)
        self.rounds = []

    def start(self):
        self.test.assertTrue(self.watch.wait_line("ready"), self.watch.log)
        self.speakers = [self.speaker(0)]

    def speaker(self, side):
        return self.test.speaker(self.machines[side], "--profile", self.profile.name, elector=self.elector)

    def expect(self, program, pattern, bound, start=0):
        line = program.wait_line(pattern, bound, start)
        self.test.assertIsNotNone(line, f"pair {self.number}: no line like {pattern!r}:\n{program.log}")
        return line

    def complete(self):
        """Waits for the first answer, and starts the other speaker."""
        self.expect(self.watch, f"^answer .* {self.macs[0]}", 10.0)
        self.speakers.append(self.speaker(1))
        self.expect(self.speakers[1], "another node has the lease", 5.0)

    def play(self, rounds):
        for each in range(rounds):
            self.stop_leader(each % 2)

    def stop_leader(self, old):
        """Stops the leader for D + 2 s, at any point of a renewal period."""
        process, seen = self.speakers[old], len(self.watch.lines)
        # sleep: the other has seen a renewal by then, and the next one is any part of a period away
        time.sleep((self.profile.renew + random.randrange(self.profile.renew)) / 1000)
        stopped = time.monotonic_ns()
        process.send(signal.SIGSTOP)
        length = (self.profile.duration + 2000) / 1000
        self.expect(self.watch, f"^answer .* {self.macs[1 - old]}", length, seen)
        left = length - (time.monotonic_ns() - stopped) / 1e9
        time.sleep(max(0.0, left))  # sleep: a stop of this length is what is tested
        logged, slices = len(process.lines), process.time_slices()
        continued = time.monotonic_ns()
        process.send(signal.SIGCONT)
        while process.time_slices() == slices and time.monotonic_ns() < continued + 5000 * MS:
            time.sleep(0.0001)  # sleep: between two looks, which five seconds bound
        alive = time.monotonic_ns()
        self.expect(process, "leading no more", 5.0, logged)
        self.expect(process, "another node has the lease", 5.0, logged)
        self.rounds.append(Round(self.macs[old], self.macs[1 - old], stopped, continued, alive))

    def frames(self):
        """(time, MAC) of every answer and announcement, in order."""
        self.test.assertEqual(self.watch.stop(), 0, self.watch.log)
        record = measure.load(self.out)
        print(f"pair {self.number}: {len(record.asks)} questions, {record.missed['watch']} ticks missed")
        heard = [(each.received, each.mac) for each in record.answers]
        return sorted(heard + [(each.at, each.mac) for each in record.announcements])


class Figures(NamedTuple):
    """What came of one round, in ms; `late`: frames of the old leader after it went on, each from then and from its
    first sign of life."""
    takeover: float
    woke: float
    late: list


class StoppedLeader(testing.NetnsTest):
    def figures(self, pair):
        """One Figures per round; fails when somebody sent who did not lead."""
        heard = pair.frames()
        self.assertEqual({mac for _, mac in heard}, set(pair.macs), "strangers answer")
        ends = [each.stopped for each in pair.rounds[1:]] + [time.monotonic_ns()]
        for each, end in zip(pair.rounds, ends):
            within = [(at, mac) for at, mac in heard if each.stopped <= at < end]
            first = next(at for at, mac in within if mac == each.new)
            beside = [at for at, mac in within if mac == each.old and first <= at < each.continued]
            self.assertEqual(beside, [], f"pair {pair.number}: the stopped leader and the new one sent side by side")
            late = [at for at, mac in within if mac == each.old and at >= each.continued]
            yield Figures((first - each.stopped) / MS, (each.alive - each.continued) / MS,
                          [((at - each.continued) / MS, (at - each.alive) / MS) for at in late])

    def check(self, profile, figures):
        takeovers = sorted(each.takeover for each in figures)
        woke = sorted(each.woke for each in figures)
        print(f"{profile.name}: the other answers after SIGSTOP, ms: median {statistics.median(takeovers):.0f}, all",
              " ".join(f"{value:.0f}" for value in takeovers))
        print("the old leader runs after SIGCONT, ms:", " ".join(f"{value:.1f}" for value in woke))
        print("it sent after SIGCONT, frames:", " ".join(str(len(each.late)) for each in figures))
        for each in figures:
            if each.late:
                print("at (ms after SIGCONT / after it ran):",
                      " ".join(f"{sent:.1f}/{ran:.1f}" for sent, ran in each.late))
        self.assertLessEqual(takeovers[-1], profile.duration + HOLD_OFF + ALLOWANCE)
        # A process that is stopped is not dead: its lease is waited out, from the renewal before it was stopped.
        self.assertGreater(takeovers[0], profile.duration - profile.renew - ALLOWANCE)
        for each in figures:
            self.assertLessEqual(len(each.late), BATCH_MAX, "more than one batch")
            for sent, ran in each.late:
                # A machine that lets the process wait after SIGCONT is no fault of the process.
                self.assertLessEqual(min(sent, ran), BATCH_WITHIN, "a frame long after SIGCONT")

    def stop_and_continue(self, profile, pairs, rounds):
        pairs = [Pair(self, number, profile) for number in range(1, pairs + 1)]
        for pair in pairs:
            pair.start()
        for pair in pairs:
            pair.complete()
        print()
        with concurrent.futures.ThreadPoolExecutor(len(pairs)) as pool:
            list(pool.map(lambda pair: pair.play(rounds), pairs))
        self.check(profile, list(itertools.chain.from_iterable(map(self.figures, pairs))))

    def test_twenty_rounds_of_the_fast_profile(self):
        self.stop_and_continue(FAST, pairs=4, rounds=5)

    def test_three_rounds_of_the_default_profile(self):
        self.stop_and_continue(DEFAULT, pairs=3, rounds=1)


if __name__ == "__main__":
    testing.main()
