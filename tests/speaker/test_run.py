# SPDX-License-Identifier: BSL-1.0
"""The running daemon in a network namespace of its own: rights, signals, logs, warnings, elector and interfaces.

How it answers ARP is tested in tests/netns; here is what an operator sees. The script enters the namespace itself,
as root or through a user namespace."""

import json
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import time

from support import CONFIGURATION, OK, SPEAKER, UNAVAILABLE, SpeakerTest, environment, main, put_in_its_way, run

VIP = "10.77.0.100"
CLOCK_SOURCE = "/sys/devices/system/clocksource/clocksource0/current_clocksource"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


def enter_namespace():
    """Starts this script anew in namespaces of its own, or ends it as skipped."""
    attempts = [["unshare", "--net", "--mount"], ["unshare", "--user", "--map-root-user", "--net", "--mount"]]
    for attempt in attempts:
        if subprocess.run([*attempt, "ip", "link", "set", "lo", "up"], capture_output=True).returncode == 0:
            os.execvpe(attempt[0], [*attempt, sys.executable, "-B", *sys.argv],
                       os.environ | {"ISAT_IN_NAMESPACE": "1"})
    print("SKIP: no network namespace can be made here (neither root nor user namespaces), or iproute2 is missing")
    sys.exit(77)


def command(text):
    subprocess.run(text.split(), check=True, capture_output=True)


def sysctl(interface, **values):
    for name, value in values.items():
        pathlib.Path(f"/proc/sys/net/ipv4/conf/{interface}/{name}").write_text(str(value), encoding="ascii")


class Running:
    """A speaker that runs, with the log lines that it has written so far."""

    def __init__(self, *arguments, before=()):
        self.process = subprocess.Popen([*before, SPEAKER, *arguments], stderr=subprocess.PIPE,
                                        stdin=subprocess.DEVNULL, env=environment())
        self.log = ""

    def expect(self, text, timeout=10):
        """Waits until the log holds this text."""
        deadline = time.monotonic() + timeout
        while text not in self.log:
            left = deadline - time.monotonic()
            ready = select.select([self.process.stderr], [], [], max(left, 0))[0]
            data = os.read(self.process.stderr.fileno(), 65536) if ready else b""
            if not data:
                raise AssertionError(f"the log lacks {text!r}:\n{self.log}")
            self.log += data.decode()

    def signal(self, number):
        self.process.send_signal(number)

    def end(self, timeout=10):
        """Waits for the end; the exit code."""
        _, rest = self.process.communicate(timeout=timeout)
        self.log += rest.decode()
        return self.process.returncode

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stderr.close()

    def status(self):
        """The lines of /proc/PID/status."""
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return dict(line.split(":\t", 1) for line in text.splitlines())


def request(target):
    """An ARP request for `target` from a neighbour at veth1."""
    sender = bytes.fromhex("020000000009")
    return (b"\xff" * 6 + sender + bytes.fromhex("0806 0001 0800 06 04 0001") + sender +
            socket.inet_aton("10.77.0.9") + bytes(6) + socket.inet_aton(target))


