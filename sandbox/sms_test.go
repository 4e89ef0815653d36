package sandbox_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebaas/openplatform-go/sandbox"
)

func TestOutbox(t *testing.T) {
	r := newRig(t)
	var requestIDs []string
	for _, smsType := range []string{"REGISTER", "RESET_PASSWORD", "LOGIN"} {
		id, _ := r.newPicture()
		out := r.post(smsCodePath, smsBody(mobile, id, r.SolveImgCode(id), smsType))
		require.Equal(t, "000", out.Code)
		requestIDs = append(requestIDs, out.RequestID)
		r.Advance(sandbox.SMSInterval)
	}

	sent := r.Outbox(mobile)
	require.Len(t, sent, 3)
	for i, smsType := range []string{"REGISTER", "RESET_PASSWORD", "LOGIN"} {
		assert.Equal(t, mobile, sent[i].Mobile)
		assert.Equal(t, smsType, sent[i].SmsType)
		assert.Regexp(t, `^[a-z0-9]{4}$`, sent[i].Code)
		assert.Equal(t, requestIDs[i], sent[i].RequestID)
	}
	assert.True(t, sent[0].SentAt.Before(sent[1].SentAt))
	assert.WithinDuration(t, r.Now().Add(-sandbox.SMSInterval), sent[2].SentAt, 5*time.Second)
	assert.Empty(t, r.Outbox(otherMobile))

	sent[0].Code = "changed"
	assert.NotEqual(t, "changed", r.Outbox(mobile)[0].Code, "the outbox hands out copies")
}

func TestLongestMobile(t *testing.T) {
	r := newRig(t)
	longest := strings.Repeat("\U0001F4F1", 32)

	require.Equal(t, "000", r.post(smsCodePath, r.smsBody(longest)).Code)

	assert.Len(t, r.Outbox(longest), 1)
	assert.Equal(t, longest, r.last().Mobile, "the ledger has it whole")
}

func TestThrottle(t *testing.T) {
	r := newRig(t)
	require.Equal(t, "000", r.post(smsCodePath, r.smsBody(mobile)).Code)

	assert.Equal(t, sandbox.CodeTooManySms, r.post(smsCodePath, r.smsBody(mobile)).Code)
	assert.Equal(t, "000", r.post(smsCodePath, r.smsBody(otherMobile)).Code, "another phone is free")

	r.Advance(sandbox.SMSInterval - 30*time.Second)
	assert.Equal(t, sandbox.CodeTooManySms, r.post(smsCodePath, r.smsBody(mobile)).Code)

	r.Advance(30 * time.Second)
	assert.Equal(t, "000", r.post(smsCodePath, r.smsBody(mobile)).Code, "a refused SMS does not count")
	assert.Len(t, r.Outbox(mobile), 2)
}

func TestOnePictureForFiftyRequestsAtOnce(t *testing.T) {
	const requests = 50
	r := newRig(t)
	id, _ := r.newPicture()
	code := r.SolveImgCode(id)

	start := make(chan struct{})
	codes := make(chan string, requests)
	var wg sync.WaitGroup
	for i := range requests {
		wg.Add(1)
		go func() {
			defer wg.Done()
			<-start
			phone := []string{mobile, otherMobile}[i%2]
			out, err := r.do("POST", smsCodePath, smsBody(phone, id, code, "LOGIN"))
			if !assert.NoError(t, err) {
				return
			}
			codes <- out.body
			r.Ledger()
			r.Outbox(phone)
		}()
	}
	close(start)
	wg.Wait()
	close(codes)

	assert.Len(t, codes, requests)
	assert.Len(t, append(r.Outbox(mobile), r.Outbox(otherMobile)...), 1)
	carriedOut := 0
	for _, e := range r.Ledger() {
		if e.Operation == "SendSmsCode" && e.CarriedOut {
			carriedOut++
		}
	}
	assert.Equal(t, 1, carriedOut)
}

func TestManyPhonesAtOnce(t *testing.T) {
	r := newRig(t)
	order := r.Order(sandbox.Fault{Operation: "SendSmsCode", Times: 10, Code: "500"})

	var wg sync.WaitGroup
	for i := range 50 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			out, err := r.do("POST", imgCodePath, "")
			if !assert.NoError(t, err) || !assert.Contains(t, out.body, "img_code_id") {
				return
			}
			id := out.body[len(out.body)-9 : len(out.body)-3] // ..."img_code_id":"MS6A1I"}}
			phone := "1390000" + string([]byte{'1', '0', byte('0' + i/10), byte('0' + i%10)})
			_, err = r.do("POST", smsCodePath, smsBody(phone, id, r.SolveImgCode(id), "LOGIN"))
			assert.NoError(t, err)
			r.Advance(time.Millisecond)
		}()
	}
	wg.Wait()

	assert.Equal(t, 10, order.Fired())
	assert.Len(t, r.Ledger(), 100)
	sent := 0
	for _, e := range r.Ledger() {
		if e.Operation == "SendSmsCode" && e.CarriedOut {
			sent += len(r.Outbox(e.Mobile))
		}
	}
	assert.Equal(t, 40, sent)
}
