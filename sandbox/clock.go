package sandbox

import "time"

// Now returns the time by the sandbox's clock: the real time plus all that Advance added.
func (s *Sandbox) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}

// Advance moves the sandbox's clock forward, so that a test need not wait for a token to expire or for a phone to
// be free again. The clock never goes back: a d of zero or less does nothing.
func (s *Sandbox) Advance(d time.Duration) {
	if d <= 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offset += d
}

// now needs s.mu.
func (s *Sandbox) now() time.Time {
	return time.Now().Add(s.offset)
}
