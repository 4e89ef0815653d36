package auth

import (
	"container/list"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
)

// A memory keeps what is known of so many tokens at most. Whatever is put in last ends last,
// so the front of the list is what ends first.
type memory struct {
	size   int
	places map[key]*list.Element
	order  *list.List // of *known
}

// known is what the platform said of a token.
type known struct {
	key        key
	account    *openplatform.Account // of a living token; nil if nobody asked whose it is
	err        error                 // of a dead one
	freshUntil time.Time             // when the platform is to be asked again
	until      time.Time
}

func newMemory(size int) memory {
	return memory{size: size, places: map[key]*list.Element{}, order: list.New()}
}

// get returns what is known under k, nil if nothing is.
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

// put remembers what is known, in place of what was known under k, of what has ended, and of
// the oldest if there is no room.
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
