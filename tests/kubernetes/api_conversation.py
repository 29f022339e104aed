# SPDX-License-Identifier: BSL-1.0
"""A conversation with an API server, to be held with two of them: what was answered can be compared word by word.

Names of objects stand for themselves; what differs between servers by nature (uids, versions, times) is replaced by
marks that keep their relations: the second uid that was seen is `<uid 2>` for either server.
"""
import contextlib
import http.client
import json
import re
import ssl
import urllib.parse

LEASES = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
MERGE = "application/merge-patch+json"
ADMIN, USER, STRANGER, NOBODY = "admin", "user", "stranger", None
OTHER_UID = "00000000-0000-4000-8000-000000000000"
_UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_VERSION = re.compile(r"((?:in record|current|resource version): ?\(?|in record \()\d+( \(\d+)?")
_UNSTABLE = ("managedFields", "selfLink")
_BY_NATURE = ("resourceVersion", "creationTimestamp", "continue", "nodePort")


class Conversation:
    """Speaks with the server at `url`, and notes every answer under a name. The administrator shows the certificate
    `pair`, the others (`tokens`, by user) bearer tokens."""

    def __init__(self, url, authority, pair, tokens):
        self.notes = {}
        self._host = urllib.parse.urlsplit(url).netloc
        self._tls = ssl.create_default_context(cafile=str(authority))
        self._admin_tls = ssl.create_default_context(cafile=str(authority))
        self._admin_tls.load_cert_chain(*map(str, pair))
        self._tokens = {STRANGER: "nobody-has-this-token", **tokens}
        self._uids = []

    def _open(self, method, target, text, user, **headers):
        tls = self._admin_tls if user == ADMIN else self._tls
        connection = http.client.HTTPSConnection(self._host, context=tls, timeout=20)
        headers = {"Content-Type": "application/json", "Accept": "application/json", **headers}
        if user in self._tokens:
            headers["Authorization"] = f"Bearer {self._tokens[user]}"
        connection.request(method, target, text, headers)
        return contextlib.closing(connection), connection.getresponse()

    def ask(self, method, target, body=None, user=ADMIN, content="application/json", accept="application/json"):
        """Asks without noting the answer: (status, what was read as JSON or text)."""
        text = body if body is None or isinstance(body, str) else json.dumps(body)
        connection, answer = self._open(method, target, text, user, **{"Content-Type": content, "Accept": accept})
        with connection:
            read = answer.read().decode()
        with contextlib.suppress(ValueError):
            return answer.status, json.loads(read)
        return answer.status, read

    def note(self, name, method, target, body=None, only=None, **options):
        """Asks and notes; returns the object that was answered. `only`: the fields of interest, if not all are."""
        status, read = self.ask(method, target, body, **options)
        assert name not in self.notes, f"two notes have the name `{name}`"
        kept = {key: read.get(key) for key in only} if only else read
        self.notes[name] = {"status": status, "body": self._marked(kept)}
        return read

    @contextlib.contextmanager
    def watching(self, name, target, **headers):
        """Watches; what comes until the server ends it is noted when the block ends."""
        connection, answer = self._open("GET", target, None, ADMIN, **headers)
        with connection:
            yield
            read = [json.loads(line) for line in answer.read().decode().splitlines() if line]
            self.notes[name] = {"status": answer.status, "body": self._marked(read)}

    def _marked(self, value, key=""):
        if isinstance(value, dict):
            return {name: self._marked(each, name) for name, each in value.items() if name not in _UNSTABLE}
        if isinstance(value, list):
            return [self._marked(each) for each in value]
        if key in _BY_NATURE and value:
            return f"<{key}>"
        if not isinstance(value, str):
            return value
        for uid in _UID.findall(value):
            if uid not in self._uids:
                self._uids.append(uid)
            value = value.replace(uid, f"<uid {self._uids.index(uid) + 1}>")
        return _VERSION.sub(r"\1<version>", value) if key == "message" else value


