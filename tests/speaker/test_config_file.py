# SPDX-License-Identifier: BSL-1.0
"""The configuration file: YAML whose keys are the options; every mistake is told with its line and column."""

import os
import subprocess

from support import (BASE, CONFIGURATION, NO_INPUT, OK, SOURCE, SPEAKER, WITHOUT_CAPABILITIES, SpeakerTest, environment,
                     main, run)

# name -> (text of the file, `LINE:COLUMN: sentence`); all of them end with 78.
MISTAKES = {
    "a misspelt key": ("interface: eth0\nvips: 10.77.0.1\n", "2:1: unknown key 'vips', did you mean 'vip'?"),
    "an underscore for a dash": ("log_level: debug\n", "1:1: unknown key 'log_level', did you mean 'log-level'?"),
    "a capital letter": ("Interface: eth0\n", "1:1: unknown key 'Interface', did you mean 'interface'?"),
    "an unknown key": ("admin: x\n", "1:1: unknown key 'admin'"),
    "an indented unknown key": ("{\n  vip: 10.77.0.1,\n  intreface: eth0\n}\n",
                                "3:3: unknown key 'intreface', did you mean 'interface'?"),
    "an option of the command line": ("dry-run: true\n",
                                      "1:1: 'dry-run' belongs on the command line, not in a file"),
    "a file in a file": ("config: x\n", "1:1: 'config' belongs on the command line, not in a file"),
    "a key twice": ("vip: 10.77.0.1\ninterface: eth0\nvip: 10.77.0.2\n", "3:1: 'vip' is given twice"),
    "a list for one value": ("elector: [always]\n", "1:10: 'elector' takes a single value, not a list"),
    "a map for one value": ("node-name: {a: b}\n", "1:12: 'node-name' takes a single value, not a map"),
    "a map for a list": ("vip:\n  first: 10.77.0.1\n", "2:3: 'vip' takes a value or a list of values, not a map"),
    "a list in a list": ("vip:\n  - 10.77.0.1\n  - [10.77.0.2]\n",
                         "3:5: 'vip' is a list of single values, but here is a list"),
    "a map in a list": ("interface:\n  - name: eth0\n",
                        "2:5: 'interface' is a list of single values, but here is a map"),
    "an empty entry in a list": ("vip:\n  - 10.77.0.1\n  - ~\n",
                                 "3:5: 'vip' is a list of single values, but here is nothing"),
    "a key without a value": ("interface: eth0\nvip:\n", "2:1: 'vip' has no value"),
    "an empty list": ("vip: []\n", "1:6: 'vip' is an empty list"),
    "a word for a truth value": ("strict: yes\n", "1:9: 'strict' is true or false, not 'yes'"),
    "a number for a truth value": ("strict: 1\n", "1:9: 'strict' is true or false, not '1'"),
    "a truth value in quotes": ('strict: "true"\n', "1:9: 'strict' is true or false, not the text 'true'"),
    "a key that is a list": ("? [vip]\n: 10.77.0.1\n", "1:3: a key is the name of an option, not a list"),
    "a list at the top": ("- interface\n- vip\n", "1:1: the file must be a map such as 'vip: 10.77.0.100', not a list"),
    "a word at the top": ("eth0\n", "1:1: the file must be a map such as 'vip: 10.77.0.100', not a single value"),
    "a second document": ("vip: 10.77.0.1\n---\nvip: 10.77.0.2\n",
                          "3:1: a second document begins here, the file may hold only one"),
    "a second document without anything": ("vip: 10.77.0.1\n---\n",
                                           "3:1: not valid YAML: the document has ended before this place"),
    "a bracket too many": ("interface: eth0\nvip: [10.77.0.1]]\n", None),
    "a comma at the top": (",\ninterface: eth0\n", "1:1: not valid YAML: a document cannot begin like this"),
    "a list that does not end": ("interface: eth0\nvip: [10.77.0.1\n",
                                 "3:1: not valid YAML: end of sequence flow not found"),
    "a map in a value": ("interface: eth0: eth1\n", "1:16: not valid YAML: illegal map value"),
    "a glob that looks like an alias": ("interface: *eth\n",
                                        "1:12: not valid YAML: the referenced anchor is not defined; a value that "
                                        "begins with '*' needs quotes"),
    "an impossible VIP": ("interface: eth0\nvip:\n  - 10.77.0.1\n  - 127.0.0.1\n",
                          "4:5: 127.0.0.1 is a loopback address and cannot be a VIP"),
    "a range that is too large": ("vip: 10.0.0.0/8\n",
                                  "1:6: '10.0.0.0/8' has 16777216 addresses, more than the 65536 of the largest range"),
    "a VIP twice": ("vip: [10.77.0.1, 10.77.0.1]\n", "1:18: '10.77.0.1' is given twice"),
    "overlapping ranges": ("vip:\n  - 10.77.0.0/24\n  - 10.77.1.0\n  - 10.77.0.7\n",
                           "4:5: 10.77.0.7 is given twice, by '10.77.0.0/24' and by '10.77.0.7'"),
    "a number for a VIP": ("vip: 10\n", "1:6: '10' is no IPv4 address, range A-B or CIDR block"),
    "a bad interface": ("interface: [eth0, a/b]\n", "1:19: 'a/b' can be no interface's name, which has at most 15 "
                        "printable bytes without space, slash or colon"),
    "an unknown elector": ("elector: lease\n", "1:10: 'lease' is not one of always, file:DIR, kubernetes, kubernetes:NAMESPACE"),
    "an underscore in a key of elections": ("lease_duration: 3s\n",
                                            "1:1: unknown key 'lease_duration', did you mean 'lease-duration'?"),
    "too many groups": ("groups: shards:257\n",
                        "1:9: 'shards:257' has no number of groups from 1 to 256, write shards:N"),
    "a map for groups": ("groups: {shards: 8}\n", "1:9: 'groups' takes a single value, not a map"),
    "a word for rebalancing": ("rebalance: on\n", "1:12: 'rebalance' is true or false, not 'on'"),
    "an unknown profile": ("profile: slow\n", "1:10: 'slow' is not one of default, fast, lean"),
    "a number for a duration": ("renew-period: 1.5\n", "1:15: '1.5' has no unit, write 1.5s"),
    "timing that is not sound": ("interface: eth0\nvip: 10.77.0.1\nattempt-timeout: 700ms\nlease-duration: 1s\n",
                                 "4:17: lease-duration 1s is too short for renew-period 250ms (a quarter) and "
                                 "attempt-timeout 700ms: 1s less 1 % and 20ms leaves 970ms, but one renewal and two "
                                 "attempts need 1.65s"),
    "an address without a port": ("http: 127.0.0.1\n", "1:7: '127.0.0.1' is not ADDR:PORT, such as 127.0.0.1:7486, or "
                                  "0.0.0.0:7486 for all addresses"),
    "an unknown log level": ("log-level: warning\n",
                             "1:12: 'warning' is not one of error, warn, info, debug"),
    "a bad node name": ("node-name: a b\n", "1:12: 'a b' is no node name, it must be one printable word"),
    "control bytes in a key": ('"\\e[31m": 1\n', r"1:1: unknown key '\x1b[31m'"),
    "bytes that are no text": (b"vip: \xff\xfe\n", None),
    "a NUL byte": (b"vip: 10.77.0.1\0\n", None),
    "deep nesting": ("[" * 20000, None),
}

