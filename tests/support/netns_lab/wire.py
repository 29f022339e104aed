# SPDX-License-Identifier: BSL-1.0
"""Packet sockets inside a namespace: sends hand-made frames, keeps what it hears, asks who has an address.

Every wait is for an event and has a bound. A Wire never filters by itself: it hears all ARP on its interface, its own
frames excepted.
"""
import select
import socket
import struct
import time
from typing import NamedTuple

from . import frames
from .lab import far_end

_PACKET_OUTGOING = 4
_PACKET_ADD_MEMBERSHIP = 1
_PACKET_MR_PROMISC = 1
_SOL_PACKET = 263
_SO_RCVBUFFORCE = 33


class Heard(NamedTuple):
    """One captured ARP message with its time (time.monotonic, seconds)."""
    at: float
    arp: frames.Arp
    raw: bytes


class Wire:
    """One raw socket on `interface` of `machine`, promiscuous."""

    def __init__(self, machine, interface="eth0"):
        with machine.entered():
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        _enlarge_queue(self.socket)
        index = machine.index(interface)
        self.socket.setsockopt(_SOL_PACKET, _PACKET_ADD_MEMBERSHIP, struct.pack("iHH8s", index, _PACKET_MR_PROMISC, 0, b""))
        self.socket.bind((interface, 0x0003))
        self.socket.setblocking(False)
        self.mac = machine.mac(interface)
        self.heard = []
        self._asked = 0

    def close(self):
        self.socket.close()

    def send(self, frame):
        self.socket.send(frame)

    def _take(self, bound):
        """Reads one frame within `bound` seconds; returns the Heard, or None for silence or anything but ARP."""
        if not select.select([self.socket], [], [], max(0.0, bound))[0]:
            return None
        try:
            raw, (_, _, kind, _, _) = self.socket.recvfrom(65535)
        except (BlockingIOError, OSError):
            return None
        message = frames.parse(raw) if kind != _PACKET_OUTGOING else None
        if message is None:
            return None
        self.heard.append(Heard(time.monotonic(), message, raw))
        return self.heard[-1]

    def wait_for(self, wanted, bound=3.0):
        """The first message from now on for which wanted(Arp) holds, or None after `bound` seconds."""
        end = time.monotonic() + bound
        while (left := end - time.monotonic()) > 0:
            heard = self._take(left)
            if heard and wanted(heard.arp):
                return heard
        return None

    def has_heard(self, frame):
        """True when `frame` is among what is queued, tag or no tag (the kernel takes tags off)."""
        plain = frame[:12] + frame[16:] if frame[12:14] == b"\x81\x00" else frame
        while select.select([self.socket], [], [], 0)[0]:
            raw, (_, _, kind, _, _) = self.socket.recvfrom(65535)
            if kind != _PACKET_OUTGOING and raw == plain:
                return True
        return False

    def listen(self, seconds):
        """Hears everything for `seconds` and returns it: for schedules, where time itself is what is tested."""
        first, end = len(self.heard), time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._take(left)
        return self.heard[first:]

    def drain(self):
        """Forgets what is queued and what was heard."""
        while select.select([self.socket], [], [], 0)[0]:
            self._take(0)
        self.heard.clear()

    def asker(self):
        """A sender MAC that no other question uses: an answer to it can belong to that question only."""
        self._asked += 1
        return frames.mac_text(b"\x02\x99" + self._asked.to_bytes(4, "big"))

    def ask(self, vip, bound=3.0, retry=0.2):
        """Asks who has `vip` as a probe, again every `retry` seconds; returns the MAC that answers, or None."""
        end = time.monotonic() + bound
        while time.monotonic() < end:
            sha = self.asker()
            self.send(frames.who_has(vip, sha))
            heard = self.wait_for(lambda arp, sha=sha: arp.oper == frames.REPLY and arp.tha == sha and arp.spa == vip,
                                  min(retry, max(0.01, end - time.monotonic())))
            if heard:
                return heard.arp.sha
        return None

    def answers_to(self, frame, vip, node_mac, bound=3.0, via=None):
        """Sends `frame` and a good question behind it (both through `via` when given). Returns the replies that the node sent before the one to the good
        question (announcements left out), and that one, or None when it does not come. The speaker reads one queue in
        order, so what has not come by then does not come: silence is proven without waiting for it."""
        self.drain()
        sha = self.asker()
        for each in (frame, frames.who_has(vip, sha)):
            (via or self).send(each)
        good = self.wait_for(lambda arp: arp.oper == frames.REPLY and arp.tha == sha and arp.spa == vip, bound)
        before = [heard.arp for heard in self.heard if heard.arp.oper == frames.REPLY and heard is not good
                  and node_mac in (heard.arp.source, heard.arp.sha) and not heard.arp.announces(vip)]
        return before, good.arp if good else None


class Cable:
    """Puts frames into a machine's cable behind the bridge, which by itself drops many that are too short or lie."""

    def __init__(self, machine, interface="eth0"):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.socket.bind((far_end(machine, interface), 0))

    def close(self):
        self.socket.close()

    def send(self, frame):
        self.socket.send(frame)


def _enlarge_queue(sock):
    """So that a slow test misses nothing; without the privilege the default must do."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 8 << 20)
    except OSError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
