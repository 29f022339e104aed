// SPDX-License-Identifier: BSL-1.0

package main

import (
	"context"
	"sync"

	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// A recordedLock tells when client-go wrote its record and what became of it; it changes nothing.
type recordedLock struct {
	resourcelock.Interface
	lease string
	log   *journal
}

func (l recordedLock) record(sent int64, holder string, err error) error {
	if err != nil {
		l.log.write(entry{Event: "refused", Lease: l.lease, Holder: holder, Sent: sent, Error: err.Error()})
	} else {
		l.log.write(entry{Event: "written", Lease: l.lease, Holder: holder, Sent: sent})
	}
	return err
}

func (l recordedLock) Create(ctx context.Context, to resourcelock.LeaderElectionRecord) error {
	sent := monotonic()
	return l.record(sent, to.HolderIdentity, l.Interface.Create(ctx, to))
}

func (l recordedLock) Update(ctx context.Context, to resourcelock.LeaderElectionRecord) error {
	sent := monotonic()
	return l.record(sent, to.HolderIdentity, l.Interface.Update(ctx, to))
}

// A contender runs one elector after the other for one lease, as long as it is a candidate: a lost leadership ends an
// elector for good, and programs that live on make a new one.
type contender struct {
	lease  string
	log    *journal
	config leaderelection.LeaderElectionConfig

	lock      sync.Mutex
	changed   *sync.Cond
	candidate bool
	over      bool
	cancel    context.CancelFunc // of the elector that runs, if one does
}

func newContender(lease string, log *journal, config leaderelection.LeaderElectionConfig) *contender {
	c := &contender{lease: lease, log: log, config: config, candidate: true}
	c.changed = sync.NewCond(&c.lock)
	return c
}

// stop cancels the elector that runs; it releases what it leads if it was told to.
func (c *contender) stop() {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.stopLocked()
}

func (c *contender) stopLocked() {
	if c.cancel != nil {
		c.log.write(entry{Event: "cancelled", Lease: c.lease})
		c.cancel()
	}
}

func (c *contender) setCandidate(candidate bool) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.candidate = candidate
	if !candidate {
		c.stopLocked()
	}
	c.changed.Broadcast()
}

func (c *contender) end() {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.over = true
	c.stopLocked()
	c.changed.Broadcast()
}

// next waits until there is something to contend for; no context means: it is over.
func (c *contender) next() context.Context {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.cancel = nil
	for !c.candidate && !c.over {
		c.changed.Wait()
	}
	if c.over {
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	c.cancel = cancel
	return ctx
}

func (c *contender) run() {
	for ctx := c.next(); ctx != nil; ctx = c.next() {
		c.contend(ctx)
	}
}

func (c *contender) contend(ctx context.Context) {
	var elector *leaderelection.LeaderElector
	note := func(event, leader string) {
		leads := elector.IsLeader()
		c.log.write(entry{Event: event, Lease: c.lease, Leader: leader, IsLeader: &leads})
	}
	config := c.config
	config.Callbacks = leaderelection.LeaderCallbacks{
		OnStartedLeading: func(context.Context) { note("started", "") },
		OnStoppedLeading: func() { note("stopped", "") },
		OnNewLeader:      func(leader string) { note("new-leader", leader) },
	}
	elector, err := leaderelection.NewLeaderElector(config)
	if err != nil {
		fail(err)
	}
	elector.Run(ctx)
}
