package sandbox_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebaas/openplatform-go/sandbox"
)

func TestRequests(t *testing.T) {
	r := newRig(t, sandbox.WithHTTPStatus())
	start := r.LastID()
	fault := r.Order(sandbox.Fault{Operation: sandbox.OpLogin, Times: 1, Delay: 20 * time.Millisecond, Drop: true})
	id, _ := r.newPicture()
	answer := r.SolveImgCode(id)
	r.post(smsCodePath, smsBody(mobile, id, answer, "LOGIN"))
	r.send(checkTokenPath, "token", strings.Repeat("t", 200))
	_, err := r.do(http.MethodPost, loginPath, `{"account": "zhangsan", "password": 7}`)
	require.Error(t, err)
	r.exchange(http.MethodPut, "/elsewhere/", "")

	all := r.ListRequests(sandbox.RequestFilter{})

	require.Len(t, all, 5)
	for i, entry := range r.Ledger() {
		request := all[len(all)-1-i]
		assert.Equal(t, entry, request.Entry)
		assert.True(t, request.Done)
		assert.Positive(t, request.Duration)
		assert.Greater(t, request.ID, start)
		request.Entry, request.ID, request.Duration = sandbox.Entry{}, 0, 0
		assert.Equal(t, []sandbox.Request{
			{Method: "POST", Path: imgCodePath, Params: map[string]string{}, HTTPStatus: 200, Done: true},
			{Method: "POST", Path: smsCodePath, HTTPStatus: 200, Done: true, Params: map[string]string{
				"mobile": mobile, "img_code_id": id, "img_code": answer, "sms_type": "LOGIN",
			}},
			{Method: "GET", Path: checkTokenPath, HTTPStatus: 401, Done: true, Params: map[string]string{"token": strings.Repeat("t", 128)}},
			{Method: "POST", Path: loginPath, Done: true, Params: map[string]string{"account": "zhangsan"}, FaultID: fault.ID()},
			{Method: "PUT", Path: "/elsewhere/", Params: map[string]string{}, HTTPStatus: 404, Done: true},
		}[i], request)
	}
	assert.GreaterOrEqual(t, all[1].Duration, 20*time.Millisecond)

	carriedOut, refused := true, false
	filters := map[string]struct {
		filter sandbox.RequestFilter
		want   []sandbox.Request
	}{
		"operation":       {sandbox.RequestFilter{Operation: sandbox.OpCheckToken}, all[2:3]},
		"code":            {sandbox.RequestFilter{Code: "000"}, all[3:]},
		"mobile":          {sandbox.RequestFilter{Mobile: mobile}, all[3:4]},
		"request id":      {sandbox.RequestFilter{RequestID: all[2].RequestID}, all[2:3]},
		"call id":         {sandbox.RequestFilter{CallID: "none"}, nil},
		"carried out":     {sandbox.RequestFilter{CarriedOut: &carriedOut}, all[3:]},
		"not carried out": {sandbox.RequestFilter{CarriedOut: &refused}, all[:3]},
		"after":           {sandbox.RequestFilter{After: all[2].ID}, all[:2]},
		"before":          {sandbox.RequestFilter{Before: all[2].ID}, all[3:]},
		"limit":           {sandbox.RequestFilter{Code: "000", Limit: 1}, all[3:4]},
	}
	for name, tt := range filters {
		t.Run(name, func(t *testing.T) { assert.Equal(t, tt.want, r.ListRequests(tt.filter)) })
	}

	found, ok := r.FindRequest(all[2].ID)
	assert.True(t, ok)
	assert.Equal(t, all[2], found)
	_, ok = r.FindRequest(start)
	assert.False(t, ok)
}

func TestRequestUnderWay(t *testing.T) {
	r := newRig(t)
	r.Order(sandbox.Fault{Delay: time.Hour})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = r.do(http.MethodPost, smsCodePath, smsBody(mobile, "A", "B", "LOGIN"))
	}()
	under := func() bool {
		all := r.ListRequests(sandbox.RequestFilter{Mobile: mobile})
		return len(all) == 1 && !all[0].Done && all[0].Duration == 0 && all[0].HTTPStatus == 0
	}
	require.Eventually(t, under, 5*time.Second, time.Millisecond)

	r.Reset() // while it is under way
	r.Close()
	<-done
	assert.Empty(t, r.ListRequests(sandbox.RequestFilter{}))
}
