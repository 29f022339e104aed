# SPDX-License-Identifier: BSL-1.0
"""The play of demo.sh: two nodes with a speaker each, a client and an observer, and what befalls them.

Usage: demo.py --speaker FILE --probe FILE [--svg FILE] [--keep FOLDER]

It runs inside private namespaces (tests/support/netns_lab/sandbox.py) and waits for events, with bounds, except for
the seconds in which it only watches. Every figure that it prints comes from the instruments' files.
"""
import argparse
import pathlib
import shutil
import signal
import sys
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "tests" / "support")]

import measure  # noqa: E402
import picture  # noqa: E402
import report  # noqa: E402
from netns_lab import lab, programs, sandbox  # noqa: E402

WORK = pathlib.Path("/run/lab")  # in the sandbox's own /run: it vanishes with it
BOUND = 5.0
FIRST_BOUND = 15.0  # the first leader of an empty directory is silent for some seconds


class Failed(Exception):
    """The play cannot go on; the text says why."""


class Demo:
    """The lab and its state: who leads, what was done when."""

    def __init__(self, speaker, probe):
        self.speaker_path, self.probe_path = speaker, probe
        self.begun = time.monotonic()
        self.lab = lab.Lab()
        self.nodes, self.speakers, self.events = {}, {}, []
        self.leader = None

    def say(self, words):
        print(f"{time.monotonic() - self.begun:6.2f} s  {words}", flush=True)

    def build(self):
        for number, name in ((11, "node-1"), (12, "node-2")):
            self.nodes[name] = self.lab.add(name, f"10.77.0.{number}")
            self.nodes[name].holds_vip()
            service = programs.Program(self.nodes[name], self.probe_path, "serve", "--name", name, "--address", lab.VIP)
            self.need(service.wait_line("ready", BOUND), f"the service on {name} does not start: {service.log}")
        self.macs = {name: node.mac() for name, node in self.nodes.items()}
        self.names = {mac: name for name, mac in self.macs.items()}
        observer, client = self.lab.add("observer"), self.lab.add("client", "10.77.0.50")
        self.say(f"one segment, two nodes, a client; a service on {lab.VIP} runs on both nodes")
        self.watch = self.instrument(observer, "watch", "--interface", "eth0", "--vip", lab.VIP)
        self.start("node-1")
        self.say("node-1's speaker starts in an empty directory: it waits out whoever may have led before, then leads")
        self.await_answer("node-1", 0, FIRST_BOUND)
        self.start("node-2")
        self.client = self.instrument(client, "client", "--target", lab.VIP)
        self.need(self.client.wait_line("served", BOUND), "the client reaches nobody behind the VIP")
        self.leader = "node-1"

    def instrument(self, machine, what, *options):
        program = programs.Program(machine, self.probe_path, what, *options, "--out", WORK / what)
        self.need(program.wait_line("ready", BOUND), f"{what} does not start: {program.log}")
        return program

    @staticmethod
    def need(condition, otherwise):
        if not condition:
            raise Failed(otherwise)

    def start(self, name):
        self.speakers[name] = programs.Program(
            self.nodes[name], self.speaker_path, "-i", "eth0", "-a", lab.VIP, "-e", f"file:{WORK}/election",
            "--node-name", name)
        speaker = self.speakers[name]
        self.need(programs.wait_until(lambda: speaker.listens_on(self.nodes[name]) or not speaker.running(), BOUND)
                  and speaker.running(), f"isat-speaker on {name} does not start:\n{speaker.log}")

    def await_answer(self, name, seen, bound=BOUND):
        """Waits until the watch hears `name` answer, from its line number `seen` on."""
        if not self.watch.wait_line(f"^answer .* {self.macs[name]}", bound, seen):
            logs = "\n".join(f"--- {node}\n{speaker.log}" for node, speaker in self.speakers.items())
            raise Failed(f"{name} does not answer for {lab.VIP} within {bound:.0f} s\n{logs}")

    def act(self, key, label, doing, deed, moves, watching):
        """Does one deed, says what came of it, and watches on for `watching` seconds."""
        old, seen = self.leader, len(self.watch.lines)
        new = next(name for name in self.nodes if name != old) if moves else None
        self.say(f"{len(self.events) + 1}. {doing}")
        at = time.monotonic_ns()
        self.events.append(measure.Event(key, label, at, old, new))
        deed()
        if moves:
            self.await_answer(new, seen)
            line = self.watch.wait_line(f"^answer .* {self.macs[new]}", BOUND, seen)
            self.leader = new
            self.say(f"   {new} answers after {(int(line.split()[1]) - at) / 1e6:.1f} ms")
        time.sleep(watching)
        if not moves:
            told = [line for _, line in self.watch.lines[seen:] if line.startswith("answer")]
            self.say("   " + (f"{old} goes on answering" if not told else f"now {self.name_of(told[-1])} answers"))

    def name_of(self, line):
        return self.names.get(line.split()[2], line.split()[2])

    def play(self):
        self.act("steady", "steady state", f"{self.leader} leads; we watch", lambda: None, False, 2.0)
        first, second = self.leader, "node-2"
        node = self.nodes[first]
        self.act("cut", "cable pulled", f"{first}'s cable is pulled", lambda: self.lab.pull_cable(node), True, 3.0)
        self.act("back", "cable back", f"{first} is back on the segment: it must stay silent",
                 lambda: self.lab.plug_cable(node), False, 3.0)
        self.need(programs.wait_until(lambda: self.speakers[first].listens_on(node), BOUND),
                  f"{first} does not listen again after its cable is back:\n{self.speakers[first].log}")
        self.act("stop", "SIGTERM", f"{second}'s speaker is told to stop (SIGTERM)",
                 lambda: self.speakers[second].send(signal.SIGTERM), True, 0.0)
        code = self.speakers[second].wait(BOUND)
        self.need(code == 0, f"{second}'s speaker ended with {code} instead of 0:\n{self.speakers[second].log}")
        self.start(second)
        self.say(f"   it ended with code 0 and is started again, as a follower")
        time.sleep(3.0)
        self.act("kill", "SIGKILL", f"{first}'s speaker is killed (SIGKILL)",
                 lambda: self.speakers[first].send(signal.SIGKILL), True, 3.0)

    def finish(self):
        """Stops the instruments and returns their record and the outcomes."""
        end = time.monotonic_ns()
        for program in (self.client, self.watch):
            self.need(program.stop(bound=BOUND) == 0, f"an instrument failed: {program.log}")
        record = measure.load(WORK / "watch", WORK / "client")
        return record, measure.outcomes(record, self.events, end, self.macs), end


