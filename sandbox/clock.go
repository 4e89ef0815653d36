package sandbox

import "time"

// maxAdvance is the maximum sum of all Advance calls. With a hundred years, all times have a year of four digits, fit into
// JSON and int64 nanoseconds, and keep their monotonic reading, so a step of the machine's clock has no effect.
const maxAdvance = 36_500 * 24 * time.Hour

// Now returns the time of the sandbox's clock: the real time plus the sum of all Advance calls.
func (s *Sandbox) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}

// Advance moves the sandbox's clock forward, so that a test does not wait for a token to expire or for a phone to be
// allowed another SMS. The clock never goes back: a d of zero or less does nothing. The sum of all calls is limited to
// 36,500 days (100 years); more is ignored.
func (s *Sandbox) Advance(d time.Duration) {
	if d <= 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offset += min(d, maxAdvance-s.offset) // never the sum of both, which overflows
	s.publishChange(ChangedClock)
}

// Advanced returns the difference between the sandbox's clock and the machine's: the sum of all Advance calls.
func (s *Sandbox) Advanced() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.offset
}

// now requires s.mu.
func (s *Sandbox) now() time.Time {
	return time.Now().Add(s.offset)
}