class RunTest(SpeakerTest):
    def setUp(self):
        super().setUp()
        command("ip link add veth0 address 02:00:00:00:00:01 type veth peer name veth1")
        self.addCleanup(subprocess.run, "ip link del veth0".split(), capture_output=True)
        command("ip link set dev veth0 up")
        command("ip link set dev veth1 up")

    def start(self, *arguments, before=()):
        running = Running(*arguments, before=before)
        self.addCleanup(running.close)
        return running

    def leading(self, *arguments, before=()):
        """A speaker on veth0 that leads."""
        running = self.start("-i", "veth0", "-a", VIP, "--node-name", "node-a", *arguments, before=before)
        running.expect("leading, answering from now on")
        return running

    def systemd(self):
        """A socket that hears what systemd would, and what makes a run tell it."""
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(listener.close)
        listener.bind(f"{self.scratch}/notify")
        listener.settimeout(10)
        return listener, ["env", f"NOTIFY_SOCKET={self.scratch}/notify"]

    def answered(self, timeout=10):
        """Asks for the VIP at veth1 until somebody answers."""
        deadline = time.monotonic() + timeout
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806)) as neighbour:
            neighbour.bind(("veth1", 0x0806))
            neighbour.settimeout(0.1)
            while time.monotonic() < deadline:
                neighbour.send(request(VIP))
                try:
                    while True:
                        frame = neighbour.recv(128)
                        if frame[20:22] == b"\0\2" and frame[:6] == bytes.fromhex("020000000009"):
                            return
                except TimeoutError:
                    pass
        raise AssertionError("nobody answers")

    def address(self, text, interface):
        command(f"ip address add {text} dev {interface}")
        self.addCleanup(subprocess.run, f"ip address del {text} dev {interface}".split(), capture_output=True)


class Rights(RunTest):
    def assert_least_rights(self, running):
        status = running.status()
        self.assertEqual(int(status["CapPrm"], 16), 1 << 13)  # CAP_NET_RAW
        self.assertEqual([int(status[each], 16) for each in ("CapEff", "CapInh", "CapAmb")], [0, 0, 0])
        self.assertEqual(status["NoNewPrivs"], "1")

    def test_it_keeps_the_permission_for_packet_sockets_and_nothing_else(self):
        running = self.leading()
        self.assert_least_rights(running)
        self.assertEqual(int(running.status()["CapBnd"], 16), 1 << 13)

    def test_it_opens_an_interface_that_appears_after_the_rights_were_dropped(self):
        running = self.start("-i", "later*", "-a", VIP)
        running.expect("no interface matches 'later*' yet, waiting for one to appear")
        command("ip link add later0 address 02:00:00:00:00:02 type veth peer name later1")
        self.addCleanup(subprocess.run, "ip link del later0".split(), capture_output=True)
        running.expect("announcing on an interface interface=later0 mac=02:00:00:00:00:02")
        self.assert_least_rights(running)

    def test_it_runs_as_another_user_with_the_ambient_capability(self):
        to_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all,+net_raw",
                     "--ambient-caps=-all,+net_raw"]
        if subprocess.run([*to_nobody, SPEAKER, "--version"], capture_output=True).returncode != 0:
            self.skipTest("this test cannot become another user here")
        running = self.leading(before=to_nobody)
        self.assertEqual(running.status()["Uid"].split()[0], "65534")
        self.assert_least_rights(running)


class Signals(RunTest):
    def test_sigterm_and_sigint_hand_over_and_exit_with_0(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number.name):
                running = self.leading()
                running.signal(number)
                self.assertEqual(running.end(), OK)
                self.assertRegex(running.log, rf"handing over signal={number.name} [^\n]*\n[^\n]*leading no more")
                self.assertRegex(running.log, r"handed over, exiting node=node-a\n\Z")

    def test_systemd_hears_what_it_lacks_at_its_start_and_later_that_it_is_ready_and_that_it_stops(self):
        systemd, before = self.systemd()
        running = self.start("-i", "later*", "-a", VIP, before=before)
        heard = [systemd.recv(512).decode()]
        while heard[-1] != "STATUS=no interface to announce on is open yet":
            heard.append(systemd.recv(512).decode())
        command("ip link add later0 address 02:00:00:00:00:02 type veth peer name later1")
        self.addCleanup(subprocess.run, "ip link del later0".split(), capture_output=True)
        self.assertEqual(systemd.recv(512).decode(), "READY=1\nSTATUS=ready")
        command("ip link del later0")
        self.assertEqual(systemd.recv(512).decode(), "STATUS=no interface to announce on is open yet")
        running.signal(signal.SIGTERM)
        self.assertEqual(systemd.recv(512).decode(), "STOPPING=1\nSTATUS=handing over")
        self.assertEqual(running.end(), OK)
        self.assertFalse([news for news in heard if not news.startswith("STATUS=")])

    def test_a_second_signal_ends_it_with_0_too(self):
        running = self.leading()
        running.signal(signal.SIGSTOP)
        running.signal(signal.SIGTERM)
        running.signal(signal.SIGINT)
        running.signal(signal.SIGCONT)
        self.assertEqual(running.end(), OK)

    def test_sighup_is_logged_each_time_and_changes_nothing(self):
        running = self.leading()
        for _ in range(2):
            running.signal(signal.SIGHUP)
            running.expect("SIGHUP is ignored: reloading is not supported yet, restart to apply a changed "
                           "configuration")
            running.log = ""
        running.signal(signal.SIGTERM)
        self.assertEqual(running.end(), OK)

    def test_a_log_reader_that_goes_away_does_not_end_it(self):
        running = self.leading()
        running.process.stderr.close()
        running.signal(signal.SIGHUP)  # writes into the broken pipe
        running.signal(signal.SIGTERM)
        self.assertEqual(running.process.wait(10), OK)


