# SPDX-License-Identifier: BSL-1.0
"""The drop list on the wire: each wrong frame meets silence and the good question behind it is answered; and what looks
odd but is right is answered."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from netns_lab import frames, testing, wire  # noqa: E402
from netns_lab.testing import VIP, WORK  # noqa: E402

ASKER, OTHER = "02:00:00:00:0a:01", "02:00:00:00:0a:02"
MULTICAST = "01:00:5e:00:00:01"


def wrong_frames():
    """(name, frame) of everything that must meet silence from a leader of VIP."""
    def request(**changes):
        return frames.who_has(VIP, ASKER, "10.77.0.50", **changes)

    def from_sender(sha):
        return frames.who_has(VIP, sha, "10.77.0.50", source=ASKER)

    yield "an ARP reply that tells somebody else's address", frames.arp(
        frames.REPLY, ASKER, "10.77.0.50", OTHER, VIP)
    yield "an operation that is neither request nor reply", frames.arp(3, ASKER, "10.77.0.50", frames.ZERO, VIP)
    yield "operation 0", frames.arp(0, ASKER, "10.77.0.50", frames.ZERO, VIP)
    yield "a foreign unicast Ethernet destination", request(to=OTHER)
    yield "a multicast Ethernet destination", request(to=MULTICAST)
    yield "a foreign target", frames.who_has("10.77.0.77", ASKER, "10.77.0.50")
    yield "target 0.0.0.0", frames.who_has("0.0.0.0", ASKER, "10.77.0.50")
    yield "hlen 255", request(hlen=255)
    yield "plen 255", request(plen=255)
    yield "hlen and plen 255", request(hlen=255, plen=255)
    yield "hlen 0", request(hlen=0)
    yield "plen 16", request(plen=16)
    yield "htype 6 (IEEE 802)", request(htype=6)
    yield "htype 0xffff", request(htype=0xFFFF)
    yield "ptype 0x86dd (IPv6)", request(ptype=0x86DD)
    yield "ptype 0x0806", request(ptype=0x0806)
    yield "another EtherType", request(ethertype=0x0800)
    yield "EtherType RARP", request(ethertype=0x8035)
    yield "a zero sender MAC", from_sender(frames.ZERO)
    yield "a multicast sender MAC", from_sender(MULTICAST)
    yield "a broadcast sender MAC", from_sender(frames.BROADCAST)
    yield "a tag of VLAN 5", request(vlan=5)
    yield "a tag of VLAN 5 with priority 7", request(vlan=7 << 13 | 5)
    yield "a tag of VLAN 4094", request(vlan=4094)
    yield "a frame of 9000 bytes", request(size=9000)
    yield "a frame of 1515 bytes", request(size=1515)
    for size in range(14, 42):
        yield f"a frame truncated to {size} bytes", request(size=42)[:size]


def right_frames(node_mac):
    """(name, frame, who is answered) of what is odd but must be answered."""
    def request(**changes):
        return frames.who_has(VIP, ASKER, "10.77.0.50", **changes)

    yield "an ordinary request", request(), ASKER
    yield "a request without padding", request(size=42), ASKER
    yield "a request padded to the longest frame", request(size=1514), ASKER
    yield "a request to our own MAC", request(to=node_mac), ASKER
    yield "a probe (sender 0.0.0.0)", frames.who_has(VIP, ASKER), ASKER
    yield "a priority tag (VLAN 0)", request(vlan=0), ASKER
    yield "a priority tag (VLAN 0) with priority 7", request(vlan=7 << 13), ASKER
    yield "an Ethernet source that differs from the sender MAC", request(source=OTHER), ASKER
    yield "a target MAC that is not zero", frames.arp(
        frames.REQUEST, ASKER, "10.77.0.50", frames.BROADCAST, VIP), ASKER


class DropList(testing.NetnsTest):
    mtu = 9200  # so that the 9000-byte frame arrives

    def setUp(self):
        super().setUp()
        self.server = self.node()
        self.observer = self.wire()

    def test_what_is_wrong_meets_silence_and_the_next_good_question_is_answered(self):
        speaker = self.speaker(self.server)
        self.answered_by(self.observer, self.server)
        listener, cable, mac = wire.Wire(self.server), wire.Cable(self.server), self.server.mac()
        self.addCleanup(listener.close)
        self.addCleanup(cable.close)
        for name, frame in wrong_frames():
            with self.subTest(name):
                listener.drain()
                before, good = self.observer.answers_to(frame, VIP, mac, via=cable)
                self.assertEqual(before, [], f"{name} was answered")
                self.assertIsNotNone(good, f"after {name} a good question was not answered")
                self.assertEqual(good.sha, mac)
                self.assertTrue(listener.has_heard(frame), f"{name} never arrived, so the silence proves nothing")
        self.assertTrue(speaker.running())

    def test_what_is_odd_but_right_is_answered(self):
        self.speaker(self.server)
        self.answered_by(self.observer, self.server)
        mac = self.server.mac()
        for name, frame, asker in right_frames(mac):
            with self.subTest(name):
                self.observer.drain()
                self.observer.send(frame)
                heard = self.observer.wait_for(lambda arp: arp.oper == frames.REPLY and not arp.announces(VIP), 3.0)
                self.assertIsNotNone(heard, f"{name} was not answered")
                spa = "0.0.0.0" if "probe" in name else "10.77.0.50"
                self.assertEqual(heard.arp, frames.Arp(asker, mac, frames.REPLY, mac, VIP, asker, spa))

    def test_who_does_not_lead_is_silent_until_it_leads(self):
        elector = f"file:{WORK}/election-{self.id()}"
        leader = self.speaker(self.server, elector=elector)
        self.answered_by(self.observer, self.server)
        second = self.node("node-2", "10.77.0.12")
        self.speaker(second, elector=elector)
        self.observer.drain()
        for _ in range(200):
            self.assertEqual(self.observer.ask(VIP), self.server.mac())
        claims = [heard.arp for heard in self.observer.heard if heard.arp.source == second.mac()]
        self.assertEqual(claims, [], "the follower sent something")
        self.assertEqual(leader.stop(), 0)
        self.answered_by(self.observer, second)


if __name__ == "__main__":
    testing.main()
