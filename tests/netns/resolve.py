# SPDX-License-Identifier: BSL-1.0
"""A client kernel, arping and hand-made questions find the VIP, and traffic flows."""
import pathlib
import shutil
import socket
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from netns_lab import frames, testing  # noqa: E402
from netns_lab.testing import VIP, WORK  # noqa: E402


class Resolve(testing.NetnsTest):
    def setUp(self):
        super().setUp()
        self.server = self.node()
        self.client = self.lab.add("client", "10.77.0.50")

    def connect(self):
        """One TCP connection from the client to the VIP; returns what the service says."""
        with self.client.entered():
            connection = socket.create_connection((VIP, 7007), timeout=5)
        with connection:
            return connection.recv(64).decode()

    def test_a_client_kernel_that_never_heard_of_the_vip_resolves_it_and_connects(self):
        self.service(self.server)
        self.speaker(self.server)
        self.assertEqual(self.client.neighbour(), (None, None))
        self.assertEqual(self.connect(), self.server.name)
        mac, state = self.client.neighbour()
        self.assertEqual(mac, self.server.mac())
        self.assertIn(state, ("REACHABLE", "DELAY", "STALE"))

    def test_without_a_speaker_nobody_answers(self):
        self.service(self.server)
        with self.assertRaises(OSError):
            self.connect()
        self.assertIsNone(self.client.neighbour()[0])

    def arping(self, *options):
        if not shutil.which("arping") or "iputils" not in self.client.run("arping", "-V", check=False).stdout:
            self.skipTest("arping of iputils is not installed (package iputils-arping)")
        return self.client.run("arping", *options, "-I", "eth0", VIP, check=False)

    def test_arping_agrees(self):
        self.speaker(self.server)
        done = self.arping("-f", "-w", "5")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(f"[{self.server.mac()}]", done.stdout.lower())

    def test_arping_finds_that_the_address_is_taken(self):
        self.speaker(self.server)
        done = self.arping("-D", "-w", "5")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn(f"[{self.server.mac()}]", done.stdout.lower())

    def test_a_thousand_vips_from_a_file_are_all_answered_and_no_other(self):
        vips = [f"10.77.{block}.{host}" for block in range(4, 8) for host in range(1, 251)]
        config = WORK / "thousand.yaml"
        config.write_text("interface: [eth0]\nvip:\n" + "".join(f"  - {vip}\n" for vip in vips), encoding="ascii")
        speaker = self.program(self.server, testing.SPEAKER, "--config", config)
        self.listening(speaker, self.server)
        observer, mac = self.wire(), self.server.mac()
        self.assertEqual(len(vips), 1000)
        self.assertEqual([vip for vip in vips if observer.ask(vip) != mac], [])
        for foreign in ("10.77.4.0", "10.77.7.251", "10.77.8.1"):
            before, good = observer.answers_to(frames.who_has(foreign, observer.asker()), vips[0], mac)
            self.assertEqual((before, good and good.sha), ([], mac), foreign)


if __name__ == "__main__":
    testing.main()
