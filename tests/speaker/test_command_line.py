# SPDX-License-Identifier: BSL-1.0
"""The command line: every option does what it says, and every mistake gets one sentence and its exit code."""

import re
import socket
import subprocess

from support import BASE, CONFIGURATION, SPEAKER, USAGE, SpeakerTest, main, run

NO_INTERFACE = "can be no interface's name, which has at most 15 printable bytes without space, slash or colon"

ELECTORS = "always, file:DIR, kubernetes, kubernetes:NAMESPACE"

# name -> (arguments, sentence); all of them end with 64.
MISTAKES = {
    "no interface": (["-a", "10.77.0.100"],
                     "no interface to announce on: give --interface IF, or 'interface' in the file"),
    "no VIP": (["-i", "eth0"], "no VIP to answer for: give --vip ADDR, or 'vip' in the file"),
    "a misspelt option": (["--vpi", "x"], "unknown option '--vpi', did you mean '--vip'?"),
    "an unknown option": (["--kubernetes"], "unknown option '--kubernetes'; see --help"),
    "an unknown letter": (["-x"], "unknown option '-x'; see --help"),
    "a long option with one dash": (["-vip", "10.77.0.100"], "unknown option '-vip', did you mean '--vip'?"),
    "an abbreviation": (["--inter", "eth0"], "unknown option '--inter', did you mean '--interface'?"),
    "an option of a later version": (["--admin", "unix:/run/isat"], "unknown option '--admin'; see --help"),
    "an unknown source": ([*BASE, "--source", "file"], "--source: 'file' is not one of static, kubernetes"),
    "VIPs beside a source that finds them": ([*BASE, "--source", "kubernetes"],
        "--vip: a VIP is listed, but the source 'kubernetes' finds VIPs by itself: list none, or use --source static"),
    "a pool without Leases": (["-i", "eth0", "--source", "kubernetes", "-e", "always", "--assign-pool", "192.0.2.1-192.0.2.9"],
                              "--assign-pool: addresses are given to Services with the elector 'kubernetes' only"),
    "a pool without Services": ([*BASE, "-e", "kubernetes", "--assign-pool", "192.0.2.1-192.0.2.9"],
                                "--assign-pool: addresses are given to Services, so the source must be 'kubernetes'"),
    "a bad class": (["-i", "eth0", "--source", "kubernetes", "--lb-class", "a/b/c"],
                    "--lb-class: 'a/b/c' is no loadBalancerClass, write one such as example.com/isat"),
    "a misspelt option for elections": (["--rebalence"], "unknown option '--rebalence', did you mean '--rebalance'?"),
    "a missing value at the end": (["--vip"], "--vip needs a value"),
    "a missing value after an equal sign": (["--vip="], "--vip needs a value"),
    "a missing value of a letter": (["-a"], "--vip needs a value"),
    "a value for a flag": (["--strict=yes"], "--strict takes no value"),
    "an argument without an option": ([*BASE, "eth1"], "unexpected argument 'eth1'; see --help"),
    "an argument after two dashes": ([*BASE, "--", "-i"], "unexpected argument '-i'; see --help"),
    "an option twice": ([*BASE, "-e", "always", "-e", "always"], "--elector may be given only once"),
    "a file twice": (["-c", "a", "-c", "b"], "--config may be given only once"),
    "a file without a name": (["-c", ""], "--config needs the name of a file"),
    "two actions": ([*BASE, "--check-config", "--dry-run"], "--check-config and --dry-run exclude each other"),
    "an unknown elector": ([*BASE, "-e", "alwyas"],
                           f"--elector: 'alwyas' is not one of {ELECTORS}, did you mean 'always'?"),
    "a misspelt cluster": ([*BASE, "-e", "kubernets"],
                           f"--elector: 'kubernets' is not one of {ELECTORS}, did you mean 'kubernetes'?"),
    "a file elector without a directory": ([*BASE, "-e", "file"],
                                           "--elector: 'file' names no directory, write file:DIR"),
    "a file elector with an empty directory": ([*BASE, "-e", "file:"],
                                               "--elector: 'file:' names no directory, write file:DIR"),
    "an unknown grouping": ([*BASE, "--groups", "services"],
                            "--groups: 'services' is not one of single, shards:N, service, did you mean 'service'?"),
    "a misspelt grouping": ([*BASE, "--groups", "shard:8"],
                            "--groups: 'shard:8' is not one of single, shards:N, service, did you mean 'shards:N'?"),
    "shards without a number": ([*BASE, "--groups", "shards"],
                                "--groups: 'shards' names no number of groups, write shards:N"),
    **{f"shards:{number}": ([*BASE, "--groups", f"shards:{number}"],
                            f"--groups: 'shards:{number}' has no number of groups from 1 to 256, write shards:N")
       for number in ("", "0", "257", "08", "-1", "+8", "8 ", "4294967297")},
    "more VIPs than groups of one address": (["-i", "eth0", "-a", "10.0.0.0/22", "-a", "10.1.0.0", "-e", "file:/tmp/x",
                                              "--groups", "service"],
        "--groups: 1025 VIPs would be a group each, but there are 1024 groups of one address at most: use shards:N"),
    "a value for rebalancing": ([*BASE, "--rebalance=true"], "--rebalance takes no value"),
    "a misspelt profile": ([*BASE, "--profile", "laen"],
                           "--profile: 'laen' is not one of default, fast, lean, did you mean 'lean'?"),
    "a duration without a unit": ([*BASE, "--lease-duration", "3"], "--lease-duration: '3' has no unit, write 3s"),
    "a negative duration": ([*BASE, "--renew-period", "-1s"], "--renew-period: '-1s' is negative"),
    "a duration of zero": ([*BASE, "--attempt-timeout", "0s"],
                           "--attempt-timeout: '0s' is zero, it must be longer"),
    "a lease that is too long": ([*BASE, "--lease-duration", "61m"],
                                 "--lease-duration: '61m' is no lease duration, which is from 100ms to 1h"),
    "a lease duration twice": ([*BASE, "--lease-duration", "3s", "--lease-duration", "3s"],
                               "--lease-duration may be given only once"),
    "timing that is not sound": ([*BASE, "--lease-duration", "1s", "--renew-period", "750ms", "--attempt-timeout",
                                  "700ms"],
                                 "--lease-duration 1s is too short for --renew-period 750ms and --attempt-timeout "
                                 "700ms: 1s less 1 % and 20ms leaves 970ms, but one renewal and two attempts need "
                                 "2.15s"),
    "an unknown MAC mode": ([*BASE, "--mac", "virtual"], "--mac: 'virtual' is unknown, the only value is node"),
    "a port without an address": ([*BASE, "--http", ":7486"],
                                  "--http: ':7486' is not ADDR:PORT, such as 127.0.0.1:7486, or 0.0.0.0:7486 for all "
                                  "addresses"),
    "a host name for an address": ([*BASE, "--http", "localhost:7486"],
                                   "--http: 'localhost' in 'localhost:7486' is no IP address"),
    "an unknown extent of metrics": ([*BASE, "--metrics", "vip"],
                                     "--metrics: 'vip' is not one of vips, totals, did you mean 'vips'?"),
    "an unknown log level": ([*BASE, "--log-level", "inof"],
                             "--log-level: 'inof' is not one of error, warn, info, debug, did you mean 'info'?"),
    "an unknown log format": ([*BASE, "--log-format", "xml"],
                              "--log-format: 'xml' is not one of text, logfmt, json"),
    "an empty node name": ([*BASE, "--node-name", ""], "--node-name: a node name cannot be empty"),
    "a node name of two words": ([*BASE, "--node-name", "a b"],
                                 "--node-name: 'a b' is no node name, it must be one printable word"),
    "a node name that is too long": ([*BASE, "--node-name", "n" * 254],
                                     "--node-name: a node name has at most 253 bytes"),
    "an empty interface": (["-i", "", "-a", "10.77.0.100"], f"--interface: '' {NO_INTERFACE}"),
    "an interface with a space": (["-i", "a b", "-a", "10.77.0.100"],
                                  f"--interface: 'a b' {NO_INTERFACE}"),
    "an interface with a slash": (["-i", "a/b", "-a", "10.77.0.100"],
                                  f"--interface: 'a/b' {NO_INTERFACE}"),
    "an interface with a long name": (["-i", "abcdefghijklmnop", "-a", "10.77.0.100"],
                                      f"--interface: 'abcdefghijklmnop' {NO_INTERFACE}"),
    "an interface with a reserved name": (["-i", "..", "-a", "10.77.0.100"], f"--interface: '..' {NO_INTERFACE}"),
    **{f"an interface with an open bracket, {glob}": (["-i", glob, "-a", "10.77.0.100"],
        f"--interface: '{glob}' has a bracket that is not closed, as it is in eth[01]")
       for glob in ("e[", "eth[01", "eth[]", "eth[!]", "[ab][c")},
    "an interface twice": (["-i", "eth0", "-i", "eth0", "-a", "10.77.0.100"],
                           "--interface: 'eth0' is given twice"),
    "control bytes are shown harmless": (["-i", "\x1b[31m", "-a", "10.77.0.100"],
                                         rf"--interface: '\x1b[31m' {NO_INTERFACE}"),
}

