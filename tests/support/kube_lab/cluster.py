# SPDX-License-Identifier: BSL-1.0
"""A cluster's control plane: one etcd, any number of API servers on it, and the means to look at it and to break it.

There is no kubelet, scheduler or controller: tests write Nodes, Services and EndpointSlices themselves, and an object
that waits for a controller (a namespace that is deleted) waits for ever. Clusters do not know of each other.
"""
import atexit
import fcntl
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

from . import accounts, certificates, kubeconfig, provision
from .api import Api, KeptApi
from .servers import ApiServer, Etcd

MANIFESTS = provision.ROOT / "examples" / "kubernetes"
NAMESPACE, ACCOUNT = "isat-system", "isat-speaker"  # of the manifests
_PREFIX = "isat-kube-"


def _base():
    """Where clusters live, in memory if possible: /run/lab vanishes with the sandbox."""
    inside = os.environ.get("ISAT_LAB_INSIDE") == "1"
    for folder in (["/run/lab"] if inside else []) + ["/dev/shm"]:
        if os.access(folder, os.W_OK):
            return pathlib.Path(folder)
    return pathlib.Path(tempfile.gettempdir())


class _Folder:
    """A folder that is locked as long as we live; those of processes that were killed are swept away."""

    def __init__(self):
        base = _base()
        for old in base.glob(f"{_PREFIX}*"):
            self._sweep(old)
        self.path = pathlib.Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base))
        self._lock = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    @staticmethod
    def _sweep(path):
        try:
            lock = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path, ignore_errors=True)
        except OSError:
            pass
        finally:
            os.close(lock)

    def close(self):
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


class Cluster:
    """Made stopped: add servers, then start(); or `with Cluster.started(2) as cluster:`."""

    def __init__(self):
        self._folder = _Folder()
        self.folder = self._folder.path
        atexit.register(self.close)
        self.authority = certificates.Authority(self.folder / "pki")
        self.admin = self.authority.client("kube-lab-admin", ["system:masters"], name="admin")
        self.token_key = self.authority.key("tokens")
        self.etcd = Etcd(self.folder)
        self.servers = []

    @classmethod
    def started(cls, servers=1, **options):
        """A running cluster; `options` are those of ApiServer, the same for each."""
        cluster = cls()
        try:
            for _ in range(servers):
                cluster.add_server(**options)
            return cluster.start()
        except BaseException:
            cluster.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def add_server(self, **options):
        """One more API server (options: see ApiServer), not started."""
        self.servers.append(ApiServer(self, len(self.servers) + 1, **options))
        return self.servers[-1]

    def start(self):
        """Starts what does not run, and returns itself when all are ready."""
        processes = [self.etcd, *self.servers]
        for process in processes:
            if not process.running():
                process.start(wait=process is self.etcd)
        for process in processes:
            process.wait_ready()
        return self

    def close(self):
        """Ends all, by force, and removes every file."""
        for process in [*self.servers, self.etcd]:
            process.stop(0)
            process.close()
        self._folder.close()
        atexit.unregister(self.close)

    def tail(self, lines=30):
        """The ends of all logs."""
        return "\n".join(process.tail(lines) for process in [self.etcd, *self.servers])

    @property
    def server(self):
        """The first API server."""
        return self.servers[0]

    @property
    def api(self):
        """The administrator's client of the first API server."""
        return self.admin_api(self.server)

    def admin_api(self, server, **options):
        return Api(server.url, self.authority.certificate, pair=self.admin, **options)

    def kept_api(self, token=None, server=None, **options):
        """A client that keeps its connection, with a bearer token, else the administrator's."""
        identity = {"token": token} if token else {"pair": self.admin}
        return KeptApi((server or self.server).url, self.authority.certificate, **identity, **options)

    def api_of(self, token=None, server=None, **options):
        """A client with a bearer token, or without any identity."""
        return Api((server or self.server).url, self.authority.certificate, token=token, **options)

    def service_account(self, name="isat", rules=accounts.LEASE_RULES, **options):
        """An Account: it may do what `rules` say in its namespace (isat-system), and nothing else."""
        return accounts.Account(self, name, rules, **options)

    def install(self, *components):
        """Applies the base of examples/kubernetes, and the accounts of these components; returns a token of the speakers."""
        self.kubectl("apply", "--kustomize", MANIFESTS / "base")
        for each in components:
            self.kubectl("apply", "-f", MANIFESTS / "components" / each / "account.yaml")
        return self.kubectl("create", "token", ACCOUNT, f"--namespace={NAMESPACE}").strip()

    def kubeconfig(self, name="admin", server=None, **options):
        """Writes a kubeconfig file (options: see kubeconfig.write; without any, the administrator's) for one server."""
        if not {"token", "token_file", "pair", "user"} & options.keys():
            options["pair"] = self.admin
        path = self.folder / f"{name}.kubeconfig"
        return kubeconfig.write(path, (server or self.server).url, self.authority.certificate, **options)

    def kubectl(self, *words, config=None, text=None, check=True):
        """Runs kubectl as the administrator, or with another kubeconfig file; `text` is its input. Returns the output."""
        command = [provision.program("kubectl"), f"--kubeconfig={config or self.kubeconfig()}",
                   f"--cache-dir={self.folder}/kubectl", *map(str, words)]
        done = subprocess.run(command, input=text or "", capture_output=True, text=True, check=False)
        if check and done.returncode != 0:
            raise RuntimeError(f"kubectl {' '.join(map(str, words))} ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout if done.returncode == 0 else done.stderr

    def kubectl_json(self, *words, **options):
        return json.loads(self.kubectl(*words, "--output=json", **options))

    def audited(self):
        """The requests that servers made with audit=True have finished, oldest first; see ApiServer.audited()."""
        events = [event for server in self.servers if server.audit_log for event in server.audited()]
        finished = [event for event in events if event["stage"] == "ResponseComplete"]
        return sorted(finished, key=lambda event: event["stageTimestamp"])
