# SPDX-License-Identifier: BSL-1.0
"""Files that kubectl, client-go and the speaker read: kubeconfig, in YAML as people have it."""
import base64
import json
import os
import pathlib


def yaml(value, indent=""):
    """The lines of mappings, lists and scalars in block style; texts are quoted as JSON has it, which YAML allows."""
    lines = []
    for key, each in value.items() if isinstance(value, dict) else [(None, each) for each in value]:
        head = "-" if key is None else f"{key}:"
        if isinstance(each, (dict, list)) and each:
            inner = yaml(each, indent + "  ")
            if key is None:
                lines += [f"{indent}- {inner[0].lstrip()}", *inner[1:]]
            else:
                lines += [f"{indent}{head}", *inner]
        else:
            lines.append(f"{indent}{head} {json.dumps(each)}")
    return lines


def _file(name, path, embed):
    if embed:
        return {f"{name}-data": base64.b64encode(pathlib.Path(path).read_bytes()).decode()}
    return {name: str(path)}


def write(path, url, authority, *, token=None, token_file=None, pair=None, user=None, cluster=None,
          namespace="isat-system", embed=True):
    """Writes a kubeconfig of one context, "lab", and returns its path.

    `authority` is the path of the authority's certificate. `embed`: certificates and keys are in the file itself, else
    their paths. The identity is a token, a token_file, a pair, or `user`, a mapping taken as it is (for exec plugins);
    `cluster` is merged into the cluster's mapping (tls-server-name and the like).
    """
    who = dict(user or {})
    if token:
        who["token"] = token
    if token_file:
        who["tokenFile"] = str(token_file)
    if pair:
        who.update(_file("client-certificate", pair.certificate, embed), **_file("client-key", pair.key, embed))
    where = {"server": url, **_file("certificate-authority", authority, embed), **(cluster or {})}
    content = {
        "apiVersion": "v1", "kind": "Config", "current-context": "lab",
        "clusters": [{"name": "lab", "cluster": where}],
        "users": [{"name": "lab", "user": who}],
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "lab", "namespace": namespace}}],
    }
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write("\n".join(yaml(content)) + "\n")
    return pathlib.Path(path)
