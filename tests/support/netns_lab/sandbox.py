# SPDX-License-Identifier: BSL-1.0
"""Runs the calling program again inside private mount, network and process namespaces.

Names of namespaces never collide between runs, nothing is left behind however the program ends (the kernel removes
the lot with the first process), and no privileges are needed where user namespaces are allowed. It refuses to touch
the host's network: before enter() returns, the only interface is a loopback of our own.
"""
import ctypes
import os
import signal
import subprocess
import sys

SKIPPED = 77
_MARK = "ISAT_LAB_INSIDE"
_PR_SET_PDEATHSIG = 1
_TOOLS = ("unshare", "nsenter", "ip", "mount")


def skip(reason):
    """Ends the program as skipped; ctest and tests/run.sh look for the code and the word."""
    print(f"SKIP: {reason}", flush=True)
    sys.exit(SKIPPED)


def _unshare_command():
    command = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child"]
    if os.geteuid() != 0:
        command += ["--user", "--map-root-user"]
    return command


def _find(tool):
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    os.environ["PATH"] = path
    return any(os.access(os.path.join(folder, tool), os.X_OK) for folder in path.split(":") if folder)


def _prepare():
    """Private /run (so `ip netns` names are ours alone) and /proc, and a segment can be built here at all."""
    steps = (
        ["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"],
        ["mount", "-t", "proc", "proc", "/proc"],
        ["ip", "link", "set", "dev", "lo", "up"],
        ["ip", "link", "add", "probe0", "type", "bridge"],
        ["ip", "link", "add", "probe1", "type", "veth", "peer", "name", "probe2"],
        ["ip", "link", "del", "dev", "probe0"],
        ["ip", "link", "del", "dev", "probe1"],
        ["mkdir", "-p", "/run/netns", "/run/lab"],
    )
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            skip(f"`{' '.join(step)}` fails here: {done.stderr.strip()}")


def enter():
    """Returns inside the namespaces; outside it replaces this process by a copy of itself within them."""
    if os.environ.get(_MARK) == "1" and os.getpid() == 1:
        _prepare()
        return
    missing = [tool for tool in _TOOLS if not _find(tool)]
    if missing:
        skip(f"{' and '.join(missing)} not found (packages iproute2, util-linux, mount)")
    trial = subprocess.run(_unshare_command() + ["true"], capture_output=True, text=True, check=False)
    if trial.returncode != 0:
        skip(f"no namespaces here: {trial.stderr.strip()}")
    os.environ[_MARK] = "1"
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # who started us may be killed outright
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    os.execvp("unshare", _unshare_command() + ["--", sys.executable] + sys.argv)