# VIP -> what is wrong with it, after "--vip: ".
WRONG_VIPS = {
    "0.0.0.0": "0.0.0.0 is the unspecified address and cannot be a VIP",
    "0.1.2.3": "0.1.2.3 is in 0.0.0.0/8 and cannot be a VIP",
    "127.0.0.1": "127.0.0.1 is a loopback address and cannot be a VIP",
    "224.0.0.1": "224.0.0.1 is a multicast address and cannot be a VIP",
    "239.255.255.255": "239.255.255.255 is a multicast address and cannot be a VIP",
    "255.255.255.255": "255.255.255.255 is the broadcast address and cannot be a VIP",
    "239.255.255.255-240.0.0.1": "'239.255.255.255-240.0.0.1' cannot be a range of VIPs, for 239.255.255.255 is a "
                                 "multicast address",
    "255.255.255.0/24": "'255.255.255.0/24' cannot be a range of VIPs, for 255.255.255.255 is the broadcast address",
    "126.255.255.250-127.0.0.5": "'126.255.255.250-127.0.0.5' cannot be a range of VIPs, for 127.0.0.0 is a loopback "
                                 "address",
    "10.0.0.0/15": "'10.0.0.0/15' has 131072 addresses, more than the 65536 of the largest range",
    "10.0.0.0-10.1.0.0": "'10.0.0.0-10.1.0.0' has 65537 addresses, more than the 65536 of the largest range",
    "0.0.0.0/0": "'0.0.0.0/0' has 4294967296 addresses, more than the 65536 of the largest range",
    "10.77.0.9-10.77.0.1": "'10.77.0.9-10.77.0.1' ends before it begins",
    "10.77.0.5/24": "'10.77.0.5/24' names a host inside a block, write 10.77.0.5 for the address or 10.77.0.0/24 for "
                    "the block",
    "10.77.0.0/33": "'10.77.0.0/33' has no prefix length from 0 to 32",
    "10.77.0.0/": "'10.77.0.0/' has no prefix length from 0 to 32",
    "10.77.0.0/+8": "'10.77.0.0/+8' has no prefix length from 0 to 32",
    "10.77.0.0/08": "'10.77.0.0/08' has no prefix length from 0 to 32",
    "10.77.0.0/255.255.255.0": "'10.77.0.0/255.255.255.0' has no prefix length from 0 to 32",
    "10.77.0.1-": "'' in '10.77.0.1-' is no IPv4 address",
    "10.77.0.1-9": "'9' in '10.77.0.1-9' is no IPv4 address",
    "10.77.0": "'10.77.0' is no IPv4 address, range A-B or CIDR block",
    "10.77.0.256": "'10.77.0.256' is no IPv4 address, range A-B or CIDR block",
    "10.77.0.010": "'10.77.0.010' is no IPv4 address, range A-B or CIDR block",
    " 10.77.0.1": "' 10.77.0.1' is no IPv4 address, range A-B or CIDR block",
    "fd00::1": "'fd00::1' is no IPv4 address, range A-B or CIDR block",
    "example": "'example' is no IPv4 address, range A-B or CIDR block",
    "9" * 100: "'" + "9" * 80 + "...' is no IPv4 address, range A-B or CIDR block",
    "": "'' is no IPv4 address, range A-B or CIDR block",
}

