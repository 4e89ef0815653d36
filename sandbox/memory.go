package sandbox

// DefaultMemory is what a Sandbox keeps of what requests bring it, in bytes, unless WithMemory says otherwise.
const DefaultMemory = 512 << 20

// WithMemory bounds what requests make the Sandbox keep to this many bytes. Each kind of thing has a share of its own, so
// that a flood of one does not push the others out: beyond it the oldest of that kind is forgotten. There is room for
// at least one of each kind, and never more than 100,000.
func WithMemory(bytes int) Option {
	return func(s *Sandbox) { s.memory = bytes }
}

// maxKept bounds each thing the sandbox remembers in number.
const maxKept = 100_000

// Shares of the memory, in 64ths. What is left is for the newest events, which can outlive what they tell of,
// and for faults.
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

// What one thing takes, in bytes, beside the strings in it: itself, its places in maps and queues, and what those keep
// in reserve. TestEachKindKeepsToItsShare weighs them.
const (
	weightOfRequest = 560
	weightOfMessage = 420
	weightOfAccount = 620
	weightOfStored  = 240
)

// room is how much a kind may take, and how much it takes.
type room struct {
	limit, used int
}

func newRoom(memory, share int) room { return room{limit: memory / 64 * share} }

// full reports whether the oldest of so many has to go. The newest stays, however large.
func (r *room) full(items int) bool {
	return items > maxKept || items > 1 && r.used > r.limit
}
