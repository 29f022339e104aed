# SPDX-License-Identifier: BSL-1.0
"""A client that opens a new TCP connection to each address every 10 ms, and gives each a second. Usage: connector.py
PORT ADDRESS...  It says `ready` when it begins; on SIGTERM it waits for what is under way and prints one line of JSON,
{address: [opened, [[when, what went wrong], ...]]}; times by the wall clock."""
import errno
import json
import os
import select
import signal
import socket
import struct
import sys
import time

PACE, TIME_OUT = 0.01, 1.0  # seconds
_RESET = struct.pack("ii", 1, 0)  # closing leaves no TIME_WAIT behind, so ports never run out


class Connector:
    def __init__(self, addresses, port):
        self.port = port
        self.opened = {address: 0 for address in addresses}
        self.failed = {address: [] for address in addresses}
        self._pending = {}  # by descriptor, oldest first: (socket, address, begun)
        self._poll = select.epoll()
        self._stopping = False

    def stop(self, *_):
        self._stopping = True

    def run(self):
        """Addresses take turns within each PACE, so that there is no burst."""
        addresses = list(self.opened)
        step, number, begun = PACE / len(addresses), 0, time.monotonic()
        while not self._stopping or self._pending:
            now = time.monotonic()
            number = max(number, int((now - begun - TIME_OUT) / step))  # a process that stood still skips what is long past
            while not self._stopping and begun + number * step <= now:
                self._open(addresses[number % len(addresses)])
                number += 1
            wait = TIME_OUT / 20 if self._stopping else max(0.0, begun + number * step - time.monotonic())
            for descriptor, _ in self._poll.poll(wait):
                self._finish(descriptor)
            self._expire()

    def _open(self, address):
        one = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        begun = time.time()
        problem = one.connect_ex((address, self.port))
        if problem not in (0, errno.EINPROGRESS):
            self._count(one, address, begun, os.strerror(problem))
            return
        self._pending[one.fileno()] = (one, address, begun)
        self._poll.register(one, select.EPOLLOUT)

    def _finish(self, descriptor):
        one, address, begun = self._pending.pop(descriptor)
        problem = one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if problem == errno.EPIPE:  # a reset after the server's FIN: it has taken the connection, and closed it again
            problem = 0
        self._count(one, address, begun, os.strerror(problem) if problem else None)

    def _expire(self):
        now = time.time()
        while self._pending:
            descriptor, (one, address, begun) = next(iter(self._pending.items()))
            if now - begun < TIME_OUT:
                return
            del self._pending[descriptor]
            self._count(one, address, begun, "timed out")

    def _count(self, one, address, begun, problem):
        one.close()
        self.opened[address] += 1
        if problem:
            self.failed[address].append((begun, problem))


if __name__ == "__main__":
    connector = Connector(sys.argv[2:], int(sys.argv[1]))
    signal.signal(signal.SIGTERM, connector.stop)
    print("ready", flush=True)
    connector.run()
    print(json.dumps({each: (connector.opened[each], connector.failed[each]) for each in connector.opened}), flush=True)
