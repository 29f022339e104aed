# SPDX-License-Identifier: BSL-1.0
"""A cluster that is only an API server, the one that the unit tests use, and what it is told to have."""
import json
import select
import subprocess

from netns_lab import testing

API_SERVER = testing.BIN / "isat-fake-api-server"
EXCLUDED = {"node.kubernetes.io/exclude-from-external-load-balancers": ""}  # labels of a Node that must not announce
_BOUND = 10.0  # seconds for what the server says, and for its end


def node_object(labels=None, **spec):
    """The Node of a test's first machine."""
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1", "labels": labels or {}}, "spec": spec,
            "status": {"addresses": [{"type": "InternalIP", "address": "10.77.0.11"}]}}


def service_object(name, vip, **spec):
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "default"},
            "spec": {"type": "LoadBalancer", "ports": [{"port": 80}], **spec},
            "status": {"loadBalancer": {"ingress": [{"ip": vip}]}}}


class FakeCluster:
    """Runs on a machine until the test's end; `options` are those of a speaker there that follows it."""

    def __init__(self, test, machine):
        self._test, folder = test, testing.WORK / f"cluster-{test.id()}"
        folder.mkdir(parents=True)
        self._server = subprocess.Popen(machine.command(API_SERVER, folder), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        test.addCleanup(self._end)
        test.assertTrue(self._line().startswith("ready"))
        self.options = ("--source", "kubernetes", "--announce-without-endpoints", "--kubeconfig", folder / "kubeconfig")

    def put(self, obj):
        """Makes an object, or changes it."""
        self._server.stdin.write(f"put {json.dumps(obj)}\n")
        self._server.stdin.flush()
        self._test.assertEqual(self._line(), "ok\n")

    def _line(self):
        """Its next one; nothing is buffered here meanwhile, for it says one line to each that it is told."""
        self._test.assertTrue(select.select([self._server.stdout], [], [], _BOUND)[0], "the API server says nothing")
        return self._server.stdout.readline()

    def _end(self):
        self._server.stdin.close()
        self._server.wait(_BOUND)
        self._server.stdout.close()
