package sandbox

import "time"

// store keeps values by key, each for the same lifetime, and no more than the newest maxKept of them.
type store[V any] struct {
	lifetime time.Duration
	byKey    map[string]*stored[V]
	queue    []*stored[V] // every one put, replaced and deleted ones included, oldest first
}

type stored[V any] struct {
	key   string
	value V
	until time.Time
}

func newStore[V any](lifetime time.Duration) store[V] {
	return store[V]{lifetime: lifetime, byKey: make(map[string]*stored[V])}
}

// put keeps a value, in place of one with the same key, and forgets those whose time is up.
func (s *store[V]) put(key string, value V, now time.Time) {
	s.purge(now)
	item := &stored[V]{key: key, value: value, until: now.Add(s.lifetime)}
	s.byKey[key] = item
	s.queue = append(s.queue, item)
}

// purge forgets what has expired and makes room for one more.
func (s *store[V]) purge(now time.Time) {
	for len(s.queue) > 0 && (len(s.queue) >= maxKept || !now.Before(s.queue[0].until)) {
		oldest := s.queue[0]
		s.queue[0] = nil // let go of it even while the array lives on
		s.queue = s.queue[1:]
		if s.byKey[oldest.key] == oldest { // it may have left its key to another
			delete(s.byKey, oldest.key)
		}
	}
}

// find returns the value to look at or to change, or nil if there is none or its time is up.
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
	s.queue = nil
}