class Logs(RunTest):
    def lines(self, *arguments):
        running = self.leading(*arguments)
        running.signal(signal.SIGTERM)
        self.assertEqual(running.end(), OK)
        return running.log.splitlines()

    def test_text(self):
        for line in self.lines():
            self.assertRegex(line, rf"\A{TIME} (INFO |WARN ) \S.* node=node-a\Z")

    def test_logfmt(self):
        value = r'(?:"(?:[^"\\]|\\.)*"|[^" =\\]+)'
        for line in self.lines("--log-format", "logfmt"):
            self.assertRegex(
                line, rf"\Atime={TIME} level=(info|warn) msg={value}( [a-z_]+={value})* node=node-a\Z")

    def test_json(self):
        messages = []
        for line in self.lines("--log-format", "json"):
            entry = json.loads(line)
            self.assertRegex(entry["time"], rf"\A{TIME}\Z")
            self.assertIn(entry["level"], ("info", "warn"))
            self.assertEqual(entry["node"], "node-a")
            messages.append(entry["message"])
        self.assertEqual(messages,
                         ["starting",
                          "the elector 'always' is no election: another speaker with one of these VIPs would "
                          "answer for it too",
                          "announcing on an interface", "VIPs loaded", "contending for leadership",
                          "leading, answering from now on", "handing over", "leading no more, silent from now on",
                          "counted on an interface", "handed over, exiting"])

    def test_without_an_election_nothing_comes_of_groups(self):
        running = self.leading("--groups", "service")
        running.expect("the elector 'always' holds no election, so that nothing comes of groups")
        running.expect("leading, answering from now on group=0 ")

    def test_a_quiet_level_writes_nothing_when_nothing_is_wrong(self):
        for level in ("warn", "error"):  # the second finds the store as the first left it, and leads at once
            with self.subTest(level):
                running = self.start("-i", "veth0", "-a", VIP, "-e", f"file:{self.scratch / 'election'}",
                                     "--log-level", level)
                self.answered()
                running.signal(signal.SIGTERM)
                self.assertEqual((running.end(), running.log), (OK, ""))


