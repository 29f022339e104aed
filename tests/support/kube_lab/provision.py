# SPDX-License-Identifier: BSL-1.0
"""The programs that tests/kubernetes/provision.sh brings.

Called before a test enters its sandbox, where there is no network to fetch anything from: what was found is passed on
to the inside by KUBEBUILDER_ASSETS.
"""
import os
import pathlib
import shutil
import subprocess

from netns_lab.sandbox import SKIPPED, skip

ROOT = pathlib.Path(__file__).resolve().parents[3]
_SCRIPT = ROOT / "tests" / "kubernetes" / "provision.sh"


def _last_line(*options):
    done = subprocess.run([_SCRIPT, *map(str, options)], stdout=subprocess.PIPE, text=True, check=False)
    last = (done.stdout.splitlines() or [""])[-1]
    if done.returncode == SKIPPED:
        skip(last.removeprefix("SKIP: "))
    if done.returncode != 0:
        raise RuntimeError(f"{_SCRIPT.name} ended with {done.returncode}")
    return pathlib.Path(last)


def ensure():
    """Returns the folder of the servers' programs, after having built them if need be; skips where that cannot be."""
    if shutil.which("openssl") is None:
        skip("openssl not found (package openssl)")
    folder = _last_line()
    for program in ("etcd", "kube-apiserver", "kubectl", "kube-proxy"):
        os.environ.pop("TEST_ASSET_" + program.upper().replace("-", "_"), None)
    os.environ["KUBEBUILDER_ASSETS"] = str(folder)
    return folder


def program(name):
    """The path of one of the programs; ensure() has been called, here or outside the sandbox."""
    path = pathlib.Path(os.environ["KUBEBUILDER_ASSETS"]) / name
    if not os.access(path, os.X_OK):
        skip(f"there is no {name} in {path.parent}")
    return path


def go_tool(folder):
    """Returns the path of the Go program whose module is `folder`, built if need be; skips where that cannot be."""
    return _last_line("--go-tool", folder)
