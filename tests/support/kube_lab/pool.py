# SPDX-License-Identifier: BSL-1.0
"""What becomes of a pool of addresses, by the objects of a cluster: which Services have one, which addresses are claimed,
who was told that none is left; and whether two Services had one address, at any time."""
import collections
import contextlib
import http.client
import json
import threading
import time

from .api import LEASES

ALL_SERVICES = "/api/v1/services"
FULL = "AddressPoolFull"
WINDOW = 600.0  # seconds in which a fact is told once


def address(number):
    """The address of that number in the pools of tests."""
    return f"10.80.{number // 256}.{number % 256}"


def addresses_of(service):
    """What the status of a Service of type LoadBalancer names, else nothing."""
    if service["spec"].get("type") != "LoadBalancer":
        return []
    return [each["ip"] for each in service["status"].get("loadBalancer", {}).get("ingress", ())]


class Pool:
    """Asks over one connection of the administrator, which the calling thread may use."""

    def __init__(self, cluster, namespace="isat-system"):
        self._cluster, self._leases = cluster, LEASES.format(namespace)
        self.api = cluster.kept_api(timeout=60.0)  # seconds: a thousand Services are deleted by one request

    def close(self):
        self.api.close()

    def _items(self, path):
        answer = self.api.get(path)
        assert answer.status == 200, answer
        return answer.json()["items"]

    def services(self):
        """{name of a Service of type LoadBalancer: its addresses}."""
        return {each["metadata"]["name"]: addresses_of(each) for each in self._items(ALL_SERVICES)
                if each["spec"]["type"] == "LoadBalancer"}

    def given(self):
        """Each address as often as a Service has it."""
        return [each for addresses in self.services().values() for each in addresses]

    def claims(self):
        notes = [key for lease in self._items(self._leases) if "-pool-" in lease["metadata"]["name"]
                 for key in lease["metadata"].get("annotations", ())]
        return [key.removeprefix("isat/") for key in notes if key.removeprefix("isat/")[:1].isdigit()]

    def told(self, reason=FULL):
        """The Events for that reason."""
        events = self._items("/apis/events.k8s.io/v1/namespaces/default/events?limit=5000")
        return [each for each in events if each["reason"] == reason]

    def wait_told(self, names, bound, reason=FULL):
        """Waits until each of these Services has an Event for that reason; returns whether all have."""
        end = time.monotonic() + bound
        while not names <= {each["regarding"]["name"] for each in self.told(reason)}:
            if time.monotonic() > end:
                return False
            time.sleep(0.2)  # sleep: between two looks at the server, bounded
        return True

    def create(self, names):
        """Services that want an address."""
        for name in names:
            self.api.made("/api/v1/namespaces/default/services", {
                "metadata": {"name": name, "labels": {"for": "pool"}},
                "spec": {"type": "LoadBalancer", "allocateLoadBalancerNodePorts": False, "ports": [{"port": 80}]}})

    def clear(self):
        """All of those go."""
        answer = self.api.delete("/api/v1/namespaces/default/services?labelSelector=for%3Dpool")
        assert answer.status == 200, answer


def create_at_once(cluster, names, writers=4):
    """The same over several connections; returns the threads that do it, which run."""
    def some(first):
        with contextlib.closing(Pool(cluster)) as pool:
            pool.create(names[first::writers])
    threads = [threading.Thread(target=some, args=[first], daemon=True) for first in range(writers)]
    for each in threads:
        each.start()
    return threads


class Statuses:
    """Follows the statuses of all Services, in the order in which they were written, from construction until the server
    ends."""

    def __init__(self, cluster):
        self.of = {}  # {name of a Service: its addresses}
        self.given = 0  # how many addresses there are that a Service has
        self.twice = []  # (address, names of the Services that had it at one time)
        self._names = collections.defaultdict(set)
        self._api, self._version = cluster.api, cluster.api.get(ALL_SERVICES).json()["metadata"]["resourceVersion"]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def differences(self, services, bound=5.0):
        """{name: (addresses by what was followed, addresses in `services`)}, where they are not the same within `bound`
        seconds: something was missed, and `twice` says nothing."""
        end = time.monotonic() + bound
        while found := {name: (self.of.get(name, []), services.get(name, []))
                        for name in [*self.of, *services] if self.of.get(name, []) != services.get(name, [])}:
            if time.monotonic() > end:
                break
            time.sleep(0.01)  # sleep: between two looks at what another thread follows, bounded
        return found

    def _run(self):
        """A server closes the watch of one that is slow: it is asked again from where that ended, so nothing is missed."""
        with contextlib.suppress(OSError):  # the server ends
            while True:
                with contextlib.suppress(http.client.HTTPException, json.JSONDecodeError):  # it breaks off
                    self._follow()

    def _follow(self):
        for each in self._api.watch(f"{ALL_SERVICES}?watch=1&resourceVersion={self._version}", 3600.0):
            assert each["type"] != "ERROR", each
            meta = each["object"]["metadata"]
            self._version = meta["resourceVersion"]
            self._set(meta["name"], [] if each["type"] == "DELETED" else addresses_of(each["object"]))

    def _set(self, name, addresses):
        for each in self.of.get(name, ()):
            self._names[each].discard(name)
            self.given -= not self._names[each]
        self.of[name] = addresses
        for each in addresses:
            self.given += not self._names[each]
            self._names[each].add(name)
            if len(self._names[each]) > 1:
                self.twice.append((each, sorted(self._names[each])))
