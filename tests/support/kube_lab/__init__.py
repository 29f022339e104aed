# SPDX-License-Identifier: BSL-1.0
"""Real Kubernetes API servers for the tests: Python standard library, openssl and what provision.sh brings.

provision    finds the servers' programs, or skips
certificates a certificate authority, and what it signs
servers      one process: etcd, one kube-apiserver; started, stopped, paused, killed
api          an HTTPS client of one server, its watches and its metrics
kubeconfig   files that kubectl and the speaker read
cluster      one etcd with its API servers, the accounts on it and kubectl
pool         who has which address of a pool, and whether two ever had one
network      how machines of a netns_lab segment reach API servers
testing      what a test file needs beside these

By hand: tests/kubernetes/cluster.sh
"""
