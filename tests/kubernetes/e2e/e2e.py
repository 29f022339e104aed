# SPDX-License-Identifier: BSL-1.0
"""A client reaches Services by their external addresses, whatever happens: real etcd, kube-apiserver and kube-proxy (in
nftables mode), three nodes with speakers that run by examples/kubernetes/base, their rights and arguments. Nodes die,
are cut off, told to stop and excluded; Services come, change and go; the API server is away. Each event leads to the
right owner and no other answerer, by every frame on the segment; prints how long it took."""
import json
import os
import pathlib
import shutil
import sys
import time

sys.dont_write_bytecode = True
_HERE = pathlib.Path(__file__).resolve().parent
sys.path[1:1] = [str(_HERE.parent), str(_HERE.parents[1] / "support")]

from case import DEATH_MAX, DURATION, NODE_ADDRESS, VIPS, WEB, EndToEnd  # noqa: E402
from kube_lab import provision, testing  # noqa: E402
from netns_lab import testing as netns  # noqa: E402
from netns_lab.programs import wait_until  # noqa: E402
from netns_lab.sandbox import skip  # noqa: E402
from objects import SPACE, Objects  # noqa: E402

OUTAGE = 60.0
BACK_MAX = 20.0  # seconds until news of what was changed during an outage are followed: reflectors wait 8 s at most
ROLE = "isat-speaker"
ODD = {  # what a server takes for the status of a Service: what is said of it
    "127.0.0.1": "can be no host's address", "0.0.0.0": "can be no host's address", "224.0.0.5": "can be no host's address",
    "2001:db8::1": "is an IPv6 address", "010.077.0.102": "is no IPv4 address"}
BROKEN = ("garbage", "10.77.0.300", " 10.77.0.102")  # and what none takes


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

    # ---- What is wrong with Services ----

    def test_nothing_serves(self):
        vip, all_of_them = VIPS[3], self.world.endpoints()
        self.appears("new Service", lambda: self.objects.service("tired", vip, all_of_them), vip)
        self.withdrawn("no endpoint is ready", lambda: self.objects.endpoints("tired", all_of_them, ready=False), vip)
        self.one_line(f"{vip} of default/tired is not announced: no endpoint is ready or serving")
        self.one_event("tired", "NoEndpoints", "no endpoint is ready or serving")
        self.appears("endpoints are ready", lambda: self.objects.endpoints("tired", all_of_them), vip)

    def test_addresses_that_are_taken_or_wanted_twice(self):
        began = time.time()
        self.objects.service("thief", NODE_ADDRESS, self.world.endpoints())
        self.one_line(f"{NODE_ADDRESS} of default/thief is not announced: it is the address of Node node-2")
        self.one_event("thief", "AddressOfNode", "address of Node node-2")
        self.only(self.nodes["node-2"], NODE_ADDRESS, began)
        self.objects.remove("thief")
        self.stays("a second Service wants its port", lambda: self.objects.service("twin", WEB, self.world.endpoints()))
        self.one_line("default/twin, default/web share .* and both want TCP port 80")
        self.one_event("twin", "PortConflict", "both want TCP port 80")

    def test_status_that_is_no_address(self):
        began = time.time()
        self.objects.service("odd", None, self.world.endpoints())
        for text in BROKEN:
            self.assertEqual(self.objects.status("odd", [{"ip": text}]).status, 422, text)
        for text, said in ODD.items():
            self.objects.address("odd", text)
            self.one_line(f'the status of default/odd names no VIP: .*{text}.*{said}')
        self.assertTrue(wait_until(lambda: len(self.events("odd").get("UnusableAddress", ())) == len(ODD), 5.0, 0.2),
                        self.events("odd"))
        self.silent(VIPS[2], began)
        self.appears("a good one", lambda: self.objects.address("odd", VIPS[2]), VIPS[2])
        etcd, key = self.world.cluster.etcd, "/registry/services/specs/default/odd"
        garbage = etcd.value(key).replace(f'"{VIPS[2]}"', '"no\\u001b address"')
        self.withdrawn("garbage that no server would take, put into etcd", lambda: etcd.put(key, garbage), VIPS[2])
        self.one_line('the status of default/odd names no VIP: .*no. address.* is no IPv4 address')
        self.reached(WEB)

    # ---- What is wrong with the API server ----

    def test_a_right_is_missing(self):
        rules = self.world.cluster.kubectl_json("get", "clusterrole", ROLE)["rules"]

        def role(rules):
            self.world.cluster.kubectl("patch", "clusterrole", ROLE, "--type=merge", f"--patch={json.dumps({'rules': rules})}")
        owner, blind = self.owner(), self.others()[0]
        self.assertEqual(blind.speaker.stop(), 0)
        self.stays("a node may not list EndpointSlices, and none may write Events", lambda: role(
            [each for each in rules if each["resources"] not in (["endpointslices"], ["events"])]))
        self.restart_speaker(blind)
        self.one_line('cannot list resource ."endpointslices', [blind.name])
        heir = self.moves("SIGTERM", owner.speaker.stop, told=False)
        self.assertIsNot(heir, blind, "a node that does not know the endpoints")
        self.one_line('Events on Services cannot be written.*cannot create resource ."events', [heir.name])
        self.stays("the rights are back", lambda: role(rules))
        self.one_line("objects are followed.*EndpointSlices", [blind.name], 35.0)
        self.restart_speaker(owner)

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
        for what, vip in (("new Service", late), ("another address", moved_to)):
            first = self.sightings.first(vip, back, BACK_MAX)
            self.assertIsNotNone(first, f"{what}: nobody answers for {vip}")
            print(f"  {what} of meanwhile: {self.world.by_mac(first.mac).name} answers for {vip} after "
                  f"{first.at - back:.1f} s", flush=True)
        for what, vip in (("deleted", early), ("address given up", moved_from)):
            last = self.sightings.last_before_silence(vip, back, BACK_MAX)
            self.assertIsNot(last, False, f"{what}: {vip} is answered for")
            print(f"  {what} meanwhile: {vip} " + (f"is answered for until {last.at - back:.1f} s after" if last else
                                                   "is never answered for again"), flush=True)


