# SPDX-License-Identifier: BSL-1.0
"""Addresses for 1,000 Services from a pool of 900, by assigners of which one is killed midway and another is frozen
midway, to go on after its successor has finished: all 900 are given, none of them twice, and 100 Services are told by an
Event that the pool is full. ISAT_ASSIGNER_SERVICES changes how many Services there are; the pool has nine tenths."""
import collections
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
_HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(_HERE.parent / "support"))

from kube_lab import accounts, testing  # noqa: E402
from kube_lab.pool import WINDOW, Pool, Statuses, address  # noqa: E402

PROGRAM = pathlib.Path(os.environ.get("ISAT_BIN_DIR", _HERE.parents[1] / "build" / "bin")) / "isat-assigner-candidate"
SERVICES = int(os.environ.get("ISAT_ASSIGNER_SERVICES", "1000"))
POOL = SERVICES * 9 // 10
# What an assigner needs, and nothing else.
RIGHTS = ({"apiGroups": [""], "resources": ["services"], "verbs": ["get", "list", "watch"]},
          {"apiGroups": [""], "resources": ["services/status"], "verbs": ["patch"]},
          {"apiGroups": ["events.k8s.io"], "resources": ["events"], "verbs": ["create"]})


class Candidate:
    """A running assigner and its lines."""

    def __init__(self, config, node, first, last):
        self.lines, self.node = [], node
        self.process = subprocess.Popen([PROGRAM, config, node, first, last], stdout=subprocess.PIPE, text=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def count(self, part):
        return sum(part in line for line in list(self.lines))

    def works(self):
        turns = [line for line in list(self.lines) if line in ("works", "rests")]
        return bool(turns) and turns[-1] == "works"

    def send(self, what):
        self.process.send_signal(what)

    def end(self):
        self.process.kill()
        self.process.wait()
        self._reader.join()
        self.process.stdout.close()


class Assigner(testing.ClusterTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        account = cls.cluster.service_account("assigner", accounts.LEASE_RULES, cluster_rules=RIGHTS)
        yaml = cls.cluster.kubeconfig("assigner", token=account.token())
        cls.config = yaml.with_suffix(".json")
        cls.config.write_text(cls.cluster.kubectl("config", "view", "--raw", "--output=json", config=yaml), encoding="utf-8")
        cls.pool = Pool(cls.cluster)
        cls.addClassCleanup(cls.pool.close)
        cls.statuses = Statuses(cls.cluster)

    def start(self, node, last=None):
        candidate = Candidate(self.config, node, address(0), last or address(POOL - 1))
        self.addCleanup(candidate.end)
        self.candidates.append(candidate)
        return candidate

    def setUp(self):
        super().setUp()
        self.candidates = []

    def tell(self):
        super().tell()
        for each in self.candidates:
            told = [line for line in each.lines if "is assigned to it" not in line]
            print(f"--- {each.node}, {len(each.lines)} lines, without those of assigned addresses", *told[-40:], sep="\n",
                  file=sys.stderr)

    def wait(self, what, condition, bound=60.0):
        end = time.monotonic() + bound
        while not condition():
            self.assertLess(time.monotonic(), end, f"not within {bound:.0f} s: {what}")
            time.sleep(0.01)  # sleep: between two looks at the server

    def check_given(self, count):
        given = collections.Counter(self.pool.given())
        self.assertEqual([each for each, times in given.items() if times > 1], [], "given twice")
        self.assertEqual(len(given), count)
        self.assertEqual(len(self.pool.claims()), count)
        self.assertEqual(self.statuses.differences(self.pool.services()), {})
        self.assertEqual(self.statuses.twice, [], "at any time")

    def clear(self, *candidates):
        """All Services go, and then all claims."""
        begin = time.monotonic()
        self.pool.clear()
        deleted = time.monotonic()
        self.wait("all claims are freed", lambda: not self.pool.claims())
        print(f"  {deleted - begin:.1f} s of deleting, {time.monotonic() - deleted:.2f} s later all claims were freed")
        for each in candidates:
            each.end()

    def test_one_is_killed_midway_and_one_frozen(self):
        begun = time.time()
        self.pool.create(f"s{number}" for number in range(SERVICES))
        first = self.start("node-a")
        self.wait("the first one works", first.works)
        begin = time.monotonic()
        self.wait("a third is assigned", lambda: first.count("is assigned") > POOL // 3)
        first.send(signal.SIGKILL)
        killed = len(self.pool.given())
        self.assertLess(killed, POOL, "too late to kill it midway")

        second = self.start("node-b")
        self.wait("the second one works", second.works)
        self.wait("it goes on", lambda: second.count("is assigned") > POOL // 3)
        second.send(signal.SIGSTOP)
        frozen = len(self.pool.given())
        self.assertLess(frozen, POOL, "too late to freeze it midway")

        third = self.start("node-c")
        self.wait("the third one works", third.works)
        self.wait("it finishes", lambda: len(self.pool.given()) == POOL)
        seconds = time.monotonic() - begin
        before = self.pool.services()
        second.send(signal.SIGCONT)
        self.wait("the second one sees that it is late", lambda: not second.works())
        self.wait("100 of 1,000 are told", lambda: third.count("no address of the pool is free") >= SERVICES - POOL)
        self.check_given(POOL)
        self.assertEqual(self.pool.services(), before)
        print(f"\n{POOL} of {SERVICES} Services assigned in {seconds:.1f} s, two take-overs included: "
              f"{killed} when the first was killed, {frozen} when the second was frozen")

        without = {name for name, addresses in before.items() if not addresses}
        self.assertEqual(len(without), SERVICES - POOL)
        self.check_events(without, begun)
        copies = self.copies()
        second.end()
        third.end()
        fourth = self.start("node-d")  # which does not know what the others have told
        self.wait("it tells of the same Services", lambda: self.copies() >= copies + len(without))
        self.check_events(without, begun)
        self.assertEqual(self.pool.services(), before)
        self.assertEqual([each.node for each in self.candidates if each.count("trouble")], [])
        self.clear(fourth)

    def copies(self):
        """How many Events the server has refused because they were there."""
        return self.cluster.api.metrics().requests(verb="POST", resource="events")["POST", "events", "409"]

    def check_events(self, without, begun):
        """Each of these Services has one Event, and no other has any, whoever told of it how often. Windows in which facts
        are told once are those of the clock: when another one has begun meanwhile, there may be as many again."""
        self.assertTrue(self.pool.wait_told(without, 60.0), "they have Events")
        events, windows = self.pool.told(), int(time.time() // WINDOW) - int(begun // WINDOW) + 1
        names = collections.Counter(each["regarding"]["name"] for each in events)
        print(f"{len(events)} Events about {len(names)} Services, told by "
              f"{dict(collections.Counter(each['reportingInstance'] for each in events))}")
        self.assertEqual(names.keys(), without)
        self.assertLessEqual(max(names.values()), windows, names.most_common(3))

    def test_a_patch_for_another_service_of_the_same_name_is_refused(self):
        self.pool.create(["web"])
        path = "/api/v1/namespaces/default/services/web"
        before = self.cluster.api.get(path).json()["metadata"]
        status = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}
        for refusal, guard in ((422, {"uid": "another"}), (409, {"uid": before["uid"], "resourceVersion": "1"}),
                               (409, {"uid": "another", "resourceVersion": "1"})):
            answer = self.cluster.api.patch(f"{path}/status", {"metadata": guard, "status": status})
            self.assertEqual(answer.status, refusal, guard)
        self.assertEqual(self.pool.given(), [])
        self.clear()

    def test_what_becomes_of_an_address(self):
        one = self.start("node-a", address(1))
        self.wait("it works", one.works)
        begin = time.monotonic()
        self.pool.create(["web"])
        self.wait("it has an address", lambda: self.pool.services()["web"] == [address(0)])
        given = time.monotonic() - begin
        print("\n" + self.cluster.kubectl("get", "lease", "--namespace=isat-system"))
        self.cluster.api.delete("/api/v1/namespaces/default/services/web")
        begin = time.monotonic()
        self.wait("it is free", lambda: not self.pool.claims())
        freed = time.monotonic() - begin
        self.pool.create(["web", "dns"])
        self.wait("both have one", lambda: len(self.pool.given()) == 2)
        self.cluster.kubectl("--namespace=default", "patch", "service", "web", "--patch", '{"spec":{"type":"ClusterIP"}}')
        begin = time.monotonic()
        self.wait("it is free", lambda: len(self.pool.claims()) == 1)
        retyped = time.monotonic() - begin
        self.cluster.kubectl("--namespace=default", "annotate", "service", "dns", f"isat/address={address(0)}")
        self.wait("it has moved", lambda: self.pool.services()["dns"] == [address(0)])
        self.wait("the old one is free", lambda: len(self.pool.claims()) == 1)
        print(f"given after {given * 1000:.0f} ms, freed {freed * 1000:.0f} ms after deletion, {retyped * 1000:.0f} ms "
              "after a change of type")
        for seconds in (given, freed, retyped):
            self.assertLess(seconds, 1.0)
        one.send(signal.SIGTERM)
        self.assertEqual(one.process.wait(10.0), 0)
        self.cluster.api.delete("/api/v1/namespaces/default/services/web")
        self.cluster.api.delete("/api/v1/namespaces/default/services/dns")
        self.assertEqual(one.count("trouble"), 0)


if __name__ == "__main__":
    testing.main([PROGRAM])