# What is given -> the sentence about the second one, after "--vip: ".
DUPLICATE_VIPS = {
    ("10.77.0.1", "10.77.0.1"): "'10.77.0.1' is given twice",
    ("10.77.0.1", "10.77.0.0/24"): "10.77.0.1 is given twice, by '10.77.0.1' and by '10.77.0.0/24'",
    ("10.77.0.0/24", "10.77.0.255"): "10.77.0.255 is given twice, by '10.77.0.0/24' and by '10.77.0.255'",
    ("10.77.0.0/24", "10.77.0.250-10.77.1.9"): "10.77.0.250 is given twice, by '10.77.0.0/24' and by "
                                               "'10.77.0.250-10.77.1.9'",
    ("10.77.0.9", "10.77.0.1", "10.77.0.2-10.77.0.9"): "10.77.0.9 is given twice, by '10.77.0.9' and by "
                                                       "'10.77.0.2-10.77.0.9'",
}

GOOD_VIPS = {
    "10.77.0.100": 1,
    "10.77.0.100-10.77.0.100": 1,
    "10.77.0.100/32": 1,
    "10.77.0.100/31": 2,
    "10.77.0.250-10.77.1.5": 12,
    "10.0.0.0/16": 65536,
    "169.254.7.7": 1,
    "240.0.0.1": 1,
    "1.0.0.0": 1,
    "223.255.255.255": 1,
    "255.255.255.254": 1,
}

