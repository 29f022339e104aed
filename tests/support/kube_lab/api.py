# SPDX-License-Identifier: BSL-1.0
"""An HTTPS client of one API server, as plain as can be: one connection per call, JSON in and out, certificates checked.

It shares nothing with the library under test. Sockets are opened in the network namespace that the calling thread is
in, so `with machine.entered(): api.get(…)` asks from a machine of the lab.
"""
import collections
import http.client
import json
import re
import ssl
import time
import urllib.parse
from typing import NamedTuple

LEASES = "/apis/coordination.k8s.io/v1/namespaces/{}/leases"
_SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class Answer(NamedTuple):
    """One HTTP answer."""
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self):
        return json.loads(self.body)


class Metrics:
    """What /metrics said at one time."""

    def __init__(self, text):
        self.samples = collections.defaultdict(list)  # name: [(labels, value)]
        for name, labels, value in _SAMPLE.findall(text):
            self.samples[name].append((dict(_LABEL.findall(labels)), float(value)))

    def total(self, name, **labels):
        """The sum of the samples that have all these labels."""
        return sum(value for have, value in self.samples[name] if labels.items() <= have.items())

    def by(self, name, *labels, **wanted):
        """A Counter of the samples that have the labels `wanted`, by the values of these `labels` (a tuple)."""
        result = collections.Counter()
        for have, value in self.samples[name]:
            if wanted.items() <= have.items():
                result[tuple(have.get(label, "") for label in labels)] += value
        return result

    def requests(self, **wanted):
        """Finished requests by (verb, resource, code), e.g. ("PUT", "leases", "200"); a watch counts at its end."""
        return self.by("apiserver_request_total", "verb", "resource", "code", **wanted)

    def watches(self, resource):
        """Watches that are open now."""
        return int(self.total("apiserver_longrunning_requests", verb="WATCH", resource=resource))


class Api:
    """A server's `url` with one identity: a bearer token, a client's pair, or none."""

    def __init__(self, url, authority, *, token=None, pair=None, agent="kube_lab", timeout=10.0):
        self.url = urllib.parse.urlsplit(url)
        self.timeout = timeout
        self._headers = {"User-Agent": agent, "Accept": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._context = ssl.create_default_context(cafile=authority)
        if pair:
            self._context.load_cert_chain(pair.certificate, pair.key)

    def _connection(self, timeout=None):
        return http.client.HTTPSConnection(self.url.hostname, self.url.port, timeout=timeout or self.timeout,
                                           context=self._context)

    def request(self, method, path, body=None, kind="application/json"):
        """One request and its Answer, whatever the status; OSError when there is none."""
        connection = self._connection()
        try:
            data = None if body is None else json.dumps(body)
            connection.request(method, path, data, {**self._headers, **({"Content-Type": kind} if data else {})})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        except http.client.HTTPException as problem:
            raise ConnectionError(f"{method} {path}: {problem!r}") from problem
        finally:
            connection.close()

    def get(self, path):
        return self.request("GET", path)

    def post(self, path, body):
        return self.request("POST", path, body)

    def put(self, path, body):
        return self.request("PUT", path, body)

    def delete(self, path):
        return self.request("DELETE", path)

    def patch(self, path, body, kind="application/merge-patch+json"):
        return self.request("PATCH", path, body, kind)

    def made(self, path, body):
        """POSTs an object that must not be there; returns it as the server keeps it."""
        answer = self.post(path, body)
        if answer.status not in (200, 201):
            raise RuntimeError(f"POST {path}: {answer.status} {answer.body.decode()}")
        return answer.json()

    def watch(self, path, bound=10.0):
        """Yields the events of a watch (`path` has watch=1 in it) for `bound` seconds at most. A refused watch yields the
        refusal as an ERROR event."""
        connection, end = self._connection(bound), time.monotonic() + bound
        try:
            connection.request("GET", path, headers=self._headers)
            answer = connection.getresponse()
            if answer.status != 200:
                yield {"type": "ERROR", "object": json.loads(answer.read())}
                return
            while (left := end - time.monotonic()) > 0:
                connection.sock.settimeout(left)
                line = answer.readline()
                if not line:
                    return
                yield json.loads(line)
        except TimeoutError:
            return
        finally:
            connection.close()

    def metrics(self):
        return Metrics(self.get("/metrics").body.decode())

    def shown_certificate(self):
        """The certificate that the server shows to a new connection, DER."""
        connection = self._connection()
        try:
            connection.connect()
            return connection.sock.getpeercert(binary_form=True)
        finally:
            connection.close()


class KeptApi(Api):
    """For thousands of requests: keeps one connection, which one thread may use."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self._kept = self._connection()

    def request(self, method, path, body=None, kind="application/json"):
        data = None if body is None else json.dumps(body)
        self._kept.request(method, path, data, {**self._headers, **({"Content-Type": kind} if data else {})})
        answer = self._kept.getresponse()
        return Answer(answer.status, answer.headers, answer.read())

    def close(self):
        self._kept.close()
