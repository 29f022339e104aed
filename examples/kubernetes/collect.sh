#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
#
# Lays out the root of a container image that holds isat-speaker and nothing else: the program without its symbols and
# with its file capability, the shared libraries that it loads, and the licences of the packages that these are from.
# The Dockerfile beside this file calls it; it needs root for the capability, and Debian for the licences.
#
# usage: collect.sh PROGRAM FOLDER     FOLDER must be empty, or not there
set -euo pipefail

[[ $# == 2 ]] || { sed -n 's/^# \?//; /^usage:/p' "${BASH_SOURCE[0]}" >&2 && exit 2; }
program=$1 image=$2
[[ -z $(ls -A "$image" 2>/dev/null) ]] || { echo "collect.sh: $image is not empty" >&2 && exit 1; }

# libraries_of PROGRAM: the paths of the shared libraries and of the loader, as the loader looks for them.
libraries_of() {
  local listed
  listed=$(ldd "$1")
  [[ $listed != *"not found"* ]] || { echo "collect.sh: $listed" >&2 && return 1; }
  sed -nE 's/^.*(=> |^\s+)(\/\S+) \(0x.*$/\2/p' <<<"$listed"
}

# package_of FILE: the Debian package that it is from, whichever of its names the package knows it by.
package_of() {
  local file=$1 found
  for name in "$file" "$(realpath "$file")" "${file#/usr}" "/usr$file"; do
    found=$(dpkg-query --search "$name" 2>/dev/null) && echo "${found%%:*}" && return
  done
  echo "collect.sh: $file is from no package, so its licence is not known" >&2 && return 1
}

umask 022
install -D --strip --mode=755 "$program" "$image/usr/bin/isat-speaker"
setcap cap_net_raw=p "$image/usr/bin/isat-speaker"
libraries=$(libraries_of "$program")
for library in $libraries; do
  install -D --mode=755 "$library" "$image$library"
  package=$(package_of "$library")
  mkdir -p "$image/usr/share/doc/$package"
  gzip -n -9 <"/usr/share/doc/$package/copyright" >"$image/usr/share/doc/$package/copyright.gz"
done
