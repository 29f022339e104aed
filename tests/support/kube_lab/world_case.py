# SPDX-License-Identifier: BSL-1.0
"""What tests of a whole cluster share: one world, in which a Service `web` is reached all the time, and judges.

An event is judged by frames: who owns a VIP at first, who owns it at last, and that there is one answer to each question
and nobody else in between; and every frame by the Leases as etcd committed them, whatever the event was.
"""
import collections
import os
import re
import shutil
import sys
import time

from netns_lab import testing as netns
from netns_lab.programs import wait_until
from netns_lab.sandbox import skip

from . import provision, testing
from .cluster import NAMESPACE
from .evidence import Chronicle, Frame, wrong_frames
from .objects import SPACE
from .sightings import QUIET, Sightings, answered_twice
from .world import World

VIPS = [f"10.77.0.{number}" for number in range(100, 108)]
WEB = VIPS[0]
NODE_ADDRESS = "10.77.0.12"  # of node-2
DURATION, RENEW = 3.0, 0.75  # of the default profile, seconds
FIRST_MAX = 15.0 + DURATION + 10.0  # until the first leader of an empty namespace answers: the layout is opened in 15 s
DEATH_MAX = DURATION + 0.03 + 0.5 + 1.0  # hold-off, what may be beside it, and a loaded machine
HAND_OVER_MAX = 1.0
WITHDRAW_MAX = 1.0
APPEAR_MAX = DURATION + 1.0
HOLD = 2.0  # seconds for which something is wrong before that is told
SETTLED = 0.4  # seconds for which nobody else must answer after an event
HTTP_MAX = 15.0  # kube-proxy writes rules at most once a second; a node that was restarted starts it, too


class WorldTest(netns.TellingTest):
    """A world whose speakers are started together, all frames of which are judged."""
    options = ()  # of the speakers, beside those of the manifests
    audit = False  # whether the API server writes down who asked what
    asked = (*VIPS, NODE_ADDRESS)  # one question after the other
    foreign = (NODE_ADDRESS,)  # of those: what is no VIP

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        began = time.time()
        cls.world = World(*cls.options, audit=cls.audit)
        cls.addClassCleanup(cls.world.close)
        cls.nodes, cls.objects = cls.world.nodes, cls.world.objects
        cls.chronicle = Chronicle(cls.world.cluster.etcd, NAMESPACE)
        cls.addClassCleanup(cls.chronicle.close)
        cls.write_objects()
        cls.sightings = Sightings(cls.world.witness, cls.asked)
        cls.addClassCleanup(cls.sightings.close)
        cls.judged, cls.last_frames = 0, {}  # sightings that were judged; by lease: the last frame that was
        cls.started = time.time()
        print(f"\nthe cluster runs after {cls.started - began:.1f} s", flush=True)
        for node in cls.nodes.values():
            node.start_speaker()

    @classmethod
    def write_objects(cls):
        """The Services that are there before the speakers start."""
        raise NotImplementedError

    @classmethod
    def first_answer(cls, vip, bound=FIRST_MAX):
        first = cls.sightings.first(vip, cls.started, bound)
        assert first, "\n".join(node.speaker.log for node in cls.nodes.values())
        return first

    def setUp(self):
        super().setUp()
        self.began = time.time()
        self.marks = {name: len(node.speaker.lines) for name, node in self.nodes.items()}
        self.said_once, self.told_once = [], []
        print(f"\n{self.id().rpartition('.')[2]}", flush=True)
        self.addCleanup(self.judge)

    def tell(self):
        super().tell()
        for node in self.nodes.values():
            print(f"--- {node.name}", *[line for speaker in [*node.ended, node.speaker] for _, line in speaker.lines[-25:]],
                  sep="\n", file=sys.stderr)

    def judge(self):
        """Every frame that was not judged yet, and what was to be said once."""
        self.judge_frames()
        for node in self.nodes.values():
            self.assertTrue(node.speaker.running(), f"{node.name}: {node.speaker.log}")
        for speaker, mark, pattern in self.said_once:
            self.assertEqual(len(self.said(speaker, mark, pattern)), 1, pattern)
        for name, reason, pattern in self.told_once:
            self.assertEqual(len(self.matching(name, reason, pattern)), 1, f"{pattern}: {self.events(name)}")

    def judge_frames(self):
        """From the speakers' start on: what is between two tests is judged with the later one."""
        whole, seen = type(self), self.sightings.all[self.judged:]
        whole.judged += len(seen)
        macs = {name: node.mac for name, node in self.nodes.items()}
        heard = collections.defaultdict(list)  # by lease
        for each in seen:
            if each.vip not in self.foreign:
                heard[self.lease_of(each.vip)].append(Frame(each.at, each.mac))
        for lease, of_lease in heard.items():
            before = [self.last_frames[lease]] if lease in self.last_frames else []
            whole.last_frames[lease] = of_lease[-1]
            wrong = wrong_frames(before + of_lease, self.chronicle.of(lease), macs)
            self.assertEqual(wrong[:10], [], f"{lease}: {len(wrong)} of {len(of_lease)} frames")
        self.assertEqual(answered_twice(seen), [], "questions that two answered")

    def lease_of(self, vip):  # pylint: disable=unused-argument
        return "isat-group-0"

    @staticmethod
    def said(speaker, mark, pattern):
        return [line for _, line in speaker.lines[mark:] if re.search(pattern, line)]

    def events(self, name):
        """What kubectl shows about a Service, by reason."""
        found = {}
        for each in self.world.cluster.kubectl_json("get", "events", f"--namespace={SPACE}")["items"]:
            if each["involvedObject"]["name"] == name:
                found.setdefault(each["reason"], []).append(each["message"])
        return found

    def matching(self, name, reason, pattern):
        return [message for message in self.events(name).get(reason, ()) if re.search(pattern, message)]

    def one_event(self, name, reason, pattern):
        """There is an Event for that reason before long that says that; at the test's end it is the only one, although each
        node knows of it."""
        self.assertTrue(wait_until(lambda: self.matching(name, reason, pattern), 5.0, 0.2), f"{reason}: {self.events(name)}")
        self.told_once.append((name, reason, pattern))

    def one_line(self, pattern, nodes=None, bound=5.0):
        """Each of these nodes has said that since the test began, or says it before long; and once until the test's end."""
        for name in nodes or self.nodes:
            speaker, mark = self.nodes[name].speaker, self.marks[name]
            self.assertIsNotNone(speaker.wait_line(pattern, bound, mark), f"{name} does not say {pattern!r}: {speaker.log}")
            self.said_once.append((speaker, mark, pattern))

    def restart_speaker(self, node, *options):
        """As DaemonSets do; its log begins anew."""
        node.start_speaker(*options)
        self.marks[node.name] = 0
        self.assertTrue(node.speaker.wait_line("another node has the lease|contending for leadership", 10.0),
                        node.speaker.log)


