# SPDX-License-Identifier: BSL-1.0
"""What speakers in steady state ask of an API server: three with one group and three with eight, beside as many
candidates of client-go for as many Leases. The server's audit log says who asked for what, its metrics say how much it
was in all, and the two must agree. ISAT_LOAD_SECONDS changes how long is measured."""
import collections
import datetime
import math
import os
import pathlib
import sys
import time

sys.dont_write_bytecode = True
_HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(_HERE.parent / "support"))

from kube_lab import provision, request_rates, testing  # noqa: E402
from kube_lab.candidates import Book, Programs  # noqa: E402
from netns_lab import testing as netns  # noqa: E402
from netns_lab.programs import wait_until  # noqa: E402

NAMESPACE = "isat-system"
SPEAKERS = 3
# user: (groups, VIPs): so many VIPs that every one of the groups has some
OURS = {"ours1": (1, "10.77.0.100"), "ours8": (8, "10.77.0.128-10.77.0.191")}
# user: (leases, lease duration, renew deadline and retry period): what lasts as long as ours, and client-go's own choice
RIVALS = {"rival1": (1, 3.0, 2.0, 0.5), "rival8": (8, 3.0, 2.0, 0.5), "slow1": (1, 15.0, 10.0, 2.0),
          "slow8": (8, 15.0, 10.0, 2.0)}
SECONDS = float(os.environ.get("ISAT_LOAD_SECONDS", "30"))
START_MAX = 45.0  # seconds until all groups of an empty namespace are led
RENEW, PRESENCE, LAYOUT = 0.75, 10.0, 5.0  # seconds from one to the next, with the default profile
METRIC_VERBS = {"PUT": "update", "GET": "get", "LIST": "list", "POST": "create", "PATCH": "patch", "DELETE": "delete"}


def wall_clock():
    return datetime.datetime.now(datetime.timezone.utc)


class Audit:
    """What each user has asked for about Leases, by the server's audit log."""

    def __init__(self, cluster):
        self._events = [event for event in cluster.server.audited() if event.get("objectRef", {}).get("resource") == "leases"]

    def finished(self, began, ended):
        """{(user, address): Counter of (verb, name of the Lease)}: what was answered in that time."""
        result = collections.defaultdict(collections.Counter)
        for event in self._events:
            if event["stage"] == "ResponseComplete" and began <= self._time(event) < ended:
                result[self._who(event)][event["verb"], event["objectRef"].get("name", "")] += 1
        return result

    def watches(self):
        """{(user, address): [how many watches were begun, how many have ended]}"""
        result = collections.defaultdict(lambda: [0, 0])
        for event in self._events:
            if event["verb"] == "watch" and event["stage"] in ("ResponseStarted", "ResponseComplete"):
                result[self._who(event)][event["stage"] == "ResponseComplete"] += 1
        return result

    @staticmethod
    def _time(event):
        return datetime.datetime.fromisoformat(event["stageTimestamp"].replace("Z", "+00:00"))

    @staticmethod
    def _who(event):
        return event["user"]["username"].rpartition(":")[2], event["sourceIPs"][0]