LONG_OPTIONS = {"source", "assign-pool", "lb-class", "announce-without-endpoints", "withdraw-when-cordoned", "config", "interface", "vip", "elector", "kubeconfig", "api-server", "lease-name", "wait", "groups", "rebalance", "profile", "lease-duration",
                "renew-period", "attempt-timeout", "mac", "node-name", "check-config", "print-config", "dry-run",
                "strict", "http", "metrics", "log-level", "log-format", "version", "help"}

# What --print-config prints about elections when nothing is given.
ELECTION = ('lease-name: "isat"\n'
            "groups: single\nrebalance: false\nprofile: default\nlease-duration: 3s\nrenew-period: 750ms\n"
            "attempt-timeout: 700ms\n")

# profile -> its timing, as --print-config and --help show it.
PROFILES = {"default": ("3s", "750ms", "700ms"), "fast": ("1.2s", "300ms", "300ms"), "lean": ("15s", "5s", "3s")}


class Mistakes(SpeakerTest):
    def test_each_mistake_gets_one_sentence_and_64(self):
        for name, (arguments, sentence) in MISTAKES.items():
            with self.subTest(name):
                self.assert_refused(run(*arguments), USAGE, sentence)

    def test_each_impossible_vip_is_refused_with_its_reason(self):
        for vip, reason in WRONG_VIPS.items():
            with self.subTest(vip):
                self.assert_refused(run("-i", "eth0", "-a", vip), USAGE, f"--vip: {reason}")

    def test_an_address_that_is_named_twice_is_refused(self):
        for vips, reason in DUPLICATE_VIPS.items():
            with self.subTest(vips):
                arguments = [word for vip in vips for word in ("-a", vip)]
                self.assert_refused(run("-i", "eth0", *arguments), USAGE, f"--vip: {reason}")

    def test_a_million_vips_are_the_limit_of_all_ranges_together(self):
        sixteen = [word for part in range(16) for word in ("-a", f"10.{part}.0.0/16")]
        self.assert_ok(run("-i", "eth0", *sixteen, "--check-config"))
        self.assert_refused(run("-i", "eth0", *sixteen, "-a", "10.77.0.1", "--check-config"), USAGE,
                            "--vip: the VIPs up to here are more than 1048576")


