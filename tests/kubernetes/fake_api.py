# SPDX-License-Identifier: BSL-1.0
"""The fake API server that unit tests lean on (tests/support/fake_api) answers as the real one does, word for word but for
uids, times and versions; and the real kubectl works with it."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
_HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(_HERE.parent / "support"))

import api_conversation  # noqa: E402
from kube_lab import provision, testing  # noqa: E402
from kube_lab.cluster import Cluster  # noqa: E402

PROGRAM = pathlib.Path(os.environ.get("ISAT_BIN_DIR", _HERE.parents[1] / "build" / "bin")) / "isat-fake-api-server"
LEASE = """{"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "%s"},
            "spec": {"holderIdentity": "a", "leaseDurationSeconds": 3, "renewTime": "2026-01-02T03:04:05.000006Z"}}"""
BOUND = 20.0  # seconds for anything kubectl does
NOTES_MIN = 170


class Fake:
    """The fake as a process of its own, that obeys commands."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self._folder.name)
        self._process = subprocess.Popen([PROGRAM, self.folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        ready = self._process.stdout.readline().split()
        assert ready[:1] == ["ready"], "the fake API server did not start"
        self.url = ready[1]
        self.authority = self.folder / "ca.crt"
        self.pair = (self.folder / "admin.crt", self.folder / "admin.key")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        code = self._process.wait(BOUND)
        self._process.stdout.close()
        self._folder.cleanup()
        assert code == 0, f"the fake API server ended with {code}"

    def command(self, text):
        self._process.stdin.write(f"{text}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline().strip()
        assert answer == "ok", f"`{text}`: {answer}"

    def kubectl_command(self, *words):
        return [provision.program("kubectl"), f"--kubeconfig={self.folder}/kubeconfig", f"--cache-dir={self.folder}/cache",
                *words]

    def kubectl(self, *words, text=None, fails=False):
        """Runs kubectl; what it wrote to its output, or to its errors if it must fail."""
        done = subprocess.run(self.kubectl_command(*words), input=text or "", capture_output=True, text=True, check=False,
                              timeout=BOUND)
        assert (done.returncode != 0) == fails, f"kubectl {' '.join(words)}: {done.returncode} {done.stdout}{done.stderr}"
        return done.stderr if fails else done.stdout

    def conversation(self, user, token="a-token"):
        self.command(f"token {token} {user} none")
        return api_conversation.Conversation(self.url, self.authority, self.pair, {api_conversation.USER: token})


class Answers(testing.ClusterTest):
    """Both servers are told the same; the second real one has no watch cache, so that it forgets at once."""

    maxDiff = None

    @classmethod
    def make_cluster(cls):
        cluster = Cluster()
        cluster.add_server()
        cluster.add_server(watch_cache=False)
        return cluster.start()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        account = cls.cluster.service_account("isat")
        cls.user = f"system:serviceaccount:{account.namespace}:{account.name}"
        cls.tokens = {api_conversation.USER: account.token()}

    def real(self, server):
        return api_conversation.Conversation(server.url, self.cluster.authority.certificate, self.cluster.admin, self.tokens)

    def compare(self, real, fake):
        self.assertEqual(real.notes.keys(), fake.notes.keys())
        for name, note in real.notes.items():
            with self.subTest(name):
                self.assertEqual(note, fake.notes[name])

    def test_answers_are_those_of_the_real_server(self):
        real = self.real(self.cluster.server)
        api_conversation.hold(real)
        with Fake() as server:
            fake = server.conversation(self.user)
            api_conversation.hold(fake)
        self.compare(real, fake)
        self.assertGreater(len(real.notes), NOTES_MIN)
        print(f"{len(real.notes)} answers compared")

    def test_what_is_forgotten_is_told_as_the_real_server_tells_it(self):
        real = self.real(self.cluster.servers[1])
        real.ask("POST", "/api/v1/namespaces", {"metadata": {"name": "expiry"}})
        api_conversation.expiry(real, self.cluster.etcd.compact)
        with Fake() as server:
            fake = server.conversation(self.user)
            fake.ask("POST", "/api/v1/namespaces", {"metadata": {"name": "expiry"}})
            api_conversation.expiry(fake, lambda: server.command("compact"))
        self.compare(real, fake)


class Kubectl(unittest.TestCase):
    """The real kubectl, and nothing else that is real."""

    def setUp(self):
        self.fake = Fake()
        self.addCleanup(self.fake.__exit__)

    def create(self, name):
        return self.fake.kubectl("create", "--validate=false", "-f", "-", text=LEASE % name)

    def read(self, name):
        return json.loads(self.fake.kubectl("get", "lease", name, "--output=json"))

    def test_a_lease_is_created_changed_and_deleted(self):
        kubectl = self.fake.kubectl
        self.assertIn("lease.coordination.k8s.io/one created", self.create("one"))
        self.assertIn("AlreadyExists", kubectl("create", "--validate=false", "-f", "-", text=LEASE % "one", fails=True))
        kubectl("annotate", "lease", "one", "isat/hand-over-to=node-2")
        kubectl("label", "lease", "one", "app=isat")
        kubectl("patch", "lease", "one", "--type=merge", "--patch", '{"spec":{"holderIdentity":"b"}}')
        read = self.read("one")
        self.assertEqual(read["metadata"]["annotations"], {"isat/hand-over-to": "node-2"})
        self.assertEqual(read["metadata"]["labels"], {"app": "isat"})
        self.assertEqual(read["spec"]["holderIdentity"], "b")
        self.assertRegex(kubectl("get", "leases", "--selector=app=isat"), r"^NAME +AGE\none +\d+s\n$")
        self.assertEqual(kubectl("get", "leases", "--selector=app!=isat"), "")
        kubectl("annotate", "lease", "one", "isat/hand-over-to-")
        self.assertNotIn("annotations", self.read("one")["metadata"])
        self.assertIn("deleted", kubectl("delete", "lease", "one"))
        self.assertIn("NotFound", kubectl("get", "lease", "one", fails=True))

    def test_apply_and_replace(self):
        text = LEASE % "one"
        self.assertIn("created", self.fake.kubectl("apply", "--validate=false", "-f", "-", text=text))
        changed = text.replace('"a"', '"c"')
        self.assertIn("configured", self.fake.kubectl("apply", "--validate=false", "-f", "-", text=changed))
        self.assertEqual(self.read("one")["spec"]["holderIdentity"], "c")
        self.assertIn("replaced", self.fake.kubectl("replace", "--validate=false", "-f", "-", text=text))
        self.assertEqual(self.read("one")["spec"]["holderIdentity"], "a")

    def test_a_watch_sees_what_happens(self):
        self.create("one")
        events = 'jsonpath={.type} {.object.metadata.name}{"\\n"}'
        words = ("get", "leases", "--watch", "--output-watch-events", f"--output={events}")
        with subprocess.Popen(self.fake.kubectl_command(*words), stdout=subprocess.PIPE, text=True) as watch:
            try:
                seen = [watch.stdout.readline()]
                self.create("two")
                seen.append(watch.stdout.readline())
                self.fake.kubectl("annotate", "lease", "two", "a=b")
                seen.append(watch.stdout.readline())
                self.fake.command("bookmark")
                self.fake.kubectl("delete", "lease", "one")
                seen.append(watch.stdout.readline())
            finally:
                watch.kill()
        self.assertEqual(seen, ["ADDED one\n", "ADDED two\n", "MODIFIED two\n", "DELETED one\n"])

    def test_the_status_of_a_service_is_patched(self):
        service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
                   "spec": {"type": "LoadBalancer", "selector": {"a": "b"}, "ports": [{"port": 80}]}}
        self.fake.kubectl("create", "--validate=false", "-f", "-", text=json.dumps(service))
        self.fake.kubectl("patch", "service", "web", "--subresource=status", "--type=merge", "--patch",
                          '{"status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.1"}]}}}')
        read = json.loads(self.fake.kubectl("get", "service", "web", "--output=json"))
        self.assertEqual(read["status"], {"loadBalancer": {"ingress": [{"ip": "192.0.2.1", "ipMode": "VIP"}]}})

    def test_faults_are_what_kubectl_takes_them_for(self):
        self.create("one")
        self.fake.command("refuse 500 1 get")
        self.assertIn("InternalError", self.fake.kubectl("get", "lease", "one", fails=True))
        self.fake.command("refuse 429 2 get")
        began = time.monotonic()
        self.read("one")  # kubectl waits as Retry-After says, twice
        self.assertGreater(time.monotonic() - began, 1.9)
        self.fake.command("stop")
        self.assertIn("refused", self.fake.kubectl("get", "lease", "one", fails=True))
        self.fake.command("start")
        self.read("one")
        self.assertIn("Unauthorized", self.fake.kubectl("get", "lease", "one", "--token=none", fails=True))


if __name__ == "__main__":
    testing.main([PROGRAM])
