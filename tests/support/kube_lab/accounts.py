# SPDX-License-Identifier: BSL-1.0
"""Service accounts with exactly the rights that are named, and tokens that can be revoked."""
import time
import urllib.parse

RBAC = "rbac.authorization.k8s.io"
LEASE_RULES = ({"apiGroups": ["coordination.k8s.io"], "resources": ["leases"],
                "verbs": ["get", "list", "watch", "create", "update", "delete"]},)
_APPLIES_MAX = 10.0  # seconds until every server has heard of a changed role


class Account:
    """A ServiceAccount with a Role of its own name and, when `cluster_rules` are given, a ClusterRole."""

    def __init__(self, cluster, name, rules=LEASE_RULES, namespace="isat-system", cluster_rules=()):
        self._cluster, self._api = cluster, cluster.api
        self.name, self.namespace, self.rules = name, namespace, list(rules)
        self._path = f"/api/v1/namespaces/{namespace}"
        self._rbac = f"/apis/{RBAC}/v1"
        self._secrets = 0
        if self._api.get(self._path).status == 404:
            self._api.made("/api/v1/namespaces", {"metadata": {"name": namespace}})
        self._api.made(f"{self._path}/serviceaccounts", {"metadata": {"name": name}})
        self._bind(f"{self._rbac}/namespaces/{namespace}/rolebindings", "Role")
        self.restore_role()
        if cluster_rules:
            self._api.made(f"{self._rbac}/clusterroles", {"metadata": {"name": name}, "rules": list(cluster_rules)})
            self._bind(f"{self._rbac}/clusterrolebindings", "ClusterRole")
            self._applies(cluster_rules[0], True, None)

    def _bind(self, path, kind):
        subject = {"kind": "ServiceAccount", "name": self.name, "namespace": self.namespace}
        self._api.made(path, {"metadata": {"name": self.name}, "subjects": [subject],
                              "roleRef": {"apiGroup": RBAC, "kind": kind, "name": self.name}})

    @property
    def _roles(self):
        return f"{self._rbac}/namespaces/{self.namespace}/roles"

    def remove_role(self):
        """Its rights in its namespace are gone, on every server that runs, when this returns."""
        answer = self._api.delete(f"{self._roles}/{self.name}")
        assert answer.status == 200, answer
        self._applies(self.rules[0], False, self.namespace)

    def restore_role(self):
        """And they are back when this returns."""
        self._api.made(self._roles, {"metadata": {"name": self.name}, "rules": self.rules})
        self._applies(self.rules[0], True, self.namespace)

    def _applies(self, rule, allowed, namespace):
        """Asks all servers until they agree that the account may, or may not, do what the rule says."""
        resource, _, subresource = rule["resources"][0].partition("/")
        what = {"group": rule["apiGroups"][0], "resource": resource, "subresource": subresource, "verb": rule["verbs"][0]}
        review = {"spec": {"user": f"system:serviceaccount:{self.namespace}:{self.name}",
                           "resourceAttributes": {**what, **({"namespace": namespace} if namespace else {})}}}
        end = time.monotonic() + _APPLIES_MAX
        for api in [self._cluster.admin_api(server) for server in self._cluster.servers if server.running()]:
            while api.made("/apis/authorization.k8s.io/v1/subjectaccessreviews", review)["status"]["allowed"] != allowed:
                if time.monotonic() > end:
                    raise RuntimeError(f"{api.url.netloc} has not heard that {self.name} is {allowed=}")
                time.sleep(0.01)  # sleep: between two questions, bounded

    def token(self, seconds=3600, secret=None):
        """A fresh token; bound to the secret of that name (revocable()) when given."""
        spec = {"expirationSeconds": seconds}
        if secret:
            spec["boundObjectRef"] = {"apiVersion": "v1", "kind": "Secret", "name": secret}
        path = f"{self._path}/serviceaccounts/{urllib.parse.quote(self.name)}/token"
        return self._api.made(path, {"spec": spec})["status"]["token"]

    def revocable(self, seconds=3600):
        """(token, name of the secret it is bound to)."""
        self._secrets += 1
        secret = f"{self.name}-{self._secrets}"
        self._api.made(f"{self._path}/secrets", {"metadata": {"name": secret}})
        return self.token(seconds, secret), secret

    def revoke(self, secret):
        """Tokens bound to this secret are refused from now on; a server that has just seen one takes it 10 s more."""
        answer = self._api.delete(f"{self._path}/secrets/{secret}")
        assert answer.status == 200, answer
