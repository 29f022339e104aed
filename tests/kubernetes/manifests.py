# SPDX-License-Identifier: BSL-1.0
"""The manifests, against a real API server: `isat-speaker manifest` and every overlay are accepted, the account may do what
the speaker needs and nothing else, the Leases have their own priority, and the pod is as confined as it says."""
import copy
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import textwrap

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from kube_lab import testing  # noqa: E402
from kube_lab.api import LEASES  # noqa: E402
from kube_lab.cluster import ACCOUNT, MANIFESTS, NAMESPACE  # noqa: E402
from netns_lab.programs import wait_until  # noqa: E402
from netns_lab.testing import SPEAKER  # noqa: E402

OVERLAYS = sorted(each.parent.name for each in MANIFESTS.glob("overlays/*/kustomization.yaml"))
COMPONENTS = sorted(each.parent.name for each in MANIFESTS.glob("components/*/kustomization.yaml"))

READ = ("get", "list", "watch")
RIGHTS = {  # (API group, resource): verbs
    "own": {("coordination.k8s.io", "leases"): {*READ, "create", "update", "delete"}},
    "everywhere": {("", "services"): {*READ}, ("", "nodes"): {*READ}, ("discovery.k8s.io", "endpointslices"): {*READ},
                   ("events.k8s.io", "events"): {"create"}},
    "assigner": {("", "services/status"): {"patch"}},
}
# What the pod security level `restricted` says against the pod: what it is for, and no more.
VIOLATIONS = {"host namespaces", "unrestricted capabilities", "allowPrivilegeEscalation != false",
              "probe or lifecycle host"}


def flat(*rights):
    return {(*resource, verb) for each in rights for resource, verbs in each.items() for verb in verbs}