class Counters(RunTest):
    def ask(self, *targets):
        """Asks for these addresses, in order, and waits for the reply to the last."""
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806)) as neighbour:
            neighbour.bind(("veth1", 0x0806))
            neighbour.settimeout(10)
            for target in targets:
                neighbour.send(request(target))
            while True:
                frame = neighbour.recv(128)
                if frame[20:22] == b"\0\2" and frame[:6] == bytes.fromhex("020000000009"):
                    return

    def test_each_interface_is_counted_for_at_the_end(self):
        running = self.leading("-i", "veth1")
        self.ask("10.77.0.1", "10.77.0.2", VIP)
        running.signal(signal.SIGTERM)
        self.assertEqual(running.end(), OK)
        lines = [line for line in running.log.splitlines() if "counted on an interface" in line]
        self.assertEqual(sorted(re.search(r" interface=(\S+) ", line)[1] for line in lines), ["veth0", "veth1"])
        of_veth0 = next(line for line in lines if " interface=veth0 " in line)
        numbers = {key: int(value) for key, value in re.findall(r" ([a-z_]+)=(\d+)(?= )", of_veth0)}
        self.assertGreaterEqual(numbers.pop("announcements"), 2)
        # What veth1 announced was heard, too.
        self.assertEqual(numbers.pop("received"), 3 + numbers.pop("own_announcement", 0))
        self.assertEqual(numbers, {"replies": 1, "refused_by_link": 0, "receive_drops": 0, "not_a_vip": 2})


class Interfaces(RunTest):
    def test_strict_ends_with_78_when_an_interface_is_missing(self):
        for action in ([], ["--dry-run"]):
            with self.subTest(action):
                self.assert_refused(run("-i", "veth0", "-i", "none*", "-a", VIP, "--strict", *action), CONFIGURATION,
                                    "no interface matches 'none*', and --strict does not wait for one")
                self.assert_refused(run("-i", "lo", "-a", VIP, "--strict", *action), CONFIGURATION,
                                    "interface lo is not Ethernet, so nothing can be announced on it")

    def test_strict_runs_when_all_are_there(self):
        self.leading("--strict")

    def test_a_missing_interface_is_waited_for_with_one_line(self):
        running = self.leading("-i", "none0")
        running.signal(signal.SIGTERM)
        self.assertEqual(running.end(), OK)
        self.assertEqual(running.log.count("none0'"), 1)

    def test_a_dry_run_says_what_would_be_announced_where(self):
        command("ip link set dev veth1 down")
        out = self.assert_ok(run("-i", "veth*", "-i", "none0", "-i", "none*", "-i", "lo", "-a", VIP,
                                 "-a", "10.77.1.0/28", "--node-name", "node-a", "--dry-run"))
        mac = re.search(r"link/ether (\S+)", subprocess.run("ip link show dev veth1".split(), check=True, text=True,
                                                            capture_output=True).stdout)[1]
        lines = out.splitlines()
        self.assertEqual(lines[0], "would announce 17 VIPs on 2 interfaces as node node-a with elector always")
        self.assertEqual(sorted(lines[1:3]), ["interface veth0: mac 02:00:00:00:00:01, up without carrier",
                                              f"interface veth1: mac {mac}, down"])
        self.assertEqual(lines[3:], ["no interface matches 'none0' yet, waiting for one to appear",
                                     "interface lo is not Ethernet, nothing is announced on it", f"vip {VIP}",
                                     "vip 10.77.1.0/28: 16 addresses"])


