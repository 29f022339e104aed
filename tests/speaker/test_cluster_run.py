# SPDX-License-Identifier: BSL-1.0
"""The running daemon whose cluster does not answer: how long it waits, what it says, how it ends.

With a cluster that does, see tests/kubernetes. The script enters a network namespace of its own, where the only hosts
are itself."""

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import threading
import time

from support import CONFIGURATION, NO_INPUT, OK, UNAVAILABLE, main
from test_run import RunTest, VIP, command, enter_namespace

CAP_NET_RAW = 1 << 13
WAITING = "the store does not answer, trying again reason=\"Connection refused\""


class Listener:
    """A port that takes connections and says nothing, or whatever `answer(connection)` does."""

    def __init__(self, answer=None):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self.socket.getsockname()[1]}"
        self._answer, self._kept = answer, []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
                self._kept.append(connection)
                if self._answer:
                    self._answer(connection)
            except OSError:
                if self.socket.fileno() < 0:
                    return

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self._thread.join()
        for each in self._kept:
            each.close()


def closed_port():
    """The URL of a port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"https://127.0.0.1:{server.getsockname()[1]}"


class ClusterRun(RunTest):
    def setUp(self):
        super().setUp()
        command("ip link set dev lo up")

    def arguments(self, server, *more, user=None, **cluster):
        config = {"apiVersion": "v1", "kind": "Config", "current-context": "x",
                  "clusters": [{"name": "c", "cluster": {"server": server, **cluster}}],
                  "users": [{"name": "u", "user": user or {"token": "SECRET"}}],
                  "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u", "namespace": "lab"}}]}
        path = self.file(json.dumps(config), "kubeconfig")
        return ["-i", "veth0", "-a", VIP, "--node-name", "node-a", "-e", "kubernetes", "--kubeconfig", path, *more]

    def ended(self, *arguments, timeout=20):
        running = self.start(*arguments)
        code = running.end(timeout)
        self.assertNotIn("SECRET", running.log)
        return code, running.log

    def test_without_a_wait_one_refusal_ends_it(self):
        began = time.monotonic()
        code, log = self.ended(*self.arguments(closed_port(), "--wait", "0"))
        self.assertEqual(code, UNAVAILABLE, log)
        self.assertRegex(log, r"isat-speaker: the store cannot be used: cannot read the Lease lab/isat-layout: "
                              r"[^\n]*Connection refused[^\n]*\n\Z")
        self.assertLess(time.monotonic() - began, 5)

    def test_a_wait_ends_with_what_was_wrong_last(self):
        code, log = self.ended(*self.arguments(closed_port(), "--wait", "1200ms"))
        self.assertEqual(code, UNAVAILABLE, log)
        self.assertRegex(log, r"isat-speaker: the store cannot be used, and --wait ends after 1.2s: cannot read the Lease "
                              r"lab/isat-layout: [^\n]*Connection refused[^\n]*\n\Z")
        self.assertEqual(log.count("trying again"), 1)

    def test_systemd_hears_why_it_ends(self):
        systemd, before = self.systemd()
        running = self.start(*self.arguments(closed_port(), "--wait", "0"), before=before)
        self.assertEqual(running.end(), UNAVAILABLE, running.log)
        sentence = re.search(r"isat-speaker: (the store cannot be used: [^\n]+)\n\Z", running.log)[1]
        heard = ""
        while not heard.startswith("STOPPING=1"):
            heard = systemd.recv(512).decode()
        self.assertEqual(heard, f"STOPPING=1\nSTATUS={sentence}")

    def test_a_server_that_says_nothing_is_waited_for_no_longer(self):
        silent = Listener()
        self.addCleanup(silent.close)
        code, log = self.ended(*self.arguments(silent.url, "--wait", "1s"))
        self.assertEqual(code, UNAVAILABLE, log)
        self.assertIn("isat-speaker: the store cannot be used, and --wait ends after 1s: ", log)

    def test_a_server_that_nobody_vouches_for_is_not_believed(self):
        key, certificate = self.scratch / "key", self.scratch / "certificate"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                        "/CN=x", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
                       check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        stranger = Listener(lambda connection: context.wrap_socket(connection, server_side=True).close())
        self.addCleanup(stranger.close)
        code, log = self.ended(*self.arguments(stranger.url, "--wait", "0"))
        self.assertEqual(code, UNAVAILABLE, log)
        self.assertIn("certificate", log)

    def test_it_waits_for_ever_by_default_and_ends_by_a_signal(self):
        for wait in ([], ["--wait", "1h"], ["--wait", "forever"]):
            with self.subTest(wait):
                running = self.start(*self.arguments(closed_port(), *wait))
                running.expect(WAITING)
                running.signal(signal.SIGTERM)
                self.assertEqual(running.end(), OK, running.log)
                self.assertNotIn("SECRET", running.log)

    def test_it_says_where_its_leases_are(self):
        server = closed_port()
        running = self.start(*self.arguments(server))
        running.expect(f"a Kubernetes cluster is used servers={server} namespace=lab authenticated_by=token ")

    def test_a_kubeconfig_that_is_missing_or_wrong_ends_it(self):
        base = ["-i", "veth0", "-a", VIP, "--node-name", "node-a", "-e", "kubernetes", "--kubeconfig"]
        self.assertEqual(self.ended(*base, str(self.scratch / "none"))[0], NO_INPUT)
        self.assertEqual(self.ended(*base, self.file("{}", "wrong"))[0], CONFIGURATION)

    def test_a_plugin_has_no_capability_that_the_daemon_gave_up_and_no_way_to_gain_any(self):
        plugin = self.scratch / "plugin"
        plugin.write_text(f"#!/bin/sh\ngrep -E '^(CapEff|CapPrm|CapAmb|NoNewPrivs):' /proc/self/status > {self.scratch}/seen\n"
                          "exit 1\n")
        plugin.chmod(0o755)
        user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(plugin),
                         "interactiveMode": "Never"}}
        code, log = self.ended(*self.arguments(closed_port(), "--wait", "0", user=user))
        self.assertEqual(code, UNAVAILABLE, log)
        self.assertIn(str(plugin), log)
        seen = dict(line.split(":\t") for line in (self.scratch / "seen").read_text().splitlines())
        self.assertEqual(int(seen["NoNewPrivs"]), 1)
        self.assertEqual([int(seen[name], 16) & ~CAP_NET_RAW for name in ("CapEff", "CapPrm", "CapAmb")], [0, 0, 0])


if __name__ == "__main__":
    if "ISAT_IN_NAMESPACE" not in os.environ:
        enter_namespace()
    main()
