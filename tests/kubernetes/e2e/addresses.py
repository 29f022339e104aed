# SPDX-License-Identifier: BSL-1.0
"""Where nothing else gives Services their addresses: real etcd, kube-apiserver and kube-proxy, three nodes with speakers
that have a pool of three. Services get addresses of it and are reached by them; what cannot be had is told once."""
import pathlib
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))

from kube_lab.cluster import MANIFESTS, NAMESPACE  # noqa: E402
from kube_lab.objects import SERVICES, SPACE  # noqa: E402
from kube_lab.world_case import VIPS, WEB, EndToEnd, main  # noqa: E402
from netns_lab.programs import wait_until  # noqa: E402

REFUSED = 6.0  # seconds for which a right is missing, and that is told once
GRANTED_MAX = 35.0  # until what was refused again and again is tried once more
TURN_MAX = 5.0  # seconds until another speaker assigns after one was told to stop


class Addresses(EndToEnd):
    options = (f"--assign-pool={VIPS[3]}-{VIPS[5]}",)

    @classmethod
    def write_objects(cls):
        super().write_objects()
        cls.grant()

    def setUp(self):
        super().setUp()
        self.said_by_one = []

    def judge(self):
        """And what only the assigner says."""
        super().judge()
        for pattern in self.said_by_one:
            self.assertEqual(len(self.said_of_all(pattern)), 1, self.said_of_all(pattern))

    def assigner(self):
        """The node that gives addresses, by its Lease; None when it was let go of."""
        lease = self.world.cluster.kubectl_json("get", "lease", "isat-assigner", f"--namespace={NAMESPACE}")
        return self.nodes.get(lease["spec"].get("holderIdentity", "").partition("_")[0])

    def given(self):
        """The address of each Service that has one."""
        found = {}
        for each in self.world.cluster.kubectl_json("get", "services", f"--namespace={SPACE}")["items"]:
            ingress = each["status"].get("loadBalancer", {}).get("ingress", ())
            found.update({each["metadata"]["name"]: entry["ip"] for entry in ingress})
        return found

    def test_services_get_addresses_of_the_pool_and_are_reached_by_them(self):
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
        self.one_event(unlucky, "AddressPoolFull", "no address")
        self.assigner_stops()
        freed = time.time()
        self.objects.remove(next(name for name in given if name != "web"))
        self.assertTrue(wait_until(lambda: unlucky in self.given(), 5.0, 0.02), self.given())
        print(f"  the next one has a freed address after {1e3 * (time.time() - freed):.0f} ms", flush=True)
        self.assertIsNotNone(self.sightings.first(self.given()[unlucky], freed, 5.0))
        self.reached(self.given()[unlucky])
        told = {"AddressPoolFull", "AddressAssigned", "Announcing"}
        self.assertTrue(wait_until(lambda: set(self.events(unlucky)) == told, 5.0, 0.2), self.events(unlucky))

    def assigner_stops(self):
        """And another one takes its place."""
        old, owner, codes = self.assigner(), self.owner(), []
        self.assertIsNotNone(old, "nobody assigns")
        happens = self.moves if old is owner else self.stays
        happens(f"SIGTERM to {old.name}, which assigns", lambda: codes.append(old.speaker.stop()))
        self.assertEqual(codes, [0])
        self.addCleanup(self.restart_speaker, old)
        self.assertTrue(wait_until(lambda: self.assigner() not in (None, old), TURN_MAX, 0.1), "nobody takes its place")
        print(f"  then {self.assigner().name} assigns", flush=True)

    def test_a_service_wants_what_it_cannot_get(self):
        outside, began = VIPS[6], time.time()
        self.objects.service("picky", None, self.world.endpoints(), loadBalancerIP=outside)
        self.one_event("picky", "AddressNotInPool", f"it wants {outside}, which is not in the pool")
        self.one_line_of_all(f"default/picky: it wants {outside}, which is not in the pool")
        self.wants("picky", "garbage")
        self.one_event("picky", "AddressUnreadable", "what it wants is no IPv4 address: garbage")
        self.one_line_of_all("default/picky: what it wants is no IPv4 address: garbage")
        self.assertNotIn("picky", self.given())
        self.silent(outside, began)
        self.only(self.owner(), WEB, began)
        self.wants("picky", VIPS[4])
        self.assertTrue(wait_until(lambda: self.given().get("picky") == VIPS[4], 5.0, 0.05), self.given())
        self.reached(VIPS[4])

    def test_a_status_names_an_address_of_another_service(self):
        self.objects.service("rightful", None, self.world.endpoints())
        self.objects.service("usurper", None, self.world.endpoints(), port=81)
        self.assertTrue(wait_until(lambda: {"rightful", "usurper"} <= self.given().keys(), 5.0, 0.05), self.given())
        vip, own = self.given()["rightful"], self.given()["usurper"]
        self.withdrawn("somebody writes another's address into a status", lambda: self.objects.address("usurper", vip), own)
        said = f"its status names {vip}, which belongs to default/rightful"
        self.one_event("usurper", "AddressDuplicate", said)
        self.one_line_of_all(f"default/usurper: {said}")
        self.reached(vip)
        self.reached(vip, 81)
        self.only(self.owner(), WEB, self.began)
        self.objects.status("usurper", [])
        self.assertTrue(wait_until(lambda: self.given().get("usurper", vip) != vip, 5.0, 0.05), self.given())
        self.reached(self.given()["usurper"], 81)
        self.assertEqual(self.given()["rightful"], vip)
        self.assertEqual(self.events("rightful").keys(), {"AddressAssigned", "Announcing"})

    def test_the_right_to_write_statuses_is_missing(self):
        self.addCleanup(self.grant)
        self.stays("none may write statuses", lambda: self.world.cluster.kubectl(
            "delete", "clusterrolebinding", "isat-assigner"))
        for name in ("first", "second"):
            self.objects.service(name, None, self.world.endpoints())
        self.one_line_of_all("addresses cannot be given to Services, trying again.*cannot patch resource .*services/status")
        self.stays("the right stays away", lambda: None, seconds=REFUSED)
        self.assertEqual(self.given().keys(), {"web"})
        back = time.time()
        self.grant()
        self.one_line_of_all("addresses can be given to Services again", GRANTED_MAX)
        self.assertTrue(wait_until(lambda: {"first", "second"} <= self.given().keys(), GRANTED_MAX, 0.05), self.given())
        print(f"  both have addresses {time.time() - back:.1f} s after the right is back", flush=True)
        for vip in self.given().values():
            self.reached(vip)

    @classmethod
    def grant(cls):
        """The right to give addresses."""
        cls.world.cluster.kubectl("apply", "-f", MANIFESTS / "components" / "assigner" / "account.yaml")

    def wants(self, name, address):
        wish = {"metadata": {"annotations": {"isat/address": address}}}
        self.objects.done(self.objects.api.patch(f"{SERVICES}/{name}", wish))

    def one_line_of_all(self, pattern, bound=5.0):
        """Only one node assigns addresses, whichever: it says that, or does before long; and until the test's end it alone,
        once."""
        self.assertTrue(wait_until(lambda: self.said_of_all(pattern), bound, 0.05), f"nobody says {pattern!r}")
        self.said_by_one.append(pattern)

    def said_of_all(self, pattern):
        return [line for name, node in self.nodes.items() for line in self.said(node.speaker, self.marks[name], pattern)]


if __name__ == "__main__":
    main()
