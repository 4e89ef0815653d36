package simulation

import (
	"fmt"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
)

// The paths of the operations that callers use.
const (
	pathSendSmsCode      = "/oauth/api/account/sendSmsCode"
	pathLogout           = "/oauth/api/account/logout"
	pathGetImgCode       = "/oauth/api/account/getImgCode"
	pathCheckToken       = "/oauth/checkToken"
	pathGetAccessToken   = "/oauth/getAccessToken"
	pathGetServiceTicket = "/oauth/getServiceTicket"
	pathGetAccount       = "/oauth/api/account/getAccount"
)

// An accessToken is what the platform knows of one that it issued.
type accessToken struct {
	name     string
	issuedAt time.Time
	ends     time.Time // by the true clock
	diedAt   time.Time // before its end; zero if it lives
	sane     bool      // what was told of its end is near the truth, each time
}

func (t *accessToken) isGood(at time.Time) bool {
	return t != nil && at.Before(t.ends) && (t.diedAt.IsZero() || at.Before(t.diedAt))
}

// A world of tokens is how the platform issues access tokens.
type tokenWorld int

const (
	oldLivesOn tokenWorld = iota
	oldDies               // when a new one is issued
	sameAgain             // as long as it is valid
)

func (t tokenWorld) String() string {
	return [...]string{"the old one lives on", "the old one dies", "the same again"}[t]
}

// carryOut does what the request asks for.
func (w *world) carryOut(d *delivery) reply {
	w.mu.Lock()
	defer w.mu.Unlock()
	d.carriedOut, d.carriedAt = true, time.Now()
	w.add("platform: carries out %s of call %d", d.op, d.call())
	ok := func(data string) reply {
		return reply{status: 200, body: envelope("000", data), means: openplatform.OutcomeSucceeded}
	}
	switch d.op {
	case pathGetImgCode:
		return ok(`{"img":"data:image/jpg;base64,/9g=","img_code_id":"MS6A1I"}`)
	case pathCheckToken:
		return ok("null")
	case pathGetAccessToken:
		return w.issue(d, ok)
	case pathGetServiceTicket:
		return w.issueTicket(d, ok)
	case pathGetAccount:
		return w.useTicket(d, ok)
	default:
		return ok("true")
	}
}

func (w *world) issue(d *delivery, ok func(string) reply) reply {
	now := time.Now()
	owner := d.fields["client_id"]
	last := w.newest[owner]
	token := last
	if w.plan.tokenWorld != sameAgain || !last.isGood(now) {
		token = &accessToken{
			name:     fmt.Sprintf("at-%s-%d", owner, len(w.issued)+1),
			issuedAt: now, ends: now.Add(w.plan.lifetime).Truncate(time.Second), sane: true,
		}
		w.issued[token.name] = token
		w.newest[owner] = token
		if w.plan.tokenWorld == oldDies && last.isGood(now) {
			last.diedAt = now
		}
	}
	told := w.clock.tell(now, token.ends)
	// Told in its last moments, or by a clock that is minutes off, a token ends when it is issued, which nobody can tell
	// from a time of another zone.
	token.sane = token.sane && told.sane && told.life > w.plan.latency
	d.told = told.life
	d.issued = token
	w.add("platform: issues %s, ends %v, says %s, Date %q", token.name, token.ends.Sub(w.start), told.expired, told.date)
	r := ok(fmt.Sprintf(`{"access_token":%q,"expired":%s}`, token.name, told.expired))
	r.date, r.vague = told.date, !told.sane
	return r
}

func (w *world) issueTicket(d *delivery, ok func(string) reply) reply {
	now := time.Now()
	if token := w.issued[d.fields["access_token"]]; !token.isGood(now) {
		w.rejectedAt[d.fields["access_token"]] = append(w.rejectedAt[d.fields["access_token"]], now)
		w.met(tokenRejected)
		w.add("platform: rejects the access token %s", d.fields["access_token"])
		d.carriedOut = false
		return reply{status: 200, body: envelope("401003", "null"), means: openplatform.OutcomeRejected}
	}
	w.ticketCount++
	ticket := fmt.Sprintf("st-%d", w.ticketCount)
	w.tickets[ticket] = now.Add(time.Minute)
	end := now.Add(time.Minute).In(chinaStandardTime).Format(time.DateTime)
	return ok(fmt.Sprintf(`{"service_ticket":%q,"expired":%q,"number_of_uses":1}`, ticket, end))
}

func (w *world) useTicket(d *delivery, ok func(string) reply) reply {
	ticket := d.fields["service_ticket"]
	if end, there := w.tickets[ticket]; !there || time.Now().After(end) {
		d.carriedOut = false
		return reply{status: 200, body: envelope("401005", "null"), means: openplatform.OutcomeRejected}
	}
	delete(w.tickets, ticket)
	return ok(`{"username":"someone","email":"a@b.test","mobile":"13800000000","activate":true,"open_id":"o123456789012345678901234567"}`)
}

// revoke ends a token before its time, as a platform does that has second thoughts.
func (w *world) revoke() {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	w.revokedAt = append(w.revokedAt, now)
	if token := w.newest[shop]; token.isGood(now) {
		token.diedAt = now
		w.met(tokenRevoked)
		w.add("platform: revokes %s", token.name)
	}
}
