package simulation

import (
	"fmt"
	"time"
)

// A fault is one way in which the world is not as one would wish.
type fault int

const (
	none fault = iota
	dialRefused
	dialUnknownHost
	dialHangs
	connectionDies
	closedWhileIdle
	lostUnread
	lostBeforeEffect
	lostAfterEffect
	hangsBeforeEffect
	hangsAfterEffect
	lateEffect
	truncatedHead
	truncatedBody
	stalledBody
	busyStatus
	busyCode
	busyAfterEffect
	rejection
	systemError
	garbage
	successAtBadStatus
	redirect
	tokenRevoked
	tokenRejected
	clockTrouble
	clockJumps
	storeSlow
	storeHangs
	storeHangsForGood
	storeFails
	storePanics
	storeLies
	storeForeign
	lockLost
	setRefused
	unlockTrouble
	callerCancels
	callerTimesOut
	callerLate
	faultKinds
)

var faultNames = [faultKinds]string{
	"none", "dial refused", "unknown host", "dial hangs", "connection dies at once", "closed while idle", "lost unread",
	"lost before the effect", "lost after the effect", "hangs before the effect", "hangs after the effect", "late effect",
	"truncated head", "truncated body", "stalled body", "busy (status)", "busy (code)", "busy after the effect", "rejection",
	"system error", "garbage", "success at a bad status", "redirect", "access token revoked", "access token rejected",
	"clock trouble", "clock jumps", "store slow", "store hangs", "store hangs without regard to ctx", "store fails",
	"store panics", "store lies", "store holds what is not ours", "store forgets a lock", "store refuses a late writer", "unlock trouble", "caller cancels", "caller's time runs out", "caller whose ctx has ended",
}

func (f fault) String() string { return faultNames[f] }

// What can go wrong with one request. The common ones stand there more than once.
var requestFaults = []fault{
	lostUnread, lostBeforeEffect, lostBeforeEffect, lostAfterEffect, lostAfterEffect, hangsBeforeEffect, hangsAfterEffect,
	lateEffect, truncatedHead, truncatedBody, stalledBody, busyStatus, busyStatus, busyStatus, busyCode, busyAfterEffect,
	rejection, rejection, systemError, garbage, successAtBadStatus, redirect,
}

var dialFaults = []fault{dialRefused, dialRefused, dialRefused, dialUnknownHost, dialHangs, connectionDies}

// trouble is how likely faults are.
type trouble struct{ dial, request, idle float64 }

// An outage is a time in which they are likelier.
type outage struct {
	from, to time.Duration
	trouble
}

func (o outage) String() string { return fmt.Sprintf("%v-%v: %v", o.from, o.to, o.trouble) }

func (w *world) trouble() trouble {
	if w.probing {
		return trouble{dial: 1}
	}
	at := time.Since(w.start)
	for _, o := range w.plan.outages {
		if o.from <= at && at < o.to {
			return o.trouble
		}
	}
	return w.plan.usual
}

func (w *world) met(f fault) {
	if f != none {
		w.faults[f].Add(1)
	}
}

func (w *world) drawDial() (f fault, delay time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delay = w.dice.upTo(w.plan.latency)
	switch {
	case w.probing:
		return dialRefused, 0
	case w.dice.chance(w.trouble().dial):
		f = pick(w.dice, dialFaults...)
	}
	w.met(f)
	return f, delay
}

func (w *world) drawIdle() (d time.Duration, closes bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dice.scaled(time.Millisecond, 10*time.Second), w.dice.chance(w.trouble().idle)
}

// A script is how the platform treats one request.
type script struct {
	fault         fault
	before, after time.Duration // the effect
	deaf          bool          // goes on although the client has hung up
	dice          dice          // for the details
}

func (w *world) drawScript() script {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := script{
		before: w.dice.upTo(w.plan.latency), after: w.dice.upTo(w.plan.latency),
		deaf: w.dice.chance(0.5),
		dice: newDice(w.dice.Uint64(), 0),
	}
	if w.dice.chance(w.trouble().request) {
		s.fault = pick(w.dice, requestFaults...)
	}
	if s.fault == lateEffect {
		s.before, s.deaf = w.dice.scaled(100*time.Millisecond, 40*time.Second), true
	}
	w.met(s.fault)
	return s
}
