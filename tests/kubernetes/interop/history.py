# SPDX-License-Identifier: BSL-1.0
"""What the server keeps under a Lease's name, all along: every version through a watch, and what kubectl shows now and
then, against what must be true of them."""
import json
import re
import threading
import time
import urllib.parse

from kube_lab.candidates import OURS, SECOND

_MICRO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


class History:
    """Watches the Leases of a namespace from now on, until close()."""

    def __init__(self, api, path):
        self._api, self._path = api, path
        self.changed = threading.Condition()
        self.versions = {}  # name: [(time.monotonic_ns, spec or None)]
        self.failure = None
        self._stopped = False
        listed = api.get(path).json()
        self._version = listed["metadata"]["resourceVersion"]
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self):
        while not self._stopped:
            query = {"watch": 1, "resourceVersion": self._version, "allowWatchBookmarks": "true"}
            for event in self._api.watch(f"{self._path}?{urllib.parse.urlencode(query)}", bound=2.0):
                if event["type"] == "ERROR":
                    self.failure = event["object"]
                    return
                self._version = event["object"]["metadata"]["resourceVersion"]
                if event["type"] != "BOOKMARK":
                    self._add(event)

    def _add(self, event):
        spec = event["object"]["spec"] if event["type"] != "DELETED" else None
        with self.changed:
            self.versions.setdefault(event["object"]["metadata"]["name"], []).append((time.monotonic_ns(), spec))
            self.changed.notify_all()

    def of(self, name):
        with self.changed:
            return list(self.versions.get(name, []))

    def close(self):
        self._stopped = True
        self._thread.join()


def is_ours(holder, names):
    """True if `holder` is NODE_BOOT_RANDOM of one of our candidates' names."""
    return any(re.fullmatch(re.escape(name) + r"_[0-9a-f]+_[0-9a-f]+", holder) for name in names)


def faults(name, versions, our_names, our_seconds, rival_seconds):
    """What is wrong with the versions of one Lease, in words."""
    found, before, led = [], None, None  # led: the latest version that names a holder
    for _, spec in versions:
        holder = spec.get("holderIdentity", "")
        for field in ("acquireTime", "renewTime"):
            if not _MICRO_TIME.fullmatch(spec.get(field, "")):
                found.append(f"{field} is {spec.get(field)!r}")
        if before and spec["leaseTransitions"] < before["leaseTransitions"]:
            found.append(f"leaseTransitions fell from {before['leaseTransitions']} to {spec['leaseTransitions']}")
        if holder:
            found += _faults_of_holder(spec, before, led, our_seconds if is_ours(holder, our_names) else rival_seconds)
            led = spec
        elif spec["leaseDurationSeconds"] != 1:
            found.append(f"a released record carries {spec['leaseDurationSeconds']} s")
        before = spec
    return [f"{name}: {fault}" for fault in found]


def _faults_of_holder(spec, before, led, seconds):
    if spec["leaseDurationSeconds"] != seconds:
        yield f"{spec['holderIdentity']} carries {spec['leaseDurationSeconds']} s, not {seconds}"
    if led is None:
        return
    if spec["holderIdentity"] != led["holderIdentity"] and spec["leaseTransitions"] <= led["leaseTransitions"]:
        yield f"leaseTransitions stays {spec['leaseTransitions']} from {led['holderIdentity']} to {spec['holderIdentity']}"
    if spec["holderIdentity"] == before.get("holderIdentity"):
        if spec["renewTime"] <= before["renewTime"]:
            yield f"renewTime {spec['renewTime']} does not advance"
        if spec["leaseTransitions"] == before["leaseTransitions"] and spec["acquireTime"] != before["acquireTime"]:
            yield f"acquireTime changed to {spec['acquireTime']} within one leadership"


def renewals_within_a_second(versions, our_names):
    """How often we renewed twice within one whole second of the wall clock."""
    ours = [spec["renewTime"] for _, spec in versions if is_ours(spec.get("holderIdentity", ""), our_names)]
    return sum(one[:19] == other[:19] for one, other in zip(ours, ours[1:]))


class KubectlView:
    """Asks the real kubectl now and then, in a thread, until close()."""

    def __init__(self, cluster, namespace, pause=2.0):
        self._cluster, self._namespace, self._pause = cluster, namespace, pause
        self._stop = threading.Event()
        self.samples = []  # (asked, answered, {name: spec})
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._stop.wait(self._pause):
            asked = time.monotonic_ns()
            text = self._cluster.kubectl("get", "leases", f"--namespace={self._namespace}", "--output=json")
            specs = {each["metadata"]["name"]: each["spec"] for each in json.loads(text)["items"]}
            self.samples.append((asked, time.monotonic_ns(), specs))

    def close(self):
        self._stop.set()
        self._thread.join()


def shown_wrongly(samples, intervals, led_throughout):
    """(number of comparisons, what kubectl showed wrongly, in words): where one run led all the time that kubectl took, it
    is the holder. `intervals` are those of each Lease that is of interest, by its name."""
    compared, wrong = 0, []
    for asked, answered, specs in samples:
        for name, spec in specs.items():
            run = led_throughout(intervals.get(name, ()), asked, answered)
            if run is None:
                continue
            compared += 1
            holder = spec.get("holderIdentity", "")
            right = is_ours(holder, [run.identity]) if run.side == OURS else holder == run.identity
            if not right:
                wrong.append(f"{name} at {asked / SECOND:.3f}: kubectl shows {holder!r}, {run} leads")
    return compared, wrong
