# SPDX-License-Identifier: BSL-1.0
"""The pages that a speaker serves by --http, its metrics read by Prometheus's own library."""
from netns_lab import scrape
from netns_lab.sandbox import skip

from .world import http_get

PORT = 7486  # that of the manifests
BOUND = 5.0  # seconds for one page


def require():
    if not scrape.is_possible():
        skip("prometheus_client not found (package python3-prometheus-client)")


def page(node, path):
    """(status, type, text) of what the node's speaker serves."""
    response = http_get(node.machine, "127.0.0.1", PORT, path, BOUND)
    return response.status, response.headers["Content-Type"], response.text


def metrics(node):
    status, _, text = page(node, "/metrics")
    assert status == 200, text
    return scrape.Scrape(text)