FULL = """
interface: [eth0, "*th1"]
vip:
  - 10.77.0.1
  - 10.77.1.0/28
elector: file:/run/isat
groups: shards:8
rebalance: true
profile: fast
lease-duration: 1500ms
attempt-timeout: 300ms
mac: node
node-name: node-c
strict: true
http: 127.0.0.1:7486
metrics: totals
log-level: warn
log-format: logfmt
"""


class Mistakes(SpeakerTest):
    def test_each_mistake_is_told_with_its_place_and_ends_with_78(self):
        for name, (text, sentence) in MISTAKES.items():
            with self.subTest(name):
                path = self.file(text)
                result = run("-c", path, "--check-config")
                if sentence is not None:
                    self.assert_refused(result, CONFIGURATION, f"{path}:{sentence}")
                self.assertEqual(result.returncode, CONFIGURATION)
                self.assertRegex(result.stderr, r"\Aisat-speaker: [^\n]*:\d+:\d+: [ -~]+\n\Z")

    def test_a_mistake_in_the_file_counts_also_when_the_command_line_replaces_it(self):
        path = self.file("vip: 127.0.0.1\n")
        self.assert_refused(run("-c", path, *BASE), CONFIGURATION,
                            f"{path}:1:6: 127.0.0.1 is a loopback address and cannot be a VIP")

    def test_what_neither_the_file_nor_the_command_line_names_is_missed_in_the_file(self):
        no_interface = "no interface to announce on: give 'interface' here, or --interface IF"
        no_vip = "no VIP to answer for: give 'vip' here, or --vip ADDR"
        cases = {
            "an empty file": ("# nothing\n", [], no_interface),
            "a file without an interface": ("vip: 10.77.0.1\n", [], no_interface),
            "a file without a VIP": ("interface: eth0\n", [], no_vip),
            "a VIP on the command line only": ("# nothing\n", ["-a", "10.77.0.1"], no_interface),
            "an interface on the command line only": ("# nothing\n", ["-i", "eth0"], no_vip),
        }
        for name, (text, arguments, sentence) in cases.items():
            with self.subTest(name):
                path = self.file(text)
                self.assert_refused(run("-c", path, *arguments), CONFIGURATION, f"{path}: {sentence}")

    def test_the_name_of_a_file_that_lacks_something_is_shown_harmless(self):
        path = self.file("interface: eth0\n", name="a\x1b[31m.yaml")
        self.assert_refused(run("-c", path), CONFIGURATION,
                            rf"{self.scratch}/a\x1b[31m.yaml: no VIP to answer for: give 'vip' here, or --vip ADDR")

    def test_what_a_file_lacks_may_come_from_the_command_line(self):
        self.assert_ok(run("-c", self.file("interface: eth0\n"), "-a", "10.77.0.1", "--check-config"))


