# SPDX-License-Identifier: BSL-1.0
"""Every unsafe change of the election's rules is noticed, within the number of seeds that is stated for it."""

import unittest

from support import OK, VIOLATED, mutants, simulate


class Mutants(unittest.TestCase):
    def test_every_mutant_is_caught(self):
        names = []
        for name, seeds in mutants():
            names.append(name)
            with self.subTest(name):
                result = simulate("--mutant", name, "--seed", 1, "--seeds", seeds)
                self.assertEqual(result.returncode, VIOLATED, f"{name} survived {seeds} seeds\n{result.stdout}")
                print(f"{name}: {result.stdout.splitlines()[0]}")
        self.assertGreater(len(names), 20)

    def test_without_a_mutant_the_same_scenarios_pass(self):
        # Each seed plays one directed scenario beside its own; two hundred play each of them several times.
        result = simulate("--seed", 1, "--seeds", 200, "--minutes", 1)
        self.assertEqual(result.returncode, OK, result.stdout[-60_000:])


if __name__ == "__main__":
    unittest.main(verbosity=2)
