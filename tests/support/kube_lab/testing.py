# SPDX-License-Identifier: BSL-1.0
"""What a test file needs beside the cluster: a test case that has one and shows its logs, and a main().

An API server takes seconds to start and 300 MB, so one cluster serves all tests of a class. A test names its objects
after itself, and puts right what it has broken.
"""
import os
import sys
import unittest

from netns_lab import sandbox

from . import provision
from .cluster import Cluster


class ClusterTest(unittest.TestCase):
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

    def run(self, result=None):
        failed_before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > failed_before:
            print(self.cluster.tail(), file=sys.stderr)


def main(programs=()):
    """Finds the servers, enters the sandbox and runs the calling file's tests; exit code 0, 1 or 77. `programs` are those
    of this project that the tests need."""
    provision.ensure()
    sandbox.enter()
    for program in programs:
        if not os.access(program, os.X_OK):
            print(f"{program.name} is not there; build it, or set ISAT_BIN_DIR", flush=True)
            sys.exit(1)
    outcome = unittest.main(module="__main__", exit=False, verbosity=2, buffer=False).result
    if not outcome.wasSuccessful() or outcome.testsRun == 0:
        sys.exit(1)
    for _, reason in outcome.skipped:
        print(f"SKIP: {reason}", flush=True)
    sys.exit(sandbox.SKIPPED if outcome.skipped else 0)
