# SPDX-License-Identifier: BSL-1.0
"""What /metrics says, as Prometheus's own client library reads it and not code of ours."""
import sys

sys.path.append("/usr/lib/python3/dist-packages")  # Debian's, also for a Python that is not Debian's
try:
    from prometheus_client.parser import text_string_to_metric_families
except ImportError:
    text_string_to_metric_families = None


def is_possible():
    """Whether the library is there (package python3-prometheus-client)."""
    return text_string_to_metric_families is not None


class Scrape:
    """One page; nothing in it may be said twice."""

    def __init__(self, text):
        self.types, self._samples = {}, {}
        for family in text_string_to_metric_families(text):
            assert family.name not in self.types, f"twice: {family.name}"
            self.types[family.name] = family.type
            for sample in family.samples:
                values = self._samples.setdefault(sample.name, {})
                key = frozenset(sample.labels.items())
                assert key not in values, f"twice: {sample.name} {sample.labels}"
                values[key] = sample.value

    def __call__(self, name, **labels):
        """The value of one series, or None."""
        return self._samples.get(name, {}).get(frozenset(labels.items()))

    def __len__(self):
        """The number of series."""
        return sum(map(len, self._samples.values()))

    def of(self, name):
        """[(labels, value)] of all series of a name."""
        return [(dict(labels), value) for labels, value in self._samples.get(name, {}).items()]
