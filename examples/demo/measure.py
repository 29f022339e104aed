# SPDX-License-Identifier: BSL-1.0
"""From the instruments' files to figures: what each event did to the segment and to the client.

Times are CLOCK_MONOTONIC nanoseconds as the instruments wrote them. Nothing here knows what should have happened
except `problems`, which says in sentences what did not.
"""
from dataclasses import dataclass, field
from typing import NamedTuple, Optional

MS = 1_000_000


class Exchange(NamedTuple):
    """One UDP probe or one TCP connection of the client."""
    sent: int
    answered: Optional[int]
    node: str


class Answer(NamedTuple):
    asked: int
    received: int
    mac: str


class Announcement(NamedTuple):
    at: int
    mac: str
    form: str


@dataclass
class Record:
    """Everything that the instruments saw in one run."""
    asks: list = field(default_factory=list)
    answers: list = field(default_factory=list)
    announcements: list = field(default_factory=list)
    probes: list = field(default_factory=list)
    connections: list = field(default_factory=list)
    missed: dict = field(default_factory=dict)


@dataclass
class Event:
    """Something that was done to the lab, and who led before it; `successor` is None when nobody should change."""
    key: str
    label: str
    at: int
    leader: str
    successor: Optional[str]


@dataclass
class Outcome:
    """The figures of one event; times in milliseconds, None for what never happened."""
    event: Event
    until: int
    answered_after: Optional[float] = None
    unanswered: float = 0.0
    announced_after: Optional[float] = None
    both: float = 0.0
    strangers: int = 0
    probes: int = 0
    lost: int = 0
    lost_at: list = field(default_factory=list)
    outage: float = 0.0
    connections: int = 0
    failed: int = 0
    slowest: float = 0.0


def load(watch_path, client_path=None):
    """Reads the instruments' files; there need not be a client."""
    record = Record()
    sent = {}
    for row in _rows(watch_path):
        if row[0] == "ask":
            record.asks.append(int(row[2]))
            sent[int(row[1])] = int(row[2])
        elif row[0] == "answer" and int(row[1]) in sent:
            record.answers.append(Answer(sent[int(row[1])], int(row[2]), row[3]))
        elif row[0] == "announce":
            record.announcements.append(Announcement(int(row[1]), row[2], row[3]))
        elif row[0] == "missed":
            record.missed["watch"] = int(row[1])
    for row in _rows(client_path) if client_path else ():
        if row[0] in ("udp", "tcp"):
            exchange = Exchange(int(row[2]), int(row[3]) if row[3] else None, row[4])
            (record.probes if row[0] == "udp" else record.connections).append(exchange)
        elif row[0] == "missed":
            record.missed["client"] = int(row[1])
    return record


def _rows(path):
    with open(path, encoding="utf-8") as lines:
        return [line.rstrip("\n").split(",") for line in lines]


def longest_gap(times, answered):
    """Milliseconds of the longest run of `times` (sorted) that are not in `answered`: from the first unanswered one to
    the next answered one."""
    longest, start = 0, None
    for at in times:
        if at in answered:
            if start is not None:
                longest = max(longest, at - start)
            start = None
        elif start is None:
            start = at
    if start is not None:
        longest = max(longest, times[-1] - start + MS)
    return longest / MS


def outcome(record, event, until, macs):
    """The figures of one event, from its instant to `until`; `macs` maps a node's name to its MAC."""
    result = Outcome(event, until)

    def within(at):
        return event.at <= at < until

    answers = [answer for answer in record.answers if within(answer.received)]
    asks = [at for at in record.asks if within(at)]
    result.unanswered = longest_gap(asks, {answer.asked for answer in answers})
    expected = macs[event.successor or event.leader]
    old = macs[event.leader] if event.successor else None
    new_times = [answer.received for answer in answers if answer.mac == expected]
    if event.successor:
        old_times = [answer.received for answer in answers if answer.mac == old]
        if new_times:
            result.answered_after = (new_times[0] - event.at) / MS
        if new_times and old_times:
            result.both = max(0, old_times[-1] - new_times[0]) / MS
    announced = [row for row in record.announcements if within(row.at)]
    by_successor = [row.at for row in announced if event.successor and row.mac == expected]
    if by_successor:
        result.announced_after = (by_successor[0] - event.at) / MS
    result.strangers = sum(row.mac not in (expected, old) for row in answers + announced)
    _client_figures(record, result, within)
    return result


def _client_figures(record, result, within):
    probes = [probe for probe in record.probes if within(probe.sent)]
    result.probes = len(probes)
    result.lost_at = [(probe.sent - result.event.at) / MS for probe in probes if probe.answered is None]
    result.lost = len(result.lost_at)
    result.outage = longest_gap([probe.sent for probe in probes], {p.sent for p in probes if p.answered is not None})
    connections = [row for row in record.connections if within(row.sent)]
    result.connections = len(connections)
    result.failed = sum(row.answered is None for row in connections)
    result.slowest = max(((row.answered - row.sent) / MS for row in connections if row.answered), default=0.0)


def outcomes(record, events, end, macs):
    """One Outcome per event; each lasts until the next one."""
    bounds = [event.at for event in events[1:]] + [end]
    return [outcome(record, event, until, macs) for event, until in zip(events, bounds)]


def problems(results):
    """What did not go as it must, in sentences; empty when all went well."""
    found = []
    for result in results:
        event = result.event
        if result.probes == 0 or result.connections == 0:
            found.append(f"{event.label}: the client measured nothing")
        if event.successor and result.answered_after is None:
            found.append(f"{event.label}: {event.successor} never answered for the VIP")
        if event.successor and result.announced_after is None:
            found.append(f"{event.label}: nobody announced the new owner")
        if event.successor and result.outage * MS >= result.until - event.at:
            found.append(f"{event.label}: the client was never served again")
        if result.both > 0:
            found.append(f"{event.label}: two nodes answered side by side for {result.both:.1f} ms")
        if result.strangers:
            found.append(f"{event.label}: a node that must be silent sent {result.strangers} answers or announcements")
        if not event.successor and result.unanswered > 250:
            found.append(f"{event.label}: nothing should change, but nobody answered for {result.unanswered:.0f} ms")
        if event.key in ("steady", "stop") and result.lost:
            found.append(f"{event.label}: {result.lost} probes were lost, none should be "
                         f"(sent {', '.join(f'{at:.1f}' for at in result.lost_at[:10])} ms after)")
    return found