class Files(SpeakerTest):
    def test_a_missing_file_is_66(self):
        path = str(self.scratch / "none.yaml")
        self.assert_refused(run("-c", path), NO_INPUT, f"{path}: no such file")

    def test_a_directory_is_66(self):
        self.assert_refused(run("-c", str(self.scratch)), NO_INPUT, f"{self.scratch}: cannot be read: Is a directory")

    def test_an_unreadable_file_is_66(self):
        path = self.file(FULL)
        os.chmod(path, 0)
        self.assert_refused(run("-c", path, before=WITHOUT_CAPABILITIES), NO_INPUT,
                            f"{path}: cannot be read: Permission denied")

    def test_a_file_of_any_size_is_refused_before_it_fills_the_memory(self):
        self.assert_refused(run("-c", "/dev/zero"), NO_INPUT, "/dev/zero: larger than 16 MiB")

    def test_the_example_file_is_valid(self):
        example = SOURCE / "examples" / "speaker" / "isat-speaker.yaml"
        out = self.assert_ok(run("-c", str(example), "--check-config"))
        self.assertEqual(out, "configuration is valid: 1 interface pattern, 27 VIPs\n")

    def test_the_defaults_that_the_example_file_names_are_the_defaults(self):
        example = (SOURCE / "examples" / "speaker" / "isat-speaker.yaml").read_text()
        for line in ("# source: static", "# elector: always", "# groups: single", "# rebalance: false", "# profile: default",
                     "# lease-duration: 3s", "# renew-period: 750ms", "# attempt-timeout: 700ms", "# mac: node", "# lease-name: isat",
                     "# strict: false", "# wait: forever", "# metrics: vips", "# log-level: info", "# log-format: text"):
            with self.subTest(line):
                self.assertIn(f"\n{line}\n", example)
                self.assertIn(line.removeprefix("# "), self.effective(*BASE).replace('"', ""))


