# SPDX-License-Identifier: BSL-1.0
"""The smallest speaker, examples/03_fixed_vip, on the real wire."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from netns_lab import testing  # noqa: E402
from netns_lab.testing import VIP  # noqa: E402

EXAMPLE = testing.BIN / "03_fixed_vip"


class FixedVip(testing.NetnsTest):
    def test_it_answers_until_it_is_told_to_stop(self):
        server, observer = self.node(), self.wire()
        example = self.program(server, EXAMPLE, "eth0", VIP)
        self.listening(example, server)
        self.answered_by(observer, server)
        self.assertEqual(example.stop(), 0, example.log)
        self.assertIsNone(observer.ask(VIP, 0.1), "somebody still answers")

    def test_it_says_how_it_is_used(self):
        example = self.program(self.node(), EXAMPLE, "eth0", "0.0.0.0")
        self.assertEqual(example.wait(), 64)
        self.assertIn("usage: ", example.log)


if __name__ == "__main__":
    testing.main()
