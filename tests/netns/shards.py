# SPDX-License-Identifier: BSL-1.0
"""Three speakers share 240 VIPs in groups: how the groups are spread, what moves when a speaker goes and comes back,
and how the number of groups is changed. An observer asks for all VIPs all the time."""
import collections
import math
import pathlib
import re
import signal
import sys
import time
from typing import NamedTuple

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from netns_lab import census, programs, testing  # noqa: E402
from netns_lab.testing import WORK  # noqa: E402

NODES = ("node-1", "node-2", "node-3")
RANGE = "10.77.4.1-10.77.4.240"
VIPS = [f"10.77.4.{host}" for host in range(1, 241)]
HOLD_DOWN, SETTLING = 10.0, 2.0  # seconds: for how long what came back gets nothing, and what else may pass
OPENING = 3.0                    # seconds: for how long a changed layout lets nobody answer
LEADING = re.compile(r"leading, answering from now on group=(\d+) ")
NO_MORE = re.compile(r"leading no more, silent from now on group=(\d+) ")


def mixed(value):
    """The hash that a VIP's group is taken from, as it is documented: the finalizer of SplitMix64."""
    whole = (1 << 64) - 1
    value = (value + 0x9E3779B97F4A7C15) & whole
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & whole
    value = (value ^ value >> 27) * 0x94D049BB133111EB & whole
    return value ^ value >> 31


def group_of(vip, count):
    return mixed(int.from_bytes(bytes(map(int, vip.split("."))), "big")) % count


class Change(NamedTuple):
    """A line of a log: `node` leads `group` from then on, or no more."""
    at: float
    node: str
    group: int
    leads: bool


class ShardsTest(testing.NetnsTest):
    options = ()

    def setUp(self):
        super().setUp()
        self.elector = f"file:{WORK}/{self.id()}"
        self.machines = {name: self.node(name, f"10.77.0.1{number}") for number, name in enumerate(NODES, 1)}
        self.names = {machine.mac(): name for name, machine in self.machines.items()}
        self.speakers, self.logs = {}, []
        self.census = census.Census(self.lab.add("observer"), VIPS)
        self.addCleanup(self.census.close)

    def begin(self, name, groups):
        self.speakers[name] = self.program(
            self.machines[name], testing.SPEAKER, "-i", "eth0", "-a", RANGE, "-e", self.elector, "--node-name", name,
            "--groups", f"shards:{groups}", *self.options)
        self.logs.append((name, self.speakers[name]))

    def start(self, name, groups):
        self.begin(name, groups)
        self.listening(self.speakers[name], self.machines[name])

    def stop(self, name):
        self.assertEqual(self.speakers[name].stop(), 0, self.speakers[name].log)

    def kill(self, name):
        self.speakers[name].send(signal.SIGKILL)
        self.assertEqual(self.speakers[name].wait(), -signal.SIGKILL)

    def changes(self):
        """What the logs of all speakers say, old ones too, in the order of the observer's clock."""
        found = []
        for name, speaker in self.logs:
            for at, line in list(speaker.lines):
                for pattern, leads in ((LEADING, True), (NO_MORE, False)):
                    if match := pattern.search(line):
                        found.append(Change(at, name, int(match[1]), leads))
        return sorted(found)

    def led(self):
        """{node: set of groups} by the logs of the speakers that run."""
        found = {name: set() for name, speaker in self.speakers.items() if speaker.running()}
        for name, speaker in self.logs:
            if speaker is not self.speakers[name] or name not in found:
                continue
            for _, line in list(speaker.lines):
                if match := LEADING.search(line):
                    found[name].add(int(match[1]))
                elif match := NO_MORE.search(line):
                    found[name].discard(int(match[1]))
        return found

    def all_led(self, groups, bound):
        """Waits until each group has one leader, and returns {node: set of groups}."""
        def complete():
            led = self.led()
            return sorted(group for each in led.values() for group in each) == list(range(groups)) and led
        led = programs.wait_until(complete, bound, 0.02)
        self.assertTrue(led, f"not all of {groups} groups are led after {bound} s: {self.led()}")
        return led

    def answered_as_led(self, groups):
        """Asserts that every VIP is answered for by one MAC, that of its group's leader."""
        led, macs = self.led(), self.census.macs()
        self.assertEqual(set(macs), set(VIPS), "VIPs that nobody answers for")
        leaders = {group: name for name, own in led.items() for group in own}
        told = {vip: {self.names[mac] for mac in answered} for vip, answered in macs.items()}
        self.assertEqual(told, {vip: {leaders[group_of(vip, groups)]} for vip in VIPS})

    def never_two(self, groups, since=0.0, until=math.inf):
        """Asserts by what was heard that no group was answered for by two at a time: whoever answered, answered until
        the next one did, and not again unless its log says that it led again."""
        told = collections.defaultdict(list)
        for change in self.changes():
            if change.leads and since <= change.at < until:
                told[change.group].append(change.node)
        heard = collections.defaultdict(list)
        for each in self.census.since(since):
            turns = heard[group_of(each.vip, groups)]
            if each.received < until and (not turns or turns[-1][0] != self.names[each.mac]):
                turns.append((self.names[each.mac], each))
        self.assertEqual(len(heard), groups)
        for group, turns in heard.items():
            leaders = iter(told[group])
            self.assertTrue(all(any(name == leader for leader in leaders) for name, _ in turns),
                            f"group {group}: the log says {told[group]}, the observer heard {turns}")

    @staticmethod
    def spread(led):
        return " ".join(f"{node}: {len(own)}" for node, own in sorted(led.items()))


