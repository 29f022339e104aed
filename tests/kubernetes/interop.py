# SPDX-License-Identifier: BSL-1.0
"""Our elector and client-go's contend for the same Leases on a real API server. What each side is entitled to, or believes,
is written down on one clock, and judged: never do two lead at once, except where client-go goes on after its own lease
has run out. The seed of what happens is printed; ISAT_INTEROP_SEED and ISAT_INTEROP_ALTERNATIONS change it and how much."""
import collections
import os
import pathlib
import random
import statistics
import sys
import threading
import time
import traceback

sys.dont_write_bytecode = True
_HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(_HERE.parent / "support"))
sys.path.insert(0, str(_HERE / "interop"))

import history  # noqa: E402
import judge  # noqa: E402
from forwarder import Forwarder  # noqa: E402
from kube_lab import api, provision, testing  # noqa: E402
from kube_lab.candidates import OURS, RIVAL, SECOND, Book, Programs, logged_in  # noqa: E402

NAMESPACE = "isat-system"
LANES = 12
ALTERNATIONS = int(os.environ.get("ISAT_INTEROP_ALTERNATIONS", "200"))
SEED = int(os.environ.get("ISAT_INTEROP_SEED", random.randrange(1 << 32)))
OUR_PROGRAM = pathlib.Path(os.environ.get("ISAT_BIN_DIR", _HERE.parents[1] / "build" / "bin")) / "isat-lease-candidate"

OURS_LASTS, RIVAL_LASTS = 3.0, 3.0  # seconds: D, and client-go's lease duration
OURS_CARRIES, RIVAL_CARRIES = 4, 3  # as leaseDurationSeconds
SLACK = 5.0  # seconds: a dozen pairs of programs share two processors with the servers
FIRST = 20.0  # seconds until a lease that nobody has held is led
KNOWS = {OURS: "knows", RIVAL: "new-leader"}  # what a candidate writes when it has seen who leads
STAYS_OUT = OURS_LASTS + 10.0  # lease_machine::hold_down
# Seconds until the other side leads, after ours or client-go's ended in this way. Client-go polls: at most 1.1 s between
# two looks, and it may miss the last renewal of a second until the next one.
TAKES_OVER = {(OURS, "release"): 1.1, (OURS, "off"): 1.1, (OURS, "crash"): OURS_CARRIES + 2 * 1.1,
              (RIVAL, "release"): OURS_LASTS, (RIVAL, "off"): OURS_LASTS, (RIVAL, "crash"): RIVAL_LASTS + 1.2}


def in_milliseconds(values):
    quartiles = statistics.quantiles(values, n=4) if len(values) > 1 else [values[0]] * 3
    return (f"min {min(values) * 1e3:5.0f}, quartiles {' '.join(f'{each * 1e3:5.0f}' for each in quartiles)}, "
            f"max {max(values) * 1e3:5.0f} ms ({len(values)} times)")


