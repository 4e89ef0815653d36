package sandbox

import (
	"context"
	"fmt"
	"slices"
	"sort"
)

// outbox holds the newest messages of a kind.
type outbox[M any] struct {
	room
	byAddress map[string]*box[M]
	queue     []*sent[M] // oldest first, ids ascending
}

// box holds the messages to one address. It is never empty.
type box[M any] struct {
	messages []*sent[M] // oldest first
	given    int64      // the id of the newest message that a wait for this address has returned
}

// sent is a message with its keys.
type sent[M any] struct {
	id      int64
	address string
	message M
	weight  int
}

func newOutbox[M any](memory, share int) outbox[M] {
	return outbox[M]{room: newRoom(memory, share), byAddress: make(map[string]*box[M])}
}

// add stores a message. Its id is higher than all before. size is the length of its strings in bytes.
func (o *outbox[M]) add(id int64, address string, message M, size int) {
	m := &sent[M]{id: id, address: address, message: message, weight: weightOfMessage + size}
	b := o.byAddress[address]
	if b == nil {
		b = &box[M]{}
		o.byAddress[address] = b
	}
	b.messages = append(b.messages, m)
	o.queue = append(o.queue, m)
	o.used += m.weight
	for o.full(len(o.queue)) {
		o.dropOldest()
	}
}

func (o *outbox[M]) dropOldest() {
	oldest := o.queue[0]
	b := o.byAddress[oldest.address]
	clear(o.queue[:1]) // release it while the arrays are still in use
	clear(b.messages[:1])
	o.queue, b.messages = o.queue[1:], b.messages[1:]
	o.used -= oldest.weight
	if len(b.messages) == 0 {
		delete(o.byAddress, oldest.address)
	}
}

// sentTo returns the messages to an address, oldest first.
func (o *outbox[M]) sentTo(address string) []M {
	b := o.byAddress[address]
	if b == nil {
		return nil
	}
	messages := make([]M, 0, len(b.messages))
	for _, m := range b.messages {
		messages = append(messages, m.message)
	}
	return messages
}

// last returns the newest message to an address, or nil.
func (o *outbox[M]) last(address string) *M {
	b := o.byAddress[address]
	if b == nil {
		return nil
	}
	return &b.messages[len(b.messages)-1].message
}

func (o *outbox[M]) find(id int64) (message M, ok bool) {
	at := sort.Search(len(o.queue), func(i int) bool { return o.queue[i].id >= id })
	if at == len(o.queue) || o.queue[at].id != id {
		return message, false
	}
	return o.queue[at].message, true
}

// query selects messages. A zero field matches all.
type query[M any] struct {
	address       string
	after, before int64 // ids
	limit         int
	match         func(M) bool
}

func (q query[M]) fits(m *sent[M]) bool {
	return (q.address == "" || q.address == m.address) &&
		m.id > q.after && (q.before == 0 || m.id < q.before) &&
		(q.match == nil || q.match(m.message))
}

// list returns the matching messages, newest first.
func (o *outbox[M]) list(q query[M]) []M {
	from := o.queue
	if b := o.byAddress[q.address]; b != nil {
		from = b.messages
	} else if q.address != "" {
		return nil
	}
	var found []M
	for _, m := range slices.Backward(from) {
		if m.id <= q.after || q.limit > 0 && len(found) == q.limit {
			break
		}
		if q.fits(m) {
			found = append(found, m.message)
		}
	}
	return found
}

// waiters are the calls that wait for a message of a kind.
type waiters[M any] map[*waiter[M]]struct{}

type waiter[M any] struct {
	query   query[M]
	arrived chan M // with a buffer for one message
}

// tell passes a new message to all waiters that match, and removes them.
func (all waiters[M]) tell(m *sent[M]) {
	for w := range all {
		if w.query.fits(m) {
			w.arrived <- m.message
			delete(all, w)
		}
	}
}

// next returns the newest matching message, or waits for one.
func next[M any](ctx context.Context, s *Sandbox, o *outbox[M], all waiters[M], q query[M]) (message M, err error) {
	q.limit = 1
	s.mu.Lock()
	if found := o.list(q); len(found) > 0 {
		s.mu.Unlock()
		return found[0], nil
	}
	w := &waiter[M]{query: q, arrived: make(chan M, 1)}
	all[w] = struct{}{}
	s.mu.Unlock()

	select {
	case message = <-w.arrived:
		return message, nil
	case <-ctx.Done():
		err = fmt.Errorf("sandbox: no message arrived: %w", ctx.Err())
	case <-s.ended:
		err = ErrClosed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(all, w)
	select {
	case message = <-w.arrived: // both happened at the same time
		return message, nil
	default:
		return message, err
	}
}