class Warnings(RunTest):
    def warnings(self, *arguments):
        out = self.assert_ok(run("-i", "veth0", "-a", "10.77.0.0/24", *arguments, "--dry-run"))
        return [line.removeprefix("warning: ") for line in out.splitlines() if line.startswith("warning: ")]

    def test_a_host_that_does_nothing_by_itself_is_not_warned_of(self):
        self.address("10.78.0.1/24", "veth0")
        self.assertEqual(self.warnings(), [])

    def test_a_vip_on_lo_is_answered_for_and_asked_with_by_the_kernel(self):
        self.address(f"{VIP}/32", "lo")
        self.assertEqual(self.warnings(), [
            f"the kernel answers on veth0 for VIP {VIP} too, because it is an address of lo and arp_ignore is 0; "
            "set net.ipv4.conf.veth0.arp_ignore=1",
            f"the kernel may send requests on veth0 in the name of VIP {VIP}, because it is an address of lo and "
            "arp_announce is 0; set net.ipv4.conf.veth0.arp_announce=2"])

    def test_the_remedies_for_a_vip_on_lo_silence_the_warnings(self):
        self.address(f"{VIP}/32", "lo")
        self.address("10.77.0.101/32", "lo")
        sysctl("veth0", arp_ignore=1)
        self.assertEqual(self.warnings(), [
            f"the kernel may send requests on veth0 in the name of VIP {VIP} and 1 more, because it is an address of "
            "lo and arp_announce is 0; set net.ipv4.conf.veth0.arp_announce=2"])
        sysctl("veth0", arp_announce=2)
        self.assertEqual(self.warnings(), [])

    def test_the_settings_of_all_count_as_well(self):
        self.address(f"{VIP}/32", "lo")
        self.addCleanup(sysctl, "all", arp_ignore=0, arp_announce=0)
        sysctl("all", arp_ignore=1, arp_announce=2)
        self.assertEqual(self.warnings(), [])

    def test_a_vip_on_the_announcing_interface_is_answered_for_whatever_arp_ignore_is(self):
        self.address(f"{VIP}/24", "veth0")
        sysctl("veth0", arp_ignore=1, arp_announce=2)
        self.assertEqual(self.warnings(), [
            f"the kernel answers for VIP {VIP} too, because it is an address of veth0, on which it is announced; move "
            "it to lo and set net.ipv4.conf.veth0.arp_ignore=1 and net.ipv4.conf.veth0.arp_announce=2"])

    def test_an_interface_that_is_a_bridge_port_hears_nothing(self):
        command("ip link add bridge0 type bridge")
        self.addCleanup(subprocess.run, "ip link del bridge0".split(), capture_output=True)
        command("ip link set dev veth0 master bridge0")
        self.assertEqual(self.warnings(), [
            "interface veth0 is a port of a bridge, so that no request is received on it; announce on the bridge "
            "instead"])

    def test_a_clock_source_that_may_stop_is_warned_of(self):
        name = self.file("jiffies\n")
        if subprocess.run(["mount", "--bind", name, CLOCK_SOURCE], capture_output=True).returncode != 0:
            self.skipTest("nothing can be mounted here")
        self.addCleanup(command, f"umount {CLOCK_SOURCE}")
        self.assertEqual(self.warnings(), [
            "the clock source jiffies may stop while this host is busy or paused, so that announcements come late; "
            f"choose another in {CLOCK_SOURCE}"])

    def test_a_run_logs_what_a_dry_run_prints(self):
        self.address(f"{VIP}/32", "lo")
        expected = self.warnings()
        running = self.leading()
        running.signal(signal.SIGTERM)
        self.assertEqual(running.end(), OK)
        for warning in expected:
            self.assertEqual(running.log.count(f" WARN  {warning} node=node-a\n"), 1, warning)


