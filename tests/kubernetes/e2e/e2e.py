# SPDX-License-Identifier: BSL-1.0
"""A client reaches Services by their external addresses, whatever happens: real etcd, kube-apiserver and kube-proxy (in
nftables mode), three nodes with speakers that run by examples/kubernetes/base, their rights and arguments. Nodes die,
are cut off, told to stop and excluded; Services come, change and go; the API server is away. Each event leads to the
right owner and no other answerer, by every frame on the segment; prints how long it took."""
import pathlib
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))

from kube_lab.objects import SPACE, Objects  # noqa: E402
from kube_lab.world_case import DEATH_MAX, DURATION, VIPS, WEB, EndToEnd, main  # noqa: E402

OUTAGE = 60.0
# Seconds from the first frame after an outage until what was changed meanwhile is followed. A server that has just started
# refuses lists until its caches are filled, and those are asked for again after the second that it tells to wait.
FOLLOWED_MAX = 2.5


class Nodes(EndToEnd):
    """One group: one node answers for all VIPs."""

    # ---- What happens to nodes ----

    def test_a_node_dies(self):
        owner = self.owner()
        left = self.world.endpoints(*(node.name for node in self.others()))

        def die():
            owner.kill()
            self.objects.endpoints("web", left)  # as the controllers do when a node does not answer
        self.moves("kill -9 of everything", die, bound=DEATH_MAX)
        self.stays("it comes back", owner.start, seconds=1.0)
        self.marks[owner.name] = 0

    def test_a_link_is_cut(self):
        owner = self.owner()
        self.moves("link cut", lambda: self.world.segment.pull_cable(owner.machine))
        self.stays("link back", lambda: self.world.segment.plug_cable(owner.machine), seconds=1.0)

    def test_a_speaker_is_told_to_stop(self):
        owner, codes = self.owner(), []
        heir = self.moves("SIGTERM", lambda: codes.append(owner.speaker.stop()))
        self.assertEqual(codes, [0])
        shown = self.world.cluster.kubectl("describe", "service", "web", f"--namespace={SPACE}")
        self.assertRegex(shown, f"Announcing +.* node {heir.name} answers for {WEB} on eth0")
        self.stays("it comes back", lambda: self.restart_speaker(owner), seconds=1.0)

    def test_a_node_is_excluded(self):
        owner = self.owner()
        self.moves("label set", lambda: self.objects.label(owner.name, ""))
        self.one_line("nothing is announced by this node: .*exclude-from-external-load-balancers", [owner.name])
        self.stays("label removed", lambda: self.objects.label(owner.name, None))
        self.one_line("can announce addresses again", [owner.name])

    # ---- What happens to Services ----

    def test_endpoints_move_and_only_nodes_that_have_one_may_announce(self):
        first, second = self.others()

        def local():
            self.objects.endpoints("web", self.world.endpoints(first.name))
            self.objects.change("web", externalTrafficPolicy="Local")
        self.moves("externalTrafficPolicy Local", local, to=first, backend=first)
        self.moves("its endpoint moves", lambda: self.objects.endpoints("web", self.world.endpoints(second.name)),
                   to=second, backend=second)
        self.stays("externalTrafficPolicy Cluster", lambda: self.objects.change("web", externalTrafficPolicy="Cluster"))

    def test_a_service_comes_is_given_another_address_another_type_and_goes(self):
        here, there = VIPS[1:3]
        self.appears("new Service", lambda: self.objects.service("brief", here, self.world.endpoints()), here)
        moved = time.time()
        self.withdrawn("another address", lambda: self.objects.address("brief", there), here)
        self.appears("the new address", lambda: None, there)
        self.assertLess(self.sightings.first(there, moved, 1.0).at - moved, DURATION + 1.0)
        self.withdrawn("type ClusterIP", lambda: self.objects.change(
            "brief", type="ClusterIP", allocateLoadBalancerNodePorts=None), there)
        began = time.time()
        self.objects.change("brief", type="LoadBalancer", loadBalancerClass="example.com/other")
        self.objects.address("brief", there)
        self.silent(there, began, 1.0)
        self.objects.change("brief", type="ClusterIP", loadBalancerClass=None)
        self.objects.change("brief", type="LoadBalancer")
        self.appears("a class that is ours", lambda: self.objects.address("brief", there), there)
        self.withdrawn("deleted", lambda: self.objects.remove("brief"), there)
        self.reached(WEB)

    def test_services_share_an_address(self):
        shared, one, two = VIPS[1], self.owner(), self.others()[0]  # a group's VIPs have one owner
        self.appears("one Service", lambda: self.objects.service(
            "one", shared, self.world.endpoints(one.name), externalTrafficPolicy="Local"), shared, http=False)
        self.stays("another port of it", lambda: self.objects.service(
            "two", shared, self.world.endpoints(one.name), port=81), shared)
        self.reached(shared, 81, one)
        self.reached(shared, 80, one)

        def apart():
            self.objects.change("two", externalTrafficPolicy="Local")
            self.objects.endpoints("two", self.world.endpoints(two.name))
        self.withdrawn("no node has an endpoint of each", apart, shared)
        for name in ("one", "two"):
            self.one_event(name, "NoCommonNode", "no node has an endpoint of each")
        self.one_line(f"{shared} .* is not announced: no node has an endpoint of each")
        self.objects.remove("one")
        self.objects.change("two", externalTrafficPolicy="Cluster")
        self.appears("one goes", lambda: None, shared, port=81)
        self.withdrawn("both are gone", lambda: self.objects.remove("two"), shared)

    def test_the_api_server_is_away(self):
        early, late, moved_from, moved_to = VIPS[4:8]
        for name, vip in (("early", early), ("moved", moved_from)):
            self.appears(f"Service {name}", lambda name=name, vip=vip: self.objects.service(
                name, vip, self.world.endpoints()), vip, http=False)
        side_door = self.world.cluster.add_server()  # that nobody knows
        began = time.time()
        self.withdrawn("the API server dies", self.world.cluster.server.kill, WEB, DURATION)
        side_door.start()
        aside = Objects(self.world.cluster.admin_api(side_door))
        aside.remove("early")
        aside.address("moved", moved_to)
        aside.service("late", late, self.world.endpoints())
        side_door.kill()
        self.silent(WEB, began + DURATION, OUTAGE - (time.time() - began))
        print(f"  away for {time.time() - began:.1f} s", flush=True)
        back = time.time()
        self.appears("it is started again", lambda: self.world.cluster.server.start(), WEB, bound=15.0)
        again = self.sightings.first(WEB, back, 0.0).at
        for what, vip in (("new Service", late), ("another address", moved_to)):
            first = self.sightings.first(vip, back, FOLLOWED_MAX)
            self.assertIsNotNone(first, f"{what}: nobody answers for {vip}")
            print(f"  {what} of meanwhile: {self.world.by_mac(first.mac).name} answers for {vip} after "
                  f"{1e3 * (first.at - again):.0f} ms", flush=True)
            self.assertLess(first.at - again, FOLLOWED_MAX, what)
        for what, vip in (("deleted", early), ("address given up", moved_from)):
            last = self.sightings.last_before_silence(vip, back, FOLLOWED_MAX)
            self.assertIsNot(last, False, f"{what}: {vip} is answered for")
            print(f"  {what} meanwhile: {vip} " + (f"is answered for until {1e3 * (last.at - again):.0f} ms after" if last else
                                                   "is never answered for again"), flush=True)
            self.assertLess(last.at - again if last else 0.0, FOLLOWED_MAX, what)


if __name__ == "__main__":
    main()
