# SPDX-License-Identifier: BSL-1.0
"""How many requests an API server is asked, by its own metrics. Import it for any test that measures load."""
import collections
import time
from typing import NamedTuple


class Rates(NamedTuple):
    """Requests per second by verb, as the server calls them (PUT, GET, LIST, POST, WATCH…), and watches that are open."""
    verbs: collections.Counter
    watches: int

    def total(self):
        return sum(self.verbs.values())

    def without(self, idle):
        """What is left when a server's own requests are taken off."""
        rest = {verb: max(rate - idle.verbs[verb], 0.0) for verb, rate in self.verbs.items()}
        return Rates(collections.Counter(rest), self.watches - idle.watches)


def measure(server, seconds, resource="leases"):
    """The Rates of `resource` in the next `seconds`; `server` is a kube_lab.api.Api. A watch counts as a request when it
    ends, beside those that are open at the end."""
    before, began = server.metrics(), time.monotonic()
    time.sleep(seconds)  # sleep: the time that is measured
    after, took = server.metrics(), time.monotonic() - began
    finished = collections.Counter()
    for key, count in (after.requests(resource=resource) - before.requests(resource=resource)).items():
        finished[key[0]] += count
    return Rates(collections.Counter({verb: count / took for verb, count in finished.items()}), after.watches(resource))


def table(columns):
    """Lines of text: {title: Rates} side by side."""
    verbs = sorted({verb for rates in columns.values() for verb in rates.verbs})
    width = max(map(len, columns)) + 2
    lines = ["requests/s".ljust(14) + "".join(title.rjust(width) for title in columns)]
    for verb in verbs:
        lines.append(verb.ljust(14) + "".join(f"{rates.verbs[verb]:{width}.2f}" for rates in columns.values()))
    lines.append("all".ljust(14) + "".join(f"{rates.total():{width}.2f}" for rates in columns.values()))
    lines.append("open watches".ljust(14) + "".join(f"{rates.watches:{width}}" for rates in columns.values()))
    return lines
