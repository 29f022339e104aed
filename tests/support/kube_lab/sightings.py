# SPDX-License-Identifier: BSL-1.0
"""Who claims which VIP, by every frame on the segment: questions are asked for all of them all the time."""
import collections
import time
from typing import NamedTuple, Optional

from netns_lab import frames
from netns_lab.inquiry import Inquiry
from netns_lab.programs import wait_until

PACE = 0.005  # seconds from question to question
QUIET = 0.5  # seconds without a frame: nobody answers


class Sighting(NamedTuple):
    """A frame whose sender address is a VIP; `at` by the wall clock, as the kernel stamped it."""
    at: float
    vip: str
    mac: str
    question: Optional[int]  # the number of the one that it answers


def answered_twice(seen):
    """The questions that were answered more than once, whatever the VIP."""
    counts = collections.Counter(each.question for each in seen if each.question is not None)
    return [question for question, count in counts.items() if count > 1]


class Sightings(Inquiry):
    def __init__(self, machine, vips):
        self.all = []
        self._known = frozenset(vips)
        super().__init__(machine, vips, PACE)

    def _take(self, heard):
        for raw, at, question in heard:
            message = frames.parse(raw)
            if message is not None and message.spa in self._known:
                self.all.append(Sighting(at, message.spa, message.sha, question))

    def of(self, vip, since, until=float("inf")):
        """Sightings of a VIP in that time, oldest first."""
        found, number = [], len(self.all)
        while number > 0 and self.all[number - 1].at >= since:
            number -= 1
            if self.all[number].vip == vip and self.all[number].at <= until:
                found.append(self.all[number])
        return found[::-1]

    def unanswered(self, vip, since, until):
        """The longest time, in seconds, for which no question for the VIP was answered, by when they were asked."""
        answered = {each.question for each in self.all if each.at >= since}
        longest, last = 0.0, None  # last: when the last one that was answered was asked
        for number in range(self.vips.index(vip), len(self.asked), len(self.vips)):
            if not since <= self.asked[number] <= until:
                continue
            last = self.asked[number] if last is None or number in answered else last
            longest = max(longest, self.asked[number] - last)
        return longest

    def first(self, vip, since, bound, mac=None):
        """The first one from `since` on (of that MAC), or None after `bound` seconds."""
        def found():
            return next((each for each in self.of(vip, since) if mac in (None, each.mac)), None)
        return wait_until(found, bound, 0.01)

    def last_before_silence(self, vip, since, bound):
        """Waits until nobody has claimed the VIP for QUIET; the last sighting since then, None if there was none, or False
        when it was not silent within `bound` seconds."""
        def silent():
            return time.time() - since > QUIET and not self.of(vip, time.time() - QUIET)
        if not wait_until(silent, bound + QUIET, 0.02):
            return False
        return (self.of(vip, since) or [None])[-1]
