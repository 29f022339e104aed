# SPDX-License-Identifier: BSL-1.0
"""Conan, as it comes from PyPI, in an environment of its own outside the tree: below ${XDG_CACHE_HOME:-~/.cache}/isat, by
version. It is installed once; nothing of the system's Python is changed."""

import fcntl
import os
import pathlib
import shutil
import subprocess
import sys

VERSION = "2.34.0"


class Missing(Exception):
    """Conan cannot be had here; the reason is a sentence."""


def _run(*command):
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, timeout=300)
    return done.returncode, done.stdout.strip()


def _works(program):
    try:
        return _run(program, "--version") == (0, f"Conan version {VERSION}")
    except OSError:  # it is not there, or its Python is there no more
        return False


def _install(environment):
    shutil.rmtree(environment, ignore_errors=True)
    code, output = _run(sys.executable, "-m", "venv", environment)
    if code == 0:
        code, output = _run(environment / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "install", "--quiet",
                            "--retries=1", f"conan=={VERSION}")
    if code != 0:
        shutil.rmtree(environment, ignore_errors=True)
        lines = output.splitlines() or ["no reason was given"]
        raise Missing(f"Conan {VERSION} is not in {environment.parent} and cannot be installed from PyPI: {lines[-1]}")


def program():
    """The path of `conan`. Raises Missing."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    environment = pathlib.Path(cache, "isat", f"conan-{VERSION}")
    found = environment / "bin" / "conan"
    try:
        environment.parent.mkdir(parents=True, exist_ok=True)
        with open(f"{environment}.lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not _works(found):
                _install(environment)
    except OSError as problem:
        raise Missing(f"cannot write to {environment.parent}, where Conan is kept: {problem}") from problem
    except subprocess.TimeoutExpired as problem:
        raise Missing(f"installing Conan {VERSION} from PyPI took more than {problem.timeout:.0f} s") from problem
    return found
