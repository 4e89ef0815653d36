package otelopenplatform

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A program that calls paths with ids in them must not fill its memory.
func TestAMemoIsBounded(t *testing.T) {
	var m memo[int, string]
	for range 2 {
		for key := range 3 * mostMade {
			assert.Equal(t, strconv.Itoa(key), m.get(key, strconv.Itoa))
		}
	}
	assert.Len(t, m.made, mostMade)
}
