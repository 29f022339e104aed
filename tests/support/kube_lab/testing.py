# SPDX-License-Identifier: BSL-1.0
"""What a test file needs beside the cluster: test cases that have one and show its logs, and a main().

An API server takes seconds to start and 300 MB, so one cluster serves all tests of a class. A test names its objects
after itself, and puts right what it has broken.
"""
import sys

from netns_lab import testing as netns

from . import network, provision
from .cluster import Cluster


class ClusterTest(netns.TellingTest):
    """One cluster per class; the ends of its logs are shown when a test fails."""

    @classmethod
    def make_cluster(cls):
        """The class's cluster, running. Override it for another shape."""
        return Cluster.started()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster = cls.make_cluster()
        cls.addClassCleanup(cls.cluster.close)

    def tell(self):
        super().tell()
        print(self.cluster.tail(), file=sys.stderr)


class NetworkedTest(ClusterTest):
    """Likewise, and the cluster is on a network of its own, to which tests plug their machines."""
    server_count = 1  # addresses for API servers; the cluster starts with one
    cluster_options = {}  # of its first server, beside where that is

    @classmethod
    def make_cluster(cls):
        cls.network = network.ApiNetwork(servers=cls.server_count)
        cls.addClassCleanup(cls.network.close)
        return Cluster.started(address=cls.network.addresses[0], port=6443, **cls.cluster_options)


def main(needed=()):
    """Finds the servers, enters the sandbox and runs the calling file's tests; exit code 0, 1 or 77. `needed`: programs
    of this project."""
    provision.ensure()
    netns.main(needed)
