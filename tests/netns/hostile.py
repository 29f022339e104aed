# SPDX-License-Identifier: BSL-1.0
"""What hostile neighbours send neither stops the speaker nor grows its memory nor fills its log."""
import os
import pathlib
import random
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from netns_lab import frames, testing, wire  # noqa: E402
from netns_lab.testing import VIP  # noqa: E402

FRAMES = 20_000
GROWTH_MAX = 2048  # KiB: several times the noise of an allocator, a tenth of what 100 bytes per frame would take
if "ASAN_OPTIONS" in os.environ:
    GROWTH_MAX = 16 * 1024  # what was freed is kept for a while, so that its use is noticed
LOG_LINES_MAX = 10
CONFLICT = r"claims a VIP"


def random_frame(dice):
    """Anything from noise to a frame with one lie in it; seeded, so that a failure comes again."""
    def mac():
        return dice.choice([frames.BROADCAST, frames.ZERO, frames.mac_text(dice.randbytes(6)),
                            frames.mac_text(b"\x02" + dice.randbytes(5))])

    def address():
        return dice.choice([VIP, "0.0.0.0", "255.255.255.255", "10.77.0.11", str(dice.randrange(256)) + ".1.2.3"])

    kind = dice.randrange(4)
    if kind == 0:
        return dice.randbytes(12) + b"\x08\x06" + dice.randbytes(dice.randrange(0, 200))
    if kind == 1:
        return dice.randbytes(dice.randrange(14, 1514))
    frame = bytearray(frames.arp(dice.randrange(4), mac(), address(), mac(), address(),
                                 to=frames.BROADCAST, vlan=dice.choice([None, None, None, 0, 5])))
    if kind == 2:
        for _ in range(dice.randrange(1, 4)):
            frame[dice.randrange(len(frame))] = dice.randrange(256)
    return bytes(frame[:dice.randrange(14, len(frame) + 1)] if dice.randrange(8) == 0 else frame)


class Hostile(testing.NetnsTest):
    def setUp(self):
        super().setUp()
        self.server = self.node()
        self.observer = self.wire()
        self.cable = wire.Cable(self.server)
        self.addCleanup(self.cable.close)
        self.process = self.speaker(self.server)
        self.answered_by(self.observer, self.server)

    def flood(self, dice, count):
        """Sends `count` frames and asks a good question after every 50, so that none is lost in a full queue."""
        mac = self.server.mac()
        for sent in range(count):
            self.cable.send(random_frame(dice))
            if sent % 50 == 49:
                self.assertEqual(self.observer.ask(VIP), mac, f"after {sent + 1} frames")
                self.observer.drain()

    def test_twenty_thousand_hostile_frames_leave_memory_log_and_answers_as_they_were(self):
        dice = random.Random(20_000)
        self.flood(dice, 2_000)  # what is allocated once is allocated now
        memory, lines = int(self.process.status("VmRSS")), len(self.process.lines)
        self.flood(dice, FRAMES)
        grown = int(self.process.status("VmRSS")) - memory
        told = self.process.lines[lines:]
        print(f"resident memory {memory} KiB, grown by {grown} KiB; {len(told)} log lines in {FRAMES} frames")
        self.assertLess(grown, GROWTH_MAX)
        self.assertLess(len(told), LOG_LINES_MAX, told)
        self.answered_by(self.observer, self.server)

    def test_claims_of_our_vip_are_told_once_and_folded(self):
        rival = "02:00:00:00:66:66"
        forms = [frames.arp(frames.REQUEST, rival, VIP, frames.ZERO, VIP),
                 frames.arp(frames.REPLY, rival, VIP, rival, VIP),
                 frames.arp(frames.REQUEST, rival, VIP, frames.ZERO, "10.77.0.50")]
        self.assertIsNone(self.process.wait_line(CONFLICT, 0.0))
        for _ in range(100):
            for frame in forms:
                before, good = self.observer.answers_to(frame, VIP, self.server.mac())
                self.assertEqual(before, [], "a claim was answered")
                self.assertIsNotNone(good)
        line = self.process.wait_line(CONFLICT)
        self.assertIsNotNone(line, "no line tells of the conflict")
        self.assertIn(VIP, line)
        self.assertIn(rival, line)
        told = [text for _, text in self.process.lines if "claims a VIP" in text]
        self.assertLessEqual(len(told), 3, told)  # one per 10 s

    def test_our_own_announcement_that_comes_back_is_no_conflict(self):
        mac = self.server.mac()
        for _ in range(20):
            self.observer.send(frames.arp(frames.REQUEST, mac, VIP, frames.ZERO, VIP))
            self.assertEqual(self.observer.ask(VIP), mac)
        self.assertIsNone(self.process.wait_line(CONFLICT, 0.0))


if __name__ == "__main__":
    testing.main()
