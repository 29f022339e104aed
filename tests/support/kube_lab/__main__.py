# SPDX-License-Identifier: BSL-1.0
"""A cluster by hand: prints its kubeconfig files and waits for Ctrl-C; then all of it is gone."""
import argparse
import signal

from . import provision
from .cluster import Cluster


def main():
    parser = argparse.ArgumentParser(prog="cluster.sh", description=__doc__)
    parser.add_argument("--servers", type=int, default=1, help="API servers on the one etcd (default 1)")
    parser.add_argument("--without-watch-cache", action="store_true", help="the last server has no watch cache")
    parser.add_argument("--account", default="isat", help="a service account that may use Leases in isat-system")
    parser.add_argument("--flag", action="append", default=[], help="one more flag of kube-apiserver (repeatable)")
    options = parser.parse_args()
    provision.ensure()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    with Cluster() as cluster:
        for number in range(1, options.servers + 1):
            last = number == options.servers
            cluster.add_server(watch_cache=not (last and options.without_watch_cache), flags=options.flag)
        cluster.start()
        account = cluster.service_account(options.account)
        print(f"etcd            {cluster.etcd.url}  pid {cluster.etcd.pid}")
        for server in cluster.servers:
            print(f"{server.name}  {server.url}  pid {server.pid}  log {server.log}")
            name = server.name.removeprefix("kube-")
            print(f"  administrator {cluster.kubeconfig(f'admin-{name}', server)}")
            print(f"  {options.account}          {cluster.kubeconfig(f'account-{name}', server, token=account.token(86400))}")
        print(f"export KUBECONFIG={cluster.folder}/admin-apiserver-1.kubeconfig PATH={provision.program('kubectl').parent}:$PATH")
        print("Ctrl-C ends it.", flush=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
