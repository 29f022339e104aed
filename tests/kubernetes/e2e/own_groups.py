# SPDX-License-Identifier: BSL-1.0
"""A group for each address (--groups service): real etcd, kube-apiserver and kube-proxy, three nodes, real Services. Each
address has a Lease that names its owner as kubectl shows it, Local ones are led where their endpoints are, Services that
share an address share the group, and the Lease of an address that nobody has any more is removed after a minute, also one
whose holder has died. One of the nodes may not remove any: it says so once, and goes on."""
import pathlib
import re
import signal
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))

from kube_lab.accounts import LEASE_RULES  # noqa: E402
from kube_lab.cluster import ACCOUNT, NAMESPACE  # noqa: E402
from kube_lab.sightings import QUIET  # noqa: E402
from kube_lab.world_case import APPEAR_MAX, DEATH_MAX, DURATION, VIPS, WEB, WITHDRAW_MAX, EndToEnd, main  # noqa: E402
from netns_lab.programs import wait_until  # noqa: E402

BRIEF, ORPHAN = VIPS[7], VIPS[6]
LITTER = [f"10.77.0.{number}" for number in range(200, 220)]  # so many that each node is the first to remove some of them
AGE = 60.0  # seconds for which a record that nobody can need lies there before it is removed
REMOVED_MAX = AGE + 3 * 2.0 + 10.0  # each node leaves it 2 s to the next better one
SHOWN_MAX = 2.0
REFUSED = "leases that nobody needs any more cannot be removed"


def lease_name(vip):
    return f"isat-vip-{vip}"


