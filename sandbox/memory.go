package sandbox

// DefaultMemory is the default limit for the data of requests, in bytes. See WithMemory.
const DefaultMemory = 512 << 20

// WithMemory limits the data of requests to this many bytes. Each kind of data has its own share; the oldest of a kind is
// removed if the share is full. There is room for at least one of each kind, and for at most 100,000.
func WithMemory(bytes int) Option {
	return func(s *Sandbox) { s.memory = bytes }
}

// maxKept is the maximum number of each kind of data.
const maxKept = 100_000

// The shares of the memory, in 64ths. The rest is for the newest events, which can outlive their objects, and for faults.
const (
	shareOfRequests     = 16
	shareOfSMS          = 6
	shareOfMail         = 5
	shareOfAccounts     = 8
	shareOfLogins       = 4
	shareOfSmsCodes     = 4
	shareOfPictures     = 4
	shareOfAccessTokens = 4
	shareOfTickets      = 4
	shareOfActivations  = 4
)

// The size of one item in bytes without its strings: the item, its places in maps and queues, and their reserve.
// TestEachKindKeepsToItsShare measures them.
const (
	weightOfRequest = 560
	weightOfMessage = 420
	weightOfAccount = 620
	weightOfStored  = 240
)

// room is the limit of a kind, and how much it uses.
type room struct {
	limit, used int
}

func newRoom(memory, share int) room { return room{limit: memory / 64 * share} }

// full reports whether the oldest of n items must be removed. The newest always stays.
func (r *room) full(items int) bool {
	return items > maxKept || items > 1 && r.used > r.limit
}
