# SPDX-License-Identifier: BSL-1.0
# shellcheck shell=bash
#
# Which Debian 12 packages the project needs, and how scripts get them: source this file, then call
#   isat_require_packages build test
# As root it installs what is missing, and only then asks the network; otherwise it prints the one line to run, and
# fails. ISAT_SKIP_PACKAGES=1 turns it off, for a system that has the same things by other names.

isat_packages() {
  case $1 in
    build) # what it takes to compile library, daemon and tools
      echo g++ cmake ninja-build libboost1.81-dev libboost-program-options1.81-dev libfmt-dev libyaml-cpp-dev
      echo prometheus-cpp-dev
      echo libboost-json1.81-dev libboost-url1.81-dev libssl-dev
      ;;
    demo) # namespaces, and the prober's table
      echo iproute2 util-linux procps python3
      ;;
    test) # unit, style, consumer, packaging, namespace and Kubernetes tests
      echo doctest-dev libbenchmark-dev clang-format-19 pkg-config ccache python3 openssl python3-prometheus-client doxygen
      echo iproute2 iputils-arping libcap2-bin nftables util-linux procps
      # What tries the packages out: Conan gets an environment of its own, Debian's are made, judged and installed.
      echo python3-venv adduser ca-certificates dpkg-dev file lintian systemd
      # Any Go: it fetches the one that tests/kubernetes/provision.sh builds with.
      command -v go >/dev/null || echo golang-go
      ;;
    ci) # the second compiler and its tools
      echo clang-19 clang-tidy-19 libclang-rt-19-dev llvm-19
      ;;
    image) # what builds the container image: tests/packaging/dockerfile.py, by hand
      echo buildah runc mmdebstrap
      ;;
    *)
      echo "isat_packages: there is no group '$1'" >&2
      return 2
      ;;
  esac
}

isat_missing_packages() {
  local group package
  for group in "$@"; do
    for package in $(isat_packages "$group"); do
      [[ $(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || echo "$package"
    done
  done | sort -u
}

isat_install_packages() {
  local apt=(apt-get --quiet --yes -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
  export DEBIAN_FRONTEND=noninteractive
  echo "== Installing with apt-get: $*"
  "${apt[@]}" update </dev/null >&2 || echo "apt-get update failed; trying with the package lists that are here" >&2
  # --no-remove: never at the price of something that is installed.
  "${apt[@]}" install --no-install-recommends --no-remove "$@" </dev/null >&2
}

isat_require_packages() {
  local group missing
  [[ -z ${ISAT_SKIP_PACKAGES-} ]] || return 0
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    echo "This is no Debian. Install what these packages hold, then set ISAT_SKIP_PACKAGES=1:" >&2
    for group in "$@"; do isat_packages "$group"; done >&2
    return 1
  fi
  mapfile -t missing < <(isat_missing_packages "$@")
  [[ ${#missing[@]} -gt 0 ]] || return 0
  if [[ " ${missing[*]} " == *" libboost1.81-dev "* ]] && dpkg-query --show libboost1.74-dev >/dev/null 2>&1; then
    echo "libboost1.74-dev is installed and conflicts with libboost1.81-dev, which isat needs: remove it first with" >&2
    echo "  apt-get remove libboost1.74-dev" >&2
    return 1
  fi
  if [[ $(id -u) != 0 ]]; then
    echo "Packages are missing. As root, run this, then try again:" >&2
    echo "  apt-get update && apt-get install --no-install-recommends ${missing[*]}" >&2
    return 1
  fi
  isat_install_packages "${missing[@]}" || {
    echo "apt-get could not install: ${missing[*]}" >&2
    return 1
  }
}
