package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	openplatform "github.com/ebaas/openplatform-go"
)

// Step prints what a call did, and the request_id that the platform's support asks for.
func Step(stdout io.Writer, operation, requestID, format string, args ...any) {
	_, _ = fmt.Fprintf(stdout, "%-17s  request_id %s  %s\n", operation, requestID, fmt.Sprintf(format, args...))
}

// Main runs a program that has no flags but -h, which prints usage, and exits.
func Main(usage string, run func(ctx context.Context, stdout io.Writer) error) {
	os.Exit(status(os.Args[1:], os.Stdout, os.Stderr, usage, run))
}

func status(args []string, stdout, stderr io.Writer, usage string, run func(context.Context, io.Writer) error) int {
	if len(args) > 0 {
		switch args[0] {
		case "-h", "-help", "--help":
			_, _ = io.WriteString(stdout, usage)
			return 0
		}
		_, _ = fmt.Fprint(stderr, "There are no flags and no arguments but -h.\n")
		return 2
	}
	if err := run(context.Background(), stdout); err != nil {
		_, _ = fmt.Fprintf(stderr, "%v\n%s\n", err, sentence(err))
		return 1
	}
	return 0
}

// sentence says what the failed call may have done on the platform: this decides whether
// to try again.
func sentence(err error) string {
	if errors.As(err, new(notStarted)) {
		return "There was no platform to call."
	}
	switch outcome := openplatform.OutcomeOf(err); outcome {
	case openplatform.OutcomeNotSent:
		return fmt.Sprintf("Outcome: %v. The platform did not receive this call.", outcome)
	case openplatform.OutcomeRejected:
		return fmt.Sprintf("Outcome: %v. The platform refused the request, and will refuse it again.", outcome)
	default:
		return fmt.Sprintf("Outcome: %v. The platform may have carried it out: check before you repeat it.", outcome)
	}
}