def lease(name, meta=None, **spec):
    full = {"holderIdentity": "a", "leaseDurationSeconds": 3, "leaseTransitions": 0,
            "acquireTime": "2026-01-02T03:04:05.000006Z", "renewTime": "2026-01-02T03:04:05.000006Z", **spec}
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": name, **(meta or {})},
            "spec": {key: value for key, value in full.items() if value is not None}}


def changed(read, meta=None, **spec):
    """The object that was read, with changes; a None removes."""
    both = {**read, "metadata": {**read["metadata"], **(meta or {})}, "spec": {**read["spec"], **spec}}
    for part in ("metadata", "spec"):
        both[part] = {key: value for key, value in both[part].items() if value is not None}
    return both


def writes(say):
    """Create, replace, conflicts."""
    first = say.note("create", "POST", LEASES, lease("one", {"labels": {"app": "x"}}))
    say.note("create again", "POST", LEASES, lease("one"))
    say.note("read", "GET", f"{LEASES}/one")
    say.note("read what is not there", "GET", f"{LEASES}/none")
    second = say.note("replace", "PUT", f"{LEASES}/one", changed(first, holderIdentity="b"))
    assert int(second["metadata"]["resourceVersion"]) > int(first["metadata"]["resourceVersion"])
    same = say.note("replace by the same", "PUT", f"{LEASES}/one", second)
    say.notes["the same is not written"] = same["metadata"]["resourceVersion"] == second["metadata"]["resourceVersion"]
    say.note("replace an old version", "PUT", f"{LEASES}/one", changed(first, holderIdentity="c"))
    say.note("replace without a version", "PUT", f"{LEASES}/one", changed(second, {"resourceVersion": None}))
    say.note("replace without version and uid", "PUT", f"{LEASES}/one",
             changed(second, {"resourceVersion": None, "uid": None}))
    say.note("replace another uid", "PUT", f"{LEASES}/one", changed(second, {"uid": OTHER_UID}))
    say.note("replace without a uid", "PUT", f"{LEASES}/one", changed(second, {"uid": None}, holderIdentity="d"))
    say.note("replace under another name", "PUT", f"{LEASES}/two", second)
    say.note("replace in another namespace", "PUT", f"{LEASES.replace('default', 'elsewhere')}/one", second)
    say.note("replace a version that is no number", "PUT", f"{LEASES}/one", changed(second, {"resourceVersion": "x"}))
    say.note("delete", "DELETE", f"{LEASES}/one")
    say.note("delete again", "DELETE", f"{LEASES}/one")
    say.note("replace what is gone", "PUT", f"{LEASES}/one", second)
    say.note("replace what is gone, no version", "PUT", f"{LEASES}/one", changed(second, {"resourceVersion": None}))
    say.note("replace what is gone, no uid", "PUT", f"{LEASES}/one", changed(second, {"uid": None}))
    say.note("replace what never was", "PUT", f"{LEASES}/fresh", lease("fresh"))
    say.note("create with a version", "POST", LEASES, lease("versioned", {"resourceVersion": "5"}))
    say.note("create with a uid", "POST", LEASES, lease("with-uid", {"uid": OTHER_UID}))
    say.note("create in a namespace that is not there", "POST", LEASES.replace("default", "elsewhere"), lease("one"))
    say.note("create with a generated name", "POST", LEASES, {**lease("x"), "metadata": {}})


