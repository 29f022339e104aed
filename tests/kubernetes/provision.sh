#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
#
# Brings the servers of tests/kubernetes: etcd, kube-apiserver, kubectl and kube-proxy. The last line on standard output
# is the folder that holds them. Where they cannot be had, that line is `SKIP: reason` and the exit code 77.
#
# Programs that are there already are taken as envtest does: $TEST_ASSET_ETCD, $TEST_ASSET_KUBE_APISERVER and
# $TEST_ASSET_KUBECTL, else what $KUBEBUILDER_ASSETS holds, else what /usr/local/kubebuilder/bin holds. What is still
# missing is built from tests/kubernetes/tools with Go (minutes at first) and kept outside the tree, below
# ${XDG_CACHE_HOME:-~/.cache}/isat, by version. A Go that is too old for them, such as Debian 12's, fetches a newer one as
# the module that it is, which is kept there, too, and installed nowhere. kube-proxy is no part of that convention
# ($TEST_ASSET_KUBE_PROXY here): where the others were found and it was not, it is left out.
#
# usage: provision.sh
#        provision.sh --go-tool FOLDER   builds and keeps the Go program whose module is FOLDER; prints its path last
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
root=$(cd -- "$here/../.." && pwd)
tools=$here/tools
packages=(./etcd k8s.io/kubernetes/cmd/{kube-apiserver,kubectl,kube-proxy})
needed=(etcd kube-apiserver kubectl)
default_assets=/usr/local/kubebuilder/bin
# What is fetched where Go is too old, on the processor that $(uname -m) names: version and checksum of its module.
go_version=1.24.13 go_processor=x86_64
go_module=golang.org/toolchain@v0.0.1-go$go_version.linux-amd64
go_sum=h1:5sgfUhn9QCgVl4UYj32GrIYFHI3bi2UX55tNfupXwxc=

say() { echo "provision.sh: $*" >&2; }
fail() { say "$*" && exit 1; }
skip() { echo "SKIP: $*" && exit 77; }

cache_folder() {
  [[ -n ${XDG_CACHE_HOME-} || -n ${HOME-} ]] || skip "neither XDG_CACHE_HOME nor HOME says where programs may be kept"
  cache=${XDG_CACHE_HOME:-$HOME/.cache}/isat
  mkdir -p "$cache" 2>/dev/null && [[ -w $cache ]] || skip "cannot write to $cache, where built programs are kept"
}

# key_of TEXT...: short, and another one for every change of what it is made from.
key_of() { printf '%s\n' "$@" "$(uname -m)" | sha256sum | cut -c1-12; }

# sources_of FOLDER: names and contents of what a Go program is built from.
sources_of() {
  local file
  (cd "$1" && find . -type f \( -name '*.go' -o -name go.mod -o -name go.sum \) | LC_ALL=C sort | while read -r file; do
    echo "$file $(sha256sum <"$file")"
  done)
}

# go_in MODULE WORDS...: Go as we use it, whatever the environment or a workspace around the tree says. A program that Go
# leaves behind does not keep the lock. The Go that we fetched has a root of its own.
go=go
go_in() {
  local module=$1
  shift
  (cd "$module" && if [[ $go != go ]]; then unset GOROOT; fi &&
    GOTOOLCHAIN=local CGO_ENABLED=0 GOWORK=off GOFLAGS=-buildvcs=false nice -n 5 "$go" "$@" 9>&-)
}

# fetch_go: makes the folder $cache/go$go_version by means of an older Go. A module's files come without the right to be
# run. The checksum is compared with ours, so no database of checksums needs to be reached.
fetch_go() {
  local here=$building/fetched old said sum
  old=$(go version 9>&-)
  [[ $(uname -m) == "$go_processor" ]] || skip "$old is too old, and what is fetched instead is for $go_processor only"
  say "$old is too old: fetching Go $go_version"
  mkdir "$here"
  printf 'module fetched\n' >"$here/go.mod"
  said=$(cd "$here" && GOMODCACHE=$here/modules GOFLAGS=-modcacherw GOWORK=off GONOSUMDB=golang.org/toolchain \
    go mod download -json "$go_module" 2>&1 9>&-) || skip "$old is too old, and Go $go_version cannot be fetched: ${said//$'\n'/ }"
  sum=$(sed -n 's/.*"Sum": "\(.*\)".*/\1/p' <<<"$said")
  [[ $sum == "$go_sum" ]] || fail "$go_module has the checksum '$sum', and not '$go_sum'"
  mv "$here/modules/$go_module" "$here/go"
  chmod +x "$here"/go/bin/* "$here"/go/pkg/tool/*/*
  mv -T "$here/go" "$cache/go$go_version"
  rm -rf "$here"
}

# find_go MODULE: lets go_in take a Go that is new enough for the module.
find_go() {
  command -v go >/dev/null ||
    skip "no Go here: $(sed -n 's/^go //p' "$1/go.mod") or newer builds ${1#"$root/"}, and an older one can fetch it"
  ! go_in "$1" list -m >/dev/null 2>&1 || return 0
  [[ -d $cache/go$go_version ]] || fetch_go
  go=$cache/go$go_version/bin/go
  go_in "$1" list -m >/dev/null || fail "Go $go_version cannot read $1/go.mod"
}

