#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
#
# Shows what isat does, on this machine alone: two nodes, a client and an observer in private network namespaces, one
# virtual IP address, and everything that can happen to its leader. See --help.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: examples/demo.sh [--svg FILE] [--keep FOLDER] [--help]

Builds isat-speaker and the instruments under build/, then, in private namespaces that vanish with the script:
  1. two nodes run `isat-speaker -i eth0 -a 10.77.0.100 -e file:DIR`, a TCP service listens behind the address on both
  2. the leading node's cable is pulled: the other takes over
  3. the cable is back: nothing changes
  4. the new leader is told to stop (SIGTERM): the first takes over
  5. the first is killed (SIGKILL): the other takes over again
Ends with a timeline of who answered when and a table of what it cost, all measured in this run.

  --svg FILE     where the timeline's picture goes (default: build/demo/timeline.svg)
  --keep FOLDER  keep the raw measurements and the speakers' logs there
  --help         print this

As root it installs with apt what is missing. Otherwise it says what is missing, and needs a kernel that lets users
make namespaces. ISAT_SKIP_PACKAGES=1: leave the packages alone. Takes about 20 s after the build.
Exit codes: 0 all went as it must, 1 something did not (it says what), 64 usage, 77 no namespaces here.
USAGE
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
build=$root/build
svg=$build/demo/timeline.svg
keep=()

while (($#)); do
  case $1 in
    --help)
      usage
      exit 0
      ;;
    --svg | --keep)
      if (($# < 2)); then
        echo "demo.sh: $1 needs a value" >&2
        exit 64
      fi
      path=$(realpath --canonicalize-missing -- "$2")
      if [[ $1 == --svg ]]; then svg=$path; else keep=(--keep "$path"); fi
      shift 2
      ;;
    *)
      echo "demo.sh: unknown option $1 (see --help)" >&2
      exit 64
      ;;
  esac
done

# shellcheck source=../tests/support/packages.sh
source "$root/tests/support/packages.sh"
isat_require_packages build demo

# The same settings as tests/run.sh, without what only the tests need; a build/ that is configured already is used as
# it is. An empty launcher is none.
build_all() {
  if [[ ! -f $build/build.ninja ]]; then
    echo "== Configuring build/ (Release with assertions)"
    mkdir -p "$build"
    (cd "$root" && cmake --preset release -DISAT_BUILD_TESTS=OFF -DISAT_BUILD_BENCHMARKS=OFF \
      -DCMAKE_CXX_COMPILER_LAUNCHER="$(command -v ccache || true)" >"$build/configure.log" 2>&1) || {
      cat "$build/configure.log" >&2
      return 1
    }
  fi
  echo "== Building isat-speaker and isat-demo-probe (a minute or two the first time)"
  cmake --build "$build" --target isat-speaker isat-demo-probe
}

build_all
echo "== The demo"
# Killing the first process of the namespaces removes all that is in them, however this script is ended.
python3 "$here/demo/demo.py" --speaker "$build/bin/isat-speaker" --probe "$build/bin/isat-demo-probe" \
  --svg "$svg" "${keep[@]}" </dev/null &
play=$!
trap 'kill -KILL "$play" 2>/dev/null || true' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
status=0
wait "$play" || status=$?
exit "$status"