def validity(say):
    """What is refused for what is in it."""
    def create(what, **options):
        say.note(what, "POST", LEASES, lease(**options))

    for text in ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.123Z", "2026-01-02T03:04:05.123456789Z", "yesterday",
                 "2026-01-02T03:04:05.123456+02:00", ""):
        create(f"time `{text}`", name="time", renewTime=text)
        say.ask("DELETE", f"{LEASES}/time")
    for seconds in (0, -1, "3", 1.5, 2**31):
        create(f"duration {seconds!r}", name="duration", leaseDurationSeconds=seconds)
    create("transitions -1", name="transitions", leaseTransitions=-1)
    create("no holder", name="no-holder", holderIdentity=None, acquireTime=None)
    create("empty holder", name="empty-holder", holderIdentity="")
    create("empty spec", name="empty-spec", holderIdentity=None, leaseDurationSeconds=None, leaseTransitions=None,
           acquireTime=None, renewTime=None)
    create("preferred holder", name="preferred", preferredHolder="b")
    for name in ("Upper", "under_score", "-dash", "dot.ted", "x" * 254, "a/b"):
        create(f"name `{name[:20]}`", name=name)
    for labels in ({"a b": "c"}, {"a": "b c"}, {"x" * 64: ""}, {"a": "x" * 64}, {"Example.com/a": "b"}, {"a/b/c": "d"},
                   {"": "x"}, {"a": 5}):
        create(f"labels {labels}", name="labels", meta={"labels": labels})
    for notes in ({"a b": "c"}, {"a": "b c"}, {"example.com/A_b": ""}, {"Example.com/a": "b"}, {"x": "y" * 262144}):
        create(f"annotations {str(notes)[:40]}", name="annotations", meta={"annotations": notes})
        say.ask("DELETE", f"{LEASES}/annotations")
    say.note("no JSON", "POST", LEASES, "{")
    say.note("empty body", "POST", LEASES, "")
    say.note("another kind", "POST", LEASES, {**lease("kind"), "kind": "Service"})
    say.note("another version", "POST", LEASES, {**lease("kind"), "apiVersion": "v1"})
    say.note("no kind", "POST", LEASES, {key: each for key, each in lease("kind").items() if key != "kind"})
    say.note("another namespace", "POST", LEASES, lease("else", {"namespace": "elsewhere"}))
    say.note("unknown fields", "POST", LEASES, lease("unknown", colour="red"))
    say.note("a content type nobody knows", "POST", LEASES, lease("type"), content="text/plain")


def patches(say):
    """Merge patches."""
    first = say.note("patch: create", "POST", LEASES, lease("patched"))
    target = f"{LEASES}/patched"
    say.note("patch", "PATCH", target, {"metadata": {"annotations": {"a": "b", "c": "d"}}}, content=MERGE)
    say.note("patch removes", "PATCH", target, {"metadata": {"annotations": {"a": None}}}, content=MERGE)
    say.note("patch: nothing", "PATCH", target, {}, content=MERGE)
    version = first["metadata"]["resourceVersion"]
    say.note("patch: old version", "PATCH", target, {"metadata": {"resourceVersion": version, "labels": {"x": "y"}}},
             content=MERGE)
    say.note("patch: another uid", "PATCH", target,
             {"metadata": {"uid": OTHER_UID, "labels": {"x": "y"}}}, content=MERGE)
    say.note("patch: strategic", "PATCH", target, {"spec": {"holderIdentity": "z"}},
             content="application/strategic-merge-patch+json")
    say.note("patch: invalid", "PATCH", target, {"spec": {"leaseDurationSeconds": 0}}, content=MERGE)
    say.note("patch: time", "PATCH", target, {"spec": {"renewTime": "2026-01-02T03:04:05Z"}}, content=MERGE,
             only=("code", "reason"))
    say.note("patch: another name", "PATCH", target, {"metadata": {"name": "other"}}, content=MERGE)
    say.note("patch: not there", "PATCH", f"{LEASES}/none", {"spec": {}}, content=MERGE)
    say.note("patch: content type", "PATCH", target, {}, content="application/json")
    say.note("patch: no JSON", "PATCH", target, "{", content=MERGE)


