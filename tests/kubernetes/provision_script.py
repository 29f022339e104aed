# SPDX-License-Identifier: BSL-1.0
"""provision.sh with a Go that is played by a script: what it takes, what it builds, when it skips. No network, no time."""
import os
import pathlib
import platform
import re
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
SCRIPT = pathlib.Path(__file__).resolve().parent / "provision.sh"
PROGRAMS = ("etcd", "kube-apiserver", "kubectl", "kube-proxy")
FETCHED = dict(re.findall(r"^go_(version|sum)=(\S+)", SCRIPT.read_text(encoding="utf-8"), re.MULTILINE))

# Notes every call, and fails or builds as the environment says. One that is too old can fetch another one that is not.
GO = """#!/usr/bin/env bash
echo "$0 $*" >>"$CALLS"
[[ ! -e /proc/self/fd/9 ]] || echo "$0 with-the-lock" >>"$CALLS"
[[ $0 == "$BIN/go" || -z ${GOROOT-} ]] || { echo "go: $GOROOT is the root of another Go" >&2; exit 2; }
too_old=${TOO_OLD-}
[[ $0 == "$BIN/go" ]] || too_old=
case "$1 $2" in
  "list -m") [[ -z $too_old ]] || { echo "go: go.mod requires go >= 1.24.0 (running go 1.19)" >&2; exit 1; } ;;
  "list -mod=readonly") [[ -z ${OFFLINE-} ]] || { echo "$OFFLINE" >&2; exit 1; } ;;
  "version ") echo "go version go1.19" ;;
  "mod download")
    [[ -z ${OFFLINE-} ]] || { printf '{\\n\\t"Error": "%s"\\n}\\n' "$OFFLINE"; exit 1; }
    folder=$GOMODCACHE/$4
    mkdir -p "$folder"/{bin,pkg/tool/linux_amd64}
    sed '' "$0" >"$folder/bin/go"
    echo >"$folder/pkg/tool/linux_amd64/link"
    printf '{\\n\\t"Path": "golang.org/toolchain",\\n\\t"Sum": "%s",\\n\\t"GoModSum": "h1:other"\\n}\\n' "$SUM" ;;
  build*)
    while [[ $1 != -o ]]; do shift; done
    [[ -z ${BROKEN-} ]] || exit 1
    if [[ -n ${GATE-} ]]; then read -r _ <"$GATE"; fi
    folder=$2
    shift 2
    for package in "$@"; do
      [[ $package != . ]] || package=$PWD
      printf '#!/bin/sh\\n' >"$folder/${package##*/}" && chmod +x "$folder/${package##*/}"
    done ;;
esac
"""


