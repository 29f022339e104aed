# SPDX-License-Identifier: BSL-1.0
"""A certificate authority of one's own, by the openssl program: what servers show, and what clients show them.

Everything is a PEM file in one folder. Replacing a certificate is atomic for each file: a server that reads while it
happens finds the old key or the new one, and tries again when key and certificate do not match.
"""
import itertools
import os
import pathlib
import subprocess
from typing import NamedTuple

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-sha256", "-days", "30")


class Pair(NamedTuple):
    """The paths of a certificate and its key."""
    certificate: pathlib.Path
    key: pathlib.Path


def _openssl(*words):
    done = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"`openssl {' '.join(map(str, words))}` ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def alternative_names(names):
    """The subjectAltName of host names and IPv4 or IPv6 addresses."""
    return ",".join(("IP:" if ":" in name or name.replace(".", "").isdigit() else "DNS:") + name for name in names)


class Authority:
    """Signs what is asked for; files go to `folder`."""

    def __init__(self, folder, name="ca"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._numbers = itertools.count(1)
        self.certificate = self.folder / f"{name}.crt"
        self._key = self.folder / f"{name}.key"
        _openssl("req", "-x509", *_KEY, "-subj", f"/CN=kube_lab {name}", "-keyout", self._key, "-out", self.certificate,
                 "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def _sign(self, name, subject, usage, extensions=()):
        """Makes a new pair under `name`, over the one that may be there."""
        pair = Pair(self.folder / f"{name}.crt", self.folder / f"{name}.key")
        fresh = Pair(*(path.with_suffix(f"{path.suffix}.{next(self._numbers)}") for path in pair))
        added = [f"extendedKeyUsage={usage}", "keyUsage=critical,digitalSignature", "basicConstraints=critical,CA:FALSE"]
        words = [word for each in (*added, *extensions) for word in ("-addext", each)]
        _openssl("req", "-x509", "-CA", self.certificate, "-CAkey", self._key, *_KEY, "-subj", subject,
                 "-keyout", fresh.key, "-out", fresh.certificate, *words)
        os.replace(fresh.key, pair.key)
        os.replace(fresh.certificate, pair.certificate)
        return pair

    def server(self, name, names):
        """A server's pair for these host names and addresses; the same `name` again rotates it in place."""
        return self._sign(name, f"/CN={name}", "serverAuth", [f"subjectAltName={alternative_names(names)}"])

    def client(self, user, groups=(), name=None):
        """A client's pair: the API server takes the common name as user and each organization as a group."""
        subject = "".join(f"/O={group}" for group in groups) + f"/CN={user}"
        return self._sign(name or f"client-{user}", subject, "clientAuth")

    def key(self, name):
        """A key without a certificate, such as the one that signs tokens: "EC PRIVATE KEY", the only form of an EC key that
        an API server takes both for signing and for checking."""
        path = self.folder / f"{name}.key"
        _openssl("ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", path)
        return path


def serial(certificate):
    """The serial number of a PEM certificate in a file."""
    return _openssl("x509", "-noout", "-serial", "-in", certificate).strip()
