# SPDX-License-Identifier: BSL-1.0
"""The pages that a speaker serves by --http, its metrics read by Prometheus's own library."""
import sys

from netns_lab.sandbox import skip
from world import http_get

sys.path.append("/usr/lib/python3/dist-packages")  # Debian's, also for a Python that is not Debian's
try:
    from prometheus_client.parser import text_string_to_metric_families
except ImportError:
    text_string_to_metric_families = None

PORT = 7486  # that of the manifests
BOUND = 5.0  # seconds for one page


def require():
    if text_string_to_metric_families is None:
        skip("prometheus_client not found (package python3-prometheus-client)")


def page(node, path):
    """(status, type, text) of what the node's speaker serves."""
    response = http_get(node.machine, "127.0.0.1", PORT, path, BOUND)
    return response.status, response.headers["Content-Type"], response.text


class Metrics:
    """One scrape."""

    def __init__(self, text):
        self.families, self._samples = {}, {}
        for family in text_string_to_metric_families(text):
            assert family.name not in self.families, f"twice: {family.name}"
            self.families[family.name] = family.type
            for sample in family.samples:
                values = self._samples.setdefault(sample.name, {})
                key = frozenset(sample.labels.items())
                assert key not in values, f"twice: {sample.name} {sample.labels}"
                values[key] = sample.value

    def __call__(self, name, **labels):
        return self._samples[name][frozenset(labels.items())]

    def of(self, name):
        """[(labels, value)] of all series of a name."""
        return [(dict(labels), value) for labels, value in self._samples.get(name, {}).items()]


def metrics(node):
    status, _, text = page(node, "/metrics")
    assert status == 200, text
    return Metrics(text)
