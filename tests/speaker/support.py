# SPDX-License-Identifier: BSL-1.0
"""What the tests of isat-speaker share: running the real program and reading what it said."""

import os
import pathlib
import subprocess
import tempfile
import unittest

SPEAKER = str(pathlib.Path(os.environ["ISAT_BIN_DIR"]) / "isat-speaker")
SOURCE = pathlib.Path(os.environ["ISAT_SOURCE_DIR"])

OK, USAGE, NO_INPUT, UNAVAILABLE, NO_PERMISSION, CONFIGURATION = 0, 64, 66, 69, 77, 78

# Runs a command without any capability. Root has all of them, others have none anyway.
WITHOUT_CAPABILITIES = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []

# The least that a run needs.
BASE = ["-i", "eth0", "-a", "10.77.0.100"]


def environment(**extra):
    """The environment of a run: nothing of the caller's that the program reads."""
    read = {"ISAT_NODE_NAME", "KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"}
    clean = {name: value for name, value in os.environ.items() if name not in read}
    return clean | {"LC_ALL": "C"} | extra


def run(*arguments, before=(), timeout=20, **extra):
    """Runs the program to its end; `before` is a command that runs it, `extra` goes into the environment."""
    command = [*before, SPEAKER, *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=timeout, env=environment(**extra), stdin=subprocess.DEVNULL
    )


def put_in_its_way(directory, scratch):
    """Puts a file where a directory was, which goes into `scratch`; as often as the speaker has made it again in between."""
    for number in range(100):
        directory.rename(scratch / f"away-{number}")
        try:
            with directory.open("x", encoding="ascii"):
                return
        except FileExistsError:
            pass
    raise AssertionError(f"{directory} comes again and again")


class SpeakerTest(unittest.TestCase):
    """Assertions about one run."""

    maxDiff = None

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)

    def file(self, text, name="isat.yaml"):
        """A file with this content; its path."""
        path = self.scratch / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return str(path)

    def assert_refused(self, result, code, sentence):
        """One sentence on standard error, nothing on standard output, and this exit code."""
        self.assertEqual((result.returncode, result.stderr, result.stdout), (code, f"isat-speaker: {sentence}\n", ""))

    def assert_ok(self, result):
        self.assertEqual((result.returncode, result.stderr), (OK, ""))
        return result.stdout

    def effective(self, *arguments, **extra):
        """What --print-config prints."""
        return self.assert_ok(run(*arguments, "--print-config", **extra))


def main():
    unittest.main()
