# SPDX-License-Identifier: BSL-1.0
"""How machines of a netns_lab segment reach API servers: a second bridge, apart from the one that ARP is spoken on.

API servers run in the sandbox's own network namespace and have one address each on this bridge; a machine is plugged
in by an interface of its own, `api0`. Pulling that cable cuts a machine off from the API and from nothing else.
"""
from netns_lab import lab

INTERFACE = "api0"


class ApiNetwork:
    """10.78.0.0/24: servers have .1, .2, …; machines .101, .102, …"""

    def __init__(self, servers=1, segment="api"):
        self._lab = lab.Lab(segment=segment)
        self._machines = 0
        self.addresses = [f"10.78.0.{number}" for number in range(1, servers + 1)]  # for ApiServer's `address`
        for address in self.addresses:
            lab.run("ip", "address", "add", f"{address}/24", "dev", segment)

    def plug(self, machine):
        """Gives the machine an address there and returns it."""
        self._machines += 1
        address = f"10.78.0.{100 + self._machines}"
        self._lab.plug(machine, address, INTERFACE)
        return address

    def pull_cable(self, machine):
        self._lab.pull_cable(machine, INTERFACE)

    def plug_cable(self, machine):
        self._lab.plug_cable(machine, INTERFACE)

    def close(self):
        self._lab.close()