class Spread(ShardsTest):
    def test_groups_are_shared_out_taken_over_at_once_and_stay_where_they_are(self):
        for name in NODES:
            self.begin(name, 8)
        led = self.all_led(8, 12.0)
        print("\nstarted together:", self.spread(led))
        self.assertLessEqual(max(map(len, led.values())), 3, led)
        self.answered_as_led(8)

        gone = max(led, key=lambda name: len(led[name]))
        at = time.monotonic()
        self.kill(gone)
        after = self.all_led(8, 5.0)
        moved = [each for each in self.changes() if each.at >= at and each.leads]
        self.answered_as_led(8)
        answered = [min(each.received for each in self.census.since(at)
                        if group_of(each.vip, 8) == change.group and self.names[each.mac] == change.node) - at
                    for change in moved]
        print(f"{gone} is killed with {len(led[gone])}:", self.spread(after), "answered after, ms:",
              " ".join(f"{each * 1000:.0f}" for each in sorted(answered)))
        self.assertEqual({each.group for each in moved}, led[gone], "other groups moved")
        self.assertLessEqual(max(map(len, after.values())), 4, after)
        self.assertLess(max(answered), 1.0)

        back = time.monotonic()
        self.start(gone, 8)
        self.stays_for(back, HOLD_DOWN + SETTLING, after)
        print(f"{gone} is back:", self.spread(self.led()))
        self.answered_as_led(8)
        self.never_two(8)

    def stays_for(self, since, seconds, led):
        """Watches for a while, in which no group may move."""
        moved = programs.wait_until(lambda: [each for each in self.changes() if each.at >= since],
                                    since + seconds - time.monotonic(), 0.1)
        self.assertEqual(moved, [])
        self.assertEqual({name: own for name, own in self.led().items() if own}, led)


class Rebalance(ShardsTest):
    options = ("--rebalance",)
    QUIET = 5.0  # seconds without a move, when one group may move per second, after which nothing moves any more

    def test_what_comes_back_gets_its_share_back_and_then_all_is_quiet(self):
        for name in NODES:
            self.begin(name, 8)
        led = self.all_led(8, 12.0)
        print("\nstarted together:", self.spread(led))
        gone = max(led, key=lambda name: len(led[name]))
        self.kill(gone)
        after = self.all_led(8, 5.0)
        print(f"{gone} is killed:", self.spread(after))
        back = time.monotonic()
        self.start(gone, 8)
        has_share = programs.wait_until(lambda: len(self.led()[gone]) >= 2, HOLD_DOWN + 10.0, 0.1)
        self.assertTrue(has_share, f"{gone} got {self.led()[gone]}")
        first = min(each.at for each in self.changes() if each.at >= back)
        self.assertGreater(first, back + HOLD_DOWN - 0.5, "it got groups before the hold-down was over")
        self.assertTrue(programs.wait_until(lambda: time.monotonic() > self.changes()[-1].at + self.QUIET, 25.0, 0.1),
                        "groups move on and on")
        led = self.all_led(8, 1.0)
        moves = [each for each in self.changes() if each.at >= back and each.leads]
        print(f"{gone} is back:", self.spread(led), "moves at, s:", " ".join(f"{each.at - back:.1f}" for each in moves))
        self.assertLessEqual(max(map(len, led.values())), 3, led)
        self.assertEqual({each.node for each in moves}, {gone}, "groups moved elsewhere")
        self.answered_as_led(8)
        self.never_two(8)


class LayoutChange(ShardsTest):
    CHANGED = r"the layout is opening.* groups=shards:16 "

    def change(self, name, groups):
        """Stops one speaker and starts it with another wish; it serves the layout that is there."""
        self.stop(name)
        self.start(name, groups)
        speaker = self.speakers[name]
        self.assertIsNotNone(speaker.wait_line("the layout is open"), speaker.log)

    def test_a_rolling_change_takes_effect_once_at_its_end_and_a_roll_back_changes_nothing(self):
        for name in NODES:
            self.begin(name, 8)
        self.all_led(8, 12.0)
        self.answered_as_led(8)

        self.change("node-1", 16)
        self.all_led(8, 3.0)
        self.answered_as_led(8)
        self.change("node-1", 8)
        self.all_led(8, 3.0)
        self.answered_as_led(8)
        for name in ("node-1", "node-2"):
            self.change(name, 16)
            self.all_led(8, 3.0)
            self.answered_as_led(8)
        for _, speaker in self.logs:
            self.assertIsNone(speaker.wait_line(self.CHANGED, 0.0), "the layout changed before all wished it")

        last = time.monotonic()
        self.stop("node-3")  # and all that are left wish the same
        self.start("node-3", 16)
        led = self.all_led(16, OPENING + 7.0)
        self.answered_as_led(16)
        ended = max(each.at for each in self.changes() if not each.leads)
        opened = min(each.received for each in self.census.since(ended))
        print(f"\n16 groups: {self.spread(led)}; the old ones were left {(ended - last) * 1000:.1f} ms after the last "
              f"speaker was told to stop, the new ones answered for {opened - ended:.1f} s later")
        self.assertGreater(opened - ended, OPENING * 0.9, "the new layout was answered by before the old one had ended")
        self.never_two(8, until=ended)
        self.never_two(16, since=ended)
        for name, speaker in self.speakers.items():
            changes = [line for _, line in speaker.lines if re.search(self.CHANGED, line)]
            self.assertEqual(len(changes), 1, f"{name}: {changes}")


if __name__ == "__main__":
    testing.main()
