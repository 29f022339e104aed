# SPDX-License-Identifier: BSL-1.0
"""What a trouble is judged by: every frame that claims a VIP, and every write of a Lease as etcd committed it.

All times are the host's wall clock, the one that speakers write into renewTime and the kernel stamps frames with, so
frames and renewals compare although they come from different places. It asks no API server: those are in trouble.
"""
import base64
import datetime
import http.client
import json
import socket
import threading
import time
import urllib.parse
import urllib.request
from typing import NamedTuple, Optional

from netns_lab import frames
from netns_lab.inquiry import Inquiry
from netns_lab.programs import wait_until

PACE = 0.02  # seconds from question to question
SAFETY = 0.02  # seconds by which a holder stops before its lease ends, beside DRIFT of it
DRIFT = 0.01  # how much clocks may differ in rate
TRANSIT = 0.05  # seconds from a frame's sending to its time, where the kernel has much else to do


class Frame(NamedTuple):
    """A frame whose sender address is the VIP."""
    at: float
    mac: str


class Witness(Inquiry):
    """Asks who has `vip` every PACE seconds from construction until close(), and keeps every frame that claims it."""

    def __init__(self, machine, vip):
        self.answered, self.frames = {}, []  # answered: number of the question -> Frame
        super().__init__(machine, [vip], PACE)

    def _take(self, heard):
        for raw, at, number in heard:
            message = frames.parse(raw)
            if message is None or not message.claims(self.vips[0]):
                continue
            frame = Frame(at, message.sha)
            if number is not None:
                self.answered.setdefault(number, frame)
            self.frames.append(frame)

    def since(self, at, until=float("inf")):
        """The frames from `at` on."""
        found, number = [], len(self.frames)
        while number > 0 and self.frames[number - 1].at >= at:
            number -= 1
            if self.frames[number].at <= until:
                found.append(self.frames[number])
        return found[::-1]

    def wait_frame(self, since, bound, mac=None):
        """The first frame from `since` on (of this sender), or None after `bound` seconds."""
        def first():
            return next((each for each in self.since(since) if mac in (None, each.mac)), None)
        return wait_until(first, bound, 0.02)

    def silences(self, since, until):
        """The longest time without an answer within these times, and the number of questions that nobody answered."""
        asked = [(number, at) for number, at in enumerate(self.asked) if since <= at <= until]
        times = [since, *(each.at for each in self.since(since, until)), until]
        return (max(after - before for before, after in zip(times, times[1:])),
                sum(number not in self.answered for number, _ in asked))


class Write(NamedTuple):
    """One committed change of a Lease; `node` is None unless a speaker wrote it or only its metadata was touched."""
    revision: int
    name: str
    node: Optional[str]
    term: int
    renewed: float
    duration: float
    waits: bool  # its writer says that it is silent
    lease: Optional[dict]  # None: deleted
    released_by: Optional[str] = None  # whose leadership ends by it
    heard: float = 0.0  # when etcd told it, which is soon after: the only time that a deletion has