class OwnGroups(EndToEnd):
    options = ("--groups=service",)
    audit = True

    @classmethod
    def setUpClass(cls):
        """Some addresses come and go before all tests, which take up some of the time for which their Leases are kept. The
        only node that may have the second one dies. Another node, which goes on, may not remove Leases."""
        super().setUpClass()
        leads = cls.sightings.first(WEB, time.time(), QUIET).mac
        cls.dead, cls.without = (node for node in cls.nodes.values() if node.mac != leads)
        cls.restart_without_a_right(cls.without)
        cls.objects.service("brief", BRIEF, cls.world.endpoints())
        cls.first_answer(BRIEF)
        cls.gone = time.time()
        cls.objects.remove("brief")
        cls.objects.service("orphan", ORPHAN, cls.world.endpoints(cls.dead.name), externalTrafficPolicy="Local")
        cls.first_answer(ORPHAN)
        cls.dead.speaker.stop(signal.SIGKILL)
        cls.objects.remove("orphan")
        cls.dead.start_speaker()
        for number, vip in enumerate(LITTER):
            cls.objects.service(f"litter-{number}", vip, cls.world.endpoints())
        assert wait_until(lambda: all(cls.chronicle.of(lease_name(vip)) for vip in LITTER), APPEAR_MAX), "nobody has them"
        cls.objects.clear("web")
        cls.littered = time.time()

    @classmethod
    def restart_without_a_right(cls, node):
        cluster = cls.world.cluster
        own = {**LEASE_RULES[0], "verbs": [each for each in LEASE_RULES[0]["verbs"] if each != "delete"]}
        shared = cluster.kubectl_json("get", "clusterrole", ACCOUNT)["rules"]
        account = cluster.service_account("without", [own], cluster_rules=shared)
        node.config = cluster.kubeconfig("without", token=account.token())
        assert node.speaker.stop() == 0, node.speaker.log
        node.start_speaker()
        assert node.speaker.wait_line("another node has the lease", 10.0), node.speaker.log

    def lease_of(self, vip):
        return lease_name(vip)

    def setUp(self):
        super().setUp()
        for vip in VIPS[1:]:  # those of the test before
            self.assertIsNot(self.sightings.last_before_silence(vip, self.began - 2 * QUIET, 3.0), False, vip)

    def leases(self):
        """{VIP: the holder's node, as `kubectl get lease` shows it; empty: let go of} of all groups that have a Lease."""
        shown = {}
        for line in self.world.cluster.kubectl("get", "lease", f"--namespace={NAMESPACE}", "--no-headers").splitlines():
            name, _, rest = line.partition(" ")
            if name.startswith(lease_name("")):
                holder = rest.split()[0] if len(rest.split()) > 1 else ""
                shown[name.removeprefix(lease_name(""))] = holder.partition("_")[0]
        return shown

    def named(self, *vips):
        """Each of these has a Lease that names who answers for it; returns {VIP: node}."""
        owners = {vip: self.owner(vip).name for vip in vips}
        shown = wait_until(lambda: owners.items() <= self.leases().items(), SHOWN_MAX, 0.1)
        self.assertTrue(shown, f"{owners}, but kubectl shows {self.leases()}")
        return owners

    def test_each_address_has_a_lease_that_names_its_owner(self):
        vips = VIPS[1:6]  # some of them new, some of which there is a Lease that was let go of
        for number, vip in enumerate(vips):
            self.objects.service(f"one-{number}", None, self.world.endpoints())
        began = {}
        for number, vip in enumerate(vips):
            began[vip] = time.time()
            self.objects.address(f"one-{number}", vip)
        for vip in vips:
            first = self.sightings.first(vip, began[vip], APPEAR_MAX + DURATION)
            self.assertIsNotNone(first, vip)
            print(f"  new address: {self.world.by_mac(first.mac).name} answers for {vip} "
                  f"{1e3 * (first.at - began[vip]):.0f} ms after it was written", flush=True)
            self.assertLess(first.at - began[vip], APPEAR_MAX, vip)
        owners = self.named(WEB, *vips)
        print("  " + ", ".join(f"{lease_name(vip)} {name}" for vip, name in owners.items()), flush=True)
        self.assertGreater(len(set(owners.values())), 1, "one node leads all of them")
        for vip in vips:
            self.reached(vip)

    def test_local_addresses_are_led_where_their_endpoints_are(self):
        for vip, node in zip(VIPS[1:4], self.nodes.values()):
            led = self.appears(f"endpoint on {node.name}", lambda vip=vip, node=node: self.objects.service(
                node.name, vip, self.world.endpoints(node.name), externalTrafficPolicy="Local"), vip)
            self.assertIs(led, node)
        self.assertEqual(self.named(*VIPS[1:4]), dict(zip(VIPS[1:4], self.nodes)))
        vip, old, new = VIPS[1], *list(self.nodes.values())[:2]
        self.moves("its endpoint moves", lambda: self.objects.endpoints(old.name, self.world.endpoints(new.name)), vip=vip,
                   to=new, backend=new)
        self.named(*VIPS[1:4])

    def test_services_that_share_an_address_share_its_group(self):
        shared, one, two = VIPS[4], *list(self.nodes.values())[:2]
        first = self.appears("one Service", lambda: self.objects.service("one", shared, self.world.endpoints()), shared)
        self.stays("another port of its address", lambda: self.objects.service(
            "two", shared, self.world.endpoints(one.name, two.name), port=81), shared)
        self.reached(shared, 81)
        self.assertEqual(self.named(shared), {shared: first.name})

        def local():
            for name in ("one", "two"):
                self.objects.endpoints(name, self.world.endpoints(one.name) if name == "one" else
                                       self.world.endpoints(one.name, two.name))
                self.objects.change(name, externalTrafficPolicy="Local")
        if first is one:
            self.stays("only it has endpoints of both", local, shared)
        else:
            self.moves("only one node has endpoints of both", local, vip=shared, to=one)
        self.assertEqual(self.named(shared), {shared: one.name})
        self.stays("one goes", lambda: self.objects.remove("one"), shared)
        self.withdrawn("both are gone", lambda: self.objects.remove("two"), shared)

    def test_a_node_dies(self):
        dead, vips = self.owner(), VIPS[1:4]
        left = self.world.endpoints(*(node.name for node in self.others()))
        for vip in vips:
            name = f"at-{vip.replace('.', '-')}"
            self.appears("new Service", lambda name=name, vip=vip: self.objects.service(name, vip, left), vip, http=False)
        own = [vip for vip in (WEB, *vips) if self.owner(vip) is dead]
        kept = {vip: self.owner(vip) for vip in vips if vip not in own}

        def die():
            dead.kill()
            self.objects.endpoints("web", left)
        began = time.time()
        self.moves("kill -9 of everything", die, bound=DEATH_MAX)
        for vip in own:
            first = wait_until(lambda vip=vip: next((each for each in self.sightings.of(vip, began) if each.mac != dead.mac), None),
                               began + DEATH_MAX + DURATION - time.time(), 0.01)
            self.assertTrue(first, f"nobody takes {vip}")
            self.assertLess(first.at - began, DEATH_MAX, vip)
            self.reached(vip)
        for vip, node in kept.items():
            self.only(node, vip, began, 0.0)
        print(f"  {len(own)} addresses were its own, {len(kept)} stay where they are", flush=True)
        self.named(WEB, *vips)
        self.stays("it comes back", dead.start, seconds=1.0)
        self.marks[dead.name] = 0
        self.assertTrue(dead.speaker.wait_line("VIPs loaded", 10.0), dead.speaker.log)

    def test_what_a_node_may_not_remove_is_removed_by_another_one(self):
        node, own = self.without, VIPS[1]
        self.appears("it has an endpoint", lambda: self.objects.service(
            "own", own, self.world.endpoints(node.name), externalTrafficPolicy="Local"), own)
        self.assertTrue(wait_until(lambda: not self.leases().keys() & LITTER, self.littered + REMOVED_MAX - time.time(), 0.2),
                        self.leases())
        refused = [each["objectRef"]["name"] for each in self.world.cluster.audited() if each["verb"] == "delete"
                   and each["user"]["username"].endswith(":without") and each["responseStatus"]["code"] == 403]
        print(f"  {node.name} was refused to remove {len(refused)} Leases, which are removed", flush=True)
        self.assertGreater(len(refused), 1, "this is what the test is about")
        self.assertIsNotNone(node.speaker.wait_line(REFUSED), node.speaker.log)
        self.said_once.append((node.speaker, 0, REFUSED))
        self.assertEqual(self.said(node.speaker, 0, "the store"), [], "it answers, and can be asked for the rest")
        for vip in (WEB, own):
            silent = self.sightings.unanswered(vip, self.began + APPEAR_MAX, time.time() - QUIET)
            self.assertLess(silent, QUIET, vip)
        self.assertIs(self.owner(own), node)

    def test_what_nobody_has_any_more_is_released_and_removed_after_a_minute(self):
        heard = self.sightings.of(BRIEF, self.gone)
        last = heard[-1].at - self.gone if heard else 0.0
        self.assertLess(last, WITHDRAW_MAX, f"the last frame for {BRIEF}")
        kept = [each for each in self.chronicle.of(lease_name(BRIEF)) if each.lease][-1]
        self.assertEqual(kept.lease["spec"].get("holderIdentity", ""), "", "it is still held")
        print(f"  Service deleted: the last frame for {BRIEF} after {1e3 * last:.0f} ms, its Lease let go of after "
              f"{1e3 * (kept.renewed - self.gone):.0f} ms", flush=True)
        self.assertLess(kept.renewed - self.gone, WITHDRAW_MAX, "its Lease")
        self.assertTrue(wait_until(lambda: BRIEF not in self.leases(), kept.renewed + REMOVED_MAX - time.time(), 0.2),
                        f"{lease_name(BRIEF)} is not removed: {self.leases()}")
        self.assertTrue(wait_until(lambda: self.chronicle.of(lease_name(BRIEF))[-1].lease is None), "etcd tells of no removal")
        self.assertEqual([each.lease is None for each in self.chronicle.of(lease_name(BRIEF))][-2:], [False, True])
        removed = self.chronicle.of(lease_name(BRIEF))[-1]
        print(f"  it is removed {removed.heard - kept.renewed:.1f} s later", flush=True)
        self.assertGreater(removed.heard - kept.renewed, AGE * 0.99, "something could need it")
        self.assertEqual(self.named(WEB).keys(), {WEB})
        self.appears("it comes anew", lambda: self.objects.service("again", BRIEF, self.world.endpoints()), BRIEF)
        self.named(WEB, BRIEF)

    def test_what_the_holder_has_left_by_dying_is_removed_a_minute_after_it_ran_out(self):
        kept = [each for each in self.chronicle.of(lease_name(ORPHAN)) if each.lease][-1]
        self.assertEqual(kept.node, self.dead.name)
        self.assertTrue(kept.lease["spec"].get("holderIdentity", "").startswith(f"{self.dead.name}_"), "it was let go of")
        end = kept.renewed + DURATION
        self.assertTrue(wait_until(lambda: self.chronicle.of(lease_name(ORPHAN))[-1].lease is None,
                                   end + REMOVED_MAX - time.time(), 0.2), f"it is not removed: {self.leases()}")
        removed = self.chronicle.of(lease_name(ORPHAN))[-1]
        print(f"  {self.dead.name} dies and leaves it; it is removed {removed.heard - end:.1f} s after it ran out", flush=True)
        self.assertGreater(removed.heard - end, AGE * 0.99, "something could need it")
        self.assertNotIn(ORPHAN, self.leases())


if __name__ == "__main__":
    main()
