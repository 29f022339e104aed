# SPDX-License-Identifier: BSL-1.0
"""How a speaker ends, and what it survives."""
import signal
import pathlib
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from netns_lab import testing  # noqa: E402
from netns_lab.testing import VIP, WORK  # noqa: E402


class Signals(testing.NetnsTest):
    def setUp(self):
        super().setUp()
        self.server = self.node()
        self.observer = self.wire()

    def start(self, **options):
        process = self.speaker(self.server, **options)
        self.answered_by(self.observer, self.server)
        return process

    def expect_nothing_left(self):
        self.assertEqual(self.server.ip("-o", "link", "show").returncode, 0)
        left = testing.lab.run("ip", "netns", "pids", self.server.name).stdout.split()
        self.assertEqual(left, [], "processes are left")
        self.assertIsNone(self.observer.ask(VIP, 0.1), "somebody still answers")

    def test_sigterm_ends_it_with_0_and_silence(self):
        self.assertEqual(self.start().stop(signal.SIGTERM), 0)
        self.expect_nothing_left()

    def test_an_elected_leader_that_is_told_to_stop_ends_at_once(self):
        process = self.start(elector=f"file:{WORK}/election-stopped")
        begun = time.monotonic()
        self.assertEqual(process.stop(signal.SIGTERM), 0)
        # It waits for nothing but its release: not for the deadline of what it let go of, which is seconds away.
        self.assertLess(time.monotonic() - begun, 1.5)
        self.expect_nothing_left()

    def test_sigint_ends_it_with_0_and_silence(self):
        self.assertEqual(self.start().stop(signal.SIGINT), 0)
        self.expect_nothing_left()

    def test_sighup_is_told_and_survived(self):
        process = self.start()
        for _ in range(3):
            process.send(signal.SIGHUP)
        self.assertIsNotNone(process.wait_line("SIGHUP"), "SIGHUP was caught silently")
        self.answered_by(self.observer, self.server)
        self.assertTrue(process.running())

    def test_two_signals_that_come_together_end_it(self):
        process = self.start(elector=f"file:{WORK}/election-two")
        process.send(signal.SIGSTOP)
        process.send(signal.SIGTERM)
        process.send(signal.SIGINT)
        process.send(signal.SIGCONT)
        self.assertIsNotNone(process.wait(2.0), "it still runs")
        self.expect_nothing_left()

    def test_a_killed_speaker_leaves_nothing_that_keeps_another_from_leading(self):
        elector = f"file:{WORK}/election-killed"
        for _ in range(3):
            self.assertEqual(self.start(elector=elector).stop(signal.SIGKILL), -signal.SIGKILL)
            self.expect_nothing_left()
        self.start(elector=elector)


if __name__ == "__main__":
    testing.main()
