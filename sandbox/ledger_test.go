package sandbox_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebaas/openplatform-go/sandbox"
)

func TestLedger(t *testing.T) {
	r := newRig(t)
	assert.Empty(t, r.Ledger())

	id, _ := r.newPicture()
	sent := r.post(smsCodePath, smsBody(mobile, id, r.SolveImgCode(id), "LOGIN"))
	r.post(smsCodePath, `{"img_code": 1, "mobile": "13900002222"}`)
	r.post("/elsewhere", `{"mobile": "13900002222"}`)

	entries := r.Ledger()
	require.Len(t, entries, 4)
	for _, e := range entries {
		assert.Regexp(t, uuidV4, e.RequestID)
		assert.WithinDuration(t, time.Now(), e.At, 5*time.Second)
	}
	want := []sandbox.Entry{
		{Operation: "GetImgCode", Code: "000", CarriedOut: true},
		{Operation: "SendSmsCode", Code: "000", CarriedOut: true, Mobile: mobile},
		{Operation: "SendSmsCode", Code: "400", Mobile: otherMobile},
		{Code: "404001"},
	}
	for i := range want {
		want[i].RequestID, want[i].At = entries[i].RequestID, entries[i].At
	}
	assert.Equal(t, want, entries)
	assert.Equal(t, sent.RequestID, entries[1].RequestID)
	assert.Equal(t, sent.RequestID, r.Outbox(mobile)[0].RequestID)

	entries[0].Code = "changed"
	assert.Equal(t, "000", r.Ledger()[0].Code, "the ledger hands out copies")
}

func TestLedgerTellsCallsApart(t *testing.T) {
	r := newRig(t)
	for _, callID := range []string{"one", "two", ""} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+checkTokenPath, nil)
		require.NoError(t, err)
		request.Header.Set(sandbox.CallIDHeader, callID)
		response, err := r.client.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
	}

	var callIDs []string
	for _, e := range r.Ledger() {
		callIDs = append(callIDs, e.CallID)
	}
	assert.Equal(t, []string{"one", "two", ""}, callIDs)
}
