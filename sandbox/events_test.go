package sandbox_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebaas/openplatform-go/sandbox"
)

func (r *rig) events(after int64) []sandbox.Event {
	r.t.Helper()
	events, err := r.NextEvents(r.t.Context(), after)
	require.NoError(r.t, err)
	return events
}

func TestEvents(t *testing.T) {
	r := newRig(t)
	start := r.LastID()
	r.register(username, email, mobile)
	r.Advance(time.Second)

	events := r.events(start)

	var types []sandbox.EventType
	last := start
	for _, e := range events {
		types = append(types, e.Type)
		assert.Greater(t, e.ID, last)
		last = e.ID
	}
	assert.Equal(t, []sandbox.EventType{
		"changed", "request", "sms", "request", "email", "request", "changed", // the phone had to be free
	}, types)
	assert.Equal(t, sandbox.ChangedClock, events[0].Change)
	assert.Equal(t, sandbox.OpGetImgCode, events[1].Request.Operation)
	assert.Equal(t, r.Outbox(mobile)[0], *events[2].SMS)
	assert.Equal(t, events[2].ID, events[2].SMS.ID)
	assert.Equal(t, r.Mailbox(email)[0], *events[4].Mail)
	register := events[5].Request
	assert.True(t, register.Done)
	assert.Equal(t, "000", register.Code)
	assert.Equal(t, password, register.Params["password"])

	assert.Equal(t, events[3:], r.events(events[2].ID), "from the middle")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err := r.NextEvents(ctx, last)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestEventsOfChanges(t *testing.T) {
	r := newRig(t)
	fault := r.Order(sandbox.Fault{Operation: sandbox.OpRegister, Drop: true})
	openID := r.newAccount()
	token := r.newToken()
	changes := map[string]struct {
		do   func()
		want sandbox.Change
	}{
		"account added":          {func() { r.AddAccount(sandbox.Account{Username: "somebody"}) }, "accounts"},
		"account removed":        {func() { r.RemoveAccount(openID) }, "accounts"},
		"client":                 {func() { r.AddClient("a", "b") }, "clients"},
		"client removed":         {func() { r.RemoveClient("a") }, "clients"},
		"token":                  {func() { r.RevokeToken(token) }, "tokens"},
		"tokens":                 {func() { r.RevokeAccessTokens() }, "tokens"},
		"fault":                  {func() { r.Order(sandbox.Fault{Delay: 1}) }, "faults"},
		"fault changed":          {func() { require.NoError(t, fault.Change(sandbox.Fault{Delay: 1})) }, "faults"},
		"fault cancelled":        {func() { fault.Cancel() }, "faults"},
		"special number":         {func() { require.NoError(t, r.SetSpecialNumber(special("1", sandbox.Throttled))) }, "special_numbers"},
		"special number removed": {func() { r.RemoveSpecialNumber("1") }, "special_numbers"},
		"clock":                  {func() { r.Advance(1) }, "clock"},
		"reset":                  {func() { r.Reset() }, "everything"},
	}
	for _, name := range []string{ // in this order
		"token", "tokens", "account added", "account removed", "client", "client removed", "fault", "fault changed", "fault cancelled",
		"special number", "special number removed", "clock", "reset",
	} {
		before := r.LastID()
		changes[name].do()
		events := r.events(before)
		require.Len(t, events, 1, name)
		assert.Equal(t, sandbox.EventChanged, events[0].Type, name)
		assert.Equal(t, changes[name].want, events[0].Change, name)
	}
}

func TestEventsThatWereMissed(t *testing.T) {
	const kept = 500
	r := newRig(t)
	start := r.LastID()
	for range kept {
		r.Advance(1)
	}
	assert.Len(t, r.events(start), kept)

	r.Advance(1)
	missed := r.events(start)
	require.Len(t, missed, 1)
	assert.Equal(t, sandbox.Event{ID: r.LastID(), Type: sandbox.EventMissed}, missed[0])
	assert.Len(t, r.events(start+1), kept, "the first is the one that is lost")

	r.Advance(1)
	assert.Len(t, r.events(missed[0].ID), 1, "it says where to go on")
	assert.Equal(t, sandbox.EventMissed, r.events(r.LastID() + 1)[0].Type, "of an ID that was never given out")
	assert.Equal(t, sandbox.EventMissed, newRig(t).events(missed[0].ID)[0].Type, "of an ID of an earlier sandbox")
}

func TestEventsWakeAllWhoWait(t *testing.T) {
	const waiting = 50
	r := newRig(t)
	start := r.LastID()
	woken := make(chan int, waiting)
	for range waiting {
		go func() {
			events, _ := r.NextEvents(t.Context(), start)
			woken <- len(events)
		}()
	}
	r.Advance(1)
	for range waiting {
		assert.Equal(t, 1, <-woken)
	}
}
