# SPDX-License-Identifier: BSL-1.0
"""Who answers for many VIPs, asked all the time."""
import collections
import threading
import time
from typing import NamedTuple

from . import frames
from .inquiry import Inquiry

ROUND = 0.1  # seconds in which all VIPs are asked once


class Answer(NamedTuple):
    """One answer; times as time.monotonic, seconds."""
    asked: float
    received: float
    vip: str
    mac: str


class Census(Inquiry):
    """Asks from construction until close()."""
    clock = staticmethod(time.monotonic)

    def __init__(self, machine, vips):
        vips = list(vips)
        self.answers = []  # in the order in which they came
        self._changed = threading.Condition()
        super().__init__(machine, vips, ROUND / len(vips))

    def _take(self, heard):
        fresh = [Answer(self.asked[number], time.monotonic(), self.vips[number % len(self.vips)], frames.mac_text(raw[22:28]))
                 for raw, _, number in heard if number is not None]
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
