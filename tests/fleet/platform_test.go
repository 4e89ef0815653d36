package fleet

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// A world is a way in which a platform treats its access tokens. Its pages do not say which is
// theirs. In both, a token ends every second.
type world struct {
	name string
	// lifetime is that of a token. A source renews one of two seconds after the first.
	lifetime time.Duration
	oldDies  bool // when the next is issued
}

var worlds = []world{
	{name: "old lives on", lifetime: time.Second},
	{name: "new ends old", lifetime: 2 * time.Second, oldDies: true},
}

const (
	processHeader = "X-Process"
	// second is the time between two expiries, as the sources see it.
	second = time.Second
)

// A platform issues access tokens and takes them, as far as this test needs one. It is not the
// sandbox, whose tokens live for two hours.
type platform struct {
	*httptest.Server
	world world

	mu      sync.Mutex
	phase   *phase
	issued  map[string]time.Time // tokens, and when
	newest  string
	fetches []fetch
}

type fetch struct {
	at      time.Time
	process string
	phase   *phase
}

func startPlatform(t *testing.T, w world) *platform {
	t.Helper()
	p := &platform{world: w, issued: map[string]time.Time{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /oauth/getAccessToken", p.getAccessToken)
	mux.HandleFunc("POST /oauth/getServiceTicket", p.getServiceTicket)
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

func (p *platform) enter(phase *phase) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.phase = phase
}

// issue makes a token. It has ended the old one when it is made, and not when it has arrived.
func (p *platform) issue(process string) (token string, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now = time.Now()
	p.fetches = append(p.fetches, fetch{at: now, process: process, phase: p.phase})
	token = fmt.Sprintf("at-%d", len(p.fetches))
	p.issued[token], p.newest = now, token
	return token, now
}

func (p *platform) takes(token string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	at, known := p.issued[token]
	return known && time.Since(at) < p.world.lifetime && (token == p.newest || !p.world.oldDies)
}

var chinaStandardTime = time.FixedZone("CST", 8*60*60)

func (p *platform) getAccessToken(w http.ResponseWriter, r *http.Request) {
	takeTime()
	token, now := p.issue(r.Header.Get(processHeader))
	takeTime()
	w.Header().Set("Date", now.UTC().Format(http.TimeFormat)) // or a second could pass between the two
	answer(w, "000", map[string]string{
		"access_token": token, "expired": now.Add(p.world.lifetime).In(chinaStandardTime).Format(time.DateTime),
	})
}

// takeTime makes a fetch long enough for others to come in between.
func takeTime() { time.Sleep(rand.N(20 * time.Millisecond)) } //nolint:gosec // a pause needs no secrecy

func (p *platform) getServiceTicket(w http.ResponseWriter, r *http.Request) {
	var in struct {
		AccessToken string `json:"access_token"`
	}
	body, _ := io.ReadAll(r.Body)
	if err := json.Unmarshal(body, &in); err != nil || !p.takes(in.AccessToken) {
		answer(w, "401003", nil)
		return
	}
	answer(w, "000", map[string]any{"service_ticket": "st", "expired": "2099-01-01 00:00:00", "number_of_uses": 1})
}

func answer(w http.ResponseWriter, code string, data any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"request_id": "r", "code": code, "msg": "", "data": data})
}

// shares reports whether the last fetches were as far apart as those of a fleet that shares a token.
func (p *platform) shares() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	const last = 3
	if len(p.fetches) <= last {
		return false
	}
	for i := len(p.fetches) - last; i < len(p.fetches); i++ {
		if p.fetches[i].at.Sub(p.fetches[i-1].at) < tooSoon {
			return false
		}
	}
	return true
}

// tooSoon is a fetch for an expiry for which there was one already.
const tooSoon = second / 2

// count adds up the fetches of a phase.
func (p *platform) count(in *phase, into *result) {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := map[string]time.Time{} // of a process
	for i, f := range p.fetches {
		if f.phase == in {
			into.fetches++
			if i > 0 && f.at.Sub(p.fetches[i-1].at) < tooSoon {
				into.surplus++
			}
			if before, ok := last[f.process]; ok {
				into.closest = min(into.closest, f.at.Sub(before))
			}
		}
		last[f.process] = f.at
	}
}
