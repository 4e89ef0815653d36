package sandbox

import "time"

// maxAdvance bounds all that Advance added. A hundred years later, every time the sandbox gives out still has four digits
// for its year and fits into JSON and int64 nanoseconds, and time.Time still keeps its monotonic reading, so that a step
// of the machine's clock moves nothing here.
const maxAdvance = 36_500 * 24 * time.Hour

// Now returns the time by the sandbox's clock: the real time plus all that Advance added.
func (s *Sandbox) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}

// Advance moves the sandbox's clock forward, so that a test need not wait for a token to expire or for a phone to
// be free again. The clock never goes back: a d of zero or less does nothing. All calls together move it by 36,500 days,
// some 100 years, at most; what goes beyond is ignored. Nothing that the sandbox issues lives that long.
func (s *Sandbox) Advance(d time.Duration) {
	if d <= 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offset += min(d, maxAdvance-s.offset) // never the sum of both, which overflows
	s.publishChange(ChangedClock)
}

// Advanced returns how far the sandbox's clock is ahead of the machine's: all that Advance added.
func (s *Sandbox) Advanced() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.offset
}

// now needs s.mu.
func (s *Sandbox) now() time.Time {
	return time.Now().Add(s.offset)
}
