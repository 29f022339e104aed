# SPDX-License-Identifier: BSL-1.0
"""Asks who has some VIPs, all the time: a thread with a packet socket that asks for all of them in turn.

Every question has a sender MAC of its own that tells which question it is, so an answer counts for the question it
belongs to, however late it is read. What is made of the answers say the classes that derive from this one.
"""
import select
import socket
import struct
import threading
import time

from . import frames, wire

_MARK = b"\x02\x99"  # begins the MAC of a question, its number follows
_SO_TIMESTAMPNS = 35


class Inquiry:
    """Asks from construction until close(), for one VIP after the other, `pace` seconds apart. Times are by `clock`."""
    clock = staticmethod(time.time)  # the one that the kernel stamps frames with

    def __init__(self, machine, vips, pace):
        self.vips = list(vips)
        self.asked = []  # when, by number of the question
        self._pace = pace
        self._wire = wire.Wire(machine)
        self._wire.socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        # The Ethernet source is always the same, so that the bridge need not learn a MAC per question.
        self._questions = [frames.who_has(vip, frames.ZERO, source=self._wire.mac) for vip in self.vips]
        self._closing = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self):
        self._closing = True
        self._thread.join()
        self._wire.close()

    def _run(self):
        longest = self._pace * len(self.vips)
        due = time.monotonic()
        while not self._closing:
            now = time.monotonic()
            due = max(due, now - longest)  # a machine that was busy elsewhere skips questions
            while due <= now:
                self._ask()
                due += self._pace
            select.select([self._wire.socket], [], [], max(0.0, due - now))
            self._take(list(self._queued()))

    def _ask(self):
        number = len(self.asked)
        question = bytearray(self._questions[number % len(self.vips)])
        question[22:28] = _MARK + number.to_bytes(4, "big")
        self.asked.append(self.clock())
        self._wire.send(question)

    def _queued(self):
        """Of each frame that has come: its octets, when (as the kernel says), and the question it answers or None."""
        while True:
            try:
                raw, ancillary, _, _ = self._wire.socket.recvmsg(64, 64)
            except BlockingIOError:
                return
            stamp = next(data for _, kind, data in ancillary if kind == _SO_TIMESTAMPNS)
            seconds, nanoseconds = struct.unpack("qq", stamp)
            number = None
            if raw[20:22] == b"\0\2" and raw[32:34] == _MARK:
                number = int.from_bytes(raw[34:38], "big")
                vip = self.vips[number % len(self.vips)]
                assert raw[28:32] == bytes(map(int, vip.split("."))), f"asked for {vip}, told of {raw[28:32].hex()}"
            yield raw, seconds + nanoseconds / 1e9, number

    def _take(self, heard):
        """Called by the thread with what has come since the last call, which may be nothing."""
        raise NotImplementedError