class Lane(threading.Thread):
    """One Lease, one candidate of each side, and what happens to whoever leads."""

    def __init__(self, number, programs, alternations):
        super().__init__(daemon=True)
        self.lease = f"lane-{number}"
        self.book = Book()
        self.takeovers = collections.defaultdict(list)  # (side that ended, how): seconds
        self.alternations, self.came_back, self.failure = 0, 0, None
        self._random = random.Random(SEED * 1000 + number)
        self._wanted = alternations
        self._returns = 0.0  # until then ours stays out after a release of its own
        self._start = {
            OURS: lambda: programs.start_ours(self.book, f"ours-{number}", [self.lease], OURS_LASTS),
            RIVAL: lambda: programs.start_rival(self.book, f"rival-{number}", [self.lease], RIVAL_LASTS)}
        first = [OURS, RIVAL][number % 2]
        self._sides = {first: self._start[first]()}

    def run(self):
        try:
            self._await_leader(FIRST)
            for side in (OURS, RIVAL):
                if side not in self._sides:
                    self._sides[side] = self._start[side]()
                    self._await_follower(side)
            while self.alternations < self._wanted:
                self._alternate()
        except Exception:  # pylint: disable=broad-except  # shown by the test, with the lane
            self.failure = f"{self.lease}: {traceback.format_exc()}"
        finally:
            for run in self._sides.values():
                run.kill()

    def _await_leader(self, bound):
        leaders = self.book.wait_until(lambda: self.book.leaders(self.lease), bound)
        if not leaders:
            raise AssertionError(f"nobody leads within {bound:.1f} s")
        return leaders[0]

    def _await_follower(self, side):
        """A follower's wait begins with what it has seen."""
        run = self._sides[side]
        if not self.book.wait_until(lambda: run.said(KNOWS[side]), FIRST):
            raise AssertionError(f"{run} does not see the lease")

    def _alternate(self):
        # Leaderships of different lengths, so that whoever ends does so in every phase of a renewal.
        self.book.wait_until(lambda: False, self._random.uniform(0.0, 1.0))
        leader = self._await_leader(OURS_LASTS + SLACK)
        how = self._random.choices(["release", "crash", "off", "restart"], [4, 4, 1, 2])[0]
        if how == "off" and leader.side == OURS and self.alternations + 3 > self._wanted:
            how = "release"  # or the end would be waited for
        if how == "restart":
            return self._restart(leader)
        other = RIVAL if leader.side == OURS else OURS
        began = time.monotonic()
        self._end(leader, how)
        bound = TAKES_OVER[leader.side, how] + SLACK + max(0.0, self._returns - time.monotonic()) * (other == OURS)
        follower = self._sides[other]
        if not self.book.wait_until(lambda: follower.leads(self.lease, time.monotonic_ns()), bound):
            raise AssertionError(f"{follower} does not lead {bound:.1f} s after {leader} has ended ({how})")
        took = follower.intervals(self.lease)[-1].begin / SECOND - began
        if other == RIVAL or self._returns < began:
            self.takeovers[leader.side, how].append(took)
        self.alternations += 1
        if how == "off":
            leader.tell("candidate", self.lease, "on")
        else:
            self._sides[leader.side] = self._start[leader.side]()
            self._await_follower(leader.side)
        return None

    def _end(self, leader, how):
        if how == "crash":
            leader.kill()
        elif how == "release":
            leader.terminate()
        else:
            leader.tell("candidate", self.lease, "off")
        if leader.side == OURS:
            self._returns = time.monotonic() + STAYS_OUT if how == "off" else 0.0  # a new process knows of no release

    def _restart(self, leader):
        """Ends and comes back at once: either may lead next."""
        if self._random.random() < 0.5:
            leader.kill()
        else:
            leader.terminate()
        if leader.side == OURS:
            self._returns = 0.0
        self._sides[leader.side] = self._start[leader.side]()
        self._await_follower(leader.side)
        now_leads = self._await_leader(max(TAKES_OVER.values()) + SLACK + max(0.0, self._returns - time.monotonic()))
        if now_leads.side == leader.side:
            self.came_back += 1
        else:
            self.alternations += 1


