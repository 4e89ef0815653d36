package loggers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
)

// Types of a caller's own that hold a value of the SDK's, as a job or a session does.
type (
	holder[T any] struct{ Held T }
	hider[T any]  struct{ held T }
)

func hide[T any](v T) hider[T] {
	h := hider[T]{held: v}
	_ = h.held
	return h
}

// inside returns the ways in which a program's own values hold one of type T and in which its methods are still found.
func inside[T any](v T) []any {
	return []any{
		map[string]T{"it": v},
		map[string]*T{"it": &v},
		map[string]any{"it": v},
		[]T{v},
		[]*T{&v},
		[]any{&v},
		holder[T]{v},
		holder[*T]{&v},
		holder[any]{v},
		&holder[T]{v},
		[]holder[T]{{v}},
	}
}

// A kind is values of request types, result types or errors, in every form of the table.
type kind struct{ plain, inside, hidden, hiddenPointer []any }

// add adds v, whose methods are those of a value.
func add[T any](k *kind, v T) {
	k.plain = append(k.plain, v, &v)
	k.inside = append(k.inside, inside(v)...)
	k.hidden = append(k.hidden, hide(v), hide[any](v), &hider[T]{v}, hide([]T{v}), hide(map[string]T{"it": v}))
	k.hiddenPointer = append(k.hiddenPointer, hide(&v), hide[any](&v), &hider[*T]{&v}, hide([]*T{&v}))
}

func requests() kind {
	var k kind
	add(&k, openplatform.RegisterRequest{Username: "somebody", Email: email, Mobile: mobile, Code: smsCode, Password: password})
	add(&k, openplatform.LoginRequest{Account: account, Password: password})
	add(&k, openplatform.ActivateRequest{Token: token})
	add(&k, openplatform.SendSmsCodeRequest{Mobile: mobile, ImgCodeID: "MS6A1I", ImgCode: imgCode, SmsType: openplatform.SmsTypeLogin})
	add(&k, openplatform.LoginByMobileCodeRequest{Mobile: mobile, Code: smsCode, SmsType: openplatform.SmsTypeLogin})
	add(&k, openplatform.ResetPasswordRequest{Token: token, Password: password})
	add(&k, openplatform.LogoutRequest{Token: token})
	add(&k, openplatform.CheckTokenRequest{Token: token})
	add(&k, openplatform.GetAccessTokenRequest{ClientID: "shop", ClientSecret: clientSecret})
	add(&k, openplatform.GetServiceTicketRequest{AccessToken: accessToken, Token: token})
	add(&k, openplatform.GetAccountRequest{ServiceTicket: ticket})
	return k
}

// The data of the answers, by the last part of the path; true is of all others.
var data = map[string]any{
	"register":          map[string]any{"username": "somebody", "email": email, "mobile": mobile, "open_id": openID},
	"login":             map[string]any{"open_id": openID, "token": token},
	"getImgCode":        map[string]any{"img": "data:image/jpg;base64," + imgCode, "img_code_id": "MS6A1I"},
	"loginByMobileCode": map[string]any{"open_id": openID, "token": token},
	"checkToken":        nil,
	"getAccessToken":    map[string]any{"access_token": accessToken, "expired": "2099-01-01 00:00:00"},
	"getServiceTicket":  map[string]any{"service_ticket": ticket, "expired": "2099-01-01 00:00:00", "number_of_uses": 1},
	"getAccount":        map[string]any{"username": "somebody", "email": email, "mobile": mobile, "activate": true, "open_id": openID},
}

const openID = "oooooooooooooooooooooooooooo"

