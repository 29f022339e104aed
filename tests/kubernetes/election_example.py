# SPDX-License-Identifier: BSL-1.0
"""The example that elects a leader without any ARP, as somebody tries it who has a cluster, a kubeconfig and kubectl:
two of it contend for one Lease, the leader is killed, the next one is told to stop. Then what it says to mistakes."""
import os
import pathlib
import re
import signal
import sys
import time

sys.dont_write_bytecode = True
_HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(_HERE.parent / "support"))

from kube_lab import testing  # noqa: E402
from netns_lab.programs import Program  # noqa: E402

EXAMPLE = pathlib.Path(os.environ.get("ISAT_BIN_DIR") or _HERE.parents[1] / "build" / "bin") / "06_elect_with_kubernetes"
NAMESPACE, LEASE = "isat-system", "my-daemon"
# What the example says it needs.
RULES = ({"apiGroups": ["coordination.k8s.io"], "resources": ["leases"],
          "verbs": ["get", "list", "watch", "create", "update"]},)
DURATION = 3.0  # of a lease, in seconds
FIRST_MAX = DURATION + 3.0  # nobody knows what was there before
TAKEOVER_MAX = DURATION + 0.03 + 0.5  # the only other candidate goes after 30 ms at the most
HANDOVER_MAX = 0.5  # a lease that is released is not waited for


class Examples(testing.ClusterTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.yaml = cls.cluster.kubeconfig("isat", token=cls.cluster.service_account("isat", RULES, namespace=NAMESPACE).token(),
                                          namespace=NAMESPACE)
        cls.json = cls.as_json(cls.yaml)

    @classmethod
    def as_json(cls, yaml):
        path = yaml.with_suffix(".json")
        path.write_text(cls.cluster.kubectl("config", "view", "--raw", "-o", "json", config=yaml), encoding="utf-8")
        return path

    def edited(self, name, pattern, replacement):
        """Another kubeconfig, with a mistake."""
        path = self.cluster.folder / f"{name}.json"
        text, number = re.subn(pattern, replacement, self.json.read_text(encoding="utf-8"))
        self.assertEqual(number, 1, pattern)
        path.write_text(text, encoding="utf-8")
        return path

    def start(self, *words, config=None):
        program = Program(None, "env", f"KUBECONFIG={config or self.json}", f"HOME={self.cluster.folder}", EXAMPLE, *words)
        self.addCleanup(program.stop)
        return program

    def ended(self, *words, **options):
        """What it says, and the exit code, of one that ends by itself."""
        program = self.start(*words, **options)
        return program.wait(), program.log

    def shown(self, lease=LEASE):
        """The holder that `kubectl get lease` shows to people; empty when there is none."""
        rows = [line.split() for line in self.cluster.kubectl("get", "lease", "-n", NAMESPACE, config=self.yaml).splitlines()]
        self.assertEqual(rows[0], ["NAME", "HOLDER", "AGE"])
        return next((row[1] for row in rows if row[0] == lease and len(row) == 3), "")

    def await_leader(self, program, node, bound):
        """Waits until it leads, and kubectl says so; returns the term."""
        line = program.wait_line(r"^leading, term \d+$", bound)
        self.assertIsNotNone(line, f"{node} does not lead:\n{program.log}")
        self.assertRegex(self.shown(), rf"\A{node}_[0-9a-f]{{8}}_[0-9a-f]+\Z")
        return int(line.split()[-1])

    def test_one_of_two_leads_and_the_other_follows_a_crash_and_a_stop(self):
        first = self.start(LEASE, NAMESPACE, "anna")
        term = self.await_leader(first, "anna", FIRST_MAX)
        second = self.start(LEASE, NAMESPACE, "bert")
        spent = time.monotonic()
        self.assertIsNone(second.wait_line("leading", DURATION + 1.0), "anna leads still")
        self.assertGreater(time.monotonic() - spent, DURATION, second.log)
        killed = time.monotonic()
        first.send(signal.SIGKILL)
        self.assertEqual(self.await_leader(second, "bert", TAKEOVER_MAX), term + 1)
        took = time.monotonic() - killed
        self.assertGreater(took, DURATION - 1.0, "a lease was not waited out")  # it was renewed within its last second
        first = self.start(LEASE, NAMESPACE, "anna")
        self.assertIsNone(first.wait_line("leading", 2.0), "bert leads")
        stopped = time.monotonic()
        second.send(signal.SIGTERM)
        self.assertEqual(self.await_leader(first, "anna", HANDOVER_MAX), term + 2)
        print(f"\nkilled: the next one leads after {took:.2f} s; told to stop: after {time.monotonic() - stopped:.2f} s, kubectl"
              " included", flush=True)
        self.assertEqual(second.wait(), 0, second.log)
        self.assertEqual(second.log.splitlines(), [f"leading, term {term + 1}", "not leading"])
        self.assertEqual(first.stop(), 0, first.log)
        self.assertEqual(self.shown(), "", "released")

    def test_the_namespace_is_the_kubeconfigs_unless_it_is_named(self):
        program = self.start("by-default")
        self.assertTrue(program.wait_line("leading", FIRST_MAX), program.log)
        self.assertNotEqual(self.shown("by-default"), "")
        self.assertEqual(program.stop(), 0, program.log)

    def test_what_cannot_begin_says_why(self):
        self.assertEqual(self.ended(), (64, "usage: 06_elect_with_kubernetes LEASE [NAMESPACE] [NODE]"))
        nowhere = self.edited("nowhere", '"current-context": ".*"', '"current-context": "nowhere"')
        for config, why in (("/no/such/file", "cannot be read: No such file or directory"),
                            (f"{self.yaml}", "not valid JSON; a file in YAML must be converted before"),
                            (f"{nowhere}", 'there is no context "nowhere"; those that there are: "lab"')):
            with self.subTest(why):
                code, text = self.ended(LEASE, config=config)
                self.assertEqual(code, 78, text)
                self.assertRegex(text, rf"\A06_elect_with_kubernetes: {re.escape(config)}(:1:1)?: {re.escape(why)}\Z")

    def test_what_goes_wrong_later_is_told_in_one_line_and_tried_again(self):
        admin = self.as_json(self.cluster.kubeconfig("admin"))
        for what, words, config in (
                (r"Connection refused: .* cannot connect to https://127\.0\.0\.1:1: Connection refused", (LEASE,),
                 self.edited("closed", '"server": ".*"', '"server": "https://127.0.0.1:1"')),
                (r"the API server does not accept the credentials: .*: Unauthorized", (LEASE,),
                 self.edited("stranger", '"token": ".*"', '"token": "no.such.token"')),
                (r"the API server's rules \(RBAC\) do not allow it: .* in the namespace \"elsewhere\"", (LEASE, "elsewhere"),
                 self.json),
                (r"the API server has no such object: cannot write .*: namespaces \"elsewhere\" not found",
                 (LEASE, "elsewhere"), admin)):
            with self.subTest(what):
                program = self.start(*words, config=config)
                self.assertTrue(program.wait_line(f"^{what}$", 5.0), program.log)
                self.assertEqual(program.stop(), 0, program.log)
                self.assertEqual(len(program.log.splitlines()), 1, program.log)


if __name__ == "__main__":
    testing.main([EXAMPLE])
