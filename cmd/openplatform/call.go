package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	openplatform "github.com/ebaas/openplatform-go"
)

const callUsage = `openplatform call OPERATION calls one operation of the platform, once, and prints its envelope without secrets.

Parameters that are not secret are flags. Secrets, phone numbers included, are never on the command line: they come from a
file, from an environment variable, from a JSON object on standard input, or are typed at a terminal.

  openplatform call GetImgCode -env test
  openplatform call SendSmsCode -env test -img-code-id MS6A1I -sms-type LOGIN

The exit status is 0 if the operation succeeded, 10 if it was not sent, 11 if the platform refused it, 12 if the outcome is
unknown, and 2 for wrong arguments.

operations: %s

`

// Exit statuses of openplatform call and openplatform img.
const (
	exitNotSent  = 10
	exitRejected = 11
	exitUnknown  = 12
)

func exitOf(o openplatform.Outcome) int {
	switch o {
	case openplatform.OutcomeSucceeded:
		return exitOK
	case openplatform.OutcomeNotSent:
		return exitNotSent
	case openplatform.OutcomeRejected:
		return exitRejected
	default:
		return exitUnknown
	}
}

// callOptions are the flags of openplatform call.
type callOptions struct {
	target
	yes          bool
	output, data string
	values       map[string]*string // by wire name; for a secret, its file
}

func (o *callOptions) flags(op *operation) flags {
	command := "openplatform call"
	if op != nil {
		command += " " + op.name
	}
	f := newFlags(command, clientPrefix)
	o.target.flags(f)
	f.BoolVar(&o.yes, "yes", false, yesUsage)
	f.StringVar(&o.output, "o", "text", "output `FORMAT`: text or json")
	f.StringVar(&o.data, "data", "", "write data, with its secrets, to this `FILE`; another call can read it from standard input")
	o.values = map[string]*string{}
	if op == nil {
		return f
	}
	for _, field := range op.fields {
		if field.secret {
			o.values[field.name] = f.String(field.option()+"-file", "", "`FILE` with "+field.name)
		} else {
			o.values[field.name] = f.String(field.option(), "", field.name+" is `TEXT`")
		}
	}
	return f
}

func runCall(ctx context.Context, env environment, args []string) (exit int) {
	var o callOptions
	var op *operation
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		op, args = findOperation(args[0]), args[1:]
		if op == nil { // it is not quoted: it may be a secret
			return complain(env, o.flags(nil), errors.New("unknown operation; openplatform call -h lists the operations"))
		}
	}
	f := o.flags(op)
	switch err := f.parse(args, env.getenv); {
	case errors.Is(err, flag.ErrHelp):
		printf(env.stdout, callUsage, operationNames())
		f.printFlags(env.stdout)
		return exitOK
	case err != nil:
		return complain(env, f, err)
	case op == nil:
		return complain(env, f, errors.New("no operation given; openplatform call -h lists the operations"))
	case o.output != "text" && o.output != "json":
		return complain(env, f, errors.New("-o must be text or json"))
	}
	seen := new(lastCall)
	client, err := o.client(openplatform.WithObserver(seen))
	if err != nil {
		return complain(env, f, err)
	}
	defer client.CloseIdleConnections()
	if err := o.consent(o.yes); err != nil {
		return complain(env, f, err)
	}
	values, err := o.collect(ctx, env, f, op)
	if err != nil {
		return complain(env, f, err)
	}
	answer, err := op.call(ctx, client, values)
	if err := o.print(env, op, answer, seen.end, err); err != nil {
		printf(env.stderr, "%s: %v\n", f.command, err)
	}
	return exitOf(openplatform.OutcomeOf(err))
}

func operationNames() string {
	names := make([]string, len(operations))
	for i, o := range operations {
		names[i] = o.name
	}
	return strings.Join(names, ", ")
}

// lastCall is an observer that keeps the result of the last call, without secrets.
type lastCall struct{ end openplatform.CallEnd }

func (l *lastCall) ObserveCall(ctx context.Context, _ openplatform.CallStart) (context.Context, func(openplatform.CallEnd)) {
	return ctx, func(end openplatform.CallEnd) { l.end = end }
}

func (l *lastCall) ObserveAttempt(ctx context.Context, _ openplatform.AttemptStart) (context.Context, func(openplatform.AttemptEnd)) {
	return ctx, nil
}

