# SPDX-License-Identifier: BSL-1.0
"""Half an hour of heavy faults, two thousand times: the guarantees hold, in bounded CPU time, and reproducibly."""

import re
import resource
import unittest

from support import OK, SEEDS, simulate

CPU_SECONDS = 120


def cpu_of_children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def count(pattern, output):
    """The number before these words in the program's summary."""
    return int(re.search(rf"(\d+) {pattern}", output).group(1))


class Seeds(unittest.TestCase):
    def test_no_seed_violates_a_guarantee(self):
        before = cpu_of_children()
        result = simulate("--seed", 1, "--seeds", SEEDS, "--minutes", 30)
        used = cpu_of_children() - before
        print(result.stdout[-2000:], f"{used:.1f} s of CPU time", sep="")
        self.assertEqual(result.returncode, OK, result.stdout[-60_000:])
        self.assertEqual(count("violations", result.stdout), 0)
        # A run in which nothing happened proves nothing.
        for what in ("leaderships", "seizures", "releases"):
            self.assertGreater(count(what, result.stdout), 3 * SEEDS, what)
        if SEEDS >= 2000:
            self.assertLess(used, CPU_SECONDS)

    def test_one_seed_is_one_run(self):
        hashes = {re.search(r"trace (\w+)", simulate("--seed", 77, "--seeds", 5).stdout).group(1) for _ in range(2)}
        self.assertEqual(len(hashes), 1)
        other = re.search(r"trace (\w+)", simulate("--seed", 78, "--seeds", 5).stdout).group(1)
        self.assertNotIn(other, hashes)


if __name__ == "__main__":
    unittest.main(verbosity=2)
