# SPDX-License-Identifier: BSL-1.0
"""Nodes, Services and EndpointSlices, written as their controllers write them."""
SPACE = "default"
SERVICES = f"/api/v1/namespaces/{SPACE}/services"
SLICES = f"/apis/discovery.k8s.io/v1/namespaces/{SPACE}/endpointslices"
NODES = "/api/v1/nodes"
EXCLUDED = "node.kubernetes.io/exclude-from-external-load-balancers"
PORT = 8080  # of the backends: HTTP
PLAIN = PORT + 1  # and one that takes connections and closes them


class Objects:
    """The objects of one cluster, by an administrator's client, `api`."""

    def __init__(self, api):
        self.api = api

    def done(self, answer):
        """What the server keeps now."""
        if answer.status not in (200, 201):
            raise RuntimeError(f"{answer.status} {answer.body.decode()}")
        return answer.json()

    def node(self, name, address):
        self.api.made(NODES, {"metadata": {"name": name}, "status": {
            "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": name}]}})

    def label(self, node, value):
        """Sets the label that excludes a node from announcing, or takes it away (None)."""
        return self.done(self.api.patch(f"{NODES}/{node}", {"metadata": {"labels": {EXCLUDED: value}}}))

    def service(self, name, address, endpoints, port=80, target=PORT, **spec):
        """A Service at `address` (None: it has none yet) with one slice; `endpoints` {node: address}."""
        spec = {"type": "LoadBalancer", "allocateLoadBalancerNodePorts": False,
                "ports": [{"name": "http", "port": port, "targetPort": target}], **spec}
        self.api.made(SERVICES, {"metadata": {"name": name}, "spec": spec})
        self.slice(name, name, endpoints.items(), target)
        if address:
            self.address(name, address)

    def slice(self, name, service, endpoints, target=PORT):
        """A slice of a Service, with `endpoints` (node, address)."""
        self.api.made(SLICES, {
            "metadata": {"name": name, "labels": {"kubernetes.io/service-name": service}}, "addressType": "IPv4",
            "endpoints": self._endpoints(endpoints), "ports": [{"name": "http", "port": target, "protocol": "TCP"}]})

    @staticmethod
    def _endpoints(endpoints, ready=True):
        return [{"addresses": [address], "nodeName": node,
                 "conditions": {"ready": ready, "serving": ready, "terminating": False},
                 "targetRef": {"kind": "Pod", "namespace": SPACE, "name": f"pod-of-{node}"}}
                for node, address in endpoints]

    def address(self, name, *addresses):
        """Writes the status of a Service, as a controller of load balancers does; returns the Answer."""
        return self.done(self.status(name, [{"ip": address} for address in addresses]))

    def status(self, name, ingress):
        return self.api.patch(f"{SERVICES}/{name}/status", {"status": {"loadBalancer": {"ingress": ingress}}})

    def endpoints(self, name, endpoints, ready=True):
        """Endpoints move."""
        return self.done(self.api.patch(f"{SLICES}/{name}", {"endpoints": self._endpoints(endpoints.items(), ready)}))

    def change(self, name, **spec):
        return self.done(self.api.patch(f"{SERVICES}/{name}", {"spec": spec}))

    def remove(self, name):
        """The Service first, as people do it; its slice goes by the garbage collector, which is us."""
        self.done(self.api.delete(f"{SERVICES}/{name}"))
        self.done(self.api.delete(f"{SLICES}/{name}"))

    def clear(self, *kept):
        """Removes every Service but these."""
        for each in self.done(self.api.get(SERVICES))["items"]:
            if each["metadata"]["name"] not in (*kept, "kubernetes"):
                self.remove(each["metadata"]["name"])