class FileElector(RunTest):
    def setUp(self):
        super().setUp()
        self.directory = self.scratch / "election"

    def record(self):
        """The newest version of the group's lease."""
        while True:
            try:
                return max((self.directory / "isat-group-0").glob("0*")).read_text(encoding="ascii")
            except FileNotFoundError:
                pass  # overtaken while we looked

    def renewed(self, timeout=10):
        """Waits until the first holder has renewed its lease, as it does right after its silence: until then its
        record says that it waits, and its death would be waited out."""
        deadline = time.monotonic() + timeout
        while "waiting" in self.record():
            self.assertLess(time.monotonic(), deadline, "the lease is not renewed")
            time.sleep(0.01)  # sleep: between two looks at a file, which the deadline bounds

    def test_the_first_leader_is_silent_until_the_layout_is_open_and_then_its_record_names_it(self):
        running = self.leading("-e", f"file:{self.directory}")
        self.assertIn("holder node-a\n", self.record())
        told = ["the layout is opening, nobody answers until it is open groups=single lease_duration=3s",
                "took a lease that was missing, silent until no holder before can be answering group=0 term=1",
                "leading, answering from now on group=0 term=1"]
        self.assertEqual(re.findall("|".join(map(re.escape, told)), running.log), told)

    def test_the_second_speaker_leads_at_once_when_the_first_is_killed(self):
        directory = f"file:{self.directory}"
        first = self.leading("-e", directory)
        second = self.start("-i", "veth1", "-a", VIP, "-e", directory, "--node-name", "node-b")
        second.expect("another node has the lease group=0 term=1 holder=node-a")
        self.assertNotIn("leading", second.log)
        self.renewed()
        first.signal(signal.SIGKILL)
        second.expect("leading, answering from now on group=0 term=2 node=node-b")
        second.expect("the lease is ours group=0 term=2 reason=\"the holder's process has ended\"")

    def test_a_released_lease_is_taken_with_its_reason(self):
        directory = f"file:{self.directory}"
        first = self.leading("-e", directory)
        second = self.start("-i", "veth1", "-a", VIP, "-e", directory, "--node-name", "node-b")
        second.expect("another node has the lease group=0 term=1 holder=node-a")
        first.signal(signal.SIGTERM)
        second.expect("the lease is ours group=0 term=2 reason=\"the holder released it\"")
        self.assertEqual(first.end(), OK)

    def test_a_second_process_with_the_same_node_name_is_an_error(self):
        directory = f"file:{self.directory}"
        first = self.leading("-e", directory)
        second = self.start("-i", "veth1", "-a", VIP, "-e", directory, "--node-name", "node-a")
        first.expect("ERROR another speaker has the same node name")
        second.signal(signal.SIGTERM)
        self.assertEqual(second.end(), OK)

    def test_a_directory_that_cannot_be_made_is_69(self):
        directory = self.scratch / "missing" / "election"
        self.assert_refused(run("-i", "veth0", "-a", VIP, "-e", f"file:{directory}"), UNAVAILABLE,
                            f"cannot make the directory {directory}: No such file or directory (only the last "
                            "directory of the path is made)")

    def test_even_root_cannot_write_where_its_user_may_not(self):
        self.directory.mkdir(mode=0o500)
        result = run("-i", "veth0", "-a", VIP, "-e", f"file:{self.directory}")
        self.assertEqual(result.returncode, UNAVAILABLE)
        self.assertIn(f"isat-speaker: cannot make the directory {self.directory}/.alive: Permission denied",
                      result.stderr)
        self.assertIn("for root too", result.stderr)

    def leads_again(self, running):
        """Waits until it leads by a later term than its first, which it has lost."""
        running.log = running.log.partition("leading no more")[2]
        running.expect("the layout is opening, nobody answers until it is open")
        running.expect("leading, answering from now on group=0 term=")
        running.expect("the layout is open groups=single")
        self.assertGreater(int(re.search(r"leading, answering from now on group=0 term=(\d+)", running.log)[1]), 1)
        self.assertNotIn("leading no more", running.log)
        self.answered()

    def test_a_directory_that_is_removed_silences_it_and_it_leads_again(self):
        running = self.leading("-e", f"file:{self.directory}", "--profile", "fast")
        shutil.rmtree(self.directory, ignore_errors=True)  # it makes what it misses again
        running.expect("leading no more, silent from now on group=0 term=1", 2)
        self.leads_again(running)

    def test_a_store_that_fails_is_logged_and_it_goes_silent_and_leads_again(self):
        running = self.leading("-e", f"file:{self.directory}", "--profile", "fast")
        put_in_its_way(self.directory, self.scratch)
        running.expect("WARN  the store does not answer, trying again reason=")
        running.expect("leading no more, silent from now on group=0 term=1", 2)
        self.directory.unlink()
        self.leads_again(running)
        running.expect("the store answers again")  # perhaps after that, when all that had failed was done once more


if __name__ == "__main__":
    if "ISAT_IN_NAMESPACE" not in os.environ:
        enter_namespace()
    main()
