package simulation

import (
	"context"
	"fmt"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
)

// A visit is one call that a caller makes, as the caller sees it.
type visit struct {
	id      int
	op      string
	machine *machine
	field   string // what the request carries, and no other one does
	start   time.Time
	ctxEnd  time.Time // zero if the ctx does not end
	cancels bool      // ends it, rather than a deadline
	end     time.Time
	err     error
	token   string   // that Token returned
	used    []string // tokens that Use handed out
	calls   []*call
	panics  any
}

func (v *visit) took() time.Duration { return v.end.Sub(v.start) }

// patience is the time that the caller has; the client's timeout is not counted.
func (v *visit) patience() time.Duration {
	if v.ctxEnd.IsZero() {
		return 1 << 62
	}
	return v.ctxEnd.Sub(v.start)
}

// A callerPlan is what one caller does, and with how much patience.
type callerPlan struct {
	machine int
	ops     []opPlan
}

type opPlan struct {
	op       string
	think    time.Duration // before it
	patience time.Duration // 0 is for ever
	cancels  bool          // rather than has a deadline
	late     bool          // its ctx has ended before
	dice     dice
}

// The operations of callers. The names are the SDK's methods.
const (
	opSendSmsCode    = "SendSmsCode"
	opLogout         = "Logout"
	opGetImgCode     = "GetImgCode"
	opCheckToken     = "CheckToken"
	opGetAccessToken = "GetAccessToken"
	opTouch          = "Touch" // by way of Do: a POST that mutates and has no parameters
	opToken          = "Token"
	opUse            = "Use"
	opVerifyUser     = "VerifyUser"
	opInvalidate     = "Invalidate"
)

var mutates = map[string]bool{
	opSendSmsCode: true, opLogout: true, opTouch: true, "GetServiceTicket": true, "GetAccount": true,
}

func (w *world) runCaller(p callerPlan) {
	defer w.callers.Done()
	m := w.machines[p.machine]
	for _, op := range p.ops {
		time.Sleep(op.think)
		w.runVisit(m, op)
	}
}

func (w *world) runVisit(m *machine, op opPlan) {
	v := w.newVisit(m, op)
	ctx := context.WithValue(context.Background(), visitKey{}, v)
	ctx, cancel := op.ctx(ctx)
	defer cancel()
	func() {
		defer func() { v.panics = recover() }()
		v.err = m.perform(ctx, v, op.dice)
	}()
	w.ended(v)
}

func (op opPlan) ctx(ctx context.Context) (context.Context, context.CancelFunc) {
	switch {
	case op.late:
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		return ctx, cancel
	case op.patience == 0:
		return ctx, func() {}
	case op.cancels:
		ctx, cancel := context.WithCancel(ctx)
		timer := time.AfterFunc(op.patience, cancel)
		return ctx, func() { timer.Stop(); cancel() }
	default:
		return context.WithTimeout(ctx, op.patience)
	}
}

func (w *world) newVisit(m *machine, op opPlan) *visit {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.visitCount++
	v := &visit{id: w.visitCount, op: op.op, machine: m, start: time.Now(), cancels: op.cancels}
	v.field = fmt.Sprintf("%s%08d", map[bool]string{true: "138", false: "v-"}[op.op == opSendSmsCode], v.id)
	if op.late {
		v.ctxEnd = v.start
		w.met(callerLate)
	} else if op.patience > 0 {
		v.ctxEnd = v.start.Add(op.patience)
	}
	return v
}

// ended keeps a visit for the rules. Of a token that was at hand only the first is kept, and what breaks a rule.
func (w *world) ended(v *visit) {
	w.mu.Lock()
	defer w.mu.Unlock()
	v.end = time.Now()
	if v.end.Equal(v.ctxEnd) && v.start.Before(v.end) {
		w.met(map[bool]fault{true: callerCancels, false: callerTimesOut}[v.cancels])
	}
	w.visits = append(w.visits, v)
	last := w.shown[v.machine.number]
	if v.op == opToken && v.err == nil && v.took() == 0 && v.token == last {
		return
	}
	if v.token != "" {
		w.shown[v.machine.number] = v.token
	}
	w.add("caller: visit %d, %s on machine %d, patience %v, began %v ago, ended with %q, %v", v.id, v.op, v.machine.number, shownPatience(v), v.took(), v.token, v.err)
}

func shownPatience(v *visit) string {
	if v.ctxEnd.IsZero() {
		return "for ever"
	}
	return v.patience().String()
}

// perform makes the call.
func (m *machine) perform(ctx context.Context, v *visit, d dice) (err error) {
	c := m.client
	switch v.op {
	case opSendSmsCode:
		_, err = c.SendSmsCode(ctx, &openplatform.SendSmsCodeRequest{
			Mobile: v.field, ImgCodeID: "MS6A1I", ImgCode: "ELPG", SmsType: openplatform.SmsTypeRegister,
		})
	case opLogout:
		_, err = c.Logout(ctx, &openplatform.LogoutRequest{Token: v.field})
	case opGetImgCode:
		_, err = c.GetImgCode(ctx)
	case opCheckToken:
		_, err = c.CheckToken(ctx, &openplatform.CheckTokenRequest{Token: v.field})
	case opGetAccessToken:
		_, err = c.GetAccessToken(ctx, &openplatform.GetAccessTokenRequest{ClientID: v.field, ClientSecret: "s3cr3t"})
	case opTouch:
		_, err = openplatform.Do[bool](ctx, c, openplatform.Operation{Name: opTouch, Method: "POST", Path: "/touch"}, nil)
	default:
		err = m.performWithSource(ctx, v, d)
	}
	return err
}

func (m *machine) performWithSource(ctx context.Context, v *visit, d dice) (err error) {
	switch v.op {
	case opToken:
		v.token, err = m.source.Token(ctx)
	case opVerifyUser:
		_, err = m.source.VerifyUser(ctx, v.field)
	case opUse:
		err = m.source.Use(ctx, func(token string) error {
			v.used = append(v.used, token)
			return m.world.useDirectly(ctx, token, d)
		})
	case opInvalidate:
		token := m.world.lastShown(m)
		m.world.invalidated(token)
		m.source.Invalidate(ctx, token)
	}
	return err
}

// useDirectly is what an application does with an access token, without the SDK.
func (w *world) useDirectly(ctx context.Context, token string, d dice) error {
	if err := sleep(ctx, d.upTo(w.plan.latency)); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	if !w.issued[token].isGood(now) {
		w.rejectedAt[token] = append(w.rejectedAt[token], now)
		w.met(tokenRejected)
		w.add("platform: rejects the access token %s, to the application", token)
		return &openplatform.APIError{Operation: "Use", Code: openplatform.CodeInvalidAccessToken}
	}
	return nil
}

func (w *world) lastShown(m *machine) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.shown[m.number]
}

// invalidated notes that the application believes token to be dead: as good as a rejection.
func (w *world) invalidated(token string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rejectedAt[token] = append(w.rejectedAt[token], time.Now())
}