def wall_time(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() if text else 0.0


def read_write(revision, name, lease):
    """The write that left this Lease."""
    spec, notes = lease.get("spec", {}), lease["metadata"].get("annotations", {})
    node, renewed = notes.get("isat/node"), spec.get("renewTime", "")
    own = node and notes.get("isat/written") == renewed and spec.get("holderIdentity", "").startswith(f"{node}_")
    is_release = notes.get("isat/released") == "yes" and notes.get("isat/written") == renewed
    return Write(revision, name, node if own else None, spec.get("leaseTransitions", 0), wall_time(renewed),
                 int(notes.get("isat/duration", 0)) / 1e3, notes.get("isat/waiting") == "yes", lease,
                 notes.get("isat/released-by") if is_release else None)


class Chronicle:
    """All writes of Leases in a namespace, from construction until close(), read from etcd. The API servers must keep
    objects as JSON (STORAGE)."""
    STORAGE = ("--storage-media-type=application/json",)

    def __init__(self, etcd, namespace):
        self.writes = []
        self._url = urllib.parse.urlsplit(etcd.url)
        prefix = f"/registry/leases/{namespace}/"
        self._connection = http.client.HTTPConnection(self._url.hostname, self._url.port)
        wanted = {"key": _encoded(prefix), "range_end": _encoded(prefix[:-1] + "0")}  # '0' comes after '/'
        self._connection.request("POST", "/v3/watch", json.dumps({"create_request": wanted}))
        self._answer = self._connection.getresponse()
        assert json.loads(self._answer.readline())["result"]["created"]
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def close(self):
        if self._connection.sock:
            self._connection.sock.shutdown(socket.SHUT_RDWR)
        self._thread.join(5.0)

    def _read(self):
        try:
            while line := self._answer.readline():
                heard = time.time()
                for event in json.loads(line)["result"].get("events", ()):
                    kept = event["kv"]
                    name = base64.b64decode(kept["key"]).decode().rpartition("/")[2]
                    revision = int(kept["mod_revision"])
                    if event.get("type") == "DELETE":
                        write = Write(revision, name, None, 0, 0.0, 0.0, False, None)
                    else:
                        write = read_write(revision, name, json.loads(base64.b64decode(kept["value"])))
                    self.writes.append(write._replace(heard=heard))
        except (OSError, ValueError, http.client.HTTPException):
            return  # closed

    def of(self, name):
        return [each for each in self.writes if each.name == name]

    def wait(self, name, count, bound=10.0):
        """Waits for `count` more writes of a Lease."""
        seen = len(self.of(name))
        return wait_until(lambda: len(self.of(name)) >= seen + count, bound, 0.02)

    def forget_past(self, etcd):
        """Compacts everything that was written so far, so that no watch can go on from there."""
        for value in ("1", "2"):
            body = json.dumps({"key": _encoded("/kube_lab/past"), "value": _encoded(value)}).encode()
            with urllib.request.urlopen(f"{etcd.url}/v3/kv/put", body, timeout=10):
                pass
        etcd.compact()


def _encoded(text):
    return base64.b64encode(text.encode()).decode()


def entitling(writes):
    """The writes of speakers that let them answer: not those that say "waiting"; and whatever they say, none is within
    the duration of the lease after one was made that was missing, for until then its last holder may answer."""
    found, missing, silent_until = [], True, 0.0
    for each in writes:
        if each.lease is None:
            missing = True
        elif each.node is not None:
            if missing:
                silent_until = each.renewed + each.duration * (1 - DRIFT)
            missing = False
            if not each.waits and each.renewed >= silent_until:
                found.append(each)
    return found


def wrong_frames(heard, writes, macs):
    """What is wrong with these frames, in sentences. Each must be sent under a renewal of its sender that is not older
    than a holder may act upon, and not behind its sender's release of that; and whoever sends under one term never sends
    again once a later term has been sent under, so two are never there side by side."""
    names = {mac: node for node, mac in macs.items()}
    renewals = entitling(writes)
    found, newest = [], (0, None)
    for frame in heard:
        node = names.get(frame.mac)
        own = [each for each in renewals if each.node == node is not None and each.renewed <= frame.at]
        if not own:
            found.append(f"{frame.at:.3f}: {node or frame.mac} sends and has never held the lease")
            continue
        last = max(own, key=lambda each: each.renewed)
        if frame.at > last.renewed + last.duration * (1 - DRIFT) - SAFETY:
            found.append(f"{frame.at:.3f}: {node} sends {frame.at - last.renewed:.3f} s after its last renewal")
        released = max((each.renewed for each in writes if each.released_by == node is not None
                        and last.renewed < each.renewed < frame.at - TRANSIT), default=None)
        if released is not None:
            found.append(f"{frame.at:.3f}: {node} sends {frame.at - released:.3f} s after it has released the lease")
        if last.term < newest[0] or (last.term == newest[0] and newest[1] not in (None, node)):
            found.append(f"{frame.at:.3f}: {node} sends by term {last.term} after {newest[1]} did by term {newest[0]}")
        newest = max(newest, (last.term, node), key=lambda each: each[0])
    return found