def removals(say):
    """Deletes with preconditions."""
    made = say.note("delete: create", "POST", LEASES, lease("doomed"))["metadata"]
    target = f"{LEASES}/doomed"

    def options(**preconditions):
        return {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": preconditions}

    say.note("delete: another uid", "DELETE", target, options(uid=OTHER_UID))
    say.note("delete: old version", "DELETE", target, options(resourceVersion="1"))
    say.note("delete: right", "DELETE", target, options(uid=made["uid"], resourceVersion=made["resourceVersion"]))
    say.note("delete: all", "DELETE", LEASES.replace("default", "elsewhere"))


def lists(say):
    """Lists: selectors, pages, versions."""
    for name, labels in (("l1", {"app": "x", "n": "1"}), ("l2", {"app": "y", "n": "2"}), ("l3", {"app": "x"}),
                         ("l4", {"n": "4"})):
        say.note(f"list: create {name}", "POST", LEASES.replace("default", "lists"), lease(name, {"labels": labels}))
    target = LEASES.replace("default", "lists")
    say.note("list: all", "GET", target)
    for selector in ("app=x", "app==y", "app!=x", "app", "!app", "app in (x,y)", "app notin (x)", "app=x,n=1", "n>1",
                     "app in (", "=x", "a b=c"):
        say.note(f"list: {selector}", "GET", f"{target}?labelSelector={urllib.parse.quote(selector)}")
    for selector in ("metadata.name=l2", "metadata.name!=l2", "metadata.namespace=lists", "spec.holderIdentity=a"):
        say.note(f"list: field {selector}", "GET", f"{target}?fieldSelector={urllib.parse.quote(selector)}")
    page = say.note("list: first page", "GET", f"{target}?limit=3")
    token = urllib.parse.quote(page["metadata"]["continue"])
    say.note("list: second page", "GET", f"{target}?limit=3&continue={token}")
    say.note("list: bad page", "GET", f"{target}?limit=3&continue=rubbish", only=("code", "reason"))
    version = page["metadata"]["resourceVersion"]
    for query in ("resourceVersion=0", "resourceVersion=V", "resourceVersion=V&resourceVersionMatch=Exact",
                  "resourceVersion=V&resourceVersionMatch=NotOlderThan", "resourceVersionMatch=Exact",
                  "resourceVersion=x", "resourceVersion=1&resourceVersionMatch=Exact"):
        say.note(f"list: {query}", "GET", f"{target}?{query.replace('=V', f'={version}')}")
    say.note("list: a version to come", "GET", f"{target}?resourceVersion={int(version) + 1000000}")
    say.note("list: everywhere", "GET", "/apis/coordination.k8s.io/v1/leases?labelSelector=app%3Dx")
    say.note("list: nothing", "GET", LEASES.replace("default", "void"))
    say.note("list: page of a selector", "GET", f"{target}?limit=1&labelSelector=app")
    partial = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
    say.note("list: metadata only", "GET", target, accept=partial)
    say.note("get: metadata only", "GET", f"{target}/l1", accept=partial.replace("List;", ";"))
    say.note("get: as a list of metadata", "GET", f"{target}/l1", accept=partial)
    say.note("get: from the cache", "GET", f"{target}/l1?resourceVersion=0")


def watches(say):
    """Watches: every kind of event, selectors that are left, ends."""
    target = LEASES.replace("default", "watches")
    start = say.ask("GET", target)[1]["metadata"]["resourceVersion"]
    query = f"?watch=1&resourceVersion={start}&timeoutSeconds=2"
    with contextlib.ExitStack() as stack:
        for name, more in (("watch: all", ""), ("watch: app=x", "&labelSelector=app%3Dx"),
                           ("watch: w2", "&fieldSelector=metadata.name%3Dw2")):
            stack.enter_context(say.watching(name, target + query + more))
        one = say.ask("POST", target, lease("w1", {"labels": {"app": "x"}}))[1]
        say.ask("POST", target, lease("w2", {"labels": {"app": "y"}}))
        one = say.ask("PUT", f"{target}/w1", changed(one, holderIdentity="b"))[1]
        say.ask("PUT", f"{target}/w1", one)  # changes nothing
        one = say.ask("PUT", f"{target}/w1", changed(one, {"labels": {"app": "y"}}))[1]
        one = say.ask("PUT", f"{target}/w1", changed(one, {"labels": {"app": "x"}}, holderIdentity="c"))[1]
        say.ask("DELETE", f"{target}/w1")
        say.ask("DELETE", f"{target}/w2")
    say.note("watch: version that is no number", "GET", f"{target}?watch=1&resourceVersion=x&timeoutSeconds=1")
    say.ask("POST", target, lease("w3"))
    initial = "&allowWatchBookmarks=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
    for name, more in (("watch: without a version", ""), ("watch: from any version", "&resourceVersion=0"),
                       ("watch: initial events", initial), ("watch: of one name", "&fieldSelector=metadata.name%3Dw3")):
        with say.watching(name, f"{target}?watch=1&timeoutSeconds=1{more}"):
            pass
    partial = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
    short = f"{target}?watch=1&timeoutSeconds=1"
    with say.watching("watch: metadata only", short, Accept=partial):
        pass
    say.note("watch: selector that is none", "GET", f"{short}&labelSelector=a%20b")
    say.note("watch: initial events without a match", "GET", f"{short}&sendInitialEvents=true")


def expiry(say, compact):
    """What the server says that has forgotten a version; `compact()` makes it forget."""
    target = LEASES.replace("default", "expiry")
    for name in ("e1", "e2"):
        old = say.ask("POST", target, lease(name))[1]["metadata"]["resourceVersion"]
    page = urllib.parse.quote(say.ask("GET", f"{target}?limit=1")[1]["metadata"]["continue"])
    for name in ("e3", "e4", "e5"):
        say.ask("POST", target, lease(name))
    compact()
    say.note("expiry: watch", "GET", f"{target}?watch=1&resourceVersion={old}", only=("type", "code", "reason"))
    exact = f"{target}?resourceVersionMatch=Exact&resourceVersion={old}"
    say.note("expiry: list", "GET", exact, only=("code", "reason", "status"))
    say.note("expiry: page", "GET", f"{target}?limit=1&continue={page}", only=("code", "reason", "status"))


def permissions(say):
    """Who may do what."""
    say.note("no token", "GET", LEASES, user=NOBODY)
    say.note("a token nobody has", "GET", LEASES, user=STRANGER)
    one, everywhere = f"{LEASES}/x", "/apis/coordination.k8s.io/v1/leases"
    for what, method, target, body in (
            ("list", "GET", LEASES, None), ("get", "GET", one, None), ("watch", "GET", f"{LEASES}?watch=1", None),
            ("create", "POST", LEASES, lease("x")), ("update", "PUT", one, lease("x")), ("delete", "DELETE", one, None),
            ("list nodes", "GET", "/api/v1/nodes", None), ("list everywhere", "GET", everywhere, None),
            ("watch one", "GET", f"{LEASES}?watch=1&fieldSelector=metadata.name%3Dx", None),
            ("get a node", "GET", "/api/v1/nodes/n", None), ("delete all", "DELETE", LEASES, None)):
        say.note(f"forbidden: {what}", method, target, body, user=USER)
    say.note("forbidden: patch a status", "PATCH", "/api/v1/namespaces/default/services/x/status", {}, user=USER,
             content=MERGE)
    say.note("forbidden: a path", "GET", "/metrics", user=USER)
    say.note("a path nobody knows", "GET", "/apis/coordination.k8s.io/v1/namespaces/default/lesses")
    say.note("a group nobody knows", "GET", "/apis/none.k8s.io/v1/namespaces/default/leases")
    say.note("another path nobody knows", "GET", "/none")
    say.note("a method nobody knows", "POST", f"{LEASES}/one", lease("one"))
    say.note("ready", "GET", "/readyz")


def services(say):
    """Services and their status."""
    base = "/api/v1/namespaces/default/services"
    made = say.note("service: create", "POST", base, {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
        "spec": {"type": "LoadBalancer", "clusterIP": "10.0.77.1", "selector": {"a": "b"}, "ports": [{"port": 80}]}})
    status = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1", "ipMode": "VIP"}]}}
    patch = {"content": MERGE}
    say.note("service: status", "PATCH", f"{base}/web/status", {"status": status}, **patch)
    say.note("service: status, no mode", "PATCH", f"{base}/web/status",
             {"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.2"}]}}}, **patch)
    say.note("service: status by the main path", "PATCH", f"{base}/web", {"status": {"loadBalancer": {}}}, **patch)
    say.note("service: spec by the status path", "PATCH", f"{base}/web/status", {"spec": {"type": "Other"}}, **patch)
    say.note("service: put status", "PUT", f"{base}/web/status",
             {**made, "metadata": {"name": "web"}, "status": {"loadBalancer": {}}})
    say.note("service: get status", "GET", f"{base}/web/status")
    say.note("service: delete", "DELETE", f"{base}/web", only=("kind", "status", "details", "code", "reason"))
    say.note("service: inner", "POST", base, {"metadata": {"name": "inner"}, "spec": {"clusterIP": "10.0.77.2",
             "ports": [{"port": 53, "protocol": "UDP", "targetPort": "dns", "name": "dns"}]}})
    say.note("service: ingress of an inner one", "PATCH", f"{base}/inner/status", {"status": status}, **patch)