class EndToEnd(WorldTest):
    """One Service, `web`, is there in all tests."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        first = cls.first_answer(WEB)
        cls.world.wait_proxies()
        reached = cls.world.reach(WEB, bound=HTTP_MAX)
        assert reached, "the Service is not reached"
        cls.changes = 1  # of the owner of WEB
        print(f"{cls.world.by_mac(first.mac).name} answers for {WEB} {first.at - cls.started:.1f} s after the speakers' "
              "start", flush=True)

    @classmethod
    def write_objects(cls):
        cls.objects.service("web", WEB, cls.world.endpoints())

    def setUp(self):
        for node in self.nodes.values():
            if not node.speaker.running():
                node.start()  # a test that failed has left it so
        self.world.wait_proxies()
        self.objects.clear("web")
        self.objects.endpoints("web", self.world.endpoints())
        self.objects.change("web", externalTrafficPolicy="Cluster")
        super().setUp()

    def judge(self):
        """And the Events about `web`: one for each change of its owner."""
        super().judge()
        wait_until(lambda: len(self.events("web").get("Announcing", ())) >= self.changes, 3.0, 0.3)
        self.assertEqual(len(self.events("web").get("Announcing", ())), self.changes, self.events("web"))

    # ---- Events ----

    def owner(self, vip=WEB):
        """The node that answers now."""
        seen = self.sightings.of(vip, time.time() - QUIET)
        self.assertTrue(seen, f"nobody answers for {vip}")
        return self.world.by_mac(seen[-1].mac)

    def others(self, vip=WEB):
        owner = self.owner(vip)
        return [node for node in self.nodes.values() if node is not owner]

    def moves(self, what, act, *, vip=WEB, to=None, backend=None, bound=HAND_OVER_MAX, told=True):
        """After act(), another node owns the VIP, `to` if told, and the client reaches the Service by it (its HTTP server
        on node `backend` if told); `told`: an Event says so. Returns the node."""
        old, began = self.owner(vip), time.time()
        act()
        first = wait_until(lambda: next((each for each in self.sightings.of(vip, began) if each.mac != old.mac), None),
                           bound + DURATION, 0.01)
        self.assertTrue(first, f"{what}: nobody but {old.name} answers for {vip}")
        node = self.world.by_mac(first.mac)
        at = self.reached(vip, backend=backend)
        before = [each.at for each in self.sightings.of(vip, began, first.at) if each.mac == old.mac]
        last = f"no frame of {old.name}"
        if before:
            last = f"the last frame of {old.name} after {1e3 * (before[-1] - began):.0f} ms"
        print(f"  {what}: {old.name} -> {node.name}, answers after {1e3 * (first.at - began):.0f} ms, HTTP after "
              f"{1e3 * (at - began):.0f} ms; {last}", flush=True)
        self.assertIn(node, [to or node], f"{what}: the wrong node")
        self.assertLess(first.at - began, bound, what)
        self.only(node, vip, first.at)
        self.assertEqual(self.world.client.neighbour(vip)[0], node.mac, "what the client believes")
        type(self).changes += told and vip == WEB
        return node

    def appears(self, what, act, vip, *, port=80, bound=APPEAR_MAX, http=True):
        """After act(), one node owns a VIP that nobody answered for, and the client reaches its Service; returns the node."""
        began = time.time()
        act()
        first = self.sightings.first(vip, began, bound + DURATION)
        self.assertIsNotNone(first, f"{what}: nobody answers for {vip}")
        node = self.world.by_mac(first.mac)
        at = self.reached(vip, port) if http else began
        print(f"  {what}: {node.name} answers for {vip} after {1e3 * (first.at - began):.0f} ms"
              f"{f', HTTP after {1e3 * (at - began):.0f} ms' if http else ''}", flush=True)
        self.assertLess(first.at - began, bound, what)
        self.only(node, vip, first.at)
        type(self).changes += vip == WEB
        return node

    def withdrawn(self, what, act, vip, bound=WITHDRAW_MAX):
        """After act(), the VIP's owner answers no more, and nobody else does."""
        old, began = self.owner(vip), time.time()
        act()
        last = self.sightings.last_before_silence(vip, began, bound + 2.0)
        self.assertIsNot(last, False, f"{what}: {vip} is answered for")
        after = last.at - began if last else 0.0
        self.assertLessEqual({each.mac for each in self.sightings.of(vip, began)}, {old.mac}, what)
        print(f"  {what}: the last frame for {vip} after {1e3 * after:.0f} ms", flush=True)
        self.assertLess(after, bound, what)

    def stays(self, what, act, vip=WEB, seconds=SETTLED):
        """act() changes nothing: the same node answers."""
        old, began = self.owner(vip), time.time()
        act()
        self.only(old, vip, began, seconds)
        print(f"  {what}: {old.name} goes on answering for {vip}", flush=True)

    def only(self, node, vip, since, seconds=SETTLED):
        """Nobody but the node has answered for the VIP since then, nor does for so many seconds more; the node does."""
        time.sleep(seconds)  # sleep: that nobody else answers takes time to see
        seen = self.sightings.of(vip, since)
        self.assertEqual({each.mac for each in seen}, {node.mac}, f"who answers for {vip}")
        self.assertGreater(seen[-1].at, time.time() - QUIET, f"{node.name} answers no more for {vip}")

    def silent(self, vip, since, seconds=SETTLED):
        """Nobody has answered for the VIP since then, nor does for so many seconds more."""
        time.sleep(seconds)  # sleep: silence takes time to hear
        self.assertEqual(self.sightings.of(vip, since), [], f"who answers for {vip}")

    def reached(self, vip, port=80, backend=None, bound=HTTP_MAX):
        """When the client's next request was answered, by the HTTP server on that node if told."""
        end, said = time.time() + bound, []
        while time.time() < end:
            reached = self.world.reach(vip, port, end - time.time())
            if reached and reached[0] in (self.nodes if backend is None else (backend.name,)):
                return reached[1]
            said.append(reached and reached[0])
        self.fail(f"http://{vip}:{port} is not reached{f' on {backend.name}, but {set(said)}' if backend else ''}")


def main():
    """Finds what a world needs, or skips; then runs the calling file's tests."""
    provision.ensure()
    provision.program("kube-proxy")
    if not shutil.which("nft", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"):
        skip("nft not found, kube-proxy needs it (package nftables)")
    testing.main([netns.SPEAKER])
