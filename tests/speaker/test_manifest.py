# SPDX-License-Identifier: BSL-1.0
"""`isat-speaker manifest` without a cluster: the files of examples/kubernetes/base in their order, and its mistakes.
tests/kubernetes/manifests.py has a real API server read it."""

import re

from support import SOURCE, USAGE, WITHOUT_CAPABILITIES, SpeakerTest, main, run

BASE = SOURCE / "examples" / "kubernetes" / "base"


class Manifest(SpeakerTest):
    def test_it_prints_the_files_that_the_kustomization_names(self):
        names = re.findall(r"^  - (\S+\.yaml)$", (BASE / "kustomization.yaml").read_text(), re.MULTILINE)
        self.assertEqual(sorted([*names, "kustomization.yaml"]), sorted(each.name for each in BASE.iterdir()))
        head = "# SPDX-License-Identifier: BSL-1.0\n#\n"
        files = [(BASE / name).read_text() for name in names]
        self.assertEqual([text.partition(head)[:2] for text in files], [("", head)] * len(files))
        self.assertEqual(self.assert_ok(run("manifest")), "".join(text.replace(head, "---\n", 1) for text in files))

    def test_it_needs_no_permission(self):
        self.assertIn("kind: DaemonSet", self.assert_ok(run("manifest", before=WITHOUT_CAPABILITIES)))

    def test_it_takes_no_options(self):
        for word in ("--namespace", "-i", "manifest", "--", "\x1b[31m"):
            with self.subTest(word):
                shown = word.replace("\x1b", r"\x1b")
                self.assert_refused(run("manifest", word), USAGE,
                                    f"manifest takes no options and no arguments, but there is '{shown}'")

    def test_it_comes_first_or_not_at_all(self):
        self.assert_refused(run("--strict", "manifest"), USAGE, "unexpected argument 'manifest'; see --help")

    def test_the_help_names_it(self):
        text = self.assert_ok(run("manifest", "--help"))
        self.assertEqual(text, self.assert_ok(run("--help")))
        self.assertIn("\n       isat-speaker manifest\n", text)


if __name__ == "__main__":
    main()
