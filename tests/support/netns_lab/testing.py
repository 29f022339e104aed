# SPDX-License-Identifier: BSL-1.0
"""What a test file needs beside the lab: the programs' paths, a test case that cleans up, and a main().

A file's tests run in one sandbox, one after the other, each with a segment of its own. A test that cannot run here
makes the whole file count as skipped (exit code 77), never as passed.
"""
import os
import pathlib
import sys
import unittest

from . import frames, lab, programs, sandbox, wire

ROOT = pathlib.Path(__file__).resolve().parents[3]
BIN = pathlib.Path(os.environ.get("ISAT_BIN_DIR") or ROOT / "build" / "bin")
SPEAKER = BIN / "isat-speaker"
PROBE = BIN / "isat-demo-probe"
WORK = pathlib.Path("/run/lab")
VIP = lab.VIP


class TellingTest(unittest.TestCase):
    """A test that tells more when it has failed: at once what went wrong, then what helps to understand it."""

    def run(self, result=None):
        before = [len(result.failures), len(result.errors)]
        super().run(result)
        new = [*result.failures[before[0]:], *result.errors[before[1]:]]
        for _, trace in new:
            print(trace, file=sys.stderr)
        if new:
            self.tell()

    def tell(self):
        """Prints what helps to understand a failure; called after the clean-up."""


class NetnsTest(TellingTest):
    """One segment per test; whatever was started is stopped, and its output is shown when the test failed."""
    mtu = 1500

    def setUp(self):
        self.segments, self.started = [], []
        self.addCleanup(self._close_all)
        self.addCleanup(self._stop_all)  # the first thing to be done
        self.lab = self.segment("segment")

    def segment(self, name):
        """One more segment, beside the test's own."""
        self.segments.append(lab.Lab(self.mtu, name))
        return self.segments[-1]

    def tell(self):
        super().tell()
        for program in getattr(self, "started", []):
            lines = program.log.splitlines()
            print(f"--- {program.command} (the last of {len(lines)} lines)", *lines[-40:], sep="\n", file=sys.stderr)

    def _stop_all(self):
        for program in reversed(self.started):
            program.stop()

    def _close_all(self):
        for segment in self.segments:
            segment.close()

    def program(self, machine, *command):
        """Starts a program in `machine`; the test's end stops it."""
        self.started.append(programs.Program(machine, *command))
        return self.started[-1]

    def node(self, name="node-1", address="10.77.0.11"):
        """A machine that accepts traffic for the VIP and whose kernel never answers ARP for it."""
        machine = self.lab.add(name, address)
        machine.holds_vip()
        return machine

    def wire(self, name="observer"):
        """A packet socket on a machine of its own, without an address."""
        result = wire.Wire(self.lab.add(name))
        self.addCleanup(result.close)
        return result

    def service(self, machine):
        """The TCP service and UDP echo behind the VIP, which answer with the machine's name."""
        service = self.program(machine, PROBE, "serve", "--name", machine.name, "--address", VIP)
        self.assertTrue(service.wait_line("ready"), service.log)
        return service

    def speaker(self, machine, *options, vip=VIP, elector=None, binary=SPEAKER):
        """A speaker on eth0 for the VIP, started and listening."""
        words = [binary, "-i", "eth0", "--node-name", machine.name]
        words += ["-a", vip] if vip else []
        words += ["-e", elector] if elector else []
        speaker = self.program(machine, *words, *options)
        self.listening(speaker, machine)
        return speaker

    def listening(self, speaker, machine, interface="eth0", bound=10.0):
        done = programs.wait_until(lambda: speaker.listens_on(machine, interface) or not speaker.running(), bound)
        self.assertTrue(done and speaker.running(), f"the speaker does not listen on {interface}:\n{speaker.log}")

    def answered_by(self, wire_, machine, vip=VIP, bound=10.0):
        """Asserts that the VIP is answered for with the machine's present MAC. The first leader of an empty store is
        silent for some seconds, for nobody knows what was there before."""
        self.assertEqual(wire_.ask(vip, bound), machine.mac(), f"who answers for {vip}")

    def announced(self, wire_, mac, vip=VIP, bound=5.0):
        """Asserts that `vip` is announced with `mac` from now on, in request form and then in reply form, both to all."""
        for oper, tha in ((frames.REQUEST, frames.ZERO), (frames.REPLY, mac)):
            heard = wire_.wait_for(lambda arp, oper=oper: arp.announces(vip) and arp.sha == mac and arp.oper == oper, bound)
            self.assertIsNotNone(heard, f"no announcement of {vip} with {mac}, operation {oper}")
            self.assertEqual(heard.arp, frames.Arp(frames.BROADCAST, mac, oper, mac, vip, tha, vip))


def main(needed=(SPEAKER, PROBE)):
    """Enters the sandbox and runs the calling file's tests; exit code 0, 1 or 77. `needed`: programs of this project."""
    sandbox.enter()
    for program in needed:
        if not os.access(program, os.X_OK):
            print(f"{program.name} is not there; build it, or set ISAT_BIN_DIR", flush=True)
            sys.exit(1)
    outcome = unittest.main(module="__main__", exit=False, verbosity=2, buffer=False).result
    if not outcome.wasSuccessful() or outcome.testsRun == 0:
        sys.exit(1)
    for _, reason in outcome.skipped:
        print(f"SKIP: {reason}", flush=True)
    sys.exit(sandbox.SKIPPED if outcome.skipped else 0)
