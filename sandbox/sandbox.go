package sandbox

import (
	"net/http"
	"sync"
	"time"
)

// Sandbox is a simulated platform, as an http.Handler. Make one with New. It is safe for concurrent use. The data of
// requests takes at most DefaultMemory, or the limit of WithMemory. The program's own data, such as clients, special
// numbers and faults, is not counted.
type Sandbox struct {
	httpStatus     bool // failures carry the HTTP status of their code
	oneAccessToken bool
	memory         int
	ended          chan struct{} // closed by Close
	end            func()

	mu           sync.Mutex // guards everything below
	fixedImgCode string
	fixedSmsCode string
	lastID       int64
	events       events
	smsWaiters   waiters[SMS]
	mailWaiters  waiters[Mail]
	state
}

// state is all that Reset forgets.
type state struct {
	offset  time.Duration
	ledger  ledger
	orders  []*Ordered // faults that wait
	spent   []*Ordered // the last faults that have used up their Times
	special map[string]SpecialNumber

	pictures store[string]  // what they show, by img_code_id
	smsCodes store[smsCode] // by smsCodeKey
	texts    outbox[SMS]    // by mobile
	mails    outbox[Mail]   // by e-mail address

	accounts    accounts
	activations store[string] // open_id by activation token
	logins      store[login]  // by token

	clients      map[string]*client // by client_id
	accessTokens store[string]      // client_id by access_token
	tickets      store[string]      // open_id by service_ticket
}

func newState(memory int) state {
	return state{
		ledger:  ledger{room: newRoom(memory, shareOfRequests)},
		special: defaultSpecial(),

		pictures: newStore[string](ImgCodeLifetime, memory, shareOfPictures),
		smsCodes: newStore[smsCode](SmsCodeLifetime, memory, shareOfSmsCodes),
		texts:    newOutbox[SMS](memory, shareOfSMS),
		mails:    newOutbox[Mail](memory, shareOfMail),

		accounts:    newAccounts(memory),
		activations: newStore[string](ActivationLifetime, memory, shareOfActivations),
		logins:      newStore[login](TokenLifetime, memory, shareOfLogins),

		clients:      map[string]*client{DemoClientID: {id: DemoClientID, secret: DemoClientSecret}},
		accessTokens: newStore[string](AccessTokenLifetime, memory, shareOfAccessTokens),
		tickets:      newStore[string](ServiceTicketLifetime, memory, shareOfTickets),
	}
}

// Option configures a Sandbox, for New.
type Option func(*Sandbox)

// WithHTTPStatus gives failures the HTTP status in the first three digits of their code: 404 for 404001. Without it, every
// response has HTTP status 200. The platform does not document which is right.
func WithHTTPStatus() Option {
	return func(s *Sandbox) { s.httpStatus = true }
}

// New returns an empty Sandbox with the demo client and DefaultSpecialNumbers.
func New(opts ...Option) *Sandbox {
	ended := make(chan struct{})
	s := &Sandbox{
		memory:      DefaultMemory,
		ended:       ended,
		end:         sync.OnceFunc(func() { close(ended) }),
		lastID:      time.Now().UnixMicro(),
		smsWaiters:  make(waiters[SMS]),
		mailWaiters: make(waiters[Mail]),
	}
	s.events.lostID = s.lastID // lower IDs belong to another Sandbox
	for _, opt := range opts {
		opt(s)
	}
	s.state = newState(s.memory)
	return s
}

// must is for an option, because an option cannot return an error.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// Reset restores the state after New. The options of New and a fixed picture or SMS code stay. IDs continue, and calls
// that wait continue to wait.
func (s *Sandbox) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.ledger.records {
		r.kept = false // running requests still report to the ledger
	}
	s.state = newState(s.memory)
	s.publishChange(ChangedEverything)
}

// Close ends all waits: the Delay of a Fault, WaitSMS and similar calls. It does not end a server that uses the Sandbox as
// its handler. Closing again does nothing.
func (s *Sandbox) Close() { s.end() }

// ServeHTTP responds to one request like the platform, unless a fault was ordered for it. To drop a connection, it panics
// with http.ErrAbortHandler, as net/http documents.
//
// It refuses a body that is not complete after 10 seconds, and closes the connection if the response is not read within 10
// seconds. These limits replace the server's ReadTimeout and WriteTimeout. They do not exist for a ResponseWriter without
// deadlines.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v := s.arrive(r)
	defer func() { s.finish(v) }()
	v.body, v.whole = readBody(w, r)
	in, refused := readParams(v)
	s.noteParams(v, in)
	if v.record.faultID == 0 && v.op.name == OpSendSmsCode {
		v.fault, v.onlyIfDone = s.specialFault(in["mobile"])
	}

	if !v.fault.After && s.strike(w, r, v) {
		return
	}
	data, failed := s.carryOut(v, in, refused)
	if v.fault.After && (failed == nil || !v.onlyIfDone) && s.strike(w, r, v) {
		return
	}
	s.answer(w, v, data, failed)
}

// visit is the state of one request.
type visit struct {
	op         operation
	fault      Fault // the zero Fault does nothing
	onlyIfDone bool  // an After fault strikes only if the operation did its work
	record     *record

	query string
	body  []byte
	whole bool // all of the body was read
}

// arrive records a request before anything else, and selects its fault.
func (s *Sandbox) arrive(r *http.Request) visit {
	op := findOperation(r.Method, r.URL.Path)
	requestID := newUUID()

	s.mu.Lock()
	defer s.mu.Unlock()

	record := s.newRecord(r, op, requestID)
	s.ledger.add(record)
	v := visit{op: op, record: record, query: r.URL.RawQuery}
	v.fault, record.faultID = s.nextFault(op.name)
	return v
}

// carryOut runs the operation, unless its parameters were refused. The ledger records the effect under the same lock, so
// both always agree.
func (s *Sandbox) carryOut(v visit, in params, refused *failure) (data any, failed *failure) {
	if refused != nil {
		return nil, refused
	}

	s.mu.Lock()
	defer s.mu.Unlock()

	data, failed = v.op.run(s, call{requestID: v.record.RequestID, now: s.now(), params: in})
	v.record.CarriedOut = failed == nil
	return data, failed
}