class Options(SpeakerTest):
    def test_each_good_vip_counts_its_first_and_last_address(self):
        for vip, count in GOOD_VIPS.items():
            with self.subTest(vip):
                out = self.assert_ok(run("-i", "eth0", "-a", vip, "--check-config"))
                plural = "" if count == 1 else "s"
                self.assertEqual(out, f"configuration is valid: 1 interface pattern, {count} VIP{plural}\n")

    def test_defaults(self):
        self.assertEqual(self.effective(*BASE, "--node-name", "node-a"),
                         'interface:\n  - "eth0"\nvip:\n  - 10.77.0.100\nsource: static\nelector: "always"\n'
                         f'{ELECTION}mac: node\nnode-name: "node-a"\nstrict: false\nwait: forever\nmetrics: vips\n'
                         'log-level: info\nlog-format: text\n')

    def test_every_option_reaches_the_effective_configuration(self):
        arguments = ["--interface", "eth*", "--interface=veth0", "--vip", "10.77.0.1-10.77.0.3", "--vip=10.77.1.0/28",
                     "--elector", "kubernetes:isat-system", "--kubeconfig", "/etc/isat: k", "--api-server", "https://B:6443/",
                     "--api-server=https://[2001:DB8::1]/path", "--lease-name", "isat-b", "--wait", "2m",
                     "--groups", "shards:8", "--rebalance", "--profile", "lean",
                     "--lease-duration", "10s", "--renew-period", "2.50s", "--attempt-timeout=0.7s",
                     "--mac", "node", "--node-name", "node-b", "--strict", "--log-level", "debug", "--log-format", "json",
                     "--http", "[0:0::1]:7486", "--metrics=totals"]
        self.assertEqual(self.effective(*arguments),
                         'interface:\n  - "eth*"\n  - "veth0"\nvip:\n  - 10.77.0.1-10.77.0.3\n  - 10.77.1.0/28\n'
                         'source: static\nelector: "kubernetes:isat-system"\nkubeconfig: "/etc/isat: k"\napi-server:\n  - "https://b:6443"\n'
                         '  - "https://[2001:db8::1]:443/path"\nlease-name: "isat-b"\n'
                         'groups: shards:8\nrebalance: true\nprofile: lean\n'
                         'lease-duration: 10s\nrenew-period: 2.5s\nattempt-timeout: 700ms\nmac: node\n'
                         'node-name: "node-b"\nstrict: true\nwait: 2m\nhttp: "[::1]:7486"\nmetrics: totals\n'
                         'log-level: debug\nlog-format: json\n')

    def test_the_source_kubernetes_brings_its_elector_unless_another_is_given(self):
        out = self.effective("-i", "eth0", "--source", "kubernetes", "--lb-class", "example.com/isat",
                             "--announce-without-endpoints", "--assign-pool", "192.0.2.0/29")
        self.assertTrue(out.startswith('interface:\n  - "eth0"\nsource: kubernetes\nlb-class: "example.com/isat"\n'
                                       'assign-pool:\n  - 192.0.2.0/29\nannounce-without-endpoints: true\nwithdraw-when-cordoned: false\n'
                                       'elector: "kubernetes"\n'), out)
        out = self.effective("-i", "eth0", "--source", "kubernetes", "-e", "always", "--withdraw-when-cordoned")
        self.assertIn('withdraw-when-cordoned: true\nelector: "always"\n', out)
        self.assertNotIn("vip:", out)
        self.assertNotIn("lb-class", out)

    def test_each_profile_stands_for_its_timing_and_the_help_names_it(self):
        text = self.assert_ok(run("--help"))
        for profile, (duration, period, timeout) in PROFILES.items():
            with self.subTest(profile):
                self.assertIn(f"profile: {profile}\nlease-duration: {duration}\nrenew-period: {period}\n"
                              f"attempt-timeout: {timeout}\n", self.effective(*BASE, "--profile", profile))
                self.assertRegex(text, rf" {profile} +{duration}, {period}, {timeout}\b")

    def test_one_and_256_groups_are_the_limits_or_one_for_each_vip(self):
        for groups in ("shards:1", "shards:256", "service"):
            self.assertIn(f"groups: {groups}\n", self.effective(*BASE, "--groups", groups))

    def test_without_an_election_there_are_no_groups_that_vips_could_be_too_many_for(self):
        many = ["-i", "none0", "-a", "10.0.0.0/22", "-a", "10.1.0.0", "--groups", "service"]
        self.assertIn("1025 VIPs", self.assert_ok(run(*many, "--check-config")))
        self.assertIn("nothing comes of groups", self.assert_ok(run(*many, "-e", "always", "--dry-run")))

    def test_a_dry_run_tells_how_an_election_would_be_held(self):
        told = ("layout wished for: shards:8 with leases of 8s, rebalancing on\n"
                "timing: renewed every 2s, attempts of at most 2s\n")
        arguments = ["-i", "none0", "-a", "10.77.0.1", "--groups", "shards:8", "--rebalance", "--lease-duration", "8s",
                     "--dry-run"]
        self.assertIn(told, self.assert_ok(run(*arguments, "-e", "file:x")))
        without = self.assert_ok(run(*arguments))
        self.assertNotIn(told, without)
        self.assertIn("warning: the elector 'always' holds no election, so that nothing comes of groups, rebalance and "
                      "the lease timing; leave that out or choose another elector, such as file:DIR\n", without)

    def test_letters_stand_for_their_options(self):
        path = self.file("vip: 10.77.0.1\n")
        short = self.effective("-c", path, "-i", "eth0", "-a10.77.0.2", "-e", "file:x")
        long = self.effective("--config", path, "--interface", "eth0", "--vip", "10.77.0.2", "--elector", "file:x")
        self.assertEqual(short, long)

    def test_the_node_name_is_the_flag_else_the_environment_else_the_host_name(self):
        self.assertIn('node-name: "flag"\n', self.effective(*BASE, "--node-name", "flag", ISAT_NODE_NAME="variable"))
        self.assertIn('node-name: "variable"\n', self.effective(*BASE, ISAT_NODE_NAME="variable"))
        self.assertIn(f'node-name: "{socket.gethostname()}"\n', self.effective(*BASE, ISAT_NODE_NAME=""))

    def test_a_bad_node_name_in_the_environment_is_a_wrong_configuration(self):
        self.assert_refused(run(*BASE, "--check-config", ISAT_NODE_NAME="a b"), CONFIGURATION,
                            "ISAT_NODE_NAME: 'a b' is no node name, it must be one printable word")

    def test_an_option_that_may_repeat_keeps_its_order(self):
        out = self.effective("-i", "eth1", "-i", "eth0", "-a", "10.77.0.2", "-a", "10.77.0.1")
        self.assertLess(out.index("eth1"), out.index("eth0"))
        self.assertLess(out.index("10.77.0.2"), out.index("10.77.0.1"))


