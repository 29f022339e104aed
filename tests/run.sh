#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
#
# Builds everything under build/ (Release with assertions) and runs the tests with the labels given, by default all
# but `long`. As root it installs missing Debian packages first. The last lines are ctest's summary, the exit code is
# ctest's; reasons of skipped tests are printed before the summary.
set -euo pipefail
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
build=$root/build
jobs=$(nproc)
source "$root/tests/support/packages.sh"
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1 # what was compiled in one clone serves the next

usage() {
  cat <<TXT
usage: tests/run.sh [LABEL]...
  labels: unit style simulation netns kubernetes consumer packaging fuzz long (default: all but long)
TXT
}

configure_and_build() {
  echo "== Configuring build/ (Release with assertions)"
  # Said in full, because examples/demo.sh may have configured build/ without the tests. An empty launcher is none.
  local options=(-DISAT_BUILD_{KUBERNETES,SPEAKER,EXAMPLES,TESTS,BENCHMARKS}=ON -DISAT_INSTALL=ON)
  options+=(-DCMAKE_CXX_COMPILER_LAUNCHER="$(command -v ccache || true)")
  (cd "$root" && cmake --preset release "${options[@]}" >"$build/configure.log" 2>&1) || {
    cat "$build/configure.log" >&2
    return 1
  }
  local label
  for label in "$@"; do
    if ctest --test-dir "$build" -N -L "^$label\$" | grep '^Total Tests: 0$' >/dev/null; then
      echo "No test has the label '$label'. Labels that have one:" >&2
      ctest --test-dir "$build" --print-labels | sed -n 's/^  */  /p' >&2
      return 1
    fi
  done
  echo "== Building with $jobs jobs"
  cmake --build "$build" --parallel "$jobs"
}

# Passes ctest's output on, and holds its summary back in a file: the reasons of skips come before it.
hold_summary() {
  awk -v file="$1" '/^[0-9]+% tests passed/ { held = 1 } held { print > file; next } { print; fflush() }'
}

run_tests() {
  local select=(-LE '^long$') summary=$build/summary.txt results=$build/tests.xml status=0
  [[ $# -eq 0 ]] || select=(-L "^($(IFS='|' && echo "$*"))\$")
  echo "== Testing"
  rm -f "$summary" "$results" && touch "$summary"
  # A test takes two places, or one if it mostly waits (cmake/IsatTests.cmake).
  ctest --test-dir "$build" --output-on-failure --no-tests=error --parallel $((2 * jobs)) --output-junit "$results" \
    "${select[@]}" 2>&1 </dev/null | hold_summary "$summary" || status=${PIPESTATUS[0]}
  [[ ! -e $results ]] || python3 -B "$root/tests/support/skips.py" "$results"
  cat "$summary"
  return "$status"
}

for label in "$@"; do
  case $label in
    -h | --help) usage && exit 0 ;;
    *[!a-z]* | '') usage >&2 && exit 2 ;;
  esac
done
isat_require_packages build test
mkdir -p "$build"
configure_and_build "$@"
run_tests "$@"
