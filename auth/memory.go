package auth

import (
	"container/list"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
)

// A memory keeps the results for a limited number of tokens. The last entry expires last, so the
// front of the list expires first.
type memory struct {
	size   int
	places map[key]*list.Element
	order  *list.List // of *known
}

// known is the platform's result for a token.
type known struct {
	key        key
	account    *openplatform.Account // of a valid token; nil without WithAccount
	err        error                 // of an invalid token
	freshUntil time.Time             // then the platform is asked again
	until      time.Time
}

func newMemory(size int) memory {
	return memory{size: size, places: map[key]*list.Element{}, order: list.New()}
}

// get returns the entry under k, nil if there is none.
func (m *memory) get(k key, now time.Time) *known {
	place := m.places[k]
	if place == nil {
		return nil
	}
	found, _ := place.Value.(*known)
	if !now.Before(found.until) {
		return nil
	}
	return found
}

// put stores an entry under k. It removes expired entries, and the oldest one if there is no room.
func (m *memory) put(k key, what known, now time.Time) {
	m.remove(k)
	if m.size == 0 {
		return
	}
	for front := m.order.Front(); front != nil; front = m.order.Front() {
		oldest, _ := front.Value.(*known)
		if now.Before(oldest.until) && len(m.places) < m.size {
			break
		}
		m.remove(oldest.key)
	}
	what.key = k
	m.places[k] = m.order.PushBack(&what)
}

func (m *memory) remove(k key) {
	if place := m.places[k]; place != nil {
		m.order.Remove(place)
		delete(m.places, k)
	}
}