class Interop(testing.ClusterTest):
    """All tests contend on one cluster, each for Leases of its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        rival = provision.go_tool(_HERE / "interop")
        cls.programs = Programs(OUR_PROGRAM, rival, *logged_in(cls.cluster, "isat", "rival"), NAMESPACE)
        print("\nseed", SEED, flush=True)

    def setUp(self):
        self.book = Book()
        self.history = history.History(self.cluster.api, api.LEASES.format(NAMESPACE))
        self.addCleanup(self.history.close)
        self.addCleanup(lambda: [run.kill() for run in self.book.runs])

    # ---- Running ----

    def ours(self, name, leases, **options):
        return self.programs.start_ours(self.book, name, leases, **options)

    def rival(self, name, leases, **options):
        return self.programs.start_rival(self.book, name, leases, **options)

    def await_leads(self, run, leases, bound):
        """Waits until `run` leads all of them."""
        def missing():
            return [lease for lease in leases if not run.leads(lease, time.monotonic_ns())]
        self.assertTrue(self.book.wait_until(lambda: not missing(), bound),
                        f"{run} does not lead {missing()} within {bound} s: {run.events}")

    def await_led_by(self, runs, leases, bound):
        """Waits until each of them is led by one of `runs`."""
        def missing():
            return [lease for lease in leases if not set(self.book.leaders(lease)) & set(runs)]
        self.assertTrue(self.book.wait_until(lambda: not missing(), bound), f"none of {runs} leads {missing()}")

    def await_follows(self, run, leases):
        self.assertTrue(self.book.wait_until(lambda: all(run.said(KNOWS[run.side], lease) for lease in leases), FIRST),
                        f"{run} does not see the leases")

    def rival_leads_labelled(self, rival, leases, **options):
        """Leases that we have written before, and that client-go leads now."""
        first = self.ours("ours-0", leases)
        self.await_leads(first, leases, FIRST)
        first.terminate()
        leading = self.rival(rival, leases, **options)
        self.await_leads(leading, leases, RIVAL_LASTS + SLACK)
        return leading

    # ---- Judging ----

    def judge(self, intervals, our_names, leases):
        """No overlap is our mistake, and the records read right; returns those that are client-go's."""
        found = judge.overlaps(intervals, RIVAL_LASTS)
        ours = [each for each in found if each.blame == OURS]
        rivals = [each for each in found if each.blame == RIVAL]
        print(f"overlaps: ours {len(ours)}, rival's {len(rivals)}", flush=True)
        for each in rivals:
            print("  rival's overlap:", each)
        self.assertEqual(list(map(str, ours)), [])
        self.assertIsNone(self.history.failure)
        for lease in leases:
            self.assertTrue(self.history.of(lease), lease)
            wrong = history.faults(lease, self.history.of(lease), our_names, OURS_CARRIES, RIVAL_CARRIES)
            self.assertEqual(wrong, [])
        return rivals

    def kubectl(self):
        result = history.KubectlView(self.cluster, NAMESPACE)
        self.addCleanup(result.close)
        return result

    def judge_kubectl(self, kubectl, intervals):
        """What kubectl showed as holders is who led; `intervals` by lease."""
        kubectl.close()
        compared, wrong = history.shown_wrongly(kubectl.samples, intervals, judge.led_throughout)
        print(f"kubectl: {len(kubectl.samples)} looks, {compared} leaders compared, {len(wrong)} wrong")
        self.assertEqual(wrong, [])
        self.assertGreater(compared, 0)

    def test_leaders_alternate_and_never_lead_at_once(self):
        kubectl = self.kubectl()
        lanes = [Lane(number, self.programs, -(-ALTERNATIONS // LANES)) for number in range(LANES)]
        began = time.monotonic()
        for lane in lanes:
            lane.start()
        for lane in lanes:
            lane.join()
        leases = [lane.lease for lane in lanes]
        intervals = {lane.lease: lane.book.intervals([lane.lease]) for lane in lanes}
        print(f"\n{sum(lane.alternations for lane in lanes)} alternations on {LANES} leases in"
              f" {time.monotonic() - began:.0f} s, {sum(lane.came_back for lane in lanes)} restarts that came back")
        for key in sorted({key for lane in lanes for key in lane.takeovers}):
            times = [each for lane in lanes for each in lane.takeovers[key]]
            print(f"  {key[0]:9} {key[1]:8} the other leads after {in_milliseconds(times)}")
        failures = [lane.failure for lane in lanes if lane.failure]
        self.assertFalse(failures, "\n".join(failures))
        rivals = self.judge(sum(intervals.values(), []), [f"ours-{number}" for number in range(LANES)], leases)
        self.assertEqual(rivals, [])  # nobody was paused
        self.judge_kubectl(kubectl, intervals)

    def test_renewals_within_one_second_of_the_wall_clock_do_not_cost_the_lease(self):
        leases = [f"second-{number}" for number in range(LANES)]
        leader = self.ours("ours", leases)
        self.await_leads(leader, leases, FIRST)
        rival = self.rival("rival", leases)
        self.await_follows(rival, leases)
        kubectl = self.kubectl()
        # Two renewals in one second are due every second second; several lease durations show that none is lost by it.
        self.assertFalse(self.book.wait_until(lambda: rival.said("started"), 4 * OURS_CARRIES), "it took a live lease")
        invisible = sum(history.renewals_within_a_second(self.history.of(lease), ["ours"]) for lease in leases)
        print(f"\n{invisible} renewals within the second of the one before")
        self.assertGreater(invisible, 0)
        self.assertEqual(self.judge(self.book.intervals(leases), ["ours"], leases), [])
        self.judge_kubectl(kubectl, {lease: self.book.intervals([lease]) for lease in leases})

    def test_a_release_by_client_go_after_a_partition_harms_nobody(self):
        leases = [f"partition-{number}" for number in range(4)]
        names = ["ours-0", "ours-1", "ours-2"]
        forwarder = Forwarder(("127.0.0.1", self.cluster.server.port))
        self.addCleanup(forwarder.close)
        config = self.cluster.kubeconfig("partitioned", token=self.cluster.service_account("partitioned").token(),
                                         cluster={"server": forwarder.url})
        rival = self.rival_leads_labelled("rival", leases, config=config, timeout=0)
        ours = [self.ours(name, leases) for name in names[1:]]
        for each in ours:
            self.await_follows(each, leases)
        forwarder.stall()
        self.await_led_by(ours, leases, RIVAL_LASTS + SLACK)
        # Its releases have begun and wait for answers: it believes that it leads, and will write over our records.
        healed = time.monotonic_ns()
        forwarder.heal()
        rival.terminate()

        def emptied():
            return {lease: at for lease in leases for at, spec in self.history.of(lease)
                    if at > healed and not spec["holderIdentity"]}
        self.assertTrue(self.book.wait_until(emptied, 2.0), "client-go has written over nothing")
        self.book.wait_until(lambda: not any(self.book.leaders(lease) for lease in emptied()), 1.0)
        self.await_led_by(ours, leases, OURS_LASTS + SLACK)
        self.judge(self.book.intervals(leases), names, leases)
        waited = [(min(each.begin for each in self.book.intervals([lease]) if each.begin > at) - at) / SECOND
                  for lease, at in emptied().items()]
        print(f"  client-go's release emptied {len(waited)} of our {len(leases)} records; led again after"
              f" {in_milliseconds(waited)}")
        self.assertGreater(min(waited), OURS_LASTS - 0.1)  # the release was seen here a little later than by ours

    def test_a_paused_client_go_acts_after_its_lease_and_a_paused_leader_of_ours_does_not(self):
        leases = [f"paused-{number}" for number in range(4)]
        names = ["ours-0", "ours-1"]
        rival = self.rival_leads_labelled("rival", leases)
        ours = self.ours("ours-1", leases)
        self.await_follows(ours, leases)
        rival.pause()
        self.await_leads(ours, leases, RIVAL_LASTS + SLACK)
        self.book.wait_until(lambda: False, 0.5)  # it is paused for a while more
        rival.resume()
        self.assertTrue(self.book.wait_until(lambda: all(rival.said("stopped", lease) for lease in leases), 5.0))
        rivals = self.judge(self.book.intervals(leases), names, leases)
        self.assertTrue(rivals, "no overlap was seen, where client-go must have had one")
        self.assertEqual(ours.said("lost"), [])

        ours.pause()
        self.await_leads(rival, leases, max(TAKES_OVER.values()) + SLACK)
        lost = len(ours.events)
        ours.resume()
        self.assertTrue(self.book.wait_until(lambda: all(ours.said("lost", lease, lost) for lease in leases), 5.0))
        self.assertEqual(len(self.judge(self.book.intervals(leases), names, leases)), len(rivals))


if __name__ == "__main__":
    provision.go_tool(_HERE / "interop")  # outside of the sandbox, which has no network
    testing.main([OUR_PROGRAM])
