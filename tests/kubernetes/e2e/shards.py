# SPDX-License-Identifier: BSL-1.0
"""240 VIPs in 8 groups on three nodes that are started together: none leads more than its share; a node that comes back
takes nothing, or with --rebalance its share after the hold-down, and then no new connection fails: one is opened every
10 ms to an address of each group. Real etcd, kube-apiserver and kube-proxy, real Services. Prints who leads what."""
import collections
import concurrent.futures
import contextlib
import json
import pathlib
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))

from kube_lab import pages  # noqa: E402
from kube_lab.objects import PLAIN, Objects  # noqa: E402
from kube_lab.sightings import QUIET  # noqa: E402
from kube_lab.world import CONNECTOR  # noqa: E402
from kube_lab.world_case import DEATH_MAX, DURATION, FIRST_MAX, WorldTest, main  # noqa: E402
from netns_lab.programs import Program, wait_until  # noqa: E402
from netns_lab.scrape import Scrape  # noqa: E402

GROUPS, COUNT = 8, 240
SHARE = 3  # of 8 groups on 3 nodes, rounded up
VIPS = [f"10.77.1.{number}" for number in range(1, COUNT + 1)]
WRITERS = 4
HOLD_DOWN = DURATION + 10.0  # seconds: nothing moves earlier
MOVED_MAX = 2 * HOLD_DOWN + 10.0  # one group a second leaves a node; one that goes astray is moved once more
TOLD_MAX = 1.0  # seconds until clients know of a move, by its announcements
CONNECTED_MIN = 50.0  # connections per second to each group, half of what a machine with time does


