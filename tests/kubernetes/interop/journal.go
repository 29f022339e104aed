// SPDX-License-Identifier: BSL-1.0

package main

import (
	"encoding/json"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// An entry is one line of standard output. Times are nanoseconds of CLOCK_MONOTONIC, which all programs of a test share.
type entry struct {
	Event    string `json:"event"`
	At       int64  `json:"at"`
	Lease    string `json:"lease,omitempty"`
	Identity string `json:"identity"`

	IsLeader *bool  `json:"is_leader,omitempty"` // what client-go answers to those who ask
	Leader   string `json:"leader,omitempty"`    // new-leader
	Holder   string `json:"holder,omitempty"`    // written, refused: what the record was to say; empty: released
	Sent     int64  `json:"sent,omitempty"`      // written, refused: when the request began
	Error    string `json:"error,omitempty"`     // refused
}

type journal struct {
	identity string
	lock     sync.Mutex
}

func monotonic() int64 {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		panic(err) // the clock exists since Linux 2.6
	}
	return now.Nano()
}

// write adds the identity, and the time unless the entry brings one along.
func (j *journal) write(e entry) {
	if e.At == 0 {
		e.At = monotonic()
	}
	e.Identity = j.identity
	line, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	j.lock.Lock()
	defer j.lock.Unlock()
	if _, err := os.Stdout.Write(append(line, '\n')); err != nil {
		os.Exit(1) // nobody reads any more: the test is gone
	}
}
