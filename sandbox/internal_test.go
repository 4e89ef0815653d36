package sandbox

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Some of the platform's operations are GETs, whose parameters are in the query.
func TestReadParamsOfAGet(t *testing.T) {
	op := operation{name: "Logout", method: http.MethodGet, params: []string{"token"}}
	tests := []struct {
		name   string
		target string
		want   params
		failed *failure
	}{
		{name: "given", target: "/?token=a%20b&other=1", want: params{"token": "a b"}},
		{name: "absent", target: "/", want: params{"token": ""}, failed: &failure{"400", "参数[token]不能为空"}},
		{name: "empty", target: "/?token=", want: params{"token": ""}, failed: &failure{"400", "参数[token]不能为空"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, failed := readParams(op, httptest.NewRequestWithContext(t.Context(), http.MethodGet, tt.target, nil))
			assert.Equal(t, tt.want, got)
			assert.Equal(t, tt.failed, failed)
		})
	}
}

func TestEveryCharacterHasAGlyph(t *testing.T) {
	assert.Len(t, glyphs, len(imgCodeAlphabet))
	for _, char := range imgCodeAlphabet {
		for _, row := range glyphs[char] {
			assert.Len(t, row, glyphColumns, string(char))
		}
	}
}

func TestOutboxForgetsTheOldest(t *testing.T) {
	o := outbox{byMobile: make(map[string][]SMS)}
	o.add(SMS{Mobile: "1", Code: "old"})
	o.add(SMS{Mobile: "2", Code: "old"})
	for range maxKept - 2 {
		o.add(SMS{Mobile: "2", Code: "new"})
	}
	o.add(SMS{Mobile: "3", Code: "new"})
	assert.Len(t, o.queue, maxKept)
	assert.NotContains(t, o.byMobile, "1")

	o.add(SMS{Mobile: "3", Code: "new"})
	assert.Equal(t, "new", o.byMobile["2"][0].Code)
	assert.Len(t, o.byMobile["2"], maxKept-2)
}
