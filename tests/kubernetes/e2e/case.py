# SPDX-License-Identifier: BSL-1.0
"""What tests of a whole cluster share: one world, in which a Service `web` is reached all the time, and judges.

An event is judged by frames: who owns a VIP at first, who owns it at last, and that there is one answer to each question
and nobody else in between; and every frame by the Leases as etcd committed them, whatever the event was.
"""
import re
import sys
import time

from evidence import Chronicle, Frame, wrong_frames
from netns_lab import testing as netns
from netns_lab.programs import wait_until
from objects import SPACE
from sightings import QUIET, Sightings
from world import NAMESPACE, World

VIPS = [f"10.77.0.{number}" for number in range(100, 108)]
WEB = VIPS[0]
NODE_ADDRESS = "10.77.0.12"  # of node-2
DURATION, RENEW = 3.0, 0.75  # of the default profile, seconds
FIRST_MAX = 15.0 + DURATION + 10.0  # until the first leader of an empty namespace answers: the layout is opened in 15 s
DEATH_MAX = DURATION + 0.03 + 0.5 + 1.0  # hold-off, what may be beside it, and a loaded machine
HAND_OVER_MAX = 1.0
WITHDRAW_MAX = 1.0
APPEAR_MAX = DURATION + 1.0
SETTLED = 0.4  # seconds for which nobody else must answer after an event
HTTP_MAX = 15.0  # kube-proxy writes rules at most once a second; a node that was restarted starts it, too


