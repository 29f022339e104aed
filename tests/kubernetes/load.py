# SPDX-License-Identifier: BSL-1.0
"""What electing costs the API server in steady state, by the server's own metrics: our candidates beside as many of
client-go's, for the same number of Leases. ISAT_LOAD_SECONDS changes how long each is measured."""
import os
import pathlib
import sys

sys.dont_write_bytecode = True
_HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(_HERE.parent / "support"))

from kube_lab import provision, request_rates, testing  # noqa: E402
from kube_lab.candidates import Book, Programs, logged_in  # noqa: E402

CANDIDATES, LEASES = 3, 4
SECONDS = float(os.environ.get("ISAT_LOAD_SECONDS", "10"))
OUR_PROGRAM = pathlib.Path(os.environ.get("ISAT_BIN_DIR", _HERE.parents[1] / "build" / "bin")) / "isat-lease-candidate"
DEFAULT = {"duration": 3.0, "renew": 0.75, "attempt": 0.7}
LEAN = {"duration": 15.0, "renew": 5.0, "attempt": 3.0}


class Load(testing.ClusterTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.programs = Programs(OUR_PROGRAM, provision.go_tool(_HERE / "interop"), *logged_in(cls.cluster, "isat", "rival"),
                                "isat-system")

    def measured(self, name, start, duration):
        """The rates of candidates that contend for Leases of their own, once all of these are led."""
        book, leases = Book(), [f"{name}-{number}" for number in range(LEASES)]
        try:
            for number in range(CANDIDATES):
                start(book, f"{name}-{number}", leases)
            led = book.wait_until(lambda: all(book.leaders(lease) for lease in leases), duration + 20.0)
            self.assertTrue(led, f"{name}: not every lease is led")
            known = book.wait_until(lambda: all(run.said("knows") or run.said("new-leader")
                                                for run in book.runs), 20.0)
            self.assertTrue(known, f"{name}: not every candidate knows who leads")
            return request_rates.measure(self.cluster.api, SECONDS)
        finally:
            for run in book.runs:
                run.kill()

    def test_electing_costs_a_write_per_period_and_one_watch_for_each_candidate(self):
        idle = request_rates.measure(self.cluster.api, SECONDS)
        columns = {}
        for title, timing in (("isat 3/0.75", DEFAULT), ("isat 15/5", LEAN)):
            columns[title] = self.measured(f"ours-{timing['duration']:.0f}", lambda *who, chosen=timing:
                                           self.programs.start_ours(*who, **chosen), timing["duration"]).without(idle)
        for title, timing in (("client-go 3/2/0.5", (3.0, 2.0, 0.5)), ("client-go 15/10/2", (15.0, 10.0, 2.0))):
            columns[title] = self.measured(f"rival-{timing[0]:.0f}", lambda *who, chosen=timing:
                                           self.programs.start_rival(*who, *chosen), timing[0]).without(idle)
        print(f"\n{CANDIDATES} candidates, {LEASES} leases, {SECONDS:.0f} s each, without the {idle.total():.2f} requests/s"
              " of an idle server:")
        print("\n".join("  " + line for line in request_rates.table(columns)))
        for title, timing in (("isat 3/0.75", DEFAULT), ("isat 15/5", LEAN)):
            rates, due = columns[title], LEASES / timing["renew"]
            self.assertLess(abs(rates.verbs["PUT"] - due), 0.1 * due + LEASES / SECONDS, title)  # one more or less in each
            self.assertLess(rates.total() - rates.verbs["PUT"], 0.1 * due, f"{title}: besides renewals")
            self.assertEqual(rates.watches, CANDIDATES, title)


if __name__ == "__main__":
    provision.go_tool(_HERE / "interop")  # outside of the sandbox, which has no network
    testing.main([OUR_PROGRAM])
