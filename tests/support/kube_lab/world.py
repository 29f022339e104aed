# SPDX-License-Identifier: BSL-1.0
"""A small cluster in namespaces: three nodes with kube-proxy, an HTTP server and a speaker each, a client, and a witness.

    segment 10.77.0.0/24   nodes .11 to .13, the client .50, VIPs from .100 on: where ARP is spoken
    api     10.78.0.0/24   API server .1, nodes from .101 on: stands for the management and the pod network

Endpoints are the HTTP servers at their nodes' addresses in the second one, so that pulling the cable of the first cuts
off a node's load balancing and nothing else.
"""
import http.client
import os
import pathlib
import signal
import socket
import sys
import time

from netns_lab import lab, testing as netns
from netns_lab.programs import Program, wait_until

from . import network, objects
from .cluster import ACCOUNT, NAMESPACE, Cluster
from .servers import Server

_HERE = pathlib.Path(__file__).resolve().parent
CONNECTOR = _HERE / "connector.py"
_CONNECT_MAX = 1.0  # seconds for one HTTP request


class KubeProxy(Server):
    """kube-proxy of one node, in nftables mode."""

    def __init__(self, cluster, machine, config):
        self._machine = machine
        super().__init__(f"kube-proxy-{machine.name}", cluster.folder, "kube-proxy", [
            f"--kubeconfig={config}", f"--hostname-override={machine.name}", "--proxy-mode=nftables",
            "--cluster-cidr=10.244.0.0/16", "--conntrack-max-per-core=0", "--conntrack-tcp-timeout-established=0s",
            "--conntrack-tcp-timeout-close-wait=0s", "--healthz-bind-address=127.0.0.1:10256",
            "--metrics-bind-address=127.0.0.1:10249"])
        self.command = machine.command(*self.command)

    def ready(self):
        try:
            return http_get(self._machine, "127.0.0.1", 10256, "/healthz").status == 200
        except OSError:
            return False


def http_get(machine, address, port, path="/", bound=_CONNECT_MAX):
    """A response, its body read, to a request over a connection of its own from that machine; OSError when there is none."""
    connection = http.client.HTTPConnection(address, port, timeout=bound)
    with machine.entered():  # the socket belongs to where it is made
        try:
            connection.connect()
        except OSError:
            connection.close()
            raise
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        response.text = response.read().decode()
        return response
    except http.client.HTTPException as problem:
        raise ConnectionError(repr(problem)) from problem
    finally:
        connection.close()


class Node:
    """A machine with what runs on a node."""

    def __init__(self, world, number):
        self.world, self.name = world, f"node-{number}"
        self.address = f"10.77.0.1{number}"
        self.machine = world.segment.add(self.name, self.address)
        self.pod_address = world.network.plug(self.machine)
        self.machine.sysctl("net.ipv4.ip_forward", 1)
        self.mac = self.machine.mac()
        self.proxy = KubeProxy(world.cluster, self.machine, world.proxy_config)
        self.backend = self.speaker = None
        self.config = world.config  # of its speaker
        self.ended = []  # speakers that ran before

    def start_backend(self):
        self.backend = Program(self.machine, sys.executable, _HERE / "backend.py", self.name, objects.PORT)
        if not self.backend.wait_line("ready", 10.0):
            raise RuntimeError(self.backend.log)

    def start_speaker(self, *options):
        if self.speaker:
            self.ended.append(self.speaker)
        self.speaker = Program(self.machine, netns.SPEAKER, *self.world.arguments, "--kubeconfig", self.config,
                               "--node-name", self.name, *options)
        if not wait_until(lambda: self.speaker.listens_on(self.machine) or not self.speaker.running(), 10.0):
            raise RuntimeError(f"{self.name} does not listen: {self.speaker.log}")

    def kill(self):
        """Everything on it ends at once."""
        for pid in map(int, lab.run("ip", "netns", "pids", self.name).stdout.split()):
            os.kill(pid, signal.SIGKILL)
        for program in (self.speaker, self.backend, self.proxy.process):
            program.wait(5.0)

    def start(self, *options):
        """All of it again; kube-proxy is not waited for."""
        if not self.proxy.running():
            self.proxy.start(wait=False)
        if self.backend is None or not self.backend.running():
            self.start_backend()
        self.start_speaker(*options)


class World:
    def __init__(self, *options, audit=False):
        """`options` of the speakers, beside those of the manifests; `audit`: see ApiServer."""
        self.options, self.audit = options, audit
        self._closing = []
        try:
            self._build()
        except BaseException:
            self.close()
            raise

    def _build(self):
        self.network = self._later(network.ApiNetwork(servers=1))
        self.segment = self._later(lab.Lab(segment="segment"))
        self.cluster = self._later(Cluster())
        self.cluster.add_server(address=self.network.addresses[0], port=6443, audit=self.audit,
                                flags=["--storage-media-type=application/json"])
        self.cluster.start()
        self.objects = objects.Objects(self.cluster.api)
        self.proxy_config = self.cluster.kubeconfig("kube-proxy", pair=self.cluster.authority.client("system:kube-proxy"))
        self._install()
        self.nodes = {f"node-{number}": Node(self, number) for number in (1, 2, 3)}
        for node in self.nodes.values():
            self.objects.node(node.name, node.address)
            node.proxy.start(wait=False)
            node.start_backend()
        self.client = self.segment.add("client", "10.77.0.50")
        self.witness = self.segment.add("witness")

    def _later(self, each):
        self._closing.append(each)
        return each

    def close(self):
        for node in getattr(self, "nodes", {}).values():
            for program in filter(None, (node.speaker, node.backend)):
                program.stop(signal.SIGKILL)
            node.proxy.stop(0)
        while self._closing:
            self._closing.pop().close()

    def _install(self):
        """The manifests, and from them the arguments of the container."""
        token = self.cluster.folder / "token"
        token.write_text(self.cluster.install())
        self.config = self.cluster.kubeconfig("speaker", token_file=token)
        pod = self.cluster.kubectl_json("get", "daemonset", ACCOUNT, f"--namespace={NAMESPACE}")["spec"]["template"]["spec"]
        self.arguments = [*pod["containers"][0]["args"], *self.options]

    def endpoints(self, *names):
        """{node: address of its HTTP server}, of these nodes or of all."""
        return {name: self.nodes[name].pod_address for name in names or self.nodes}

    def by_mac(self, mac):
        return next((node for node in self.nodes.values() if node.mac == mac), None)

    def wait_proxies(self):
        for node in self.nodes.values():
            node.proxy.wait_ready()

    def reach(self, vip, port=80, bound=10.0):
        """Connects until an answer comes; returns (which backend it names, when), or None after `bound` seconds."""
        end = time.monotonic() + bound
        while time.monotonic() < end:
            try:
                return http_get(self.client, vip, port, bound=0.5).text, time.time()
            except (OSError, socket.timeout):
                time.sleep(0.02)  # sleep: between two attempts, bounded
        return None

    def connects(self, vip, port=80):
        """Whether a connection of the client is taken within a second."""
        with self.client.entered():
            try:
                socket.create_connection((vip, port), 1.0).close()
            except OSError:
                return False
        return True
