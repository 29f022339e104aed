#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
#
# A real Kubernetes control plane by hand, as the tests have it: prints kubeconfig files and waits for Ctrl-C.
# --help tells the options.
set -euo pipefail
PYTHONPATH=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../support" && pwd) exec python3 -B -m kube_lab "$@"
