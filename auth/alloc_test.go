//go:build !race

package auth_test

import (
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
)

// At most ten, those of net/http's reading of a header included.
func TestAllocationsOfACachedRequest(t *testing.T) {
	for _, tt := range cachedCarriers {
		t.Run(tt.name, func(t *testing.T) {
			who, req := cachedRequest(t, tt.carrier, tt.header, tt.value)
			w := httptest.NewRecorder()
			allocs := testing.AllocsPerRun(1000, func() { _, _ = who.Authenticate(w, req) })
			assert.LessOrEqual(t, allocs, 10.0)
		})
	}
}
