package sandbox

import (
	"iter"
	"slices"
	"time"
)

// store keeps the newest values by key, each for the same lifetime.
type store[V any] struct {
	room
	lifetime time.Duration
	byKey    map[string]*stored[V]
	queue    []*stored[V] // every one put, replaced and deleted ones included, oldest first
}

type stored[V any] struct {
	key   string
	value V
	until time.Time
}

func newStore[V any](lifetime time.Duration, memory, share int) store[V] {
	return store[V]{room: newRoom(memory, share), lifetime: lifetime, byKey: make(map[string]*stored[V])}
}

// put stores a value, replaces one with the same key, and removes expired ones.
func (s *store[V]) put(key string, value V, now time.Time) {
	s.putUntil(key, value, now.Add(s.lifetime))
	s.purge(now)
}

func (s *store[V]) putUntil(key string, value V, until time.Time) {
	item := &stored[V]{key: key, value: value, until: until}
	s.byKey[key] = item
	s.queue = append(s.queue, item)
	s.used += item.weight()
}

// weight assumes that no value is longer than the reserve in weightOfStored.
func (item *stored[V]) weight() int { return weightOfStored + len(item.key) }

// purge removes expired values, and the oldest if there is no room.
func (s *store[V]) purge(now time.Time) {
	for len(s.queue) > 0 && (s.full(len(s.queue)) || !now.Before(s.queue[0].until)) {
		oldest := s.queue[0]
		s.queue[0] = nil // release it while the array is still in use
		s.queue = s.queue[1:]
		s.used -= oldest.weight()
		if s.byKey[oldest.key] == oldest { // its key may have a newer value
			delete(s.byKey, oldest.key)
		}
	}
}

// find returns the value, or nil if there is none or it has expired.
func (s *store[V]) find(key string, now time.Time) *V {
	item := s.byKey[key]
	if item == nil || !now.Before(item.until) {
		return nil
	}
	return &item.value
}

func (s *store[V]) remove(key string) {
	delete(s.byKey, key)
}

func (s *store[V]) clear() {
	clear(s.byKey)
	s.queue, s.used = nil, 0
}

// alive iterates over the valid values, newest first.
func (s *store[V]) alive(now time.Time) iter.Seq2[string, *stored[V]] {
	return func(yield func(string, *stored[V]) bool) {
		for _, item := range slices.Backward(s.queue) {
			if s.byKey[item.key] == item && now.Before(item.until) && !yield(item.key, item) {
				return
			}
		}
	}
}