def show(demo, record, results, end, svg):
    start = demo.events[0].at
    print("\n" + "\n".join(report.timeline(record, results, demo.macs, start, end)))
    print("\n" + "\n".join(report.table(results)))
    late = ", ".join(f"{name} {count}" for name, count in record.missed.items())
    print(f"\nEvery time is measured in this run; the instruments missed these of their 1 ms ticks: {late}.")
    svg.parent.mkdir(parents=True, exist_ok=True)
    svg.write_text(picture.draw(record, results, demo.macs, lab.VIP, start, end), encoding="utf-8")
    print(f"The timeline as a picture: {svg}")


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--speaker", required=True, type=pathlib.Path)
    parser.add_argument("--probe", required=True, type=pathlib.Path)
    parser.add_argument("--svg", required=True, type=pathlib.Path)
    parser.add_argument("--keep", type=pathlib.Path, help="copy the measurements and the speakers' logs to this folder")
    options = parser.parse_args()
    sandbox.enter()
    demo = Demo(options.speaker.resolve(), options.probe.resolve())
    try:
        demo.build()
        demo.play()
        record, results, end = demo.finish()
    except Failed as failure:
        print(f"\nThe demo FAILED: {failure}")
        return 1
    show(demo, record, results, end, options.svg)
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
        for what in ("watch", "client"):
            shutil.copy(WORK / what, options.keep / f"{what}.csv")
        for name, speaker in demo.speakers.items():
            (options.keep / f"{name}.log").write_text(speaker.log + "\n", encoding="utf-8")
    found = measure.problems(results)
    for problem in found:
        print(f"NOT AS IT MUST BE: {problem}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
