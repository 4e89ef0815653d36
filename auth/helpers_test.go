package auth_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/auth"
	"github.com/ebaas/openplatform-go/sandbox"
)

const (
	username = "hanmeimei"
	email    = "hanmeimei@example.com"
	mobile   = "13900001111"
	password = "made-up-1"
	cookie   = "session"
)

// A rig is a service behind the middleware, and the sandbox that it asks.
type rig struct {
	t      *testing.T
	sb     *sandbox.Server
	who    *auth.Middleware
	served http.Handler
	url    string
	token  string // of a living login
	openID string
}

// newRig serves a page that says whose request it is. mode is how the platform is asked.
func newRig(t *testing.T, carrier auth.Carrier, mode func(*rig) []auth.Option, opts ...auth.Option) *rig {
	t.Helper()
	r := &rig{t: t, sb: sandbox.Start(t)}
	r.openID = r.sb.AddAccount(sandbox.Account{Username: username, Email: email, Mobile: mobile, Password: password})
	r.token = r.login()
	who, err := auth.New(r.sb.Client, carrier, append(mode(r), opts...)...)
	require.NoError(t, err)
	r.who = who
	r.served = who.Wrap(http.HandlerFunc(page))
	server := httptest.NewServer(r.served)
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

// alive asks whether the token is alive, verified whose it is.
func alive(*rig) []auth.Option { return nil }

func verified(r *rig) []auth.Option {
	r.t.Helper()
	source, err := r.sb.Client.AccessTokenSource(sandbox.DemoClientID, sandbox.DemoClientSecret)
	require.NoError(r.t, err)
	return []auth.Option{auth.WithAccount(source)}
}

// page is what is behind the door.
func page(w http.ResponseWriter, r *http.Request) {
	account, known := auth.AccountOf(r.Context())
	seen := pageView{OpenID: account.OpenID, Known: known, Cookies: r.Header.Get("Cookie"), Authorization: r.Header.Get("Authorization")}
	_ = json.NewEncoder(w).Encode(seen)
}

type pageView struct {
	OpenID, Cookies, Authorization string
	Known                          bool
}

func (r *rig) login() (token string) {
	r.t.Helper()
	resp, err := r.sb.Client.Login(r.t.Context(), &openplatform.LoginRequest{Account: username, Password: password})
	require.NoError(r.t, err)
	return resp.Data.Token
}

// A reply is what a client of the service got.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func (a reply) view(t *testing.T) (v pageView) {
	t.Helper()
	require.NoError(t, json.Unmarshal(a.body, &v), "%s", a.body)
	return v
}

// name is the name of the problem details.
func (a reply) name(t *testing.T) string {
	t.Helper()
	var problem struct{ Name string }
	require.NoError(t, json.Unmarshal(a.body, &problem), "%s", a.body)
	return problem.Name
}

// get asks the service for its page, with cookies as header lines.
func (r *rig) get(cookies ...string) reply { return r.do(r.t.Context(), "Cookie", cookies...) }

func (r *rig) getAs(token string) reply { return r.get(cookie + "=" + token) }

func (r *rig) do(ctx context.Context, header string, values ...string) reply {
	r.t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url, nil)
	require.NoError(r.t, err)
	if len(values) > 0 {
		req.Header[header] = values
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(r.t, err)
	defer func() { assert.NoError(r.t, resp.Body.Close()) }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(r.t, err)
	return reply{resp.StatusCode, resp.Header, body}
}

// asked returns how often an operation reached the platform.
func (r *rig) asked(operation string) int {
	n := 0
	for _, entry := range r.sb.Ledger() {
		if entry.Operation == operation {
			n++
		}
	}
	return n
}
