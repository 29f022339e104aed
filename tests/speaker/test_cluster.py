# SPDX-License-Identifier: BSL-1.0
"""The elector `kubernetes` without a cluster: its options, the kubeconfig that it would use, and what it never tells."""

import json
import os

from support import (BASE, CONFIGURATION, NO_INPUT, USAGE, SpeakerTest, main, run)

CLUSTER = [*BASE, "--node-name", "node-a", "-e", "kubernetes"]

NO_PREFIX = ("cannot begin the names of leases: it must be at most 63 lower-case letters, digits, hyphens and dots, with a "
             "letter or digit first and behind each dot, and on either side of it")
NO_NAMESPACE = ("is no namespace, which has at most 63 lower-case letters, digits and hyphens, none of these at either "
                "end")
NO_NODE = ("cannot stand in the name of a Lease, which has lower-case letters, digits, hyphens and dots only; give this "
           "node another name by --node-name")

# name -> (arguments, sentence); all of them end with 64.
MISTAKES = {
    "an empty namespace": ([*BASE, "-e", "kubernetes:"],
                           "--elector: 'kubernetes:' names no namespace, write kubernetes:NAMESPACE, or kubernetes for the "
                           "own"),
    **{f"the namespace {name!r}": ([*BASE, "-e", f"kubernetes:{name}"], f"--elector: '{name}' {NO_NAMESPACE}")
       for name in ("Isat", "a.b", "-a", "a/b", "n" * 64)},
    **{f"the lease name {name!r}": ([*CLUSTER, f"--lease-name={name}"] if name else [*CLUSTER, "--lease-name", ""], f"--lease-name: '{name}' {NO_PREFIX}")
       for name in ("", "Isat", "a_b", "-a", ".a", "a.", "a..b", "a-.b", "n" * 64)},
    "a lease name of files": ([*BASE, "-e", "file:x", "--lease-name", "A"], f"--lease-name: 'A' {NO_PREFIX}"),
    "a node name with capitals": ([*BASE, "-e", "kubernetes", "--node-name", "Node_A"], f"--node-name: 'Node_A' {NO_NODE}"),
    "a node name that is too long": ([*BASE, "-e", "kubernetes", "--node-name", "n" * 244],
                                     "--node-name: '" + "n" * 80 + "...' is too long for the name of a Lease behind "
                                     "'isat-node-', 253 bytes in all; give a shorter one by --node-name, or a shorter "
                                     "--lease-name"),
    "a server without TLS": ([*CLUSTER, "--api-server", "http://127.0.0.1:8001"],
                             "--api-server: the URL of the server does not begin with https://"),
    "a server without a scheme": ([*CLUSTER, "--api-server", "api:6443"],
                                  "--api-server: the URL of the server does not begin with https://"),
    "a server that is no URL": ([*CLUSTER, "--api-server", "api server"],
                                "--api-server: the server is not a URL of the form https://HOST[:PORT]"),
    "a password in a URL": ([*CLUSTER, "--api-server", "https://me:secret@api"],
                            "--api-server: the URL of the server holds a user name"),
    "a server twice": ([*CLUSTER, "--api-server", "https://api", "--api-server", "https://API:443/"],
                       "--api-server: 'https://api:443' is given twice"),
    "an empty kubeconfig": ([*CLUSTER, "--kubeconfig", ""],
                            "--kubeconfig: the path of a kubeconfig file cannot be empty"),
    "two kubeconfigs": ([*CLUSTER, "--kubeconfig", "a", "--kubeconfig", "b"], "--kubeconfig may be given only once"),
    "a wait without a unit": ([*CLUSTER, "--wait", "5"], "--wait: '5' has no unit, write 5s"),
    "a wait of years": ([*CLUSTER, "--wait", "1001h"], "--wait: '1001h' is longer than 1000h, write forever"),
    "a negative wait": ([*CLUSTER, "--wait", "-1s"], "--wait: '-1s' is negative"),
}


def config(user, cluster=None, **context):
    """A kubeconfig file of one context, as JSON."""
    where = {"server": "https://10.0.0.1:6443", **(cluster or {})}
    return json.dumps({"apiVersion": "v1", "kind": "Config", "current-context": "x",
                       "clusters": [{"name": "c", "cluster": where}], "users": [{"name": "u", "user": user}],
                       "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u", **context}}]})


class ClusterTest(SpeakerTest):
    def kubeconfig(self, *arguments, name="kubeconfig", **context):
        return self.file(config(*arguments, **context), name)

    def dry_run(self, *arguments, **environment):
        return self.assert_ok(run("-i", "none0", *CLUSTER[2:], *arguments, "--dry-run", **environment))


class Mistakes(ClusterTest):
    def test_each_mistake_gets_one_sentence_and_64(self):
        for name, (arguments, sentence) in MISTAKES.items():
            with self.subTest(name):
                self.assert_refused(run(*arguments, "--check-config"), USAGE, sentence)

    def test_mistakes_in_a_file_are_told_with_their_place_and_78(self):
        for text, sentence in {
            "elector: kubernetes:A\n": f"1:10: 'A' {NO_NAMESPACE}",
            "api-server:\n  - https://a\n  - ftp://b\n": "3:5: the URL of the server does not begin with https://",
            "lease-name: _\n": f"1:13: '_' {NO_PREFIX}",
            "wait: never\n": "1:7: 'never' is no duration such as 3s, 1.5s or 750ms",
            "interface: eth0\nvip: 10.77.0.1\nelector: kubernetes\nnode-name: K\u00f6ln\n": f"4:12: 'K\u00f6ln' {NO_NODE}",
        }.items():
            with self.subTest(text):
                path = self.file(text)
                self.assert_refused(run("-c", path, "--check-config"), CONFIGURATION, f"{path}:{sentence}")

    def test_a_node_name_that_was_not_given_must_be_good_too(self):
        self.assert_refused(run(*BASE, "-e", "kubernetes", "--check-config", ISAT_NODE_NAME="Node"), CONFIGURATION,
                            f"ISAT_NODE_NAME: 'Node' {NO_NODE}")
        self.assert_ok(run(*BASE, "-e", "file:x", "--check-config", ISAT_NODE_NAME="Node"))

    def test_a_kubeconfig_is_not_looked_at_to_check_or_print_the_configuration(self):
        for action in ("--check-config", "--print-config"):
            self.assert_ok(run(*CLUSTER, "--kubeconfig", str(self.scratch / "none"), action))


