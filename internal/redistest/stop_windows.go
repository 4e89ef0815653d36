package redistest

// Stop skips the test: Windows has no signal that stops a process.
func (s *Server) Stop() {
	s.tb.Helper()
	s.tb.Skip("Windows has no signal that stops a process")
}

// Continue ends what Stop began.
func (*Server) Continue() {}
