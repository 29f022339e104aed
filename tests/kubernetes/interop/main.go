// SPDX-License-Identifier: BSL-1.0

// Interop contends for Leases by client-go's own leader election, and writes down what it believes: one JSON object a
// line. Each Lease has an elector of its own. From "started" to "stopped" it would do the work of the leader.
//
// Standard input takes, a line each: "release LEASE" (cancels the elector, and starts another one), "candidate LEASE
// on" and "candidate LEASE off". SIGTERM, or the end of the input, cancels all electors and ends the program.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/klog/v2"
)

type options struct {
	kubeconfig     string
	namespace      string
	leases         string
	identity       string
	leaseDuration  time.Duration
	renewDeadline  time.Duration
	retryPeriod    time.Duration
	requestTimeout time.Duration
	release        bool
	verbose        bool
}

func parse() (o options) {
	flag.StringVar(&o.kubeconfig, "kubeconfig", "", "`file` that says how the API server is reached")
	flag.StringVar(&o.namespace, "namespace", "default", "of the Leases")
	flag.StringVar(&o.leases, "leases", "", "`names`, with commas")
	flag.StringVar(&o.identity, "identity", "", "who contends")
	flag.DurationVar(&o.leaseDuration, "lease-duration", 15*time.Second, "as client-go calls it")
	flag.DurationVar(&o.renewDeadline, "renew-deadline", 10*time.Second, "as client-go calls it")
	flag.DurationVar(&o.retryPeriod, "retry-period", 2*time.Second, "as client-go calls it")
	flag.DurationVar(&o.requestTimeout, "request-timeout", -1, "of one request, 0 for none; else as client-go derives it")
	flag.BoolVar(&o.release, "release", true, "ReleaseOnCancel")
	flag.BoolVar(&o.verbose, "verbose", false, "client-go's own log on standard error")
	flag.Parse()
	if o.kubeconfig == "" || o.leases == "" || o.identity == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(64)
	}
	return o
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "interop:", err)
	os.Exit(1)
}

// silence keeps client-go's log, errors too, off standard error: what is to be known of it is in the journal.
func silence() {
	settings := flag.NewFlagSet("klog", flag.PanicOnError)
	klog.InitFlags(settings)
	for name, value := range map[string]string{"logtostderr": "false", "stderrthreshold": "FATAL"} {
		if err := settings.Set(name, value); err != nil {
			fail(err)
		}
	}
	klog.SetOutput(io.Discard)
}

// lockOf makes the lock as most programs do, or, with a time-out of one's own, as the others do.
func lockOf(o options, config *rest.Config, lease string) (resourcelock.Interface, error) {
	who := resourcelock.ResourceLockConfig{Identity: o.identity}
	kind := resourcelock.LeasesResourceLock
	if o.requestTimeout < 0 {
		return resourcelock.NewFromKubeconfig(kind, o.namespace, lease, who, config, o.renewDeadline)
	}
	own := *config
	own.Timeout = o.requestTimeout
	client, err := kubernetes.NewForConfig(&own)
	if err != nil {
		return nil, err
	}
	return resourcelock.New(kind, o.namespace, lease, client.CoreV1(), client.CoordinationV1(), who)
}

func contenders(o options, log *journal) map[string]*contender {
	config, err := clientcmd.BuildConfigFromFlags("", o.kubeconfig)
	if err != nil {
		fail(err)
	}
	config.QPS = -1 // many leases in one program must not wait for each other
	all := map[string]*contender{}
	for _, lease := range strings.Split(o.leases, ",") {
		lock, err := lockOf(o, config, lease)
		if err != nil {
			fail(err)
		}
		all[lease] = newContender(lease, log, leaderelection.LeaderElectionConfig{
			Lock:            recordedLock{lock, lease, log},
			LeaseDuration:   o.leaseDuration,
			RenewDeadline:   o.renewDeadline,
			RetryPeriod:     o.retryPeriod,
			ReleaseOnCancel: o.release,
			Name:            lease,
		})
	}
	return all
}

func obey(all map[string]*contender, line string) {
	words := strings.Fields(line)
	if len(words) < 2 || all[words[1]] == nil {
		fail(fmt.Errorf("cannot obey %q", line))
	}
	switch c := all[words[1]]; strings.Join(append(words[:1:1], words[2:]...), " ") {
	case "release":
		c.stop()
	case "candidate on":
		c.setCandidate(true)
	case "candidate off":
		c.setCandidate(false)
	default:
		fail(fmt.Errorf("cannot obey %q", line))
	}
}

func main() {
	o := parse()
	if !o.verbose {
		silence()
	}
	log := &journal{identity: o.identity}
	all := contenders(o, log)

	var running sync.WaitGroup
	for _, c := range all {
		running.Add(1)
		go func() {
			defer running.Done()
			c.run()
		}()
	}
	log.write(entry{Event: "ready"})

	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM, syscall.SIGINT)
	end := func() {
		for _, c := range all {
			c.end()
		}
	}
	go func() {
		<-asked
		end()
	}()
	go func() {
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			obey(all, lines.Text())
		}
		end()
	}()
	running.Wait()
	log.write(entry{Event: "ended"})
}