class SpeakerLoad(testing.NetworkedTest, netns.NetnsTest):
    cluster_options = {"audit": True}

    def config(self, user):
        return self.cluster.kubeconfig(user, token=self.cluster.service_account(user, namespace=NAMESPACE).token())

    def start_ours(self, user, groups, vips):
        """Three speakers that follow a layout of their own, by their addresses in the API network."""
        options = ("--kubeconfig", self.config(user), "--lease-name", user, "--groups",
                   "single" if groups == 1 else f"shards:{groups}")
        return {address: self.speaker(machine, *options, vip=vips, elector=f"kubernetes:{NAMESPACE}")
                for address, machine in self.nodes.items()}

    def start_rivals(self, book, user, leases, *timing):
        """Three programs that contend for all the leases, whose names it returns."""
        yaml = self.config(user)
        path = yaml.with_suffix(".json")
        path.write_text(self.cluster.kubectl("config", "view", "--raw", "--output=json", config=yaml), encoding="utf-8")
        programs = Programs(None, provision.go_tool(_HERE / "interop"), None, path, NAMESPACE)
        names = [f"{user}-group-{number}" for number in range(leases)]
        for number in range(SPEAKERS):
            programs.start_rival(book, f"{user}-{number}", names, *timing)
        return names

    def steady(self, book):
        """Starts all and waits until every lease is led; returns {user: {address: its speaker}}."""
        running = {user: self.start_ours(user, *wish) for user, wish in OURS.items()}
        leases = [lease for user, wish in RIVALS.items() for lease in self.start_rivals(book, user, *wish)]
        for user, (groups, _) in OURS.items():
            done = wait_until(lambda each=user, all_of=groups: len(self.led(running[each])) == all_of, START_MAX, 0.2)
            self.assertTrue(done, f"{user}: of {groups} groups only {sorted(self.led(running[user]))} are led")
        self.assertTrue(book.wait_until(lambda: all(book.leaders(lease) for lease in leases), START_MAX), "client-go")
        return running

    @staticmethod
    def groups_of(speaker):
        """The groups that the speaker leads, by its log."""
        led = set()
        for _, line in list(speaker.lines):
            group = next((word.removeprefix("group=") for word in line.split() if word.startswith("group=")), None)
            if " leading, answering" in line:
                led.add(group)
            elif " leading no more" in line:
                led.discard(group)
        return led

    def led(self, speakers):
        """{group: the address of the speaker that leads it}"""
        return {group: address for address, speaker in speakers.items() for group in self.groups_of(speaker)}

    def test_speakers_write_what_they_hold_and_follow_the_rest_by_one_watch(self):
        machines = [self.node(f"node-{number}", f"10.77.0.1{number}") for number in range(1, SPEAKERS + 1)]
        self.nodes = {self.network.plug(machine): machine for machine in machines}
        book = Book()
        try:
            running = self.steady(book)
            led = {user: self.led(speakers) for user, speakers in running.items()}
            asked, before, began = wall_clock(), self.cluster.api.metrics(), wall_clock()
            time.sleep(SECONDS)  # sleep: the time that is measured
            ended, after, answered = wall_clock(), self.cluster.api.metrics(), wall_clock()
            audit = Audit(self.cluster)
        finally:
            for run in book.runs:
                run.kill()
        self.assertEqual({user: self.led(speakers) for user, speakers in running.items()}, led, "nobody's lease moved")
        self.check_metrics(before, after, audit.finished(began, ended), audit.finished(asked, answered))
        finished, watches, took = audit.finished(began, ended), audit.watches(), (ended - began).total_seconds()
        self.show(finished, watches, took)
        for user, (groups, _) in OURS.items():
            for address, machine in self.nodes.items():
                mine = {group for group, leader in led[user].items() if leader == address}
                self.check_speaker(user, machine.name, mine, finished[user, address], took)
                self.assertEqual(watches.pop((user, address)), [1, 0], f"{user} {machine.name}: watches")
            self.assertLess(self.rate(finished, user, took), self.rate(finished, f"rival{groups}", took), user)
        self.assertEqual(watches, {}, "client-go's election watches nothing")
        self.assertEqual(after.watches("leases"), SPEAKERS * len(OURS), "open watches by the metrics")

    def check_speaker(self, user, node, groups, requests, took):
        """What a speaker that leads these groups has asked for is what is due, one more or less, and nothing else."""
        due = {("update", f"{user}-group-{group}"): RENEW for group in groups}
        due["update", f"{user}-node-{node}"] = PRESENCE
        if groups:
            due["get", f"{user}-layout"] = LAYOUT
        for what, period in due.items():
            with self.subTest(user=user, node=node, what=what):
                self.assertGreaterEqual(requests[what], math.floor(took / period) - 1)
                self.assertLessEqual(requests[what], math.ceil(took / period) + 1)
        self.assertEqual({what: count for what, count in requests.items() if what not in due}, {}, f"{user} {node}: not due")

    def check_metrics(self, before, after, least, most):
        """The metrics have counted what the audit log has, although it takes a moment to read them."""
        def audited(finished, verb):
            return sum(count for requests in finished.values() for (each, _), count in requests.items() if each == verb)
        for title, verb in METRIC_VERBS.items():
            wanted = {"resource": "leases", "verb": title}
            counted = sum((after.requests(**wanted) - before.requests(**wanted)).values())
            self.assertGreaterEqual(counted, audited(least, verb), title)
            self.assertLessEqual(counted, audited(most, verb), title)

    @staticmethod
    def rate(finished, user, took):
        return sum(sum(requests.values()) for (who, _), requests in finished.items() if who == user) / took

    def show(self, finished, watches, took):
        print(f"\n{SPEAKERS} candidates for each number of leases, {took:.1f} s, by the audit log:")
        for leases in sorted({leases for leases, *_ in RIVALS.values()}):
            columns = {}
            for title, user in (("isat 3/0.75", f"ours{leases}"), ("client-go 3/2/0.5", f"rival{leases}"),
                                ("client-go 15/10/2", f"slow{leases}")):
                verbs = collections.Counter()
                for (who, _), requests in finished.items():
                    for (verb, name), count in requests.items() if who == user else ():
                        verbs[f"{verb} {name.split('-')[1] if name else 'all'}"] += count / took
                open_watches = sum(begun - over for (who, _), (begun, over) in watches.items() if who == user)
                columns[title] = request_rates.Rates(verbs, open_watches)
            print(f"  {leases} lease{'' if leases == 1 else 's'}")
            print("\n".join("    " + line for line in request_rates.table(columns)), flush=True)


if __name__ == "__main__":
    provision.ensure()
    provision.go_tool(_HERE / "interop")  # outside of the sandbox, which has no network
    testing.main([netns.SPEAKER])
