package sandbox

import (
	"context"
	"errors"
	"fmt"
)

// ErrClosed is the error of a wait when the Sandbox is closed.
var ErrClosed = errors.New("sandbox: closed")

// maxEvents is how many events are kept.
const maxEvents = 500

// EventType is the type of an Event.
type EventType string

// The types of events.
const (
	EventSMS     EventType = "sms"     // an SMS was sent
	EventEmail   EventType = "email"   // an e-mail was sent
	EventRequest EventType = "request" // a request has ended
	EventChanged EventType = "changed" // something was changed, not by a request
	EventMissed  EventType = "missed"  // events are missing: read the whole state again
)

// Change says what was changed, not by a request.
type Change string

// What can change.
const (
	ChangedAccounts       Change = "accounts"
	ChangedClients        Change = "clients"
	ChangedTokens         Change = "tokens"
	ChangedFaults         Change = "faults"
	ChangedSpecialNumbers Change = "special_numbers"
	ChangedClock          Change = "clock"
	ChangedEverything     Change = "everything"
)

// Event is a notification that something has happened.
type Event struct {
	ID   int64
	Type EventType

	SMS     *SMS     // of EventSMS
	Mail    *Mail    // of EventEmail
	Request *Request // of EventRequest
	Change  Change   // of EventChanged
}

// event is a stored Event. The values that it points to no longer change.
type event struct {
	id      int64
	what    EventType
	sms     *SMS
	mail    *Mail
	request *record
	change  Change
}

func (e event) whole() Event {
	out := Event{ID: e.id, Type: e.what, SMS: e.sms, Mail: e.mail, Change: e.change}
	if e.request != nil {
		request := e.request.whole()
		out.Request = &request
	}
	return out
}

// events holds the newest events, and wakes those who wait for more.
type events struct {
	ring   [maxEvents]event
	count  int           // of all that were ever published
	bell   chan struct{} // closed by the next event; nil if nobody waits
	lostID int64         // the highest ID whose following events are no longer complete
}

func (all *events) add(e event) {
	place := &all.ring[all.count%maxEvents]
	all.lostID = max(all.lostID, place.id)
	*place = e
	all.count++
	if all.bell != nil {
		close(all.bell)
		all.bell = nil
	}
}

// since returns the events with a higher id, oldest first.
func (all *events) since(id int64) []Event {
	first := all.count
	for first > max(0, all.count-maxEvents) && all.ring[(first-1)%maxEvents].id > id {
		first--
	}
	found := make([]Event, 0, all.count-first)
	for i := first; i < all.count; i++ {
		found = append(found, all.ring[i%maxEvents].whole())
	}
	return found
}

// wait returns a channel that the next event closes.
func (all *events) wait() <-chan struct{} {
	if all.bell == nil {
		all.bell = make(chan struct{})
	}
	return all.bell
}

// nextID returns an ID higher than all before, also those of an earlier Sandbox on this machine, unless there were more
// than a million per second. The caller holds s.mu.
func (s *Sandbox) nextID() int64 {
	s.lastID++
	return s.lastID
}

// LastID returns the highest ID of an SMS, an e-mail, a request or an event so far. Later ones have higher IDs.
func (s *Sandbox) LastID() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lastID
}

// publish requires s.mu.
func (s *Sandbox) publish(e event) { s.events.add(e) }

// publishChange requires s.mu.
func (s *Sandbox) publishChange(what Change) {
	s.publish(event{id: s.nextID(), what: EventChanged, change: what})
}

// NextEvents returns the events after an ID, oldest first, and waits if there are none. The ID is of an event or from
// LastID. The newest 500 events are kept. If some are missing, or if the ID is unknown, it returns one event of
// EventMissed; continue with its ID. It fails when ctx ends or the Sandbox is closed.
func (s *Sandbox) NextEvents(ctx context.Context, after int64) ([]Event, error) {
	for {
		found, bell := s.eventsSince(after)
		if len(found) > 0 {
			return found, nil
		}
		select {
		case <-bell:
		case <-ctx.Done():
			return nil, fmt.Errorf("sandbox: nothing happened: %w", ctx.Err())
		case <-s.ended:
			return nil, ErrClosed
		}
	}
}

// eventsSince returns events, or a channel that the next one closes.
func (s *Sandbox) eventsSince(id int64) ([]Event, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()

	if id < s.events.lostID || id > s.lastID {
		return []Event{{ID: s.lastID, Type: EventMissed}}, nil
	}
	if found := s.events.since(id); len(found) > 0 {
		return found, nil
	}
	return nil, s.events.wait()
}
