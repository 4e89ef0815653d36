// Package local is what the programs beside it share: a sandbox on this computer, and
// how a program tells what it does and how it ends.
package local

import "github.com/ebaas/openplatform-go/sandbox"

// Start serves a sandbox, and makes a client that talks to it.
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
