# SPDX-License-Identifier: BSL-1.0
"""Child processes in a namespace: the speaker, its log, the instruments.

Output is read by a thread as it comes, so waiting for a line is waiting for an event, with a bound.
"""
import os
import pathlib
import re
import signal
import subprocess
import threading
import time


class Program:
    """One running program; its output lines (both streams) are kept with their times."""

    def __init__(self, machine, *command):
        words = machine.command(*command) if machine else [str(word) for word in command]
        self.command = " ".join(map(str, command))
        self.lines = []
        self._changed = threading.Condition()
        self._ended = False
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, errors="replace")
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self):
        return self.process.pid

    def _read(self):
        with self.process.stdout as output:
            for line in output:
                with self._changed:
                    self.lines.append((time.monotonic(), line.rstrip("\n")))
                    self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    @property
    def log(self):
        with self._changed:
            return "\n".join(line for _, line in self.lines)

    def wait_line(self, pattern, bound=5.0, start=0):
        """The first line from number `start` on that matches; None after `bound` seconds or at the end of output."""
        end = time.monotonic() + bound
        seen = start
        with self._changed:
            while True:
                while seen < len(self.lines):
                    if re.search(pattern, self.lines[seen][1]):
                        return self.lines[seen][1]
                    seen += 1
                left = end - time.monotonic()
                if left <= 0 or self._ended:
                    return None
                self._changed.wait(left)

    def running(self):
        return self.process.poll() is None

    def send(self, number):
        os.kill(self.pid, number)

    def wait(self, bound=5.0):
        """The exit code (negative: a signal's number), or None when it has not ended within `bound` seconds."""
        try:
            code = self.process.wait(bound)
        except subprocess.TimeoutExpired:
            return None
        self._reader.join(2.0)
        return code

    def stop(self, number=signal.SIGTERM, bound=10.0):
        """Ends it if it still runs, by force if need be; returns the exit code."""
        if self.running():
            self.send(number)
        code = self.wait(bound)
        if code is None:
            with self._changed:
                self.lines.append((time.monotonic(), f"(it has not ended after {bound:.0f} s, and is in: {self._where()})"))
            self.process.kill()
            code = self.process.wait()
        self._reader.join(2.0)
        return code

    def _where(self):
        """What each of its threads does or waits for, as far as the kernel tells."""
        found = []
        for name in ("stat", "wchan", "syscall", "stack"):
            for task in sorted(pathlib.Path(f"/proc/{self.pid}/task").glob("*")):
                try:
                    found.append(f"{name} of {task.name}: {' '.join((task / name).read_text().split()[:24])}")
                except OSError:
                    continue
        return "; ".join(found)

    def status(self, field):
        """One field of /proc/PID/status, e.g. VmRSS or CapEff, as its first word; None for a process that ended."""
        try:
            with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
                for line in status:
                    if line.startswith(field + ":"):
                        return line.split(":", 1)[1].split()[0]
        except OSError:
            pass
        return None

    def time_slices(self):
        """How many times it was given a processor so far; None for a process that ended."""
        try:
            with open(f"/proc/{self.pid}/schedstat", encoding="ascii") as statistics:
                return int(statistics.read().split()[2])
        except OSError:
            return None

    def listens_on(self, machine, interface="eth0"):
        """True when it holds a packet socket bound to `interface`: from then on it hears every question."""
        try:
            with open(f"/proc/{self.pid}/net/packet", encoding="ascii") as table:
                rows = [line.split() for line in table.readlines()[1:]]
            own = {os.readlink(f"/proc/{self.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{self.pid}/fd")}
        except OSError:
            return False
        index = machine.index(interface)
        return any(f"socket:[{row[8]}]" in own and int(row[4]) == index for row in rows)


def wait_until(condition, bound=5.0, step=0.005):
    """Asks `condition` every `step` seconds until it holds; returns its last value after `bound` seconds at most."""
    end = time.monotonic() + bound
    while not (value := condition()) and time.monotonic() < end:
        time.sleep(step)  # sleep: the pause between two questions, bounded
    return value
