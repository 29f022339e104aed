// SPDX-License-Identifier: BSL-1.0

#include "help.hpp"

namespace speakerd {

namespace {

constexpr std::string_view text = R"(Usage: isat-speaker [options]
       isat-speaker manifest
Answers ARP for virtual IPv4 addresses (VIPs) on Ethernet interfaces while this node leads.

What to announce
  -i, --interface IF     interface to announce on; repeatable, globs allowed (quote them)
  -a, --vip ADDR         address, range A-B or CIDR block to answer for, the first and the last address included;
                         repeatable; at most 65536 addresses each
      --source KIND      static      what --vip lists (default)
                         kubernetes  the addresses of Services of type LoadBalancer; the elector then is 'kubernetes',
                                     unless another is given
      --lb-class NAME    only Services of this loadBalancerClass; default: only those that have none. Speakers of
                         different classes need a --lease-name each.
      --assign-pool RANGE
                         give addresses of this range, A-B or CIDR, to Services that have none; repeatable. For clusters
                         in which nothing else does.
      --announce-without-endpoints
                         also Services behind which nothing is ready or serving
      --withdraw-when-cordoned
                         nothing from Services while this node is unschedulable
      --mac node         whose MAC address answers carry: the interface's own (default)

Who leads
  -e, --elector KIND     always     this speaker always leads: no election (default)
                         file:DIR   by leases in this directory, for speakers on one host; a tmpfs is best, and no
                                    file system will do that other machines can mount
                         kubernetes[:NAMESPACE]
                                    by Leases of a Kubernetes cluster; default: the namespace of the pod or of the
                                    kubeconfig's context, else 'default'
      --kubeconfig FILE  how the cluster is reached, and as whom; default: in a pod its service account, elsewhere the
                         files of $KUBECONFIG, else ~/.kube/config
      --api-server URL   another API server of the same cluster, https://HOST[:PORT]; repeatable. In a pod, those that
                         the cluster names are found by themselves.
      --lease-name NAME  what the names of leases begin with (default: isat); speakers of other names in one namespace
                         or directory have nothing to do with each other
      --groups KIND      single     all VIPs are one group, and one node leads it (default)
                         shards:N   N groups, 1 to 256, each led by one node, so that several nodes share the VIPs
                         service    each VIP is a group of its own, and a lease says who leads it; at most 1024
                                    Speakers of one store change over together, when all of them wish for the same.
      --rebalance        move a group back to its preferred node some time after that has returned; not with
                         the groups 'service'
      --profile NAME     timing of leases: lease duration, renewal period and attempt time-out are
                         default    3s, 750ms, 700ms
                         fast       1.2s, 300ms, 300ms    for a store that answers within milliseconds
                         lean       15s, 5s, 3s           for few requests rather than fast failover
      --lease-duration TIME
                         how long others wait for a leader that they no longer hear of, 100ms to 1h; if it is given, a
                         quarter of it stands for each of the next two that is not
      --renew-period TIME
                         from one renewal of a lease to the next
      --attempt-timeout TIME
                         how long a renewal may take before it is tried anew
                         What is given by these three wins over the profile. TIME has a unit: 3s, 1.5s, 750ms.
                         A lease less 1 % and 20ms must have room for one renewal period and two attempts.
                         The elector 'always' holds no election, and uses nothing from --groups to here.
      --node-name NAME   name of this node in logs and leases (default: $ISAT_NODE_NAME, else the host name)

Configuration
  -c, --config FILE      YAML or JSON; every key is a long option of the groups above and below (interface, vip, ...);
                         an option on the command line replaces the file's, lists as a whole
      --strict           an interface that is missing at start is an error; without it, it is waited for
      --wait TIME        how long to wait at start for API servers to answer: 0 (one attempt) to 1000h, or forever
                         (default); then the exit code is 69
      --http ADDR:PORT   serve /healthz, /readyz and /metrics (for Prometheus) there, by plain HTTP, to whoever asks; an
                         IPv6 address stands in brackets, [::1]:7486; default: nowhere
      --metrics EXTENT   vips    with a series for each VIP (default)
                         totals  without them, for many VIPs on many nodes
      --log-level LEVEL  error, warn, info (default) or debug
      --log-format FORM  text (default), logfmt or json; logs go to standard error

Instead of running
      --check-config     check everything that can be checked without looking at the host
      --print-config     print the effective configuration as YAML
      --dry-run          print what would be announced where; opens no packet socket and contends for nothing
      --version          print the version
      --help             print this
  manifest               print the Kubernetes objects that run a speaker on every node, for kubectl apply

Permission
  Running needs CAP_NET_RAW and nothing else, and not root. Give it by one of
    setcap cap_net_raw=p isat-speaker                                 a file capability
    AmbientCapabilities=CAP_NET_RAW                                   a systemd unit
    securityContext: {capabilities: {drop: [ALL], add: [NET_RAW]}}    a Kubernetes container
  Without root, a container needs the file capability in its image too, and no allowPrivilegeEscalation: false, with
  which some runtimes do not grant it.
  All other capabilities are dropped at start; this one is in effect only while a packet socket is opened.
  So kubeconfig, the files that it names and its exec plugin are used with the rights of the plain user, also as root;
  a plugin cannot gain any, not even by a set-user-ID bit.
  In a cluster, the account needs the verbs get, list, watch, create, update and delete for leases of the API group
  coordination.k8s.io in the namespace. In a pod, list for endpointslices of discovery.k8s.io in 'default' is good to
  have: by it, all API servers are found. The source 'kubernetes' needs get, list and watch for services and nodes, and
  for endpointslices of discovery.k8s.io, in the whole cluster, and create for events of events.k8s.io;
  --assign-pool needs patch for services/status, too.

Signals
  SIGTERM, SIGINT        hand over and exit; a second one exits at once
  SIGHUP                 is logged; the configuration is not read again

Exit codes
  0  done, or handed over        70  a bug of isat-speaker
  64 wrong command line          71  refused by the operating system
  66 no such file, or unreadable 77  missing permission
  69 elector's store unreachable 78  wrong configuration, also in a kubeconfig

Examples
  isat-speaker -i eth0 -a 10.77.0.100
  isat-speaker -i 'eth*' -a 10.77.0.100-10.77.0.119 -a 10.77.1.0/28 -e file:/run/isat
  isat-speaker -i eth0 -a 10.77.0.100 -e kubernetes:isat-system --kubeconfig /etc/isat/kubeconfig
  isat-speaker -i eth0 --source kubernetes -e kubernetes:isat-system --groups shards:8
  isat-speaker -c /etc/isat-speaker.yaml --dry-run
)";

}  // namespace

std::string_view help_text() noexcept { return text; }

}  // namespace speakerd
