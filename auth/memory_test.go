package auth

import (
	"crypto/sha256"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/advice"
)

// Who reads the memory of one process can try no token against it, nor the memory of another.
func TestKeysAreOfThisProcessAlone(t *testing.T) {
	one, other := newCache(nil, config{}), newCache(nil, config{})
	first, again := one.keyOf("token"), one.keyOf("token")
	assert.Equal(t, first, again)
	assert.NotEqual(t, one.keyOf("token"), one.keyOf("token2"))
	assert.NotEqual(t, one.keyOf("token"), other.keyOf("token"))
	assert.NotEqual(t, key(sha256.Sum256([]byte("token"))), one.keyOf("token"))
}

// No token stays behind where its key was made.
func TestNoTokenStaysInTheMacs(t *testing.T) {
	c := newCache(nil, config{})
	m := c.macs.New().(*mac) //nolint:errcheck,forcetypeassert // it is one
	c.macs.New = func() any { return m }
	c.keyOf("a-token-of-a-person")
	assert.NotContains(t, string(m.text[:cap(m.text)]), "person")
}

func TestMemoryLetsGoOfWhatHasEnded(t *testing.T) {
	m := newMemory(10)
	start := time.Now()
	for i := range 5 {
		m.put(key{byte(i)}, known{until: start.Add(time.Second)}, start)
	}
	assert.Len(t, m.places, 5)
	m.put(key{9}, known{until: start.Add(2 * time.Second)}, start.Add(time.Second))
	assert.Len(t, m.places, 1)
	assert.Equal(t, 1, m.order.Len())
}

func TestMemoryNeverGrowsPastItsSize(t *testing.T) {
	m := newMemory(3)
	now := time.Now()
	for i := range 100 {
		k := key(sha256.Sum256([]byte(fmt.Sprint(i % 7))))
		m.put(k, known{until: now.Add(time.Minute)}, now)
		assert.LessOrEqual(t, len(m.places), 3)
		assert.Equal(t, len(m.places), m.order.Len())
		if i%5 == 0 {
			m.remove(k)
			assert.Nil(t, m.get(k, now))
		}
	}
}

func TestKindsOfMistakesAreBounded(t *testing.T) {
	var l logged
	var lines strings.Builder
	logger := slog.New(slog.NewTextHandler(&lines, nil))
	for i := range 2 * mostKinds {
		l.once(t.Context(), logger, advice.Advice{Code: openplatform.Code(fmt.Sprint(i))}, nil)
	}
	assert.Len(t, l.kinds, mostKinds)
	assert.Equal(t, mostKinds, strings.Count(lines.String(), "\n"))
}
