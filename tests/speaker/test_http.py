# SPDX-License-Identifier: BSL-1.0
"""What --http serves, of the real program: probes, metrics, and what becomes of clients that are up to no good.

The script enters a network namespace of its own. The metrics are read by Prometheus's own client library, too."""

import concurrent.futures
import http.client
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

from support import OK, main, put_in_its_way, run
from test_run import RunTest, VIP, command, enter_namespace, request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from netns_lab.scrape import Scrape, is_possible  # noqa: E402

PORT = 7486
ADDRESS = ("127.0.0.1", PORT)
OS = 71


def fetch(path, method="GET", host="127.0.0.1", timeout=10):
    """Status, head and body of a page."""
    connection = http.client.HTTPConnection(host, PORT, timeout=timeout)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


def say(octets, timeout=10):
    """What comes back for these octets until the server hangs up."""
    with socket.create_connection(ADDRESS, timeout) as connection:
        connection.sendall(octets)
        got = b""
        while data := connection.recv(65536):
            got += data
        return got


def until(condition, timeout=10):
    """Asks again and again until the answer is true; the last answer."""
    deadline = time.monotonic() + timeout
    while not (answer := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)  # sleep: between two looks
    return answer


class HttpTest(RunTest):
    def setUp(self):
        super().setUp()
        command("ip link set dev lo up")
        self.directory = self.scratch / "leases"

    def served(self, *arguments, address="127.0.0.1"):
        shown = f"[{address}]" if ":" in address else address
        return self.start("-i", "veth0", "--http", f"{shown}:{PORT}", "--node-name", "node-a", *arguments)

    def metrics(self):
        if not is_possible():
            self.skipTest("python3-prometheus-client is not installed")
        status, headers, text = fetch("/metrics")
        self.assertEqual(status, 200)
        self.assertEqual(headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
        return Scrape(text)

    def ready(self):
        self.assertTrue(until(lambda: fetch("/readyz")[0] == 200), fetch("/readyz"))


class Probes(HttpTest):
    def test_a_leader_is_alive_and_ready(self):
        running = self.served("-a", VIP)
        running.expect(f"serving health and metrics address=127.0.0.1:{PORT}")
        running.expect("leading, answering from now on")
        self.assertEqual((fetch("/healthz")[0], fetch("/healthz")[2]), (200, "ok\n"))
        self.assertEqual((fetch("/readyz")[0], fetch("/readyz")[2]), (200, "ok\n"))

    def test_it_serves_over_ipv6_too(self):
        self.served("-a", VIP, address="::1").expect(f"address=[::1]:{PORT}")
        self.assertEqual(fetch("/healthz", host="::1")[0], 200)

    def test_a_standby_is_ready_and_its_metrics_say_that_it_owns_nothing(self):
        elector = f"file:{self.directory}"
        command("ip link add other0 type veth peer name other1")
        self.addCleanup(subprocess.run, "ip link del other0".split(), capture_output=True)
        command("ip link set dev other0 up")
        command("ip link set dev other1 up")
        leader = self.start("-i", "other0", "-a", VIP, "--node-name", "node-b", "-e", elector)
        leader.expect("leading, answering from now on")
        standby = self.served("-a", VIP, "-e", elector)
        standby.expect("another node has the lease")
        self.ready()
        metrics = self.metrics()
        self.assertEqual((metrics("isat_vips_known"), metrics("isat_vips_owned")), (1, 0))
        self.assertEqual(metrics("isat_leadership_margin_seconds", group="0"), 0)
        self.assertEqual(metrics("isat_lease_transitions_total", change="follows", reason="none"), 1)
        leader.signal(signal.SIGTERM)
        standby.expect("leading, answering from now on")
        metrics = self.metrics()
        self.assertEqual(metrics("isat_vips_owned"), 1)
        self.assertEqual(metrics("isat_lease_transitions_total", change="gained", reason="released"), 1)
        self.assertTrue(0 < metrics("isat_leadership_margin_seconds", group="0") < 3)

    def test_without_an_interface_it_is_alive_but_not_ready(self):
        running = self.start("-i", "later*", "-a", VIP, "--http", f"127.0.0.1:{PORT}")
        running.expect("serving health and metrics")
        self.assertTrue(until(lambda: fetch("/readyz")[2] == "no interface to announce on is open yet\n"))
        self.assertEqual(fetch("/readyz")[0], 503)
        self.assertEqual(fetch("/healthz")[0], 200)
        command("ip link add later0 type veth peer name later1")
        self.addCleanup(subprocess.run, "ip link del later0".split(), capture_output=True)
        self.ready()

    def test_before_it_follows_a_layout_it_is_not_ready(self):
        self.directory.mkdir()
        running = self.served("-a", VIP, "-e", f"file:{self.directory}", "--profile", "fast")
        running.expect("the layout is opening")
        self.ready()  # a layout that is still opening is one: a standby has nothing more either
        running.expect("leading, answering from now on")

    def test_while_it_waits_for_its_store_it_is_alive_but_not_ready(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        path = self.file(f"apiVersion: v1\nkind: Config\ncurrent-context: a\ncontexts: [{{name: a, context: {{cluster: a, "
                         f"user: a}}}}]\nclusters: [{{name: a, cluster: {{server: 'https://127.0.0.1:{port}'}}}}]\n"
                         "users: [{name: a, user: {token: t}}]\n", "kubeconfig")
        running = self.served("-a", VIP, "-e", "kubernetes", "--kubeconfig", path, "--wait", "1h")
        running.expect("the store does not answer")
        self.assertEqual((fetch("/readyz")[0], fetch("/readyz")[2]), (503, "the store has not answered yet\n"))
        self.assertEqual(fetch("/healthz")[0], 200)
        running.signal(signal.SIGTERM)
        self.assertEqual(running.end(), OK)

    def test_a_loop_that_was_held_up_says_so_until_it_runs_in_time_again(self):
        running = self.served("-a", VIP)
        running.expect("leading, answering from now on")
        self.ready()
        running.signal(signal.SIGSTOP)
        with socket.create_connection(ADDRESS, 10) as connection:
            connection.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
            connection.settimeout(2.0)
            with self.assertRaises(TimeoutError, msg="a loop that stands still answers"):
                connection.recv(1)
            running.signal(signal.SIGCONT)
            connection.settimeout(10)
            answer = b""
            while data := connection.recv(65536):
                answer += data
        self.assertRegex(answer.decode(), r"\AHTTP/1.1 503 [^$]*\n\r\nthe event loop (has been|was) held up for \d+\.\d s")
        self.assertTrue(until(lambda: fetch("/healthz")[0] == 200, 2))


class Elected(HttpTest):
    """A leader by leases in a directory."""

    def setUp(self):
        super().setUp()
        self.running = self.served("-a", VIP, "-e", f"file:{self.directory}", "--profile", "fast")
        self.running.expect("leading, answering from now on")

    def test_the_metrics_tell_what_happened(self):
        self.answered()
        metrics = self.metrics()
        self.assertEqual((metrics("isat_vips_known"), metrics("isat_vips_owned"), metrics("isat_groups_led")), (1, 1, 1))
        self.assertEqual(metrics("isat_vip_owned", vip=VIP, group="0"), 1)
        self.assertEqual(metrics("isat_interfaces"), 1)
        self.assertEqual(metrics("isat_source_sync_age_seconds"), 0)
        self.assertEqual(metrics("isat_store_up"), 1)
        self.assertTrue(0 < metrics("isat_leadership_margin_seconds", group="0") < 1.2)
        replies = metrics("isat_arp_replies_total", interface="veth0")
        self.assertGreaterEqual(replies, 1)
        self.assertEqual(metrics("isat_arp_received_total", interface="veth0", result="replied", reason="none"), replies)
        self.assertGreaterEqual(metrics("isat_arp_announcements_total", interface="veth0"), 2)
        self.assertEqual(metrics("isat_arp_conflicts_total", interface="veth0"), 0)
        self.assertEqual(metrics("isat_lease_transitions_total", change="gained", reason="missing"), 1)
        self.assertEqual(sum(value for _, value in metrics.of("isat_store_failures_total")), 0)
        self.assertEqual(len(metrics.of("isat_build_info")), 1)
        self.assertGreater(metrics("process_resident_memory_bytes"), 1 << 20)
        self.assertGreater(metrics("process_cpu_seconds_total"), 0)

    def test_renewals_are_timed(self):
        def count():
            return self.metrics()("isat_store_write_duration_seconds_count", record="lease")

        first = count()
        self.assertTrue(until(lambda: count() > first + 1))
        metrics = self.metrics()
        self.assertLess(metrics("isat_store_write_duration_seconds_sum", record="lease"), 5)
        self.assertGreaterEqual(metrics("isat_store_writes_total", record="lease", outcome="done"), first + 2)

    def test_a_store_that_fails_is_counted_and_does_not_make_it_ill(self):
        put_in_its_way(self.directory, self.scratch)
        self.assertTrue(until(lambda: self.metrics()("isat_store_up") == 0))
        self.assertTrue(until(lambda: self.metrics()("isat_vips_owned") == 0))
        metrics = self.metrics()
        self.assertGreater(metrics("isat_store_failures_total", operation="write", error="system"), 0)
        self.assertEqual(metrics("isat_lease_transitions_total", change="lost", reason="lapsed"), 1)
        self.assertEqual(fetch("/healthz")[0], 200)


class Clients(HttpTest):
    """A leader without an election, and those who ask it."""

    def setUp(self):
        super().setUp()
        self.running = self.served("-a", VIP)
        self.running.expect("leading, answering from now on")

    def test_a_drop_and_a_conflict_are_counted_under_their_reasons(self):
        before = self.metrics()
        neighbour = bytes.fromhex("020000000009")
        claim = (b"\xff" * 6 + neighbour + bytes.fromhex("0806 0001 0800 06 04 0002") + neighbour +
                 socket.inet_aton(VIP) + b"\xff" * 6 + socket.inet_aton(VIP))
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806)) as sender:
            sender.bind(("veth1", 0x0806))
            for _ in range(3):
                sender.send(request("10.77.0.99"))
            sender.send(claim)

        def grown(name, **labels):
            return self.metrics()(name, interface="veth0", **labels) - before(name, interface="veth0", **labels)

        self.assertTrue(until(lambda: grown("isat_arp_received_total", result="dropped", reason="not_a_vip") == 3))
        self.assertTrue(until(lambda: grown("isat_arp_conflicts_total") == 1))

    def test_other_pages_and_methods_are_refused(self):
        self.assertEqual(fetch("/")[0], 404)
        status, headers, _ = fetch("/metrics", "POST")
        self.assertEqual((status, headers["Allow"]), (405, "GET, HEAD"))
        status, headers, body = fetch("/healthz", "HEAD")
        self.assertEqual((status, headers["Content-Length"], body), (200, "3", ""))

    def test_bad_input_is_refused_and_harms_nothing(self):
        self.assertTrue(say(b"garbage\r\n\r\n").startswith(b"HTTP/1.1 400 "))
        self.assertTrue(say(os.urandom(4000) + b"\r\n\r\n").startswith(b"HTTP/1.1 4"))
        self.assertTrue(say(b"GET / HTTP/1.1\r\nX: " + b"x" * 60000 + b"\r\n\r\n").startswith(b"HTTP/1.1 431 "))
        self.assertTrue(say(b"POST /metrics HTTP/1.1\r\nContent-Length: 50000\r\n\r\n" + b"x" * 50000)
                        .startswith(b"HTTP/1.1 405 "))
        self.assertEqual(fetch("/healthz")[0], 200)
        self.running.signal(signal.SIGTERM)
        self.assertEqual(self.running.end(), OK)
        self.assertNotRegex(self.running.log, "garbage|HTTP|WARN")

    def test_a_slow_client_is_hung_up_on_and_keeps_nobody_out(self):
        with socket.create_connection(ADDRESS, 10) as slow:
            start = time.monotonic()
            slow.sendall(b"GET /healthz HT")
            self.assertEqual(fetch("/healthz")[0], 200)
            self.assertEqual(slow.recv(100), b"")
            self.assertTrue(4.5 < time.monotonic() - start < 8)

    def test_a_hundred_idle_connections_keep_neither_a_probe_nor_an_asker_waiting(self):
        crowd = [socket.create_connection(ADDRESS, 10) for _ in range(100)]
        try:
            start = time.monotonic()
            self.assertEqual(fetch("/healthz")[0], 200)
            self.answered(timeout=2)
            self.assertLess(time.monotonic() - start, 2)
            open_files = len(os.listdir(f"/proc/{self.running.process.pid}/fd"))
            self.assertLess(open_files, 50)
        finally:
            for each in crowd:
                each.close()

    def test_a_hundred_clients_at_once_are_answered_or_hung_up_on(self):
        def attempt(_):
            try:
                return fetch("/metrics")[0]
            except (ConnectionError, http.client.HTTPException):
                return None

        with concurrent.futures.ThreadPoolExecutor(100) as clients:
            answers = list(clients.map(attempt, range(100)))
        self.assertLessEqual(set(answers), {200, None})
        self.assertGreaterEqual(answers.count(200), 16)
        self.assertEqual(fetch("/healthz")[0], 200)

    def test_it_ends_at_once_while_clients_are_there(self):
        crowd = [socket.create_connection(ADDRESS, 10) for _ in range(10)]
        self.running.signal(signal.SIGTERM)
        self.assertEqual(self.running.end(3), OK)
        for each in crowd:
            each.close()


