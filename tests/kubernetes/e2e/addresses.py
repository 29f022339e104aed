# SPDX-License-Identifier: BSL-1.0
"""Where nothing else gives Services their addresses: real etcd, kube-apiserver and kube-proxy, three nodes with speakers
that have a pool of three. Services get addresses of it and are reached by them; what cannot be had is told once."""
import json
import pathlib
import sys
import time

sys.dont_write_bytecode = True
_HERE = pathlib.Path(__file__).resolve().parent
sys.path[1:1] = [str(_HERE.parent), str(_HERE.parents[1] / "support")]

from case import VIPS, WEB, EndToEnd, main  # noqa: E402
from netns_lab.programs import wait_until  # noqa: E402
from objects import SERVICES, SPACE  # noqa: E402

ROLE = "isat-speaker"


class Addresses(EndToEnd):
    options = (f"--assign-pool={VIPS[3]}-{VIPS[5]}",)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        rules = cls.world.cluster.kubectl_json("get", "clusterrole", ROLE)["rules"]
        rules.append({"apiGroups": [""], "resources": ["services/status"], "verbs": ["patch"]})
        cls.world.cluster.kubectl("patch", "clusterrole", ROLE, "--type=merge", f"--patch={json.dumps({'rules': rules})}")

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
        """Only one node assigns addresses, whichever: it alone says that, once."""
        said = [line for name, node in self.nodes.items() for line in self.said(node.speaker, self.marks[name], pattern)]
        self.assertEqual(len(said), 1, said)

    def setUp(self):
        super().setUp()
        self.ended = []


if __name__ == "__main__":
    main()
