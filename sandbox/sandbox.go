package sandbox

import (
	"net/http"
	"sync"
	"time"
)

// maxKept bounds each thing the sandbox remembers; beyond it the oldest is forgotten.
const maxKept = 100_000

// Sandbox is a fake of the platform, an http.Handler. It is safe for concurrent use. What requests make it keep takes
// at most 512 MiB of memory. What the program itself hands it, such as accounts, clients and faults, comes on top. Make
// one with New.
type Sandbox struct {
	httpStatus bool          // failures carry the HTTP status of their code
	ended      chan struct{} // closed when its Server closes

	mu     sync.Mutex // guards everything below
	offset time.Duration
	ledger ledger
	orders []*Ordered

	pictures store[string]  // what they show, by img_code_id
	smsCodes store[smsCode] // by smsCodeKey
	texts    outbox[SMS]    // by mobile
	mails    outbox[Mail]   // by e-mail address

	accounts    accounts
	activations store[string] // open_id by activation token
	logins      store[login]  // by token

	clients      map[string]string // client_secret by client_id
	accessTokens store[struct{}]   // by access_token
	tickets      store[string]     // open_id by service_ticket
}

// Option changes how New sets a Sandbox up.
type Option func(*Sandbox)

// WithHTTPStatus makes failures answer with the HTTP status that the first three digits of their code name, so that
// 404001 comes with HTTP 404. Without it every answer comes with HTTP 200: the platform does not document which.
func WithHTTPStatus() Option {
	return func(s *Sandbox) { s.httpStatus = true }
}

// New returns a Sandbox that has seen nothing yet, and knows the demo client alone.
func New(opts ...Option) *Sandbox {
	s := &Sandbox{
		ended: make(chan struct{}),

		pictures: newStore[string](ImgCodeLifetime),
		smsCodes: newStore[smsCode](SmsCodeLifetime),
		texts:    newOutbox[SMS](),
		mails:    newOutbox[Mail](),

		accounts:    newAccounts(),
		activations: newStore[string](ActivationLifetime),
		logins:      newStore[login](TokenLifetime),

		clients:      map[string]string{DemoClientID: DemoClientSecret},
		accessTokens: newStore[struct{}](AccessTokenLifetime),
		tickets:      newStore[string](ServiceTicketLifetime),
	}
	for _, opt := range opts {
		opt(s)
	}
	return s
}

// ServeHTTP answers one request as the platform would, unless a fault was ordered for it. A dropped connection is a
// panic with http.ErrAbortHandler, which net/http's server understands.
//
// A body that has not come after 10 seconds is refused, and an answer that is not read within 10 seconds ends its
// connection, in place of what the server's ReadTimeout and WriteTimeout say. A ResponseWriter whose deadlines
// http.ResponseController cannot set has no such limits.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v := s.arrive(r)
	v.body, v.whole = readBody(w, r)
	in, refused := readParams(v)
	s.noteMobile(v, in["mobile"])

	if !v.fault.After && s.strike(w, r, v) {
		return
	}
	data, failed := s.carryOut(v, in, refused)
	if v.fault.After && s.strike(w, r, v) {
		return
	}
	s.answer(w, v, data, failed)
}

// visit is one request on its way through the sandbox.
type visit struct {
	op    operation
	fault Fault  // the zero Fault does nothing
	entry *Entry // guarded by Sandbox.mu, RequestID excepted: it never changes

	query string
	body  []byte
	whole bool // all of the body was read
}

// arrive enters a request in the ledger before anything can happen to it, and picks the fault that will.
func (s *Sandbox) arrive(r *http.Request) visit {
	op := findOperation(r.Method, r.URL.Path)
	requestID := newUUID()

	s.mu.Lock()
	defer s.mu.Unlock()

	entry := s.ledger.add(Entry{
		Operation: op.name,
		RequestID: requestID,
		CallID:    beginning(r.Header.Get(CallIDHeader)),
		At:        s.now(),
	})
	return visit{op: op, fault: s.nextFault(op.name), entry: entry, query: r.URL.RawQuery}
}

// carryOut runs the operation, unless its parameters were refused. The ledger learns of the effect under the same
// lock, so the two never disagree.
func (s *Sandbox) carryOut(v visit, in params, refused *failure) (data any, failed *failure) {
	if refused != nil {
		return nil, refused
	}

	s.mu.Lock()
	defer s.mu.Unlock()

	data, failed = v.op.run(s, call{requestID: v.entry.RequestID, now: s.now(), params: in})
	v.entry.CarriedOut = failed == nil
	return data, failed
}