class ManyVips(HttpTest):
    RANGE = ("-a", "10.80.0.0-10.80.39.15")  # 10,000

    def test_ten_thousand_vips_are_scraped_while_others_are_answered(self):
        running = self.served("-a", VIP, *self.RANGE)
        running.expect("leading, answering from now on")
        metrics = self.metrics()
        self.assertEqual(len(metrics.of("isat_vip_owned")), 10_001)
        self.assertEqual(metrics("isat_vips_owned"), 10_001)
        alone = self.answer_times()
        with concurrent.futures.ThreadPoolExecutor(1) as scraper:
            scrapes = scraper.submit(lambda: [self.timed_scrape() for _ in range(5)])
            beside = self.answer_times(lambda: not scrapes.done())
        ninth = len(beside) * 9 // 10
        print(f"10,001 VIPs: a scrape takes {min(scrapes.result()) * 1e3:.1f} ms; 9 of 10 ARP answers take at most "
              f"{alone[len(alone) * 9 // 10] * 1e3:.2f} ms (the longest {alone[-1] * 1e3:.2f} ms) without scrapes, "
              f"{beside[ninth] * 1e3:.2f} ms (the longest {beside[-1] * 1e3:.2f} ms) beside them")
        self.assertLess(beside[ninth], 0.05)  # of all, a machine that is busy otherwise may delay some by more

    def timed_scrape(self):
        start = time.monotonic()
        self.assertEqual(fetch("/metrics")[0], 200)
        return time.monotonic() - start

    def answer_times(self, go_on=None):
        """How long 50 answers to ARP requests take, or more while `go_on` says so: in seconds, the shortest first."""
        times = []
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806)) as neighbour:
            neighbour.bind(("veth1", 0x0806))
            neighbour.settimeout(1)
            while len(times) < 50 or (go_on and go_on()):
                start = time.monotonic()
                while not self.asked_once(neighbour):
                    self.assertLess(time.monotonic() - start, 5, "no answer")
                times.append(time.monotonic() - start)
        return sorted(times)

    def asked_once(self, neighbour):
        """Whether an answer comes within a second; who gets none asks again. Twenty thousand announcements come beside it, and
        a neighbour that the machine lets wait meanwhile loses frames, that answer among them."""
        asked = time.monotonic()
        neighbour.send(request(VIP))
        try:
            while time.monotonic() - asked < 1:
                if neighbour.recv(128)[:6] == bytes.fromhex("020000000009"):
                    return True
        except TimeoutError:
            pass
        return False

    def test_totals_leave_the_vips_out(self):
        running = self.served(*self.RANGE, "--metrics", "totals")
        running.expect("leading, answering from now on")
        metrics = self.metrics()
        self.assertEqual(metrics("isat_vips_owned"), 10_000)
        self.assertLess(len(metrics), 200)


class Refused(HttpTest):
    def test_an_address_that_cannot_be_had_ends_it_with_71_and_a_sentence(self):
        start = ["-i", "veth0", "-a", VIP, "--http"]
        with socket.create_server(ADDRESS):
            self.assert_refused(run(*start, f"127.0.0.1:{PORT}"), OS, f"cannot listen on 127.0.0.1:{PORT} for --http: "
                                "Address already in use (another program listens there)")
        self.assert_refused(run(*start, "127.0.0.1:80"), OS, "cannot listen on 127.0.0.1:80 for --http: Permission denied "
                            "(ports below 1024 need a right that is given up at start)")
        self.assert_refused(run(*start, "192.0.2.7:7486"), OS, "cannot listen on 192.0.2.7:7486 for --http: Cannot "
                            "assign requested address (no interface of this host has the address)")

    def test_without_the_option_nothing_listens(self):
        self.leading()
        with self.assertRaises(ConnectionRefusedError):
            fetch("/healthz")


if __name__ == "__main__":
    if "ISAT_IN_NAMESPACE" not in os.environ:
        enter_namespace()
    main()
