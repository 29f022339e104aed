# SPDX-License-Identifier: BSL-1.0
"""Who starts to lead announces: when, how often, in which forms, and for a thousand VIPs."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from netns_lab import frames, testing  # noqa: E402
from netns_lab.testing import VIP  # noqa: E402

OFFSETS = (0.0, 0.1, 0.5, 1.1, 2.2, 5.0)
EARLY, LATE = 0.05, 0.4  # seconds; a busy machine may delay any of them, the first one too


class Announcements(testing.NetnsTest):
    def setUp(self):
        super().setUp()
        self.server = self.node()
        self.observer = self.wire()

    def test_a_leader_announces_in_both_forms_at_each_offset_and_then_no_more(self):
        mac = self.server.mac()
        self.speaker(self.server)
        heard = [each for each in self.observer.listen(OFFSETS[-1] + 1.5) if each.arp.claims(VIP)]
        forms = [frames.Arp(frames.BROADCAST, mac, frames.REQUEST, mac, VIP, frames.ZERO, VIP),
                 frames.Arp(frames.BROADCAST, mac, frames.REPLY, mac, VIP, mac, VIP)]
        self.assertEqual([each.arp for each in heard], forms * len(OFFSETS))
        times = [each.at - heard[0].at for each in heard]
        print("announced at", " ".join(f"{at * 1000:.0f}" for at in times), "ms after the first")
        for at, offset in zip(times, [offset for offset in OFFSETS for _ in forms]):
            self.assertGreater(at, offset - EARLY)
            self.assertLess(at, offset + LATE)

    def test_a_thousand_vips_are_each_announced_in_both_forms(self):
        mac = self.server.mac()
        self.speaker(self.server, vip="10.77.4.1-10.77.7.232")
        expected = {f"10.77.{block}.{host}" for block in range(4, 8) for host in range(256)
                    if (4, 1) <= (block, host) <= (7, 232)}
        self.assertEqual(len(expected), 1000)
        first = {}
        self.observer.wait_for(lambda arp: self.note(first, arp) and len(first) == 2 * len(expected), 5.0)
        for oper in (frames.REQUEST, frames.REPLY):
            self.assertEqual({vip for vip, each in first if each == oper}, expected)
        self.assertEqual({arp.sha for arp in first.values()}, {mac})

    @staticmethod
    def note(first, arp):
        if arp.announces(arp.spa):
            first.setdefault((arp.spa, arp.oper), arp)
        return True


if __name__ == "__main__":
    testing.main()
