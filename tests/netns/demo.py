# SPDX-License-Identifier: BSL-1.0
"""The demo's play runs to its end, says that all went as it must, and draws a picture that is well formed."""
import os
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("ISAT_BIN_DIR") or ROOT / "build" / "bin")


def main():
    with tempfile.TemporaryDirectory() as folder:
        picture = pathlib.Path(folder) / "timeline.svg"
        done = subprocess.run(
            [sys.executable, ROOT / "examples" / "demo" / "demo.py", "--speaker", BIN / "isat-speaker",
             "--probe", BIN / "isat-demo-probe", "--svg", picture],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        print(done.stdout, flush=True)
        if done.returncode != 0:
            return done.returncode
        shapes = [element.tag.rsplit("}", 1)[-1] for element in xml.parse(picture).iter()]
        for label in ("steady state", "cable pulled", "cable back", "SIGTERM", "SIGKILL"):
            if f" {label} " not in done.stdout:
                print(f"the table has no line for: {label}")
                return 1
        if shapes.count("rect") < 20:
            print(f"the picture has only {shapes.count('rect')} bars")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
