# SPDX-License-Identifier: BSL-1.0
"""Who answers for many VIPs, asked all the time: a thread with a packet socket that asks for all of them in turn.

Every question has a sender MAC of its own that tells which question it is, so an answer counts for the question it
belongs to, however late it is read.
"""
import collections
import select
import threading
import time
from typing import NamedTuple

from . import frames, wire

ROUND = 0.1  # seconds in which all VIPs are asked once
_MARK = b"\x02\x99"  # begins the MAC of a question, its number follows


class Answer(NamedTuple):
    """One answer; times as time.monotonic, seconds."""
    asked: float
    received: float
    vip: str
    mac: str


class Census:
    """Asks from construction until close()."""

    def __init__(self, machine, vips):
        self.vips = list(vips)
        self.answers = []  # in the order in which they came
        self._wire = wire.Wire(machine)
        # The Ethernet source is always the same, so that the bridge need not learn a MAC per question.
        self._questions = [frames.who_has(vip, frames.ZERO, source=self._wire.mac) for vip in self.vips]
        self._asked = []   # when, by number of the question
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self):
        self._closing = True
        self._thread.join()
        self._wire.close()

    def _run(self):
        pace = ROUND / len(self.vips)
        due = time.monotonic()
        while not self._closing:
            now = time.monotonic()
            due = max(due, now - ROUND)  # a machine that was busy elsewhere skips questions
            while due <= now:
                self._ask()
                due += pace
            select.select([self._wire.socket], [], [], max(0.0, due - now))
            self._hear()

    def _ask(self):
        number = len(self._asked)
        question = bytearray(self._questions[number % len(self.vips)])
        question[22:28] = _MARK + number.to_bytes(4, "big")
        self._asked.append(time.monotonic())
        self._wire.send(question)

    def _hear(self):
        fresh = []
        while True:
            try:
                raw = self._wire.socket.recv(64)
            except BlockingIOError:
                break
            if raw[20:22] == b"\0\2" and raw[32:34] == _MARK:
                number = int.from_bytes(raw[34:38], "big")
                vip = self.vips[number % len(self.vips)]
                assert raw[28:32] == bytes(map(int, vip.split("."))), f"asked for {vip}, told of {raw[28:32].hex()}"
                fresh.append(Answer(self._asked[number], time.monotonic(), vip, frames.mac_text(raw[22:28])))
        if fresh:
            with self._changed:
                self.answers += fresh
                self._changed.notify_all()

    def since(self, at):
        """The answers to questions that were asked from `at` on."""
        with self._changed:
            first = len(self.answers)
            while first > 0 and self.answers[first - 1].received >= at:
                first -= 1
            return [each for each in self.answers[first:] if each.asked >= at]

    def macs(self, bound=5.0):
        """Asks on until all VIPs have been answered for, and returns who did: {VIP: set of MACs}."""
        at, end = time.monotonic(), time.monotonic() + bound
        found = collections.defaultdict(set)
        with self._changed:
            seen = len(self.answers)
            while len(found) < len(self.vips) and time.monotonic() < end:
                for each in self.answers[seen:]:
                    if each.asked >= at:
                        found[each.vip].add(each.mac)
                seen = len(self.answers)
                self._changed.wait(0.1)
        return dict(found)