class Values(SpeakerTest):
    def test_every_key_reaches_the_effective_configuration(self):
        self.assertEqual(self.effective("-c", self.file(FULL)),
                         'interface:\n  - "eth0"\n  - "*th1"\nvip:\n  - 10.77.0.1\n  - 10.77.1.0/28\nsource: static\n'
                         'elector: "file:/run/isat"\nlease-name: "isat"\ngroups: shards:8\nrebalance: true\nprofile: fast\n'
                         'lease-duration: 1.5s\nrenew-period: 375ms\nattempt-timeout: 300ms\nmac: node\n'
                         'node-name: "node-c"\nstrict: true\nwait: forever\nhttp: "127.0.0.1:7486"\nmetrics: totals\nlog-level: warn\n'
                         'log-format: logfmt\n')

    def test_json_is_yaml(self):
        json = '{"interface": ["eth0", "*th1"], "vip": ["10.77.0.1", "10.77.1.0/28"],\n "elector": "file:/run/isat", ' \
               '"groups": "shards:8", "rebalance": true, "profile": "fast", "lease-duration": "1500ms",\n' \
               '"attempt-timeout": "300ms", "mac": "node", "node-name": "node-c",\n\t"strict": true, "http": "127.0.0.1:7486", "metrics": "totals", "log-level": "warn", "log-format": "logfmt"}'
        self.assertEqual(self.effective("-c", self.file(json)), self.effective("-c", self.file(FULL)))

    def test_a_repeatable_key_may_hold_one_value(self):
        self.assertEqual(self.effective("-c", self.file("interface: eth0\nvip: 10.77.0.1\n")),
                         self.effective("-c", self.file("interface: [eth0]\nvip: [10.77.0.1]\n")))

    def test_an_option_of_the_command_line_replaces_the_key(self):
        out = self.effective("-c", self.file(FULL), "-a", "10.77.0.9", "-i", "eth9", "-e", "always", "--groups",
                             "single", "--profile", "lean", "--lease-duration", "9s", "--node-name", "flag", "--log-level", "debug", "--log-format", "json", ISAT_NODE_NAME="variable")
        self.assertEqual(out, 'interface:\n  - "eth9"\nvip:\n  - 10.77.0.9\nsource: static\nelector: "always"\n'
                              'lease-name: "isat"\ngroups: single\nrebalance: true\nprofile: lean\nlease-duration: 9s\n'
                              'renew-period: 2.25s\nattempt-timeout: 300ms\nmac: node\nnode-name: "flag"\nstrict: true\nwait: forever\nhttp: "127.0.0.1:7486"\nmetrics: totals\nlog-level: debug\nlog-format: json\n')

    def test_timing_of_both_sides_that_is_not_sound_is_told_at_the_file(self):
        path = self.file("interface: eth0\nvip: 10.77.0.1\nrenew-period: 750ms\n")
        self.assert_refused(run("-c", path, "--lease-duration", "1s"), CONFIGURATION,
                            f"{path}:3:15: --lease-duration 1s is too short for renew-period 750ms and attempt-timeout "
                            "250ms (a quarter): 1s less 1 % and 20ms leaves 970ms, but one renewal and two attempts "
                            "need 1.25s")

    def test_the_node_name_of_the_file_wins_over_the_environment(self):
        self.assertIn('node-name: "node-c"', self.effective("-c", self.file(FULL), ISAT_NODE_NAME="variable"))

    def test_what_print_config_prints_reads_back_as_the_same(self):
        cases = {
            "a full file": ["-c", self.file(FULL)],
            "defaults": BASE,
            "names that look like something else": ["-i", "null", "-i", "~", "-i", "*", "-i", "0x1f", "-i", "&a",
                                                    "-a", "10.77.0.1", "--node-name", "true", "-e", "file:a: b #c"],
            "a cluster": ["-i", "eth0", "-a", "10.77.0.1", "--node-name", "node-a", "-e", "kubernetes", "--kubeconfig", "k: *",
                          "--api-server", "https://b", "--lease-name", "1", "--wait", "0"],
            "quotes and backslashes": ["-i", 'a"b', "-i", "a\\b", "-i", "'", "-a", "10.77.0.1", "--node-name", '"\\"'],
            "letters beyond ASCII": ["-i", "eth\u00fc", "-a", "10.77.0.1", "--node-name", "kn\u00f6t\U0001f600"],
        }
        for name, arguments in cases.items():
            with self.subTest(name):
                printed = self.effective(*arguments)
                self.assertEqual(self.effective("-c", self.file(printed, "printed.yaml")), printed)

    def test_a_thousand_vips_come_from_a_file(self):
        lines = "".join(f"  - 10.77.{index // 250}.{index % 250}\n" for index in range(1000))
        out = self.assert_ok(run("-c", self.file(f"interface: eth0\nvip:\n{lines}"), "--check-config"))
        self.assertEqual(out, "configuration is valid: 1 interface pattern, 1000 VIPs\n")

    def test_a_pipe_will_do_for_a_file(self):
        read, write = os.pipe()
        os.write(write, FULL.encode())
        os.close(write)
        try:
            result = subprocess.run([SPEAKER, "-c", f"/dev/fd/{read}", "--check-config"], pass_fds=[read],
                                    capture_output=True, text=True, timeout=20, env=environment())
        finally:
            os.close(read)
        self.assertEqual(result.returncode, OK, result.stderr)


if __name__ == "__main__":
    main()
