# SPDX-License-Identifier: BSL-1.0
"""Builds the container image as examples/kubernetes/Dockerfile says, with buildah, and looks into it. What that starts from,
debian:12, is made of Debian's packages by mmdebstrap, so no image registry is asked. It compiles the speaker once more:
minutes of processor time, or seconds if what was compiled before is still kept. image.py checks the steps alone."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True

from image import SIZE_MAX, WANTED  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "examples" / "kubernetes" / "Dockerfile"
TAG = "isat-speaker:test"
# What serves the next run, outside the tree: debian:12 for a month, and what was compiled in a container.
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "isat"
BASE = CACHE / "image-base.tar"
BASE_SECONDS = 30 * 24 * 3600
COMPILED = CACHE / "image-ccache"
MOUNTED = "/var/cache/ccache"
PROGRAM = "usr/bin/isat-speaker"
SKIPPED = 77


def skip(reason):
    print(f"SKIP: {reason}; tests/packaging/image.py checks the steps outside a container", flush=True)
    sys.exit(SKIPPED)


def run(*command):
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {done.returncode}: {(done.stdout + done.stderr)[-3000:]}")
    return done.stdout.strip()


class Dockerfile(unittest.TestCase):
    folder = None  # main() makes it

    @classmethod
    def setUpClass(cls):
        began = time.monotonic()
        COMPILED.mkdir(parents=True, exist_ok=True)
        cached = (f"--volume={COMPILED}:{MOUNTED}", "--build-arg=CMAKE_CXX_COMPILER_LAUNCHER=ccache")
        cls.buildah("build", "--pull=never", *cached, "--file", DOCKERFILE, "--tag", TAG, ROOT)
        print(f"built in {time.monotonic() - began:.0f} s")
        cls.container = cls.buildah("from", "--pull=never", TAG)
        cls.addClassCleanup(cls.buildah, "rm", cls.container)
        cls.image = pathlib.Path(cls.buildah("mount", cls.container))
        cls.addClassCleanup(cls.buildah, "umount", cls.container)

    @classmethod
    def buildah(cls, *words):
        """With a storage of its own: what is built here is gone afterwards, and nothing of the host's is used."""
        return run("buildah", "--root", cls.folder / "storage", "--runroot", cls.folder / "run", *words)

    @classmethod
    def prepare_base(cls):
        """Makes debian:12, and runs something in it: RuntimeError where containers cannot be had. It has a compiler cache,
        too, of which nothing comes into the image."""
        if not BASE.exists() or time.time() - BASE.stat().st_mtime > BASE_SECONDS:
            CACHE.mkdir(parents=True, exist_ok=True)
            archive = cls.folder / "base.tar"
            run("mmdebstrap", "--quiet", "--variant=minbase", "--include=ccache", "bookworm", archive)
            kept = shutil.copy(archive, f"{BASE}.{os.getpid()}")
            os.replace(kept, BASE)
        container = cls.buildah("from", "scratch")
        cls.buildah("add", "--quiet", container, BASE, "/")
        cls.buildah("run", container, "--", "true")
        cls.buildah("config", "--env", f"CCACHE_DIR={MOUNTED}", container)
        cls.buildah("commit", "--quiet", "--rm", container, "debian:12")

    def test_it_holds_what_the_step_outside_a_container_finds(self):
        files = [each for each in self.image.rglob("*") if not each.is_dir()]
        names = {each.relative_to(self.image).as_posix() for each in files}
        self.assertIn(PROGRAM, names)
        self.assertEqual({name for name in names if not WANTED.fullmatch(name)}, set())
        size = sum(each.lstat().st_size for each in files)
        print(f"the image holds {size / 1e6:.1f} MB in {len(files)} files")
        self.assertLess(size, SIZE_MAX)

    def test_the_file_capability_came_along(self):
        self.assertEqual(run("getcap", self.image / PROGRAM).split()[-1], "cap_net_raw=p")

    def test_it_starts_the_speaker_as_a_user_other_than_root(self):
        config = json.loads(self.buildah("inspect", "--type", "image", TAG))["OCIv1"]["config"]
        self.assertEqual((config["User"], config["Entrypoint"]), ("65532:65532", [f"/{PROGRAM}"]))
        self.assertTrue(self.buildah("run", self.container, "--", f"/{PROGRAM}", "--version").startswith("isat-speaker "))
        self.assertIn("kind: DaemonSet", self.buildah("run", self.container, "--", f"/{PROGRAM}", "manifest"))


if __name__ == "__main__":
    if os.geteuid() != 0:
        skip("buildah is used as root here")
    os.environ["PATH"] = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    for tool in ("buildah", "mmdebstrap", "getcap"):
        if shutil.which(tool) is None:
            skip(f"{tool} not found")
    Dockerfile.folder = pathlib.Path(tempfile.mkdtemp(prefix="isat-image-"))
    try:
        Dockerfile.prepare_base()
        unittest.main(verbosity=2)
    except RuntimeError as problem:
        skip(f"no container can be made here: {problem}")
    finally:
        shutil.rmtree(Dockerfile.folder, ignore_errors=True)