// platform starts a server that repeats in its message all that the request said. Below /reject it refuses, below /page
// it answers with a page that says as much.
func platform(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		said := map[string]string{}
		body, _ := io.ReadAll(r.Body)
		_ = json.Unmarshal(body, &said)
		for name, values := range r.URL.Query() {
			said[name] = values[0]
		}
		msg := "收到 " + mobile + " " + strings.Join(slices.Collect(maps.Values(said)), " ")
		result, found := data[path.Base(r.URL.Path)]
		if !found {
			result = true
		}
		w.Header().Set("Set-Cookie", "s="+cookie)
		answer := map[string]any{"request_id": "cc67513b-9b00-4283-a966-80153fd3ecfb", "code": "000", "msg": msg, "data": result}
		switch {
		case strings.HasPrefix(r.URL.Path, "/reject/"):
			answer["code"], answer["data"] = "401004", nil
		case strings.HasPrefix(r.URL.Path, "/page/"):
			w.WriteHeader(http.StatusBadGateway)
			_, _ = fmt.Fprintf(w, "<html><title>%s</title>%s", msg, msg)
			return
		}
		_ = json.NewEncoder(w).Encode(answer)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func newClient(t *testing.T, url string) *openplatform.Client {
	t.Helper()
	client, err := openplatform.NewClient(openplatform.Test, openplatform.WithBaseURL(url),
		openplatform.WithHeader("X-Api-Key", apiKey), openplatform.WithRetry(openplatform.RetryPolicy{MaxAttempts: 1}))
	require.NoError(t, err)
	t.Cleanup(client.CloseIdleConnections)
	return client
}

// success makes a call that gets a result, and adds response and result.
func success[In, Out any](t *testing.T, responses, results *kind, call func(context.Context, *In) (*openplatform.Response[Out], error), in In) {
	t.Helper()
	response, err := call(t.Context(), &in)
	require.NoError(t, err)
	require.NotEmpty(t, secretIn(response.Msg), "the platform repeats what it was told")
	add(responses, *response)
	add(results, response.Data)
}

func answers(t *testing.T, c *openplatform.Client) (responses, results kind) {
	t.Helper()
	getImgCode := func(ctx context.Context, _ *struct{}) (*openplatform.Response[openplatform.ImgCode], error) {
		return c.GetImgCode(ctx)
	}
	success(t, &responses, &results, c.Register,
		openplatform.RegisterRequest{Username: "somebody", Email: email, Mobile: mobile, Code: smsCode, Password: password})
	success(t, &responses, &results, c.Login, openplatform.LoginRequest{Account: account, Password: password})
	success(t, &responses, &results, getImgCode, struct{}{})
	success(t, &responses, &results, c.GetAccessToken, openplatform.GetAccessTokenRequest{ClientID: "shop", ClientSecret: clientSecret})
	success(t, &responses, &results, c.GetServiceTicket, openplatform.GetServiceTicketRequest{AccessToken: accessToken, Token: token})
	success(t, &responses, &results, c.GetAccount, openplatform.GetAccountRequest{ServiceTicket: ticket})
	return responses, results
}

// failures returns an error of each type, of calls with secrets.
func failures(t *testing.T, url string) kind {
	t.Helper()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	in := &openplatform.GetServiceTicketRequest{AccessToken: accessToken, Token: token}
	var k kind
	_, err := newClient(t, url+"/reject").GetServiceTicket(t.Context(), in)
	addError[*openplatform.APIError](t, &k, err)
	var rejected *openplatform.APIError
	require.ErrorAs(t, err, &rejected)
	require.NotEmpty(t, secretIn(rejected.Msg), "the platform repeats what it was told")
	_, err = newClient(t, url+"/page").GetServiceTicket(t.Context(), in)
	addError[*openplatform.ResponseError](t, &k, err)
	_, err = newClient(t, gone.URL).GetServiceTicket(t.Context(), in)
	addError[*openplatform.TransportError](t, &k, err)
	_, err = newClient(t, url).Login(t.Context(), &openplatform.LoginRequest{Password: password})
	addError[*openplatform.ValidationError](t, &k, err)
	return k
}

// addError adds an error of type T, a pointer, as itself and as what programs make of it.
func addError[T error](t *testing.T, k *kind, err error) {
	t.Helper()
	var typed T
	require.ErrorAs(t, err, &typed)
	k.plain = append(k.plain, typed, fmt.Errorf("login: %w", err), errors.Join(err, io.EOF))
	k.inside = append(append(k.inside, inside(typed)...), inside(err)...)
	k.hiddenPointer = append(k.hiddenPointer, hide(typed), hide(err), hide([]error{err}))
}

// A column is the values of one kind.
type column struct {
	english, chinese string
	values           []any
	promised         func(printer) bool // to be masked, whatever the table says
}

func columns(t *testing.T) []column {
	t.Helper()
	url := platform(t)
	client := newClient(t, url)
	asked, failed := requests(), failures(t, url)
	responses, results := answers(t, client)
	source, err := client.AccessTokenSource("shop", clientSecret)
	require.NoError(t, err)
	got, err := source.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, accessToken, got)

	never := func(printer) bool { return false }
	always := func(printer) bool { return true }
	ofErrors := func(p printer) bool { return p.masksErrors }
	ofRequests := func(p printer) bool { return p.masksRequests }
	return []column{
		{"request", "请求", asked.plain, ofRequests},
		{"request inside", "内含请求", asked.inside, ofRequests},
		{"result", "结果", results.plain, never},
		{"response", "响应", responses.plain, never},
		{"result inside", "内含结果", slices.Concat(results.inside, responses.inside), never},
		{"error", "错误", failed.plain, ofErrors},
		{"error inside", "内含错误", failed.inside, never},
		{"unexported", "未导出字段", slices.Concat(asked.hidden, results.hidden, responses.hidden), never},
		{"unexported pointer", "未导出指针", slices.Concat(asked.hiddenPointer, results.hiddenPointer, responses.hiddenPointer, failed.hiddenPointer), never},
		{"client", "Client", everywhere(client), always},
		{"token source", "AccessTokenSource", everywhere(source), always},
	}
}

// everywhere returns a value that a program keeps, in all the places where it may keep it.
func everywhere[T any](v *T) []any {
	return append(inside(*v), v, *v, hide(v), hide(*v), hide[any](v), &hider[T]{*v})
}
