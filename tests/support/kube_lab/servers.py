# SPDX-License-Identifier: BSL-1.0
"""One etcd, one kube-apiserver: each a process that is started, stopped, paused, killed and started again.

Whatever happens to the test, they end with it: the kernel kills a server whose starting thread ends, so servers are
started by the main thread only. A port is reserved once and kept, so a server comes back under the address it had.
"""
import base64
import json
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request

from . import provision

START_MAX = 60.0  # seconds: a server that is not ready by then is a failure
_STOP_MAX = 15.0


class Port:
    """A free TCP port of `address`, ours until close(): the socket that holds it never listens, so that a server which
    asks to reuse addresses (all of Go's do) can have it, again and again, and nobody else is given it."""

    def __init__(self, address="127.0.0.1", number=0):
        self._socket = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((address, number))
        self.number = self._socket.getsockname()[1]

    def close(self):
        self._socket.close()


class Server:
    """A server process with a log; what it is and when it is ready say the classes below."""

    def __init__(self, name, folder, program, flags):
        self.name = name
        self.log = pathlib.Path(folder) / f"{name}.log"
        self.command = [str(word) for word in ["setpriv", "--pdeathsig", "KILL", "--", provision.program(program), *flags]]
        self.process = None
        self.started = None  # time.monotonic of the last start

    def ready(self):
        """True when it serves, asked from itself within a second."""
        raise NotImplementedError

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process is not None and self.process.poll() is None

    def start(self, wait=True):
        """Starts it, again if need be, and waits until it is ready unless told not to."""
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError(f"{self.name} must be started by the main thread: it would end with this one")
        if self.running():
            raise RuntimeError(f"{self.name} is running")
        self.started = time.monotonic()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if wait:
            self.wait_ready()

    def wait_ready(self, bound=START_MAX):
        """Returns the seconds since its start when it is ready; an exception after `bound` seconds or at its end."""
        end = time.monotonic() + bound
        while not self.ready():
            if not self.running() or time.monotonic() > end:
                why = f"not ready within {bound} s" if self.running() else f"ended with {self.process.returncode}"
                raise RuntimeError(f"{self.name}: {why}\n{self.tail()}")
            time.sleep(0.05)  # sleep: between two questions, bounded
        return time.monotonic() - self.started

    def stop(self, bound=_STOP_MAX):
        """Ends it in order (SIGTERM), by force after `bound` seconds; returns the exit code, None if it never ran."""
        if self.process is None:
            return None
        if self.running():
            self.resume()
            self.process.terminate()
        try:
            return self.process.wait(bound)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self):
        """Ends it as a crash does; its connections are reset."""
        self.process.kill()
        return self.process.wait()

    def restart(self):
        self.stop()
        self.start()

    def pause(self):
        """From now on it takes connections and requests, which the kernel does for it, and answers nothing."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self):
        os.kill(self.pid, signal.SIGCONT)

    def memory(self):
        """Resident memory in MiB."""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:")) // 1024

    def tail(self, lines=30):
        """The end of its log, with a headline."""
        text = self.log.read_text(encoding="utf-8", errors="replace").splitlines() if self.log.exists() else []
        return "\n".join([f"--- {self.name} (the last of {len(text)} lines)", *text[-lines:]])


def _encoded(text):
    return base64.b64encode(text.encode()).decode()


class Etcd(Server):
    """One member, without TLS, on the loopback interface; it does not wait for the disk."""

    def __init__(self, folder):
        self._port = Port()
        self.url = f"http://127.0.0.1:{self._port.number}"
        super().__init__("etcd", folder, "etcd", [
            f"--data-dir={folder}/etcd", f"--listen-client-urls={self.url}", f"--advertise-client-urls={self.url}",
            "--listen-peer-urls=http://127.0.0.1:0", "--unsafe-no-fsync", "--log-level=warn"])

    def close(self):
        self.stop()
        self._port.close()

    def ready(self):
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=1) as answer:
                return json.load(answer)["health"] == "true"
        except (OSError, ValueError):
            return False

    def _call(self, path, body):
        request = urllib.request.Request(f"{self.url}/v3/{path}", json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def value(self, key):
        """What is kept under a key, as text: the API servers must keep objects as JSON."""
        kept = self._call("kv/range", {"key": _encoded(key)})["kvs"][0]["value"]
        return base64.b64decode(kept).decode()

    def put(self, key, value):
        """Past all API servers, which hear of it."""
        self._call("kv/put", {"key": _encoded(key), "value": _encoded(value)})

    def revision(self):
        """The newest revision: Kubernetes shows those as resourceVersion."""
        return int(self._call("maintenance/status", {})["header"]["revision"])

    def compact(self, revision=None):
        """Forgets everything older than `revision` (default: than the newest) and returns that revision."""
        revision = revision or self.revision()
        self._call("kv/compaction", {"revision": str(revision), "physical": True})
        return revision


class ApiServer(Server):
    """One kube-apiserver with RBAC and TLS, number `number` of its cluster. It writes no Lease of its own, so that its
    metrics count those of others only."""

    def __init__(self, cluster, number, *, address="127.0.0.1", port=0, watch_cache=True, publish=False, audit=False,
                 flags=()):
        """`publish`: it writes itself into the endpoints of default/kubernetes, as servers of a real cluster do, which
        takes an `address` that is not of the loopback interface. `audit`: it writes a line for every request."""
        self._port = Port(address, port)
        self.address, self.port = address, self._port.number
        self.url = f"https://{f'[{address}]' if ':' in address else address}:{self.port}"
        self._names = list(dict.fromkeys(["localhost", "127.0.0.1", "::1", address, "10.0.0.1", "kubernetes.default.svc"]))
        self._authority = cluster.authority
        self._certificate_name = f"server-{number}"
        self.pair = self._authority.server(self._certificate_name, self._names)
        self.audit_log = cluster.folder / f"audit-{number}.log" if audit else None
        self._api = cluster.admin_api(self, timeout=1.0)
        super().__init__(f"kube-apiserver-{number}", cluster.folder, "kube-apiserver", [
            f"--etcd-servers={cluster.etcd.url}", f"--bind-address={address}", f"--advertise-address={address}",
            f"--secure-port={self.port}", f"--cert-dir={cluster.folder}", f"--tls-cert-file={self.pair.certificate}",
            f"--tls-private-key-file={self.pair.key}", f"--client-ca-file={cluster.authority.certificate}",
            "--authorization-mode=RBAC", "--disable-admission-plugins=ServiceAccount",
            "--service-cluster-ip-range=10.0.0.0/16", "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={cluster.token_key}", f"--service-account-signing-key-file={cluster.token_key}",
            f"--endpoint-reconciler-type={'lease' if publish else 'none'}", f"--watch-cache={str(watch_cache).lower()}",
            "--profiling=false", "--feature-gates=APIServerIdentity=false", *self._audit_flags(cluster.folder), *flags])

    def _audit_flags(self, folder):
        if self.audit_log is None:
            return []
        policy = folder / "audit-policy.json"
        policy.write_text(json.dumps({"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": [{"level": "Metadata"}]}))
        return [f"--audit-policy-file={policy}", f"--audit-log-path={self.audit_log}"]

    def close(self):
        self.stop()
        self._port.close()

    def ready(self):
        try:
            return self._api.get("/readyz").status == 200
        except OSError:
            return False

    def rotate_certificate(self, names=None):
        """Gives it a new pair of the same authority, for other `names` if told; it finds it by itself before long."""
        self._authority.server(self._certificate_name, names or self._names)

    def audited(self):
        """Its audit events so far, oldest first: verb, userAgent, user, objectRef, responseStatus, stage, times."""
        with open(self.audit_log, encoding="utf-8") as lines:
            return [json.loads(line) for line in lines if line.endswith("\n")]
