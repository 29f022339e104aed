# SPDX-License-Identifier: BSL-1.0
"""What the tests of the simulator share: running the real program."""

import os
import pathlib
import subprocess

SIMULATE = str(pathlib.Path(os.environ["ISAT_BIN_DIR"]) / "isat-simulate")

# Fewer where everything is slow, as under sanitizers.
SEEDS = int(os.environ.get("ISAT_SIMULATION_SEEDS", "2000"))

OK, VIOLATED, USAGE = 0, 1, 64


def simulate(*arguments):
    """Runs the program to its end."""
    return subprocess.run([SIMULATE, *map(str, arguments)], capture_output=True, text=True, stdin=subprocess.DEVNULL)


def mutants():
    """(name, number of seeds within which it is caught) of every mutant."""
    for line in simulate("--list-mutants").stdout.splitlines():
        name, seeds, _ = line.split(maxsplit=2)
        yield name, int(seeds)
