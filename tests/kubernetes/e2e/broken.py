# SPDX-License-Identifier: BSL-1.0
"""Services that nobody can announce and rights that are missing: real etcd, kube-apiserver and kube-proxy, three nodes.
Each trouble is told by one line of each node that knows of it, and by one Event on the Service; no other address is
silent meanwhile, and no frame is sent that should not be."""
import json
import pathlib
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))

from kube_lab import pages  # noqa: E402
from kube_lab.world_case import HOLD, NODE_ADDRESS, VIPS, WEB, EndToEnd, main  # noqa: E402
from netns_lab.programs import wait_until  # noqa: E402

ROLE = "isat-speaker"
ODD = {  # what a server takes for the status of a Service: what is said of it
    "127.0.0.1": "can be no host's address", "0.0.0.0": "can be no host's address", "224.0.0.5": "can be no host's address",
    "2001:db8::1": "is an IPv6 address", "010.077.0.102": "is no IPv4 address"}
BROKEN = ("garbage", "10.77.0.300", " 10.77.0.102")  # and what none takes

SILENCE_MAX = 0.5  # seconds for which questions for `web` may go unanswered, while a node hands over
REFUSED = 6.0  # seconds for which a right is missing and asked for again and again, and that is told once


class Broken(EndToEnd):
    """Throughout each test `web` is answered for."""
    options = ("--metrics=totals",)

    def judge(self):
        longest = self.sightings.unanswered(WEB, self.began, time.time() - SILENCE_MAX)
        print(f"  {WEB}: the longest time for which no question was answered is {1e3 * longest:.0f} ms", flush=True)
        super().judge()
        self.assertLess(longest, SILENCE_MAX, WEB)

    # ---- Services ----

    def test_an_address_that_an_interface_carries(self):
        owner, taken, began = self.owner(), VIPS[6], time.time()
        owner.machine.ip("address", "add", f"{taken}/24", "dev", "eth0")
        self.addCleanup(owner.machine.ip, "address", "del", f"{taken}/24", "dev", "eth0", check=False)
        self.objects.service("squatter", taken, self.world.endpoints())
        told = f"{taken} of default/squatter is not announced: an announcing interface of node {owner.name} carries it"
        self.one_line(told, [owner.name])
        self.one_event("squatter", "AddressOfInterface", told)
        self.only(owner, taken, began, 1.0)
        heard = self.sightings.of(taken, began)
        self.assertEqual([each for each in heard if each.question is None], [], "announcements, which no kernel makes here")
        print(f"  {owner.name} carries {taken}: its kernel answers, {len(heard)} frames, none of the speaker", flush=True)
        owner.machine.ip("address", "del", f"{taken}/24", "dev", "eth0")
        self.one_line(f"{taken} of default/squatter can be announced again", [owner.name])
        announced = wait_until(lambda: any(each.question is None for each in self.sightings.of(taken, began)), 5.0, 0.05)
        self.assertTrue(announced, "it is not announced")
        self.reached(taken)

    def events_written(self):
        """How many Events the speakers have written or tried to, all together."""
        return sum(value for node in self.nodes.values() for _, value in pages.metrics(node).of("isat_events_total"))

    def test_nothing_serves(self):
        vip, all_of_them = VIPS[3], self.world.endpoints()
        before = self.events_written()
        self.assertEqual(pages.metrics(self.owner()).of("isat_vip_owned"), [], "which is not among the totals")
        self.appears("new Service", lambda: self.objects.service("tired", vip, all_of_them), vip)
        self.withdrawn("no endpoint is ready", lambda: self.objects.endpoints("tired", all_of_them, ready=False), vip)
        self.one_line(f"{vip} of default/tired is not announced: no endpoint is ready or serving")
        self.one_event("tired", "NoEndpoints", "no endpoint is ready or serving")
        self.appears("endpoints are ready", lambda: self.objects.endpoints("tired", all_of_them), vip)
        self.assertTrue(wait_until(lambda: self.events_written() >= before + 3, 3.0, 0.2))
        self.assertEqual(self.events_written(), before + 3, "Announcing, NoEndpoints, Announcing, each by one node")

    def test_a_service_is_applied_and_its_endpoints_come_a_moment_later(self):
        vip = VIPS[3]
        self.objects.service("early", vip, {})
        self.appears("its endpoints come", lambda: self.objects.endpoints("early", self.world.endpoints()), vip)
        time.sleep(HOLD + 0.5)  # sleep: that nothing is told takes time to see
        self.assertEqual(set(self.events("early")), {"Announcing"})
        for name, node in self.nodes.items():
            self.assertEqual(self.said(node.speaker, self.marks[name], "no endpoint"), [], name)

    def test_the_leader_of_the_group_has_no_endpoint_of_a_local_service(self):
        vip, leader, other, began = VIPS[3], self.owner(), self.others()[0], time.time()
        told = f"node {leader.name} cannot announce {vip} of default/lonely: "
        self.objects.service("lonely", vip, self.world.endpoints(other.name), externalTrafficPolicy="Local")
        self.one_event("lonely", "NoLocalEndpoint", f"{told}.*--groups service")
        self.one_line(f'level=warn msg="{told}', [leader.name])
        for node in self.others():
            self.assertNotIn(f"cannot announce {vip}", node.speaker.log)
        self.silent(vip, began)
        self.appears("the leader has one", lambda: self.objects.endpoints("lonely", self.world.endpoints(leader.name)), vip)

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

    # ---- Rights ----

    def rules(self):
        return self.world.cluster.kubectl_json("get", "clusterrole", ROLE)["rules"]

    def grant(self, rules):
        self.world.cluster.kubectl("patch", "clusterrole", ROLE, "--type=merge", f"--patch={json.dumps({'rules': rules})}")

    def test_rights_to_list_and_to_write_events_are_missing(self):
        rules = self.rules()
        self.addCleanup(self.grant, rules)
        owner, blind = self.owner(), self.others()[0]
        self.assertEqual(blind.speaker.stop(), 0)
        self.stays("a node may not list EndpointSlices, and none may write Events", lambda: self.grant(
            [each for each in rules if each["resources"] not in (["endpointslices"], ["events"])]))
        self.restart_speaker(blind)
        self.one_line('cannot list resource ."endpointslices', [blind.name])
        heir = self.moves("SIGTERM", owner.speaker.stop, told=False)
        self.assertIsNot(heir, blind, "a node that does not know the endpoints")
        self.one_line('Events on Services cannot be written.*cannot create resource ."events', [heir.name])
        self.stays("the rights are back", lambda: self.grant(rules))
        self.one_line("objects are followed.*EndpointSlices", [blind.name], 35.0)
        self.restart_speaker(owner)

    def test_the_right_to_watch_is_missing(self):
        rules, blind = self.rules(), self.others()[0]
        self.addCleanup(self.grant, rules)
        self.assertEqual(blind.speaker.stop(), 0)
        self.stays("none may watch EndpointSlices", lambda: self.grant(
            [{**each, "verbs": ["get", "list"]} if each["resources"] == ["endpointslices"] else each for each in rules]))
        self.restart_speaker(blind)
        self.one_line('cannot watch resource ."endpointslices', [blind.name])
        self.appears("new Service", lambda: self.objects.service("fresh", VIPS[1], self.world.endpoints()), VIPS[1])
        self.withdrawn("deleted", lambda: self.objects.remove("fresh"), VIPS[1])
        self.stays("the right stays away", lambda: None, seconds=REFUSED)
        back, mark = time.time(), len(blind.speaker.lines)
        self.stays("the right is back", lambda: self.grant(rules))
        self.assertTrue(blind.speaker.wait_line("objects are followed.*EndpointSlices", 35.0, mark), blind.speaker.log)
        print(f"  {blind.name} follows them after {time.time() - back:.1f} s", flush=True)


if __name__ == "__main__":
    pages.require()
    main()
