// Package doctor checks which of the SDK's assumptions hold for a platform and the network in between. It changes nothing
// on the platform. Checks that may count as a failed try, or make a token invalid, are off by default.
package doctor

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
)

// Options configure a run.
type Options struct {
	Environment openplatform.Environment
	BaseURL     string         // "" means the environment's published one
	Roots       *x509.CertPool // nil means the machine's
	Timeout     time.Duration  // of one request; 0 means 10 seconds

	Slow   time.Duration // how long to watch an idle connection; 0 means not at all
	Limits bool          // test the limits of bodies and headers
	Tries  bool          // make checks that may count as a failed try
	SSO    bool          // fetch access tokens with the credentials

	ClientID, ClientSecret string // for SSO
	Token                  string // a person's login token, for SSO; "" if there is none

	Network Network

	Begin func(address string) // called before the first check; may be nil
	Each  func(Line)           // called with each line at once; may be nil
}

// Network replaces parts of the machine's network. The zero value replaces nothing.
type Network struct {
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	Dial   func(ctx context.Context, network, address string) (net.Conn, error)
	Proxy  func(*http.Request) (*url.URL, error)
}

// Status is the result of a check.
type Status string

// The results of a check of an assumption.
const (
	Holds   Status = "holds"
	Refuted Status = "does not hold"
	Unclear Status = "could not tell"
)

// The results of any other check.
const (
	OK      Status = "ok"
	Bad     Status = "bad"
	Skipped Status = "skipped"
)

// A Line is the report of one check.
type Line struct {
	Check      string      // its name, and that of its assumption
	Assumption *Assumption // nil if the check is not about one
	Status     Status
	Found      string        // the evidence; it holds no secret, but may hold addresses
	Took       time.Duration // 0 if the check was not made
	Advice     string        // what to do; "" for nothing
}

// Bounds of a whole run, and of a request.
const (
	longest        = time.Minute
	defaultTimeout = 10 * time.Second
)

// Run makes all checks in order. It fails only if the options are invalid.
func Run(ctx context.Context, o Options) (*Result, error) {
	x, err := newExamination(o)
	if err != nil {
		return nil, err
	}
	defer x.close()
	ctx, cancel := context.WithTimeout(ctx, longest+o.Slow)
	defer cancel()
	r := &Result{Environment: o.Environment, BaseURL: x.base.String(), At: time.Now()}
	if o.Begin != nil {
		o.Begin(r.BaseURL)
	}
	for _, c := range checks {
		line := x.run(ctx, c)
		r.Lines = append(r.Lines, line)
		if o.Each != nil {
			o.Each(line)
		}
	}
	r.RequestIDs = x.requestIDs()
	r.hide = x.addresses()
	return r, nil
}

// A check is one question to the platform.
type check struct {
	name   string
	wanted func(*Options) bool // nil for one that is always made
	option string              // that switches it on
	run    func(*examination, context.Context) finding
}

// A finding is what a check found.
type finding struct {
	status Status
	found  string
	advice string // instead of the assumption's
}

func holds(found string) finding          { return finding{status: Holds, found: found} }
func refuted(found string) finding        { return finding{status: Refuted, found: found} }
func unclear(found string) finding        { return finding{status: Unclear, found: found} }
func ok(found string) finding             { return finding{status: OK, found: found} }
func bad(found, advice string) finding    { return finding{status: Bad, found: found, advice: advice} }
func skipped(found string) finding        { return finding{status: Skipped, found: found} }
func (f finding) advise(a string) finding { f.advice = a; return f }
func (c check) isAbout() *Assumption      { return assumptionOf(c.name) }
func (c check) isWanted(o *Options) bool  { return c.wanted == nil || c.wanted(o) }
func wantsTries(o *Options) bool          { return o.Tries }
func wantsSSO(o *Options) bool            { return o.SSO }
func wantsLimits(o *Options) bool         { return o.Limits }
func wantsLogin(o *Options) bool          { return o.SSO && o.Token != "" }

// checks are all checks. The check of an assumption has its name.
var checks = []check{
	{name: "name_resolution", run: (*examination).nameResolution},
	{name: "tcp", run: (*examination).tcp},
	{name: "proxy", run: (*examination).proxy},
	{name: "https", run: (*examination).https},
	{name: "certificate", run: (*examination).certificate},
	{name: "tls_versions", run: (*examination).tlsVersions},
	{name: "answer", run: (*examination).firstAnswer},
	{name: "protocol", run: (*examination).protocol},
	{name: "no_redirects", run: (*examination).noRedirects},
	{name: "clock", run: (*examination).clock},
	{name: "keep_alive", run: (*examination).keepAlive},
	{name: "compression", run: (*examination).compression},
	{name: "paths", run: (*examination).paths},
	{name: "no_signature", run: (*examination).noSignature},
	{name: "envelope", run: (*examination).envelope},
	{name: "request_ids", run: (*examination).ownRequestIDs},
	{name: "failures_at_200", run: (*examination).failuresAt200},
	{name: "content_type", run: (*examination).contentType},
	{name: "empty_object", run: (*examination).emptyObject},
	{name: "picture", run: (*examination).picture},
	{name: "json_body", run: (*examination).jsonBody},
	{name: "documented_codes", run: (*examination).documentedCodes},
	{name: "unknown_paths", run: (*examination).unknownPaths},
	{name: "other_methods", run: (*examination).otherMethods},
	{name: "once", run: (*examination).once},
	{name: "sdk", run: (*examination).sdk},
	{name: "limits", wanted: wantsLimits, option: "-limits", run: (*examination).limits},
	{name: "account_codes", wanted: wantsTries, option: "-tries", run: (*examination).accountCodes},
	{name: "expired_times", wanted: wantsSSO, option: "-sso", run: (*examination).expiredTimes},
	{name: "tokens_coexist", wanted: wantsSSO, option: "-sso", run: (*examination).tokensCoexist},
	{name: "login_token", wanted: wantsLogin, option: "-sso and a login token", run: (*examination).loginToken},
}

// run makes a check, unless it is not requested or not possible.
func (x *examination) run(ctx context.Context, c check) Line {
	line := Line{Check: c.name, Assumption: c.isAbout()}
	begin := time.Now()
	x.asking = c.name
	f, made := x.finding(ctx, c)
	if made {
		line.Took = time.Since(begin)
	}
	line.Status, line.Found, line.Advice = f.status, x.withoutSecrets(f.found), f.advice
	if line.Advice == "" && f.status == Refuted {
		line.Advice = line.Assumption.Otherwise
	}
	x.statuses[c.name] = f.status
	return line
}

// finding returns what a check found, and whether it was made.
func (x *examination) finding(ctx context.Context, c check) (f finding, made bool) {
	notMade := skipped
	if c.isAbout() != nil {
		notMade = unclear
	}
	switch {
	case !c.isWanted(&x.Options):
		return notMade("not requested: " + "use " + c.option), false
	case x.blocked != "":
		return notMade("not possible: see " + x.blocked), false
	case errors.Is(ctx.Err(), context.Canceled):
		return notMade("interrupted"), false
	case ctx.Err() != nil:
		return notMade("no time left: a run takes at most " + (longest + x.Slow).String()), false
	default:
		return c.run(x, ctx), true
	}
}
