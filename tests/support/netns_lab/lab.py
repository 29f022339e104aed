# SPDX-License-Identifier: BSL-1.0
"""A segment (one bridge) and the machines on it, each in a network namespace of its own.

The bridge and the far ends of all cables live in the sandbox's own network namespace, where pulling a cable is
setting its far end down. Nothing here waits or measures.
"""
import ctypes
import fcntl
import os
import socket
import struct
import subprocess
from contextlib import contextmanager

VIP = "10.77.0.100"
_CLONE_NEWNET = 0x40000000
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
_libc = ctypes.CDLL(None, use_errno=True)


def run(*command, check=True):
    """Runs one command to its end and returns it with its output; a failure that matters is an exception."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if check and done.returncode != 0:
        raise RuntimeError(f"`{' '.join(map(str, command))}` ended with {done.returncode}: {done.stderr.strip()}")
    return done


class Namespace:
    """One machine: a network namespace by name, made on construction."""

    def __init__(self, name):
        self.name = name
        run("ip", "netns", "add", name)
        self.ip("link", "set", "dev", "lo", "up")
        self.sysctl("net.ipv6.conf.all.disable_ipv6", 1)
        self.sysctl("net.ipv6.conf.default.disable_ipv6", 1)

    def ip(self, *words, check=True):
        return run("ip", "-n", self.name, *words, check=check)

    def sysctl(self, key, value):
        """Sets one sysctl; one that this kernel lacks (IPv6 may be absent) is passed over."""
        path = "/proc/sys/" + key.replace(".", "/")
        with self.entered():
            if os.path.exists(path):
                with open(path, "w", encoding="ascii") as setting:
                    setting.write(str(value))

    def command(self, *words):
        """The words that run a program inside, under its own process id and with a /sys that fits."""
        return ["ip", "netns", "exec", self.name, *map(str, words)]

    def run(self, *words, check=True):
        return run(*self.command(*words), check=check)

    @contextmanager
    def entered(self):
        """Within the block this thread is in the namespace: sockets opened there belong to it."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        target = os.open(f"/run/netns/{self.name}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            _setns(target)
            try:
                yield
            finally:
                _setns(home)
        finally:
            os.close(home)
            os.close(target)

    def index(self, interface="eth0"):
        with self.entered():
            try:
                return socket.if_nametoindex(interface)
            except OSError:
                return 0

    def mac(self, interface="eth0"):
        """The interface's MAC address, asked from the kernel."""
        words = self.ip("-o", "link", "show", "dev", interface).stdout.split()
        return words[words.index("link/ether") + 1]

    def neighbour(self, address=VIP):
        """(MAC, state) of this machine's neighbour entry for `address`; (None, None) when there is none."""
        words = self.ip("neigh", "show", address).stdout.split()
        mac = words[words.index("lladdr") + 1] if "lladdr" in words else None
        return mac, (words[-1] if words else None)

    def holds_vip(self, address=VIP):
        """The machine accepts traffic for the VIP without ever answering ARP for it by itself."""
        self.ip("address", "add", f"{address}/32", "dev", "lo")
        self.sysctl("net.ipv4.conf.all.arp_ignore", 1)
        self.sysctl("net.ipv4.conf.all.arp_announce", 2)


def _setns(descriptor):
    if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def far_end(machine, interface="eth0"):
    """The name of the other end of a machine's cable, in the sandbox's own namespace."""
    name = f"{machine.name}.{interface}"
    assert len(name) <= 15, name
    return name


def _set_up(interface, up):
    """Sets an interface of the sandbox up or down by one system call: a process started for it would take longer than
    what is measured from here."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        name = interface.encode()
        flags = struct.unpack("16sh", fcntl.ioctl(handle, _SIOCGIFFLAGS, struct.pack("16sh22x", name, 0))[:18])[1]
        flags = flags | _IFF_UP if up else flags & ~_IFF_UP
        fcntl.ioctl(handle, _SIOCSIFFLAGS, struct.pack("16sh22x", name, flags))


class Lab:
    """One bridge; machines are added by name, which no other segment may use. Addresses are 10.77.0.0/24."""

    def __init__(self, mtu=1500, segment="segment"):
        self.mtu = mtu
        self.segment = segment
        self.machines = {}
        run("ip", "link", "add", "dev", segment, "mtu", mtu, "type", "bridge", "stp_state", 0, "mcast_snooping", 0)
        run("ip", "link", "set", "dev", segment, "up")

    def add(self, name, address=None, interface="eth0"):
        """A machine `name`, plugged in by `interface`, with `address`/24 when given."""
        machine = Namespace(name)
        self.machines[name] = machine
        self.plug(machine, address, interface)
        return machine

    def plug(self, machine, address=None, interface="eth0", mac=None):
        """Makes the interface (also again after its deletion) and connects it to the segment."""
        # The numbers of the two ends must differ: else the kernel reports a lost carrier up to a second late. They do,
        # because the sandbox has already used up more numbers than a fresh namespace.
        far = far_end(machine, interface)
        named = ["address", mac] if mac else []
        run("ip", "link", "add", "dev", far, "mtu", self.mtu, "type", "veth", "peer", "name", interface,
            "mtu", self.mtu, *named, "netns", machine.name)
        run("ip", "link", "set", "dev", far, "master", self.segment, "up")
        if address:
            machine.ip("address", "add", f"{address}/24", "dev", interface)
        machine.ip("link", "set", "dev", interface, "up")

    def pull_cable(self, machine, interface="eth0"):
        """The machine's interface loses its carrier before this returns."""
        _set_up(far_end(machine, interface), False)

    def plug_cable(self, machine, interface="eth0"):
        _set_up(far_end(machine, interface), True)

    def close(self):
        """Removes everything, so that the next test class of the same process starts from nothing."""
        for machine in self.machines.values():
            run("ip", "netns", "del", machine.name, check=False)
            for far in [line.split(":")[1].strip().split("@")[0]
                        for line in run("ip", "-o", "link", "show", "type", "veth").stdout.splitlines()]:
                if far.startswith(machine.name + "."):
                    run("ip", "link", "del", "dev", far, check=False)
        run("ip", "link", "del", "dev", self.segment, check=False)
