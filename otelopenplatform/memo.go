package otelopenplatform

import "sync"

// mostMade is more than the operations, responses and failures of a program. Only a program that
// calls paths with ids reaches it.
const mostMade = 1000

// A memo caches values by key. Values that many calls share are made once, which saves several
// allocations per call.
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
