package docs

import (
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/advice"
	"github.com/ebaas/openplatform-go/sandbox/control"
)

// jsons are the JSON of the pages, in the order of its blocks, with what makes it or takes it.
var jsons = map[string][]func(t *testing.T, shown string){
	"docs/login-service.md": {isProblemOfALostSMS},
	"docs/sandbox.md":       {isSeed},
}

func TestJSONIsReal(t *testing.T) {
	all := pages(t)
	found := map[string][]string{}
	for path, p := range all {
		for _, b := range p.blocks {
			if b.language == "json" && !isChinese(path) { // another test compares those of the Chinese pages
				found[path] = append(found[path], b.text)
			}
		}
	}
	for path, shown := range found {
		require.Len(t, jsons[path], len(shown), "somebody has to say where the JSON of %s comes from", path)
		for i, check := range jsons[path] {
			check(t, shown[i])
		}
	}
	for path := range jsons {
		assert.Contains(t, found, path)
	}
}

// isProblemOfALostSMS requires JSON to be what advice tells a front end when the response to SendSmsCode is lost.
func isProblemOfALostSMS(t *testing.T, shown string) {
	t.Helper()
	w := httptest.NewRecorder()
	advice.Of(&openplatform.TransportError{Operation: "SendSmsCode"}).WriteProblem(w, advice.Chinese)
	assert.JSONEq(t, w.Body.String(), shown)
}

// isSeed requires JSON to be a file that the sandbox takes.
func isSeed(t *testing.T, shown string) {
	t.Helper()
	seed, err := control.ParseSeed([]byte(shown))
	require.NoError(t, err)
	handler, err := control.New(control.Config{Seed: seed})
	require.NoError(t, err)
	handler.Close()
}