# can_build MODULE PACKAGE...: Go is here, and all modules can be had.
can_build() {
  local module=$1 said
  shift
  find_go "$module"
  say "looking for the modules of ${module#"$root/"}, and fetching those that are missing"
  said=$(go_in "$module" list -mod=readonly -deps -f '{{if .Error}}{{.Error}}{{end}}' "$@" 2>&1 >/dev/null) || {
    [[ $said != *"go mod tidy"* ]] || fail "$module: go.mod or go.sum is not complete: $said"
    skip "the Go modules of ${module#"$root/"} cannot be fetched: ${said##*$'\n'}"
  }
}

# build NAME MODULE LDFLAGS PACKAGE...: makes the folder $cache/NAME, whole or not at all.
build() {
  local name=$1 module=$2 ldflags=$3 began=$SECONDS
  shift 3
  [[ ! -d $cache/$name ]] || return 0
  exec 9>"$cache/lock"
  flock --nonblock 9 || { say "waiting for another run that is building" && flock 9; }
  if [[ ! -d $cache/$name ]]; then
    rm -rf "$cache"/.building.* # left by a run that was killed: whoever builds has the lock
    building=$(mktemp -d "$cache/.building.XXXXXX")
    trap 'rm -rf "$building"' EXIT
    can_build "$module" "$@"
    say "building $*"
    go_in "$module" build -mod=readonly -trimpath -ldflags "-s -w $ldflags" -o "$building/" "$@" >&2 ||
      fail "could not build ${module#"$root/"}"
    chmod 755 "$building"
    mv -T "$building" "$cache/$name"
    trap - EXIT
    say "built in $((SECONDS - began)) s"
  fi
  exec 9>&-
}

# Prints the version of a module that the tools' go.mod asks for.
version_of() { sed -n "s|^\s*\(require \)\?$1 v|v|p" "$tools/go.mod" | head -n 1; }

# Builds our own programs; prints their folder.
built() {
  local release etcd minor name
  local package=k8s.io/component-base/version
  release=$(version_of k8s.io/kubernetes)
  etcd=$(version_of go.etcd.io/etcd/server/v3)
  minor=${release#v1.}
  local stamp="-X $package.gitVersion=$release -X $package.gitMajor=1 -X $package.gitMinor=${minor%%.*}"
  stamp+=" -X $package.gitTreeState=clean"
  name=kubernetes-$release-etcd-$etcd-$(key_of "$(sources_of "$tools")" "$stamp" "${packages[@]}")
  cache_folder
  build "$name" "$tools" "$stamp" "${packages[@]}"
  folder=$cache/$name
}

# given PROGRAM: sets `path` to the program that somebody provides, or to nothing.
given() {
  local variable=TEST_ASSET_${1^^}
  variable=${variable//-/_}
  path=${!variable-}
  if [[ -n $path ]]; then
    [[ -f $path && -x $path ]] || fail "$variable=$path is no program"
  elif [[ -n ${KUBEBUILDER_ASSETS-} ]]; then
    path=$KUBEBUILDER_ASSETS/$1
    [[ -x $path ]] || path=
    [[ -n $path || $1 == kube-proxy ]] || fail "KUBEBUILDER_ASSETS=$KUBEBUILDER_ASSETS holds no program $1"
  elif [[ -x $default_assets/$1 ]]; then
    path=$default_assets/$1
  fi
}

# linked NAME=PATH...: sets `folder` to the one that holds all programs by their names, else makes one of links.
linked() {
  local each path links
  path=${1#*=}
  folder=${path%/*}
  for each in "$@"; do
    [[ ${each#*=} == "$folder/${each%%=*}" ]] || folder=
    [[ -n $folder ]] || break
  done
  [[ -z $folder ]] || return 0
  cache_folder
  folder=$cache/links-$(key_of "$@")
  [[ ! -d $folder ]] || return 0
  links=$(mktemp -d "$cache/.links.XXXXXX")
  for each in "$@"; do ln -s "${each#*=}" "$links/${each%%=*}"; done
  chmod 755 "$links"
  mv -T "$links" "$folder" 2>/dev/null || rm -rf "$links" # another run was first
}

servers() {
  local program path found=() missing=()
  for program in "${needed[@]}" kube-proxy; do
    given "$program"
    if [[ -n $path ]]; then
      found+=("$program=$(cd -- "$(dirname -- "$path")" && pwd)/${path##*/}")
    elif [[ $program != kube-proxy || ${#missing[@]} -gt 0 ]]; then
      missing+=("$program") # what is built brings kube-proxy along
    fi
  done
  if [[ ${#missing[@]} -gt 0 ]]; then built; fi
  if [[ ${#found[@]} -gt 0 ]]; then
    for program in "${missing[@]}"; do found+=("$program=$folder/$program"); done
    linked "${found[@]}"
  fi
  echo "$folder"
}

go_tool() {
  local module name
  module=$(cd -- "$1" && pwd)
  [[ -f $module/go.mod ]] || fail "$1 is no Go module"
  cache_folder
  name=${module##*/}-$(key_of "$(sources_of "$module")")
  build "$name" "$module" "" .
  echo "$cache/$name/$(ls "$cache/$name")"
}

case "${1-} $#" in
  " 0") servers ;;
  "--go-tool 2") go_tool "$2" ;;
  *) sed -n 's/^# \?//; /^usage:/,/print/p' "${BASH_SOURCE[0]}" >&2 && exit 2 ;;
esac
