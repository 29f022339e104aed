# SPDX-License-Identifier: BSL-1.0
"""What the program needs, and what it does without."""

import subprocess
import unittest

from support import BASE, NO_PERMISSION, WITHOUT_CAPABILITIES, SpeakerTest, main, run

REMEDIES = ("give it with 'setcap cap_net_raw=p isat-speaker', in a systemd unit with "
            "'AmbientCapabilities=CAP_NET_RAW', or in a Kubernetes manifest with 'securityContext: {capabilities: "
            "{drop: [ALL], add: [NET_RAW]}}' (without root, a container needs the file capability in its image too, and no "
            "allowPrivilegeEscalation: false, with which some runtimes do not grant it)")


def have_user_namespaces():
    return subprocess.run(["unshare", "--user", "--map-root-user", "true"], capture_output=True).returncode == 0


class Permissions(SpeakerTest):
    def test_a_run_without_the_capability_is_77_and_names_the_remedies(self):
        self.assert_refused(run(*BASE, before=WITHOUT_CAPABILITIES), NO_PERMISSION,
                            f"missing permission CAP_NET_RAW (it is not permitted to this process): {REMEDIES}")

    @unittest.skipUnless(have_user_namespaces(), "no user namespaces here")
    def test_a_capability_that_does_not_count_in_this_network_is_77_too(self):
        self.assert_refused(run(*BASE, before=["unshare", "--user", "--map-root-user"]), NO_PERMISSION,
                            "missing permission CAP_NET_RAW (a packet socket was refused in this network namespace): "
                            f"{REMEDIES}")

    def test_what_only_looks_needs_no_permission(self):
        for action in ("--help", "--version", "--check-config", "--print-config", "--dry-run"):
            with self.subTest(action):
                self.assertNotEqual(self.assert_ok(run(*BASE, action, before=WITHOUT_CAPABILITIES)), "")

    def test_a_wrong_configuration_is_told_before_a_missing_permission(self):
        result = run("-i", "eth0", before=WITHOUT_CAPABILITIES)
        self.assertEqual(result.returncode, 64)

    def test_a_dry_run_makes_no_directory(self):
        directory = self.scratch / "lock"
        self.assert_ok(run(*BASE, "-e", f"file:{directory}", "--dry-run"))
        self.assertFalse(directory.exists())


if __name__ == "__main__":
    main()
