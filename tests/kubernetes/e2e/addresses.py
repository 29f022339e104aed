# SPDX-License-Identifier: BSL-1.0
"""Where nothing else gives Services their addresses: real etcd, kube-apiserver and kube-proxy, three nodes with speakers
that have a pool of three. Services get addresses of it and are reached by them; what cannot be had is told once."""
import pathlib
import sys
import time

sys.dont_write_bytecode = True
_HERE = pathlib.Path(__file__).resolve().parent
sys.path[1:1] = [str(_HERE.parent), str(_HERE.parents[1] / "support")]

from case import VIPS, WEB, EndToEnd, main  # noqa: E402
from netns_lab.programs import wait_until  # noqa: E402
from objects import SERVICES, SPACE  # noqa: E402
from world import MANIFESTS, NAMESPACE  # noqa: E402

TURN_MAX = 5.0  # seconds until another speaker assigns after one was told to stop


class Addresses(EndToEnd):
    options = (f"--assign-pool={VIPS[3]}-{VIPS[5]}",)

    @classmethod
    def write_objects(cls):
        """And the right to give addresses."""
        super().write_objects()
        cls.world.cluster.kubectl("apply", "-f", MANIFESTS / "components" / "assigner" / "account.yaml")

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

    def wants(self, name, address):
        wish = {"metadata": {"annotations": {"isat/address": address}}}
        self.objects.done(self.objects.api.patch(f"{SERVICES}/{name}", wish))

    def one_line_of_all(self, pattern):
        """Only one node assigns addresses, whichever: it says that, or does before long; and until the test's end it alone,
        once."""
        self.assertTrue(wait_until(lambda: self.said_of_all(pattern), 5.0, 0.05), f"nobody says {pattern!r}")
        self.said_by_one.append(pattern)

    def said_of_all(self, pattern):
        return [line for name, node in self.nodes.items() for line in self.said(node.speaker, self.marks[name], pattern)]


if __name__ == "__main__":
    main()