class Information(SpeakerTest):
    def test_version_is_one_line(self):
        self.assertRegex(self.assert_ok(run("--version")), r"\Aisat-speaker \d+\.\d+\.\d+\n\Z")

    def test_help_names_every_option_and_no_other(self):
        options = set(re.findall(r"(?<![\w-])--([a-z][a-z-]*)", self.assert_ok(run("--help"))))
        self.assertEqual(options, LONG_OPTIONS)

    def test_help_says_what_it_needs_and_how_it_ends(self):
        text = self.assert_ok(run("--help"))
        for word in ["CAP_NET_RAW", "setcap", "AmbientCapabilities", "securityContext", "SIGHUP",
                     *(str(code) for code in (64, 66, 69, 70, 71, 77, 78))]:
            with self.subTest(word):
                self.assertIn(word, text)
        self.assertLessEqual(max(map(len, text.splitlines())), 120)

    def test_help_says_what_a_container_that_does_not_run_as_root_needs(self):
        text = " ".join(self.assert_ok(run("--help")).split())
        self.assertIn("Without root, a container needs the file capability in its image too, and no "
                      "allowPrivilegeEscalation: false, with which some runtimes do not grant it.", text)

    def test_help_and_version_win_over_what_is_wrong_with_values(self):
        self.assertTrue(self.assert_ok(run("-a", "nonsense", "--help")).startswith("Usage:"))
        self.assertTrue(self.assert_ok(run("--version", "--help", "--dry-run")).startswith("Usage:"))
        self.assertTrue(self.assert_ok(run("--dry-run", "--version")).startswith("isat-speaker "))

    def test_output_that_cannot_be_written_is_an_error(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            result = subprocess.run([SPEAKER, "--help"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=20)
        self.assertEqual((result.returncode, result.stderr), (71, "isat-speaker: cannot write to standard output\n"))


if __name__ == "__main__":
    main()
