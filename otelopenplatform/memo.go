package otelopenplatform

import "sync"

// mostMade is more than a program has operations, answers and failures; it is reached by one
// that calls paths with ids in them.
const mostMade = 1000

// A memo keeps what was made for a key. What calls have in common is made once, and not at a
// price of several allocations a call.
type memo[K comparable, V any] struct {
	mu   sync.RWMutex
	made map[K]V
}

func (m *memo[K, V]) get(key K, build func(K) V) V {
	m.mu.RLock()
	v, ok := m.made[key]
	m.mu.RUnlock()
	if ok {
		return v
	}
	v = build(key)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.made == nil {
		m.made = map[K]V{}
	}
	if len(m.made) < mostMade {
		m.made[key] = v
	}
	return v
}
