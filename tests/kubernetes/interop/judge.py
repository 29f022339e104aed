# SPDX-License-Identifier: BSL-1.0
"""Who led when, on one clock: whether two did at once, and then who of them should not have."""
import itertools
from typing import NamedTuple

from kube_lab.candidates import OURS, RIVAL, SECOND, Interval

CLOCKS = SECOND // 1000  # by how much a time that was noted just before or after an event may be off


class Overlap(NamedTuple):
    """Two were leaders at once, from `begin` to `end`. `blame`: whose mistake it is."""
    first: Interval
    second: Interval
    begin: int
    end: int
    blame: str
    waited: float  # seconds from when client-go sent its last successful write to when we began; 0: does not matter

    def __str__(self):
        return (f"{self.first.lease}: {self.first.run} and {self.second.run} for {(self.end - self.begin) / SECOND:.3f} s,"
                f" blame: {self.blame}, {self.waited:.3f} s after client-go's last renewal")


def overlaps(intervals, rival_duration):
    """Every Overlap of two runs; `rival_duration` is client-go's lease duration in seconds."""
    found = []
    by_lease = itertools.groupby(sorted(intervals, key=lambda each: (each.lease, each.begin)), lambda each: each.lease)
    for _, of_lease in by_lease:
        running = []
        for second in of_lease:
            running = [first for first in running if first.end > second.begin]
            found += [_judged(first, second, rival_duration) for first in running if first.run is not second.run]
            running.append(second)
    return found


def _judged(first, second, rival_duration):
    begin, end = second.begin, min(first.end, second.end)
    blame, waited = OURS, 0.0
    if first.run.side == RIVAL and second.run.side == OURS:
        waited = (second.begin - _last_renewal(first, end)) / SECOND
        if waited >= rival_duration - CLOCKS / SECOND:
            blame = RIVAL  # its lease had run out, whatever it believed
    elif first.run.side == second.run.side == RIVAL:
        blame = RIVAL
    return Overlap(first, second, begin, end, blame, waited)


def _last_renewal(interval, end):
    """When client-go sent the last write that kept its lease and took effect before `end`; its start, if none did."""
    sent = [each["sent"] for each in interval.run.said("written", interval.lease)
            if each.get("holder") == interval.run.identity and each["sent"] < end]
    return max(sent, default=interval.begin)


def led_throughout(intervals, begin, end):
    """The run that led from `begin` to `end` without a gap; none if there is no such one."""
    for each in intervals:
        if each.begin <= begin and end <= each.end:
            return each.run
    return None
