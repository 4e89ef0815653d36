package sandbox

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// promised is the bound in the documentation of Sandbox.
const promised = 512 << 20

// heap returns how many bytes are in use once the garbage is gone.
func heap() int {
	runtime.GC()
	runtime.GC() // what the first one finds in a sync.Pool, the second frees
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// grown returns how many bytes more are in use after fill, and keeps the sandbox alive until it has looked.
func grown(s *Sandbox, fill func()) int {
	before := heap()
	fill()
	after := heap()
	runtime.KeepAlive(s)
	return after - before
}

func serve(t *testing.T, s *Sandbox, r *http.Request) string {
	t.Helper()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Body.String()
}

// What a request says is kept in part at most, be it never so long.
func TestLongStringsAreNotKept(t *testing.T) {
	const (
		requests = 200
		bound    = 1 << 20 // all of them together
	)
	post := func(path, body string) *http.Request {
		return httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
	}
	const sendSmsCode, register = "/oauth/api/account/sendSmsCode", "/oauth/api/account/register"
	long := func(i int) string { return fmt.Sprintf("%d%s", i, strings.Repeat("9", 60_000)) }

	tests := map[string]func(s *Sandbox, i int) *http.Request{
		"call id": func(_ *Sandbox, i int) *http.Request {
			r := post("/elsewhere", "")
			r.Header.Set(CallIDHeader, fmt.Sprintf("%d%s", i, strings.Repeat("x", 900_000)))
			return r
		},
		"mobile of an SMS": func(s *Sandbox, i int) *http.Request {
			id := fmt.Sprint("id", i)
			s.pictures.put(id, "CODE", s.Now())
			return post(sendSmsCode, fmt.Sprintf(`{"mobile": %q, "img_code_id": %q, "img_code": "CODE", "sms_type": "LOGIN"}`, long(i), id))
		},
		"mobile of a refused request": func(_ *Sandbox, i int) *http.Request {
			return post(sendSmsCode, fmt.Sprintf(`{"mobile": %q}`, long(i)))
		},
		"names": func(_ *Sandbox, i int) *http.Request {
			return post(register, fmt.Sprintf(`{"username": %q, "email": %[1]q, "mobile": %[1]q}`, long(i)[:20_000]))
		},
		"path": func(_ *Sandbox, i int) *http.Request { return post("/"+long(i), "") },
		"query": func(_ *Sandbox, i int) *http.Request {
			return httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/oauth/checkToken?mobile=1&token="+long(i), nil)
		},
	}
	for name, request := range tests {
		t.Run(name, func(t *testing.T) {
			s := New()
			grew := grown(s, func() {
				for i := range requests {
					serve(t, s, request(s, i))
				}
			})
			assert.Less(t, grew, bound)
			assert.Len(t, s.Ledger(), requests)
		})
	}
}

// The ledger still shows which request it was.
func TestLedgerKeepsTheBeginning(t *testing.T) {
	s := New()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/oauth/api/account/sendSmsCode",
		strings.NewReader(`{"mobile": "`+strings.Repeat("1", 1000)+`"}`))
	r.Header.Set(CallIDHeader, strings.Repeat("c", 1000))

	serve(t, s, r)

	entry := s.Ledger()[0]
	assert.Equal(t, strings.Repeat("1", 128), entry.Mobile)
	assert.Equal(t, strings.Repeat("c", 128), entry.CallID)
}

// The bound is a sum: the most that one of each kind can take, times as many as are kept.
func TestMemoryIsBoundedInBytes(t *testing.T) {
	const each = 5_000
	wide := func(i, length int) string { // as many bytes as characters can have
		return fmt.Sprintf("%0*d", min(length, 6), i) + strings.Repeat("\U0001F4F1", max(length-6, 0))
	}
	s := New()
	now := s.Now()
	grew := grown(s, func() {
		for i := range each {
			phone := wide(i, 32)
			id := s.freeImgCodeID(now)
			s.pictures.put(id, "CODE", now)
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/oauth/api/account/sendSmsCode", strings.NewReader(
				fmt.Sprintf(`{"mobile": %q, "img_code_id": %q, "img_code": "CODE", "sms_type": "RESET_PASSWORD"}`, phone, id)))
			r.Header.Set(CallIDHeader, wide(i, 500))
			require.Contains(t, serve(t, s, r), `"000"`)

			a := newAccount(Account{Username: wide(i, 20), Email: wide(i, 255), Mobile: wide(i, 16)})
			s.accounts.add(a)
			s.mailActivation(a, call{now: now, requestID: newUUID()})
			s.logIn(a, now)
			s.accessTokens.put(newToken(), "client", now)
			s.tickets.put(newToken(), a.openID, now)
		}
	})
	t.Logf("%d MiB for all that can be kept", grew/each*maxKept>>20)
	assert.Less(t, grew/each*maxKept, promised)
	require.Len(t, s.accounts.queue, each)
}