def others(say):
    """Slices, nodes, events."""
    endpoint = {"addresses": ["10.0.0.1"], "conditions": {"ready": True}, "nodeName": "n1"}
    piece = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
             "metadata": {"name": "web-1", "labels": {"kubernetes.io/service-name": "web"}}, "endpoints": [endpoint],
             "ports": [{"name": "", "port": 80, "protocol": "TCP"}]}
    say.note("slice: create", "POST", SLICES, piece)
    say.note("slice: replace without a version", "PUT", f"{SLICES}/web-1", {**piece, "endpoints": [endpoint, {
        **endpoint, "addresses": ["10.0.0.2"]}]})
    say.note("slice: replace what is not there", "PUT", f"{SLICES}/web-2", {**piece, "metadata": {"name": "web-2"}})
    say.note("node: replace what is not there", "PUT", "/api/v1/nodes/n0", {"metadata": {"name": "n0"}})
    fields = ("kind", "metadata")
    say.note("node: create", "POST", "/api/v1/nodes", {
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1", "labels": {"zone": "a"}}}, only=fields)
    labels = {"metadata": {"labels": {"zone": None, "x": "y"}}}
    say.note("node: label", "PATCH", "/api/v1/nodes/n1", labels, only=fields, content=MERGE)
    events = "/apis/events.k8s.io/v1/namespaces/default/events"
    event = {"apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": "e1"}, "type": "Normal",
             "eventTime": "2026-01-02T03:04:05.000006Z", "reportingController": "isat", "reportingInstance": "n1",
             "action": "Elect", "reason": "Elected", "note": "text",
             "regarding": {"kind": "Service", "namespace": "default", "name": "web"}}
    say.note("event: create", "POST", events, event)
    say.note("event: no time", "POST", events, {**event, "metadata": {"name": "e2"}, "eventTime": None})
    say.note("event: another namespace", "POST", events, {
        **event, "metadata": {"name": "e3"}, "regarding": {"kind": "Service", "namespace": "else", "name": "web"}})
    say.note("event: no reason", "POST", events, {**event, "metadata": {"name": "e4"}, "reason": ""})
    say.note("event: long note", "POST", events, {**event, "metadata": {"name": "e5"}, "note": "x" * 1025})


def hold(say):
    """Holds the conversation, but for expiry(), which wants the namespace `expiry` that this makes."""
    for name in ("lists", "watches", "expiry"):
        say.ask("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    for part in (writes, validity, patches, removals, lists, watches, permissions, services, others):
        part(say)