// collect returns the parameters from all sources.
func (o *callOptions) collect(ctx context.Context, env environment, f flags, op *operation) (map[string]string, error) {
	values := map[string]string{}
	var missing []field
	for _, field := range op.fields {
		value, err := *o.values[field.name], error(nil)
		if field.secret {
			value, err = env.secret(f, field.option(), value)
		}
		if err != nil {
			return nil, err
		}
		if values[field.name] = value; value == "" {
			missing = append(missing, field)
		}
	}
	if len(missing) == 0 {
		return values, nil
	}
	given, err := env.ask(ctx, missing)
	if err != nil {
		return nil, err
	}
	for _, field := range missing {
		if values[field.name] = given[field.name]; values[field.name] == "" {
			return nil, missingError(f, field)
		}
	}
	return values, nil
}

func missingError(f flags, field field) error {
	if !field.secret {
		return fmt.Errorf("%s is missing: use -%s, or a JSON object on standard input", field.name, field.option())
	}
	return fmt.Errorf("%s is missing: use -%s-file, $%s, or a JSON object on standard input",
		field.name, field.option(), f.variable(field.option()))
}

// ask reads fields from the terminal, or from standard input if there is none.
func (e environment) ask(ctx context.Context, fields []field) (map[string]string, error) {
	if e.prompt == nil {
		return readFields(ctx, e.stdin)
	}
	values := map[string]string{}
	for _, field := range fields {
		typed, err := within(ctx, func() (string, error) { return e.prompt(field.name+": ", field.secret) })
		if err != nil {
			return nil, fmt.Errorf("%s was not typed: %w", field.name, err)
		}
		values[field.name] = strings.TrimSpace(typed)
	}
	return values, nil
}

// maxInput is the maximum length of standard input, in bytes.
const maxInput = 1 << 20

// readFields reads a JSON object, and ignores values that are not strings.
func readFields(ctx context.Context, in io.Reader) (map[string]string, error) {
	text, err := within(ctx, func() ([]byte, error) { return io.ReadAll(io.LimitReader(in, maxInput)) })
	if err != nil {
		return nil, fmt.Errorf("standard input: %w", err)
	}
	values := map[string]string{}
	if strings.TrimSpace(string(text)) == "" {
		return values, nil
	}
	var object map[string]any
	if json.Unmarshal(text, &object) != nil { // its error can quote a secret
		return nil, errors.New("standard input is not a JSON object")
	}
	for name, value := range object {
		if s, isText := value.(string); isText {
			values[name] = s
		}
	}
	return values, nil
}

// within calls read, and returns early if ctx ends: a read from a terminal or a pipe cannot be interrupted.
func within[T any](ctx context.Context, read func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := read()
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, errors.New("interrupted")
	}
}

// A callReport is the printed result of a call.
type callReport struct {
	Operation  string `json:"operation"`
	Outcome    string `json:"outcome"`
	RequestID  string `json:"request_id"`
	Code       string `json:"code"`
	Msg        string `json:"msg"`
	HTTPStatus int    `json:"http_status"`
	Data       any    `json:"data"`
	Error      string `json:"error,omitempty"`
}

func (o *callOptions) print(env environment, op *operation, r reply, end openplatform.CallEnd, err error) error {
	report := callReport{
		Operation: op.name, Outcome: openplatform.OutcomeOf(err).String(),
		RequestID: end.RequestID, Code: string(end.Code), HTTPStatus: end.HTTPStatus,
	}
	var refusal *openplatform.APIError
	switch {
	case errors.As(end.Err, &refusal):
		report.Msg = refusal.Msg // the observer's copy is masked
	case err == nil:
		report.Msg, report.Data = r.attr("msg").String(), r.shownData()
	}
	if err != nil {
		report.Error = err.Error()
	}
	var notWritten error
	if err == nil && o.data != "" {
		notWritten = os.WriteFile(o.data, append(r.data, '\n'), 0o600)
	}
	if o.output == "json" {
		return errors.Join(notWritten, writeJSON(env.stdout, report))
	}
	report.print(env.stdout)
	return notWritten
}

func (r callReport) print(w io.Writer) {
	data, _ := json.Marshal(r.Data) // it was decoded from JSON
	for _, row := range [][2]string{
		{"request_id", r.RequestID},
		{"code", r.Code},
		{"msg", r.Msg},
		{"data", string(data)},
		{"HTTP status", fmt.Sprint(r.HTTPStatus)},
		{"outcome", r.Outcome},
		{"error", r.Error},
	} {
		if row[0] != "error" || row[1] != "" {
			printf(w, "%-11s  %s\n", row[0], cmp.Or(row[1], "-"))
		}
	}
}