class Kubeconfigs(ClusterTest):
    def test_a_kubeconfig_that_cannot_be_read_is_66(self):
        missing = str(self.scratch / "none")
        self.assert_refused(run(*CLUSTER, "--kubeconfig", missing, "--dry-run"), NO_INPUT,
                            f"{missing}: cannot be read: No such file or directory")
        self.assert_refused(run(*CLUSTER, "--dry-run", KUBECONFIG=missing), NO_INPUT,
                            f"{missing}: cannot be read: No such file or directory; name a file by --kubeconfig FILE")
        secret = self.kubeconfig({"token": "SECRET"})
        os.chmod(secret, 0)
        remedy = "; it must be readable by isat-speaker's user without capabilities, for root too" if os.geteuid() == 0 else ""
        self.assert_refused(run(*CLUSTER, "--kubeconfig", secret, "--dry-run"), NO_INPUT,
                            f"{secret}: cannot be read: Permission denied{remedy}")

    def test_a_kubeconfig_with_wrong_content_is_78(self):
        for name, text in {"no YAML": "a: [", "nothing": "", "a list": "[]", "no context": "{}",
                           "no server": config({"token": "SECRET"}, {"server": ""})}.items():
            with self.subTest(name):
                path = self.file(text, "kubeconfig")
                result = run(*CLUSTER, "--kubeconfig", path, "--dry-run")
                self.assertEqual(result.returncode, CONFIGURATION, result.stderr)
                self.assertRegex(result.stderr, rf"\Aisat-speaker: {path}:[^\n]+\n\Z")
                self.assertNotIn("SECRET", result.stderr)

    def test_a_dry_run_tells_the_servers_the_namespace_and_the_kind_of_credentials_only(self):
        (self.scratch / "token").write_text("SECRET")
        users = {
            "token": {"token": "SECRET"},
            f"token file {self.scratch}/token": {"tokenFile": "token"},
            "client certificate": {"client-certificate-data": "U0VDUkVU", "client-key-data": "U0VDUkVU"},
            "exec plugin get-token": {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "get-token",
                                               "args": ["SECRET"], "env": [{"name": "A", "value": "SECRET"}],
                                               "interactiveMode": "Never"}},
            "nobody in particular": {},
        }
        for kind, user in users.items():
            with self.subTest(kind):
                told = self.dry_run("--kubeconfig", self.kubeconfig(user), "--api-server", "https://10.0.0.2:6443")
                self.assertIn("with elector kubernetes\n"
                              "API servers: https://10.0.0.1:6443, https://10.0.0.2:6443\n"
                              f"leases isat-* in namespace default, authenticated by {kind}\n"
                              "layout wished for: single", told)
                self.assertNotIn("SECRET", told)

    def test_the_namespace_is_the_electors_else_the_contexts(self):
        arguments = ["--kubeconfig", self.kubeconfig({}, namespace="of-context"), "--lease-name", "lab"]
        self.assertIn("leases lab-* in namespace of-context,", self.dry_run(*arguments))
        told = run(*BASE, "--node-name", "a", "-e", "kubernetes:of-elector", *arguments, "--dry-run")
        self.assertIn("leases lab-* in namespace of-elector,", self.assert_ok(told))

    def test_a_kubeconfig_that_trusts_anybody_is_warned_of(self):
        told = self.dry_run("--kubeconfig", self.kubeconfig({}, {"insecure-skip-tls-verify": True}))
        self.assertIn("warning: the kubeconfig says insecure-skip-tls-verify: ", told)

    def test_kubeconfig_is_yaml_and_a_list_of_files_and_home_is_the_last_resort(self):
        (self.scratch / ".kube").mkdir()
        home = self.kubeconfig({}, namespace="of-home", name=".kube/config")
        first = self.file("apiVersion: v1\ncurrent-context: x  # of the second file\n", "first")
        second = self.kubeconfig({}, namespace="of-list", name="second")
        self.assertIn("namespace of-home,", self.dry_run(HOME=str(self.scratch)))
        self.assertIn("namespace of-list,", self.dry_run(HOME=str(self.scratch), KUBECONFIG=f"{first}:{second}"))
        self.assertIn("namespace of-home,", self.dry_run("--kubeconfig", home, KUBECONFIG=second))

    def test_what_print_config_prints_of_a_cluster_is_a_path(self):
        path = self.kubeconfig({"token": "SECRET"})
        printed = self.effective(*CLUSTER, "--kubeconfig", path)
        self.assertIn(f'elector: "kubernetes"\nkubeconfig: "{path}"\nlease-name: "isat"\n', printed)
        self.assertNotIn("SECRET", printed)
        self.assertNotIn("api-server", printed)


if __name__ == "__main__":
    main()