class Addresses(EndToEnd):
    """Where nothing else gives Services their addresses."""
    options = (f"--assign-pool={VIPS[3]}-{VIPS[5]}",)

    def given(self):
        """The address of each Service that has one."""
        found = {}
        for each in self.world.cluster.kubectl_json("get", "services", f"--namespace={SPACE}")["items"]:
            ingress = each["status"].get("loadBalancer", {}).get("ingress", ())
            found.update({each["metadata"]["name"]: entry["ip"] for entry in ingress})
        return found

    def test_services_get_addresses_of_the_pool_and_are_reached_by_them(self):
        rules = self.world.cluster.kubectl_json("get", "clusterrole", ROLE)["rules"]
        rules.append({"apiGroups": [""], "resources": ["services/status"], "verbs": ["patch"]})
        self.world.cluster.kubectl("patch", "clusterrole", ROLE, "--type=merge", f"--patch={json.dumps({'rules': rules})}")
        began, names = time.time(), ("first", "second", "third", "late")
        for name in names:
            self.objects.service(name, None, self.world.endpoints())
        self.assertTrue(wait_until(lambda: len(self.given()) == 4, 15.0, 0.1), self.given())  # three, and `web`
        print(f"  three Services have addresses after {1e3 * (time.time() - began):.0f} ms", flush=True)
        given = self.given()
        self.assertEqual(sorted(vip for name, vip in given.items() if name != "web"), VIPS[3:6])
        for name in given:
            self.reached(given[name])
        unlucky = next(name for name in names if name not in given)
        self.assertTrue(wait_until(lambda: any("no address" in each for said in self.events(unlucky).values()
                                               for each in said), 5.0, 0.2), self.events(unlucky))
        heir = self.moves("SIGTERM", lambda owner=self.owner(): self.ended.append((owner, owner.speaker.stop())))
        self.assertEqual(self.ended[0][1], 0)
        freed = time.time()
        self.objects.remove(next(name for name in given if name != "web"))
        self.assertTrue(wait_until(lambda: unlucky in self.given(), 5.0, 0.02), self.given())
        print(f"  the next one has a freed address after {1e3 * (time.time() - freed):.0f} ms", flush=True)
        self.assertIs(self.world.by_mac(self.sightings.first(self.given()[unlucky], freed, 5.0).mac), heir)
        self.reached(self.given()[unlucky])
        self.restart_speaker(self.ended[0][0])

    def setUp(self):
        super().setUp()
        self.ended = []


if __name__ == "__main__":
    provision.ensure()
    provision.program("kube-proxy")
    if not shutil.which("nft", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"):
        skip("nft not found, kube-proxy needs it (package nftables)")
    testing.main([netns.SPEAKER])
