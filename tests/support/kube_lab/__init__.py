# SPDX-License-Identifier: BSL-1.0
"""Real Kubernetes API servers for the tests: Python standard library, openssl and what provision.sh brings.

provision     finds the servers' programs, or skips
certificates  a certificate authority, and what it signs
servers       one process: etcd, one kube-apiserver; started, stopped, paused, killed
api           an HTTPS client of one server, its watches and its metrics
request_rates how many requests a server is asked
kubeconfig    files that kubectl and the speaker read
accounts      service accounts, their rights and tokens
cluster       one etcd with its API servers, the accounts on it and kubectl
objects       Nodes, Services and EndpointSlices, as their controllers write them
fault_proxy   stands before a server and does what networks do
network       how machines of a netns_lab segment reach API servers
testing       what a test file needs beside these

What tests of speakers share:

evidence      every frame of a VIP and every write of a Lease, and what must be true of them
speaker_pair  two speakers by one VIP, and a witness
candidates    programs that contend for Leases, ours and client-go's
pool          who has which address of a pool, and whether two ever had one
fake_cluster  the API server of the unit tests, for a speaker in a namespace

And those of a whole cluster:

world         nodes with kube-proxy, an HTTP server and a speaker each, a client and a witness
world_case    a test case in such a world: what happens, and how it is judged
sightings     who claims which VIP, by frames
pages         what a speaker serves by --http
backend, connector  programs in it: what stands behind Services, and who connects to them all the time

By hand: tests/kubernetes/cluster.sh
"""
