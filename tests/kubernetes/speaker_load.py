# SPDX-License-Identifier: BSL-1.0
"""What speakers in steady state ask of the API server, by its audit log: three speakers with one group and three with
eight, beside as many candidates of client-go for as many Leases. ISAT_LOAD_SECONDS changes how long is measured."""
import collections
import datetime
import os
import pathlib
import sys
import time

sys.dont_write_bytecode = True
_HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(_HERE.parent / "support"))
sys.path.insert(0, str(_HERE / "interop"))

from candidates import Book, Programs  # noqa: E402
from kube_lab import network, provision, testing  # noqa: E402
from kube_lab.cluster import Cluster  # noqa: E402
from netns_lab import testing as netns  # noqa: E402
from netns_lab.programs import wait_until  # noqa: E402

NAMESPACE = "isat-system"
SPEAKERS, GROUPS = 3, (1, 8)
SECONDS = float(os.environ.get("ISAT_LOAD_SECONDS", "30"))
START_MAX = 45.0  # seconds until all groups of an empty namespace are led
RENEW, PRESENCE, LAYOUT = 0.75, 10.0, 5.0  # seconds from one to the next, with the default profile
RIVAL = (3.0, 2.0, 0.5)  # the default profile's duration, with client-go's own proportions
KINDS = {"group": "renewals of groups", "node": "presences", "layout": "layout"}


def counted(events, user):
    """{(verb, what it is about): number} of one service account's requests."""
    name = f"system:serviceaccount:{NAMESPACE}:{user}"
    result = collections.Counter()
    for each in events:
        if each["user"]["username"] == name:
            parts = each.get("objectRef", {}).get("name", "").split("-")
            about = KINDS.get(parts[1], parts[1]) if len(parts) > 1 else "all"
            result[each["verb"], about] += 1
    return result


class SpeakerLoad(testing.ClusterTest, netns.NetnsTest):
    @classmethod
    def make_cluster(cls):
        cls.network = network.ApiNetwork(servers=1)
        cls.addClassCleanup(cls.network.close)
        return Cluster.started(address=cls.network.addresses[0], port=6443, audit=True)

    def config(self, user):
        return self.cluster.kubeconfig(user, token=self.cluster.service_account(user, namespace=NAMESPACE).token())

    def speakers(self, user, groups):
        """Three speakers that follow a layout of their own."""
        options = ("--kubeconfig", self.config(user), "--lease-name", user, "--groups",
                   "single" if groups == 1 else f"shards:{groups}")
        return [self.speaker(machine, *options, vip=f"10.77.0.{100 + groups}", elector=f"kubernetes:{NAMESPACE}")
                for machine in self.nodes]

    def rivals(self, book, user, groups):
        yaml = self.config(user)
        path = yaml.with_suffix(".json")
        path.write_text(self.cluster.kubectl("config", "view", "--raw", "--output=json", config=yaml), encoding="utf-8")
        programs = Programs(None, provision.go_tool(_HERE / "interop"), None, path, NAMESPACE)
        leases = [f"{user}-group-{number}" for number in range(groups)]
        for number in range(SPEAKERS):
            programs.start_rival(book, f"{user}-{number}", leases, *RIVAL)
        return leases

    def requests(self):
        """What was finished within the next SECONDS, by the server's own clock."""
        began = datetime.datetime.now(datetime.timezone.utc)
        time.sleep(SECONDS)  # sleep: the time that is measured
        ended = datetime.datetime.now(datetime.timezone.utc)

        def within(event):
            return began <= datetime.datetime.fromisoformat(event["stageTimestamp"].replace("Z", "+00:00")) < ended
        return [each for each in self.cluster.audited() if within(each)], (ended - began).total_seconds()

    def test_speakers_write_what_they_hold_and_follow_the_rest_by_one_watch(self):
        self.nodes = [self.node(f"node-{number}", f"10.77.0.1{number}") for number in range(1, SPEAKERS + 1)]
        for machine in self.nodes:
            self.network.plug(machine)
        ours = {f"ours{groups}": groups for groups in GROUPS}
        running = {user: self.speakers(user, groups) for user, groups in ours.items()}
        book, theirs = Book(), {f"rival{groups}": groups for groups in GROUPS}
        try:
            leases = [lease for user, groups in theirs.items() for lease in self.rivals(book, user, groups)]
            for user, groups in ours.items():
                led = wait_until(lambda user=user, groups=groups: self.led(running[user]) == groups, START_MAX, 0.2)
                self.assertTrue(led, f"{user}: {self.led(running[user])} of {groups} groups are led")
            self.assertTrue(book.wait_until(lambda: all(book.leaders(lease) for lease in leases), 10.0))
            led_before = {user: self.led(speakers) for user, speakers in running.items()}
            events, took = self.requests()
            watches = self.cluster.api.metrics().watches("leases")
        finally:
            for run in book.runs:
                run.kill()
        self.assertEqual({user: self.led(speakers) for user, speakers in running.items()}, led_before, "not steady")
        print(f"\n{took:.0f} s, requests in all (per second):")
        for user, groups in ours.items():
            self.judge(user, groups, counted(events, user), took, sum(map(self.leads, running[user])))
            rival = counted(events, f"rival{groups}")
            self.show(f"client-go, {groups} leases", rival, took)
            self.assertLess(self.total(counted(events, user)), self.total(rival), "client-go asks for less")
        print(f"  open watches: {watches}")
        self.assertEqual(watches, SPEAKERS * len(GROUPS))

    @staticmethod
    def groups_of(speaker):
        """How many groups the speaker leads, by its log."""
        led = set()
        for _, line in list(speaker.lines):
            if (group := next((word for word in line.split() if word.startswith("group=")), None)) is None:
                continue
            if " leading, answering" in line:
                led.add(group)
            elif " leading no more" in line:
                led.discard(group)
        return len(led)

    def led(self, speakers):
        return sum(map(self.groups_of, speakers))

    def leads(self, speaker):
        return self.groups_of(speaker) > 0

    @staticmethod
    def total(requests):
        return sum(requests.values())

    def show(self, title, requests, took):
        each = ", ".join(f"{verb} {about} {count} ({count / took:.2f})" for (verb, about), count in sorted(requests.items()))
        print(f"  {title}: all {self.total(requests)} ({self.total(requests) / took:.2f}): {each}", flush=True)

    def judge(self, user, groups, requests, took, leaders):
        self.show(f"speakers, {groups} groups on {leaders} of them", requests, took)
        due = {("update", KINDS["group"]): (groups * took / RENEW, groups),
               ("update", KINDS["node"]): (SPEAKERS * took / PRESENCE, SPEAKERS),
               ("get", KINDS["layout"]): (leaders * took / LAYOUT, leaders)}
        for what, (expected, more_or_less) in due.items():
            self.assertLessEqual(abs(requests.pop(what, 0) - expected), 0.1 * expected + more_or_less, f"{user}: {what}")
        self.assertLessEqual(self.total(requests), 2, f"{user}: beside what is due")  # a watch may come to its end


if __name__ == "__main__":
    provision.ensure()
    provision.go_tool(_HERE / "interop")  # outside of the sandbox, which has no network
    testing.main([netns.SPEAKER])