class Shards(WorldTest):
    options = (f"--groups=shards:{GROUPS}",)
    asked, foreign = VIPS, ()

    @classmethod
    def write_objects(cls):
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
            list(pool.map(cls.write_some, range(WRITERS)))
        cls.world.client.ip("route", "add", "10.77.1.0/24", "dev", "eth0")
        print(f"\n{COUNT} Services written in {time.monotonic() - began:.1f} s", flush=True)

    @classmethod
    def write_some(cls, first):
        with contextlib.closing(cls.world.cluster.kept_api()) as api:
            for number in range(first, COUNT, WRITERS):  # on two nodes, so that all are reached while the third is away
                endpoints = cls.world.endpoints("node-1", "node-2")
                Objects(api).service(f"service-{number}", VIPS[number], endpoints, target=PLAIN)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for vip in VIPS:
            cls.first_answer(vip)
        cls.groups = {labels["vip"]: labels["group"] for labels, _ in cls.page("node-1").of("isat_vip_owned")}
        cls.at_first = cls.leaders()
        cls.run_with, cls.there_since = {name: () for name in cls.nodes}, {name: cls.started for name in cls.nodes}
        print(f"all are answered for {time.time() - cls.started:.1f} s after the start of the speakers")
        cls.show("at first", cls.at_first)

    @classmethod
    def page(cls, name):
        return pages.metrics(cls.nodes[name])

    def lease_of(self, vip):
        return f"isat-group-{self.groups[vip]}"

    # ---- Who leads what ----

    @classmethod
    def leaders(cls):
        """{group: the names of the nodes that answer for VIPs of it now}, by frames."""
        found = collections.defaultdict(set)
        since = time.time() - len(VIPS) * 0.006 - QUIET  # each VIP was asked for since then
        for each in reversed(cls.sightings.all):
            if each.at < since:
                break
            found[cls.groups[each.vip]].add(cls.world.by_mac(each.mac).name)
        return dict(found)

    @staticmethod
    def counts(leaders):
        return collections.Counter(name for names in leaders.values() for name in names)

    @classmethod
    def show(cls, what, leaders):
        led = {name: sorted(group for group, names in leaders.items() if name in names) for name in cls.nodes}
        print(f"  {what}: " + ", ".join(f"{name} leads {' '.join(each) or 'none'}" for name, each in led.items()), flush=True)

    def settled(self, what, bound, most=None):
        """Waits until each group has one leader (and none has more than `most`); returns who leads what."""
        def good():
            found = self.leaders()
            one_each = len(found) == GROUPS and all(len(names) == 1 for names in found.values())
            return found if one_each and max(self.counts(found).values()) <= (most or GROUPS) else None
        found = wait_until(good, bound, 0.1)
        self.assertTrue(found, f"{what}: {self.leaders()}")
        self.show(what, found)
        return found

    # ---- Tests ----

    def test_after_a_start_together_no_node_leads_more_than_its_share(self):
        self.assertEqual({len(names) for names in self.at_first.values()}, {1}, self.at_first)
        self.assertEqual(sum(self.counts(self.at_first).values()), GROUPS)
        self.assertLessEqual(max(self.counts(self.at_first).values()), SHARE, self.at_first)
        self.assertEqual(collections.Counter(self.groups.values()).keys(), {str(number) for number in range(GROUPS)})

    def test_health_and_metrics_add_up(self):
        leaders = self.settled("now", FIRST_MAX)
        for name, node in self.nodes.items():
            for path in ("/healthz", "/readyz"):
                self.assertEqual(pages.page(node, path)[::2], (200, "ok\n"), f"{path} of {name}")
        self.assertTrue(wait_until(lambda: sum(self.owned().values()) == COUNT,
                                   3.0, 0.1), self.owned())
        for name, node in self.nodes.items():
            status, kind, text = pages.page(node, "/metrics")
            self.assertEqual(status, 200)
            self.assertRegex(kind, r"\Atext/plain; version=0\.0\.4")
            read = Scrape(text)
            self.assertEqual(read("isat_vips_known"), COUNT, name)
            self.assertEqual(read("isat_groups_led"), self.counts(leaders)[name], name)
            self.assertEqual(read("isat_vips_owned"), sum(value for _, value in read.of("isat_vip_owned")), name)
            self.assertEqual({labels["vip"] for labels, value in read.of("isat_vip_owned") if value},
                             {vip for vip, group in self.groups.items() if name in leaders[group]}, name)
            self.assertEqual(read("isat_store_up"), 1)
            self.assertLess(read("isat_source_sync_age_seconds"), 60.0)
            self.assertGreaterEqual(read("isat_arp_replies_total", interface="eth0"), int(self.counts(leaders)[name] > 0))
            print(f"  {name}: {len(read.types)} metrics, {read('isat_vips_owned'):.0f} VIPs owned, "
                  f"{read('isat_groups_led'):.0f} groups led", flush=True)

    def owned(self):
        return {name: self.page(name)("isat_vips_owned") for name in self.nodes}

    def test_one_that_comes_back_takes_nothing(self):
        self.run_all_with()
        self.taken_over("node-3", self.settled("before", FIRST_MAX))
        left = self.settled("without node-3", 5.0)
        back = self.comes_back("node-3")
        self.assertTrue(wait_until(lambda: pages.page(self.nodes["node-3"], "/readyz")[0] == 200, 10.0, 0.1))
        time.sleep(max(0.0, back + HOLD_DOWN + 2.0 - time.time()))  # sleep: that nothing moves takes time to see
        heard = [each for each in self.sightings.all if each.at >= back and each.mac == self.nodes["node-3"].mac]
        self.assertEqual(heard[:10], [], "node-3 took something")
        self.assertEqual(self.settled(f"node-3 is back for {time.time() - back:.0f} s", 3.0), left)

    def test_with_rebalance_one_that_comes_back_gets_its_share_and_no_connection_fails(self):
        self.run_all_with("--rebalance")
        self.taken_over("node-3", self.settled("before", FIRST_MAX))
        left = self.settled("without node-3", 5.0)
        targets = {self.groups[vip]: vip for vip in VIPS}  # of each group the last one, whose announcement comes last
        for vip in targets.values():
            self.assertTrue(wait_until(lambda vip=vip: self.world.connects(vip), 15.0, 0.1), f"{vip} is not reached")
        began = time.time()
        client = Program(self.world.client, sys.executable, CONNECTOR, 80, *targets.values())
        self.addCleanup(client.stop)
        self.assertTrue(client.wait_line("ready", 10.0), client.log)
        back = self.comes_back("node-3")
        after = self.settled("node-3 has its share", MOVED_MAX, SHARE)
        for group, vip in targets.items():  # the old leader would serve on, and so keep the client's entry alive
            mac = self.nodes[next(iter(after[group]))].mac
            told = wait_until(lambda vip=vip, mac=mac: self.world.client.neighbour(vip)[0] == mac, TOLD_MAX, 0.02)
            self.assertTrue(told, f"group {group}: the client believes that {vip} is at {self.world.client.neighbour(vip)}")
        self.assertEqual(client.stop(bound=10.0), 0, client.log)
        told, seconds = json.loads(client.lines[-1][1]), time.time() - began
        moved = sorted(group for group in left if left[group] != after[group])
        for group in moved:
            self.show_move(group, *left[group], *after[group], back)
        for group, vip in targets.items():
            opened, failed = told[vip]
            self.assertEqual(failed, [], f"group {group}, {vip}")
            self.assertGreater(opened, CONNECTED_MIN * seconds, f"group {group}, {vip}")
        print(f"  {sum(opened for opened, _ in told.values())} connections to {GROUPS} groups in {seconds:.1f} s, none failed")
        self.assertGreaterEqual([after[group] for group in moved].count({"node-3"}), GROUPS - 2 * SHARE, moved)

    def show_move(self, group, old, new, back):
        """When a group moved, which is after the hold-down of the node that got it."""
        first = next(each for each in self.sightings.all
                     if each.at >= back and each.mac == self.nodes[new].mac and self.groups[each.vip] == group)
        last = max(each.at for each in self.sightings.all if each.mac == self.nodes[old].mac and self.groups[each.vip] == group)
        there = self.there_since[new]
        print(f"  group {group}: {old} -> {new}, {first.at - there:.1f} s after that one's start; the last frame of {old} "
              f"{1e3 * (first.at - last):.0f} ms earlier", flush=True)
        self.assertGreater(first.at - there, HOLD_DOWN * 0.99, f"group {group} moves before the hold-down is over")
        self.assertGreater(first.at, last, f"group {group}")

    # ---- What is done to nodes ----

    def run_all_with(self, *options):
        """Restarts the speakers that run with other options, one after the other."""
        for name, node in self.nodes.items():
            if self.run_with[name] != options:
                self.assertEqual(node.speaker.stop(), 0)
                self.run_with[name] = options
                self.comes_back(name)

    def comes_back(self, name):
        """Starts what does not run on that node, the speaker last, with the options that it runs with; returns when it was
        started."""
        node = self.nodes[name]
        if not node.proxy.running():
            node.proxy.start(wait=False)
            node.start_backend()
            node.proxy.wait_ready()
        self.there_since[name] = time.time()
        self.restart_speaker(node, *self.run_with[name])
        return self.there_since[name]

    def taken_over(self, name, before):
        """The node dies; the others take over what it led."""
        node, own = self.nodes[name], [group for group, names in before.items() if name in names]
        began = time.time()
        node.kill()

        def answered(group):
            return any(each.at > began and each.mac != node.mac and self.groups[each.vip] == group
                       for each in reversed(self.sightings.all[-4000:]))
        self.assertTrue(wait_until(lambda: all(map(answered, own)), DEATH_MAX + 5.0, 0.02), f"nobody takes {own}")
        print(f"  {name} dies: its {len(own)} groups are led by others after {time.time() - began:.1f} s", flush=True)
        self.assertLess(time.time() - began, DEATH_MAX)


if __name__ == "__main__":
    pages.require()
    main()
