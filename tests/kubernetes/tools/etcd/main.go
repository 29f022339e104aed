// SPDX-License-Identifier: BSL-1.0

// Etcd as its own release builds it, from the version that go.mod names.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() {
	etcdmain.Main(os.Args)
}