// What a thing takes is an estimate. Here it is weighed, with as little in it as can be, and with as much.
func TestEachKindKeepsToItsShare(t *testing.T) {
	const (
		memory = 16 << 20
		ring   = maxEvents * 2 << 10 // what events of requests keep from being forgotten
	)
	wide := func(i, length int) string { // as many bytes as characters can have
		text := fmt.Sprintf("%06d", i)
		return text[len(text)-min(len(text), length):] + strings.Repeat("\U0001F4F1", max(length-len(text), 0))
	}
	kinds := map[string]struct {
		share       int
		short, long int // characters of what is kept
		keep        func(s *Sandbox, i, length int)
	}{
		"requests": {share: shareOfRequests, short: 0, long: 400, keep: func(s *Sandbox, i, length int) {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/oauth/api/account/register", strings.NewReader(fmt.Sprintf(
				`{"username": %q, "email": %[1]q, "mobile": %[1]q, "code": %[1]q, "password": %[1]q}`, wide(i, length))))
			r.Header.Set(CallIDHeader, wide(i, length))
			s.ServeHTTP(httptest.NewRecorder(), r)
		}},
		"requests to nowhere": {share: shareOfRequests, short: 0, long: 400, keep: func(s *Sandbox, i, length int) {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/"+url.PathEscape(wide(i, length)), nil)
			r.Header.Set(CallIDHeader, wide(i, length))
			s.ServeHTTP(httptest.NewRecorder(), r)
		}},
		"SMS": {share: shareOfSMS, short: 6, long: 32, keep: func(s *Sandbox, i, length int) {
			s.sendSMS(SMS{ID: s.nextID(), Mobile: wide(i, length), Code: wide(i, 4), SmsType: "LOGIN", RequestID: newUUID()})
		}},
		"mail": {share: shareOfMail, short: 6, long: 255, keep: func(s *Sandbox, i, length int) {
			s.sendMail(Mail{ID: s.nextID(), Email: wide(i, length), ActivationToken: newToken(), RequestID: newUUID()})
		}},
		"accounts": {share: shareOfAccounts, short: 5, long: 255, keep: func(s *Sandbox, i, length int) {
			s.accounts.add(newAccount(Account{
				Username: "u" + wide(i, min(length, 19)), Email: "e" + wide(i, length), Mobile: "m" + wide(i, min(length, 15)),
			}))
		}},
		"pictures": {share: shareOfPictures, keep: func(s *Sandbox, i, _ int) {
			s.pictures.put(wide(i, 6), string(fmt.Append(nil, i%10000)), s.now())
		}},
		"SMS codes": {share: shareOfSmsCodes, short: 6, long: 32, keep: func(s *Sandbox, i, length int) {
			s.smsCodes.put(smsCodeKey(wide(i, length), smsTypeResetPassword), smsCode{text: wide(i, 4)}, s.now())
		}},
		"logins": {share: shareOfLogins, keep: func(s *Sandbox, _, _ int) {
			s.logins.put(newToken(), login{openID: newToken()}, s.now())
		}},
		"tickets": {share: shareOfTickets, keep: func(s *Sandbox, _, _ int) { s.tickets.put(newToken(), newToken(), s.now()) }},
	}
	for name, kind := range kinds {
		for size, length := range map[string]int{"short": kind.short, "long": kind.long} {
			t.Run(name+"/"+size, func(t *testing.T) {
				s := New(WithMemory(memory))
				limit := memory / 64 * kind.share
				if kind.share == shareOfRequests {
					limit += ring
				}
				kept := 0
				grew := grown(s, func() {
					for came := 0; came-kept < 100; came++ { // until a hundred had to go
						kind.keep(s, came, length)
						kept = len(s.ledger.records) + len(s.texts.queue) + len(s.mails.queue) + len(s.accounts.queue) +
							len(s.pictures.queue) + len(s.smsCodes.queue) + len(s.logins.queue) + len(s.tickets.queue)
					}
				})
				t.Logf("%d kept, %d bytes each; %d%% of the share", kept, grew/kept, 100*grew/limit)
				assert.LessOrEqual(t, grew, limit)
			})
		}
	}
}
