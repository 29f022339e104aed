# SPDX-License-Identifier: BSL-1.0
"""What isat-simulate says to whoever runs it by hand."""

import unittest

from support import OK, USAGE, VIOLATED, mutants, simulate


class CommandLine(unittest.TestCase):
    def test_help_names_every_option(self):
        result = simulate("--help")
        self.assertEqual((result.returncode, result.stderr), (OK, ""))
        for option in ("seed", "seeds", "minutes", "hours", "profile", "mutant", "list-mutants", "trace", "report"):
            self.assertIn(f"--{option}", result.stdout)

    def test_what_is_mistyped_is_refused_with_a_sentence(self):
        for arguments in (["--seed", "x"], ["--seeds", "-1"], ["--minutes", "0"], ["--profile", "slow"],
                          ["--mutant", "none-such"], ["--sed", "1"], ["more"]):
            with self.subTest(arguments):
                result = simulate(*arguments)
                self.assertEqual((result.returncode, result.stdout), (USAGE, ""))
                self.assertRegex(result.stderr, r"^isat-simulate: .+\n$")

    def test_a_failing_seed_prints_its_trace_and_the_command_that_repeats_it(self):
        name, _ = next(mutants())
        result = simulate("--mutant", name, "--seed", 1, "--seeds", 1)
        self.assertEqual(result.returncode, VIOLATED)
        self.assertIn("VIOLATION: ", result.stdout)
        self.assertIn(f"isat-simulate --seed 1 --seeds 1 --minutes 30 --mutant {name}\n", result.stdout)

    def test_a_trace_shows_every_event(self):
        result = simulate("--seed", 1, "--seeds", 1, "--minutes", 1, "--trace")
        self.assertEqual(result.returncode, OK)
        self.assertIn("node 0 starts as ", result.stdout)
        self.assertNotIn("VIOLATION", result.stdout)

    def test_the_report_has_a_line_for_each_profile_and_for_the_rivals(self):
        result = simulate("--report")
        self.assertEqual((result.returncode, result.stderr), (OK, ""))
        for line in ("isat, default", "isat, fast", "isat, lean", "like client-go, 15/10/2", "like client-go, 5/3/1"):
            self.assertRegex(result.stdout, rf"(?m)^{line}.*( +\d+\.\d+){{6}}$")


if __name__ == "__main__":
    unittest.main(verbosity=2)