class EndToEnd(netns.TellingTest):
    options = ()  # of the speakers, beside those of the manifests

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        began = time.time()
        cls.world = World(*cls.options)
        cls.addClassCleanup(cls.world.close)
        cls.nodes, cls.objects = cls.world.nodes, cls.world.objects
        cls.chronicle = Chronicle(cls.world.cluster.etcd, NAMESPACE)
        cls.addClassCleanup(cls.chronicle.close)
        cls.sightings = Sightings(cls.world.witness, [*VIPS, NODE_ADDRESS])
        cls.addClassCleanup(cls.sightings.close)
        cls.objects.service("web", WEB, cls.world.endpoints())
        started = time.time()
        for node in cls.nodes.values():
            node.start_speaker()
        first = cls.sightings.first(WEB, started, FIRST_MAX)
        assert first, "\n".join(node.speaker.log for node in cls.nodes.values())
        cls.world.wait_proxies()
        reached = cls.world.reach(WEB, bound=HTTP_MAX)
        assert reached, "the Service is not reached"
        cls.changes = 1  # of the owner of WEB
        print(f"\nthe cluster runs after {started - began:.1f} s; {cls.world.by_mac(first.mac).name} answers for {WEB} "
              f"{first.at - started:.1f} s after the speakers' start", flush=True)

    def setUp(self):
        super().setUp()
        self.world.wait_proxies()
        self.objects.clear("web")
        self.objects.endpoints("web", self.world.endpoints())
        self.objects.change("web", externalTrafficPolicy="Cluster")
        self.began = time.time()
        self.marks = {name: len(node.speaker.lines) for name, node in self.nodes.items()}
        print(f"\n{self.id().rpartition('.')[2]}", flush=True)
        self.addCleanup(self.judge)

    def tell(self):
        super().tell()
        for node in self.nodes.values():
            print(f"--- {node.name}", *[line for speaker in [*node.ended, node.speaker] for _, line in speaker.lines[-25:]],
                  sep="\n", file=sys.stderr)

    # ---- Judges ----

    def judge(self):
        """Every frame of the test, and the Events about `web`: one for each change of its owner."""
        until = time.time()
        macs = {name: node.mac for name, node in self.nodes.items()}
        heard = [each for each in self.sightings.all if self.began <= each.at <= until and each.vip != NODE_ADDRESS]
        for lease in {self.lease_of(each.vip) for each in heard}:
            of_lease = [Frame(each.at, each.mac) for each in heard if self.lease_of(each.vip) == lease]
            wrong = wrong_frames(of_lease, self.chronicle.of(lease), macs)
            self.assertEqual(wrong[:10], [], f"{lease}: {len(wrong)} of {len(of_lease)} frames")
        self.assertEqual(self.sightings.answered_twice(self.began), [], "questions that two answered")
        wait_until(lambda: len(self.events("web").get("Announcing", ())) >= self.changes, 3.0, 0.3)
        self.assertEqual(len(self.events("web").get("Announcing", ())), self.changes, self.events("web"))
        for node in self.nodes.values():
            self.assertTrue(node.speaker.running(), f"{node.name}: {node.speaker.log}")

    def lease_of(self, vip):  # pylint: disable=unused-argument
        return "isat-group-0"

    def events(self, name):
        """What kubectl shows about a Service, by reason."""
        found = {}
        for each in self.world.cluster.kubectl_json("get", "events", f"--namespace={SPACE}")["items"]:
            if each["involvedObject"]["name"] == name:
                found.setdefault(each["reason"], []).append(each["message"])
        return found

    def one_event(self, name, reason, pattern):
        """There is one Event for that reason, although each node has told of it, and it says that."""
        self.assertTrue(wait_until(lambda: reason in self.events(name), 5.0, 0.2), f"{reason}: {self.events(name)}")
        said = self.events(name)[reason]
        self.assertEqual(len(said), 1, said)
        self.assertRegex(said[0], pattern)

    def one_line(self, pattern, nodes=None, bound=5.0):
        """Each of these nodes has said that since the test began, or says it before long, and says it once."""
        for name in nodes or self.nodes:
            speaker, mark = self.nodes[name].speaker, self.marks[name]
            self.assertIsNotNone(speaker.wait_line(pattern, bound, mark), f"{name} does not say {pattern!r}: {speaker.log}")
            said = [line for _, line in speaker.lines[mark:] if re.search(pattern, line)]
            self.assertEqual(len(said), 1, said)

    # ---- Events ----

    def owner(self, vip=WEB):
        """The node that answers now."""
        seen = self.sightings.of(vip, time.time() - QUIET)
        self.assertTrue(seen, f"nobody answers for {vip}")
        return self.world.by_mac(seen[-1].mac)

    def others(self, vip=WEB):
        owner = self.owner(vip)
        return [node for node in self.nodes.values() if node is not owner]

    def moves(self, what, act, *, to=None, backend=None, bound=HAND_OVER_MAX, told=True):
        """After act(), another node owns WEB, `to` if told, and the client reaches the Service by it (its HTTP server on
        node `backend` if told); `told`: an Event says so. Returns the node."""
        vip = WEB
        old, began = self.owner(vip), time.time()
        act()
        first = wait_until(lambda: next((each for each in self.sightings.of(vip, began) if each.mac != old.mac), None),
                           bound + DURATION, 0.01)
        self.assertTrue(first, f"{what}: nobody but {old.name} answers for {vip}")
        node = self.world.by_mac(first.mac)
        at = self.reached(vip, backend=backend)
        before = [each.at for each in self.sightings.of(vip, began, first.at) if each.mac == old.mac]
        last = f"the last frame of {old.name} after {1e3 * (before[-1] - began):.0f} ms" if before else f"no frame of {old.name}"
        print(f"  {what}: {old.name} -> {node.name}, answers after {1e3 * (first.at - began):.0f} ms, HTTP after "
              f"{1e3 * (at - began):.0f} ms; {last}", flush=True)
        self.assertIn(node, [to or node], f"{what}: the wrong node")
        self.assertLess(first.at - began, bound, what)
        self.only(node, vip, first.at)
        self.assertEqual(self.world.client.neighbour(vip)[0], node.mac, "what the client believes")
        type(self).changes += told
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

    def restart_speaker(self, node):
        """As DaemonSets do; its log begins anew."""
        node.start_speaker()
        self.marks[node.name] = 0
        self.assertTrue(node.speaker.wait_line("another node has the lease|contending for leadership", 10.0), node.speaker.log)
