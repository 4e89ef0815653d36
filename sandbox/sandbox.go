package sandbox

import (
	"net/http"
	"sync"
	"time"
)

// Sandbox is a fake of the platform, an http.Handler. It is safe for concurrent use. What requests make it keep takes
// at most DefaultMemory, or what WithMemory says. What the program itself hands it, such as clients, special numbers and
// faults, comes on top. Make one with New.
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
	spent   []*Ordered // faults that have had their Times, the last ones
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

// Option changes how New sets a Sandbox up.
type Option func(*Sandbox)

// WithHTTPStatus makes failures answer with the HTTP status that the first three digits of their code name, so that
// 404001 comes with HTTP 404. Without it every answer comes with HTTP 200: the platform does not document which.
func WithHTTPStatus() Option {
	return func(s *Sandbox) { s.httpStatus = true }
}

// New returns a Sandbox that has seen nothing yet, and knows the demo client and DefaultSpecialNumbers alone.
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
	s.events.lostID = s.lastID // what was before was another Sandbox's
	for _, opt := range opts {
		opt(s)
	}
	s.state = newState(s.memory)
	return s
}

// must is for an option: it has no way to return an error.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// Reset has the Sandbox forget all that it has seen and was told since New: what New's options say stays, and so do a
// fixed picture and SMS code. IDs go on, and who waits goes on waiting.
func (s *Sandbox) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.ledger.records {
		r.kept = false // those under way report to the ledger once more
	}
	s.state = newState(s.memory)
	s.publishChange(ChangedEverything)
}

// Close ends whatever waits: the Delay of a Fault, WaitSMS and its like. It does not end a server that the Sandbox is
// the handler of. To close again does nothing.
func (s *Sandbox) Close() { s.end() }

// ServeHTTP answers one request as the platform would, unless a fault was ordered for it. A dropped connection is a
// panic with http.ErrAbortHandler, which net/http's server understands.
//
// A body that has not come after 10 seconds is refused, and an answer that is not read within 10 seconds ends its
// connection, in place of what the server's ReadTimeout and WriteTimeout say. A ResponseWriter whose deadlines
// http.ResponseController cannot set has no such limits.
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

// visit is one request on its way through the sandbox.
type visit struct {
	op         operation
	fault      Fault // the zero Fault does nothing
	onlyIfDone bool  // an After fault strikes only if the operation did its work
	record     *record

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

	record := s.newRecord(r, op, requestID)
	s.ledger.add(record)
	v := visit{op: op, record: record, query: r.URL.RawQuery}
	v.fault, record.faultID = s.nextFault(op.name)
	return v
}

// carryOut runs the operation, unless its parameters were refused. The ledger learns of the effect under the same
// lock, so the two never disagree.
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
