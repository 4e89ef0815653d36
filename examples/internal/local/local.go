// Package local has the code that the example programs share: a local sandbox, the
// printed steps, and the exit status.
package local

import "github.com/ebaas/openplatform-go/sandbox"

// Start serves a sandbox, and returns a client for it.
func Start() (*sandbox.Server, error) {
	sb, err := sandbox.Listen()
	if err != nil {
		return nil, notStarted{err}
	}
	return sb, nil
}

// notStarted marks an error of Start.
type notStarted struct{ error }

func (e notStarted) Error() string { return "the sandbox could not be started: " + e.error.Error() }
func (e notStarted) Unwrap() error { return e.error }
