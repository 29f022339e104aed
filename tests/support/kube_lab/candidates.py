# SPDX-License-Identifier: BSL-1.0
"""Programs that contend for Leases, ours and client-go's, and the journals that they write.

Every line of a journal is a JSON object with a time of CLOCK_MONOTONIC, the clock of time.monotonic_ns(). A program that
is told to stop, killed, or paused, and whatever it says afterwards, belongs to one Run; the next start is another one.
"""
import json
import os
import signal
import subprocess
import threading
import time
from typing import NamedTuple

OURS, RIVAL = "ours", "client-go"
SECOND = 1_000_000_000


class Interval(NamedTuple):
    """From `begin` until `end` (nanoseconds) a run was entitled to act as the leader of a lease, or believed so."""
    lease: str
    run: "Run"
    begin: int
    end: int


class Book:
    """The journals of all runs, and one condition for whoever waits for something to be written."""

    def __init__(self):
        self.changed = threading.Condition()
        self.runs = []

    def wait_until(self, condition, bound, step=0.02):
        """Asks `condition` at every line that is written, and every `step` seconds for what time alone changes; its last
        value after `bound` seconds at most."""
        end = time.monotonic() + bound
        with self.changed:
            while not (value := condition()) and (left := end - time.monotonic()) > 0:
                self.changed.wait(min(left, step))
        return value

    def leaders(self, lease):
        """The runs that are entitled to lead now, or believe so; one at most, if all is well."""
        now = time.monotonic_ns()
        with self.changed:
            return [run for run in self.runs if run.leads(lease, now)]

    def intervals(self, leases):
        with self.changed:
            return [each for run in self.runs for lease in leases for each in run.intervals(lease)]


class Run:
    """One process, from its start to its end."""

    def __init__(self, book, side, identity, command):
        self.book, self.side, self.identity = book, side, identity
        self.events = []
        self._until = {}  # lease: when what it last wrote about its leadership ends
        self.ended = None  # the time when it certainly did nothing any more
        self.process = subprocess.Popen(list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        with book.changed:
            book.runs.append(self)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __repr__(self):
        return f"{self.identity}({self.process.pid})"

    def _read(self):
        with self.process.stdout as output:
            for line in output:
                event = json.loads(line)
                with self.book.changed:
                    self.events.append(event)
                    self._follow(event)
                    self.book.changed.notify_all()

    def _follow(self, event):
        if event["event"] == "leads":
            self._until[event["lease"]] = event["until"]
        elif event["event"] in ("started", "stopped"):
            self._until[event["lease"]] = float("inf") if event["event"] == "started" else 0

    @property
    def alive(self):
        return self.ended is None

    # ---- What it has written ----

    def said(self, event, lease=None, start=0):
        """The entries of this kind, optionally about one lease."""
        with self.book.changed:
            return [each for each in self.events[start:]
                    if each["event"] == event and lease in (None, each.get("lease"))]

    def intervals(self, lease):
        """What it was entitled to (ours) or believed (client-go): in order, and apart from each other."""
        with self.book.changed:
            end = self.ended or time.monotonic_ns()
            events = [each for each in self.events if each.get("lease") == lease]
        pieces = _entitled(events, end) if self.side == OURS else _believed(events, end)
        merged = []
        for begin, until in pieces:
            if merged and merged[-1][1] >= begin:
                merged[-1][1] = max(merged[-1][1], until)
            elif until > begin:
                merged.append([begin, until])
        return [Interval(lease, self, *each) for each in merged]

    def leads(self, lease, now):
        """Whether it is entitled, or believes to be, as far as it has told."""
        return self.alive and now < self._until.get(lease, 0)

    # ---- What is done to it ----

    def tell(self, *words):
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()

    def send(self, number):
        os.kill(self.process.pid, number)

    def pause(self):
        """From now on it does nothing; what it believes is unknown until it goes on."""
        self.send(signal.SIGSTOP)

    def resume(self):
        self.send(signal.SIGCONT)

    def kill(self):
        return self._end(self.process.kill)

    def terminate(self, bound=10.0):
        """Ends it in order; an exception if it does not within `bound` seconds or not with 0."""
        code = self._end(self.process.terminate, bound)
        if code != 0:
            raise AssertionError(f"{self!r} ended with {code}")

    def _end(self, how, bound=10.0):
        if not self.alive:
            return self.process.returncode
        how()
        code = self.process.wait(bound)
        ended = time.monotonic_ns()
        self._reader.join(bound)
        self.process.stdin.close()
        with self.book.changed:
            self.ended = ended
            self.book.changed.notify_all()
        return code


def _entitled(events, end):
    """Each `leads` holds until the next one, or until its own deadline."""
    lines = [(each["at"], each["until"]) for each in events if each["event"] == "leads"]
    for (at, until), (following, _) in zip(lines, lines[1:] + [(end, 0)]):
        yield at, min(until, following)


def _believed(events, end):
    """From `started` to `stopped`. Whoever never started is told to stop, too."""
    began = None
    for each in events:
        if each["event"] == "started":
            began = each["at"]
        elif each["event"] == "stopped" and began is not None:
            yield began, each["at"]
            began = None
    if began is not None:
        yield began, end


def logged_in(cluster, *names):
    """A kubeconfig file, as JSON, for a new service account of each of these names."""
    for name in names:
        yaml = cluster.kubeconfig(name, token=cluster.service_account(name).token())
        path = yaml.with_suffix(".json")
        path.write_text(cluster.kubectl("config", "view", "--raw", "--output=json", config=yaml), encoding="utf-8")
        yield path


class Programs(NamedTuple):
    """How the programs are started: their paths and what they log in with."""
    ours: str
    rival: str
    our_config: str
    rival_config: str
    namespace: str

    def start_ours(self, book, identity, leases, duration=3.0, renew=0.75, attempt=0.7):
        def milliseconds(seconds):
            return round(seconds * 1000)
        options = [f"--kubeconfig={self.our_config}", f"--namespace={self.namespace}", f"--node-name={identity}",
                   f"--lease-duration={milliseconds(duration)}", f"--renew-period={milliseconds(renew)}",
                   f"--attempt-timeout={milliseconds(attempt)}", *(f"--lease={lease}" for lease in leases)]
        return Run(book, OURS, identity, [self.ours, *options])

    def start_rival(self, book, identity, leases, duration=3.0, deadline=2.0, retry=0.5, config=None, timeout=None):
        options = [f"--kubeconfig={config or self.rival_config}", f"--namespace={self.namespace}",
                   f"--identity={identity}", f"--leases={','.join(leases)}", f"--lease-duration={duration}s",
                   f"--renew-deadline={deadline}s", f"--retry-period={retry}s"]
        return Run(book, RIVAL, identity, [self.rival, *options, *([] if timeout is None else [f"--request-timeout={timeout}s"])])