class Manifests(testing.ClusterTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.base = cls.kustomized(MANIFESTS / "base")
        cls.cluster.kubectl("apply", "--filename=-", text=cls.base)
        cls.api = cls.cluster.api_of(cls.token(NAMESPACE, ACCOUNT))
        cls.cluster.kubectl("create", "serviceaccount", "nobody", "--namespace=default")
        cls.nobody = cls.cluster.api_of(cls.token("default", "nobody"))

    @classmethod
    def kustomized(cls, folder):
        return cls.cluster.kubectl("kustomize", folder)

    @classmethod
    def token(cls, namespace, account):
        return cls.cluster.kubectl("create", "token", account, f"--namespace={namespace}").strip()

    def objects(self, text):
        """What kubectl reads, by kind and name."""
        read = self.cluster.kubectl("create", "--dry-run=client", "--output=json", "--filename=-", text=text)
        decoder, found = json.JSONDecoder(), []
        while read := read.lstrip():
            one, end = decoder.raw_decode(read)
            found, read = found + [one], read[end:]
        return {(each["kind"], each["metadata"]["name"]): each for each in found}

    def renderings(self):
        """(name, YAML) of the base, of each overlay, of the base with each component alone, and of README.md's example."""
        yield "base", self.base
        for name in OVERLAYS:
            yield f"overlay {name}", self.kustomized(MANIFESTS / "overlays" / name)
        for name in COMPONENTS:
            yield f"component {name}", self.kustomized_text(f"resources: [base]\ncomponents: [components/{name}]\n")
        example = re.search(r"^    apiVersion: kustomize[^\n]*\n(    [^\n]*\n)+", (MANIFESTS / "README.md").read_text(), re.MULTILINE)
        yield "README.md", self.kustomized_text(textwrap.dedent(example[0]))

    def kustomized_text(self, text):
        """What a kustomization in a folder of its own makes, which names those of ours as if it stood beside them."""
        with tempfile.TemporaryDirectory() as folder:
            where = os.path.relpath(MANIFESTS, os.path.realpath(folder))
            text = re.sub(r"(- |\[)(base|components/)", rf"\1{where}/\2", text)
            pathlib.Path(folder, "kustomization.yaml").write_text(text, encoding="utf-8")
            return self.kustomized(folder)

    def pod(self, text=None):
        """The pod that a DaemonSet's controller would make."""
        template = copy.deepcopy(self.objects(text or self.base)["DaemonSet", ACCOUNT]["spec"]["template"])
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {**template["metadata"], "name": "one"}, "spec": template["spec"]}

    def test_the_program_prints_the_base_as_kustomize_makes_it(self):
        printed = subprocess.run([SPEAKER, "manifest"], capture_output=True, text=True, check=True)
        self.assertEqual(printed.stderr, "")
        self.assertEqual(self.objects(printed.stdout), self.objects(self.base))
        self.assertIn("server dry run", self.cluster.kubectl("apply", "--dry-run=server", "--filename=-", text=printed.stdout))

    def test_a_server_takes_all_of_them_and_warns_of_nothing(self):
        for name, text in self.renderings():
            with self.subTest(name):
                said = self.cluster.kubectl("apply", "--dry-run=server", "--warnings-as-errors", "--filename=-", text=text)
                self.assertEqual(said.count("server dry run"), len(self.objects(text)), said)

    def test_the_program_takes_the_arguments_of_all_of_them(self):
        for name, text in self.renderings():
            with self.subTest(name):
                given = self.pod(text)["spec"]["containers"][0]["args"]
                known = [each.replace("$(ISAT_HOST_IP)", "192.0.2.7") for each in given]
                done = subprocess.run([SPEAKER, *known, "--check-config"], capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_image_is_of_the_version_that_the_program_tells(self):
        version = subprocess.run([SPEAKER, "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]
        self.assertEqual(self.pod()["spec"]["containers"][0]["image"], f"isat-speaker:{version}")

    def rights(self, api, namespace):
        review = api.made("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", {"spec": {"namespace": namespace}})
        rules = review["status"]["resourceRules"]
        self.assertFalse(review["status"]["incomplete"])
        return {(group, resource, verb, *rule.get("resourceNames", []))
                for rule in rules for group in rule["apiGroups"] for resource in rule["resources"] for verb in rule["verbs"]}

    def assert_rights(self, *more):
        """Beyond what any account has, ours has exactly the rights of the table, and those of `more`."""
        for namespace, own in ((NAMESPACE, [RIGHTS["own"]]), ("default", []), ("kube-system", [])):
            with self.subTest(namespace):
                self.assertEqual(self.rights(self.api, namespace) - self.rights(self.nobody, namespace),
                                 flat(RIGHTS["everywhere"], *own, *more))

    def test_the_account_may_do_what_the_speaker_needs_and_nothing_else(self):
        self.assert_rights()

    def test_only_the_assigner_may_write_the_status_of_services(self):
        assigner = self.kustomized(MANIFESTS / "overlays" / "assigner")
        status = "/api/v1/namespaces/default/services/kubernetes/status"
        self.assertEqual(self.api.patch(status, {"status": {}}).status, 403)
        self.cluster.kubectl("apply", "--filename=-", text=assigner)
        try:
            self.assertTrue(wait_until(lambda: self.api.patch(status, {"status": {}}).status == 200, 10.0, 0.05))
            self.assertEqual(self.api.patch(status.removesuffix("/status"), {"metadata": {"labels": {"a": "b"}}}).status, 403)
            self.assert_rights(RIGHTS["assigner"])
        finally:
            for kind in ("clusterrolebinding", "clusterrole"):
                self.cluster.kubectl("delete", kind, "isat-assigner")
        self.assertTrue(wait_until(lambda: self.api.patch(status, {"status": {}}).status == 403, 10.0, 0.05))

    def test_requests_for_its_leases_have_a_priority_of_their_own(self):
        schema = self.cluster.kubectl_json("get", "flowschema", "isat-speaker-leases")["metadata"]["uid"]
        level = self.cluster.kubectl_json("get", "prioritylevelconfiguration", "leader-election")["metadata"]["uid"]

        def sorted_as(path):
            headers = self.api.get(path).headers
            return headers["X-Kubernetes-PF-FlowSchema-UID"], headers["X-Kubernetes-PF-PriorityLevel-UID"]
        own = LEASES.format(NAMESPACE)
        self.assertTrue(wait_until(lambda: sorted_as(own) == (schema, level), 10.0, 0.05), sorted_as(own))
        self.assertEqual(sorted_as(f"{own}/one"), (schema, level))
        for other in (LEASES.format("default"), "/api/v1/services"):
            self.assertNotIn(schema, sorted_as(other))

    def test_the_pod_is_admitted_by_its_namespace_and_claims_nothing_that_it_does_not_need(self):
        create = "/api/v1/namespaces/{}/pods?dryRun=All"
        self.assertEqual(self.cluster.api.post(create.format(NAMESPACE), self.pod()).status, 201)
        self.cluster.api.made("/api/v1/namespaces", {"metadata": {"name": "strict", "labels": {
            "pod-security.kubernetes.io/enforce": "restricted"}}})
        refused = self.cluster.api.post(create.format("strict"), self.pod())
        self.assertEqual(refused.status, 403)
        said = refused.json()["message"]
        found = {each.strip() for each in re.findall(r"([^,():]+) \(", re.sub(r"^.*?:latest\": ", "", said))}
        self.assertLessEqual(found, VIOLATIONS, said)
        self.assertGreaterEqual(found, {"host namespaces", "unrestricted capabilities"}, said)
        self.assertIn('must not include "NET_RAW"', said)


if __name__ == "__main__":
    testing.main([SPEAKER])