class Provision(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.home = pathlib.Path(holder.name)
        self.calls = self.home / "calls"
        self.cache = self.home / "cache" / "isat"
        self.executable(self.home / "bin" / "go", GO)
        self.executable(self.home / "bin" / "uname", "#!/bin/sh\necho x86_64\n")
        self.environment = {"PATH": f"{self.home}/bin:/usr/bin:/bin", "HOME": str(self.home), "CALLS": str(self.calls),
                            "XDG_CACHE_HOME": str(self.home / "cache"), "BIN": f"{self.home}/bin", "SUM": FETCHED["sum"]}

    @staticmethod
    def executable(path, text="#!/bin/sh\n"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii")
        path.chmod(0o755)
        return path

    def begin(self, *words, **environment):
        return subprocess.Popen([SCRIPT, *map(str, words)], env={**self.environment, **environment}, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def end(self, process):
        """(exit code, last line of the output, what it said)"""
        output, said = process.communicate(timeout=20)
        return process.returncode, (output.splitlines() or [""])[-1], said

    def provision(self, *words, **environment):
        return self.end(self.begin(*words, **environment))

    def called(self, word):
        """By what path Go was called to do that, each time."""
        lines = self.calls.read_text().splitlines() if self.calls.exists() else []
        return [line.split()[0] for line in lines if line.split()[1] == word]

    def builds(self):
        return self.called("build")

    def kept(self):
        return sorted(each.name for each in self.cache.iterdir() if each.name != "lock")

    def test_what_it_builds_is_kept(self):
        code, folder, said = self.provision()
        self.assertEqual(code, 0, said)
        self.assertEqual(sorted(os.listdir(folder)), sorted(PROGRAMS))
        self.assertEqual(self.kept(), [pathlib.Path(folder).name])
        self.assertEqual(self.provision()[:2], (0, folder))
        self.assertEqual(len(self.builds()), 1)

    def test_what_is_kept_needs_no_go(self):
        _, folder, _ = self.provision()
        (self.home / "bin" / "go").unlink()
        self.assertEqual(self.provision()[:2], (0, folder))

    def test_two_side_by_side_build_once(self):
        gate = self.home / "gate"
        os.mkfifo(gate)
        runs = [self.begin(GATE=str(gate))]
        with open(gate, "w", encoding="ascii") as opened:  # which waits until the first one is building
            runs.append(self.begin())
            self.assertIn("waiting for another run", runs[1].stderr.readline())
            print(file=opened)
        (first, folder, _), (second, other, _) = map(self.end, runs)
        self.assertEqual((first, second, folder), (0, 0, other))
        self.assertEqual(len(self.builds()), 1)

    def test_a_build_that_fails_leaves_nothing(self):
        code, _, said = self.provision(BROKEN="1")
        self.assertEqual(code, 1, said)
        self.assertEqual(self.kept(), [])

    def test_what_a_killed_build_left_is_removed(self):
        (self.cache / ".building.killed").mkdir(parents=True)
        _, folder, _ = self.provision()
        self.assertEqual(self.kept(), [pathlib.Path(folder).name])

    def skips(self, reason, **environment):
        code, last, _ = self.provision(**environment)
        self.assertEqual(code, 77, last)
        self.assertRegex(last, f"^SKIP: .*{reason}")

    def test_without_go_it_skips(self):
        (self.home / "bin" / "go").unlink()
        for tool in ("bash", "sed", "sha256sum", "cut", "dirname", "find", "sort", "mkdir", "flock", "mktemp",
                     "rm", "nice", "head"):
            (self.home / "bin" / tool).symlink_to(f"/usr/bin/{tool}")
        self.skips("no Go here: .* builds tests/kubernetes/tools", PATH=f"{self.home}/bin")

    def test_a_go_that_is_too_old_fetches_a_newer_one_and_that_builds(self):
        name = f"go{FETCHED['version']}"
        code, folder, said = self.provision(TOO_OLD="1", GOROOT=str(self.home))
        self.assertEqual(code, 0, said)
        self.assertEqual(self.builds(), [f"{self.cache}/{name}/bin/go"])
        self.assertEqual(self.called("with-the-lock"), [])
        self.assertTrue(os.access(self.cache / name / "pkg/tool/linux_amd64/link", os.X_OK))
        self.assertEqual(self.kept(), sorted([name, pathlib.Path(folder).name]))

    def test_the_newer_one_is_fetched_once(self):
        self.provision(TOO_OLD="1", BROKEN="1")
        code, _, said = self.provision(TOO_OLD="1")
        self.assertEqual(code, 0, said)
        self.assertEqual((len(self.called("mod")), len(self.builds())), (1, 2))

    def test_a_newer_one_with_another_checksum_is_a_failure_and_nothing_is_kept(self):
        code, _, said = self.provision(TOO_OLD="1", SUM="h1:another")
        self.assertEqual(code, 1)
        self.assertIn("has the checksum 'h1:another', and not 'h1:", said)
        self.assertEqual((self.kept(), self.builds()), ([], []))

    def test_with_a_go_that_is_too_old_and_no_way_to_another_one_it_skips(self):
        self.skips("go version go1.19 is too old, and Go .* cannot be fetched: .*no route", TOO_OLD="1", OFFLINE="no route")

    def test_on_another_processor_a_go_that_is_too_old_fetches_none(self):
        self.executable(self.home / "bin" / "uname", "#!/bin/sh\necho riscv64\n")
        self.skips("go version go1.19 is too old, and what is fetched instead is for x86_64 only", TOO_OLD="1")
        self.assertEqual(self.called("mod"), [])

    def test_without_a_way_to_the_modules_it_skips(self):
        self.skips("cannot be fetched: go: dial tcp: no route", OFFLINE="go: dial tcp: no route")

    def test_without_a_place_to_keep_things_it_skips(self):
        self.skips("where programs may be kept", HOME="", XDG_CACHE_HOME="")

    def test_an_incomplete_module_is_a_failure_and_no_skip(self):
        code, _, said = self.provision(OFFLINE="go: updates to go.mod needed; to update it:\n\tgo mod tidy")
        self.assertEqual(code, 1, said)

    def assets(self, *names):
        return [self.executable(self.home / "assets" / name) for name in names][0].parent

    def test_programs_of_envtest_are_taken_and_nothing_is_built(self):
        assets = self.assets(*PROGRAMS[:3])
        self.assertEqual(self.provision(KUBEBUILDER_ASSETS=str(assets))[:2], (0, str(assets)))
        self.assertEqual(self.builds(), [])

    def test_an_incomplete_folder_of_envtest_is_a_failure(self):
        code, _, said = self.provision(KUBEBUILDER_ASSETS=str(self.assets("etcd", "kubectl")))
        self.assertEqual(code, 1)
        self.assertIn("holds no program kube-apiserver", said)

    def test_a_single_program_that_is_named_stands_beside_those_of_envtest(self):
        assets = self.assets(*PROGRAMS[:3])
        mine = self.executable(self.home / "mine" / "my-etcd")
        code, folder, said = self.provision(KUBEBUILDER_ASSETS=str(assets), TEST_ASSET_ETCD=str(mine))
        self.assertEqual(code, 0, said)
        links = {name: os.readlink(f"{folder}/{name}") for name in os.listdir(folder)}
        self.assertEqual(links, {"etcd": str(mine), "kubectl": f"{assets}/kubectl",
                                 "kube-apiserver": f"{assets}/kube-apiserver"})

    def test_a_single_program_that_is_named_stands_beside_those_that_are_built(self):
        mine = self.executable(self.home / "mine" / "etcd")
        code, folder, said = self.provision(TEST_ASSET_ETCD=str(mine))
        self.assertEqual(code, 0, said)
        self.assertEqual(sorted(os.listdir(folder)), sorted(PROGRAMS))
        self.assertEqual(os.readlink(f"{folder}/etcd"), str(mine))

    def test_a_named_program_that_is_not_there_is_a_failure(self):
        code, _, said = self.provision(TEST_ASSET_KUBECTL=str(self.home / "nowhere"))
        self.assertEqual(code, 1)
        self.assertIn("TEST_ASSET_KUBECTL", said)

    def test_a_go_program_of_ours_is_built_again_when_a_source_changed(self):
        module = self.home / "rival"
        module.mkdir()
        (module / "go.mod").write_text("module rival\n\ngo 1.24.0\n")
        (module / "main.go").write_text("package main\n")
        code, first, said = self.provision("--go-tool", module)
        self.assertEqual(code, 0, said)
        self.assertTrue(os.access(first, os.X_OK))
        self.assertEqual(self.provision("--go-tool", module)[1], first)
        (module / "main.go").write_text("package main // changed\n")
        self.assertNotEqual(self.provision("--go-tool", module)[1], first)
        self.assertEqual(len(self.builds()), 2)


if __name__ == "__main__":
    if os.path.exists("/usr/local/kubebuilder/bin"):
        print("SKIP: there are programs in /usr/local/kubebuilder/bin, which provision.sh would take")
        sys.exit(77)
    unittest.main(verbosity=2)
