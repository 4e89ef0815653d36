package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/internal/doctor"
	"github.com/ebaas/openplatform-go/internal/mask"
)

const doctorUsage = `openplatform doctor checks which of the SDK's assumptions hold for a platform, within a minute. It sends no SMS and changes
nothing. Checks that may count as a failed try, or make an access token invalid, need a flag. See docs/doctor.md.

  openplatform doctor -env test -report doctor.txt

Each flag can also be an environment variable; a flag has priority. Secrets are never flags: for -sso, set
$OPENPLATFORM_CLIENT_SECRET and, if you have one, a person's login token in $OPENPLATFORM_TOKEN, or use files.

The exit status is 0 if all checks are good, 3 if an assumption does not hold, 1 if another check fails, and 2 for wrong
arguments.

`

// doctorOptions are the flags of openplatform doctor.
type doctorOptions struct {
	target
	output, report          string
	addresses               bool
	slow, limits            bool
	tries, sso              bool
	clientID                string
	clientSecretFile, token string // files
}

func (o *doctorOptions) flags() flags {
	f := newFlags("openplatform doctor", clientPrefix)
	o.target.flags(f)
	f.StringVar(&o.output, "o", "text", "output `FORMAT`: text or json")
	f.StringVar(&o.report, "report", "", "write a report for an issue into this `FILE`, without secrets, phone numbers and addresses of your network")
	f.BoolVar(&o.addresses, "addresses", false, "keep addresses in the report")
	f.BoolVar(&o.slow, "slow", false, "measure how long an idle connection stays open; this takes half a minute")
	f.BoolVar(&o.limits, "limits", false, "test how large a body and a header may be")
	f.BoolVar(&o.tries, "tries", false, "make checks that may count as failed tries: SendSmsCode with a wrong picture code, GetAccessToken with an invented client_id")
	f.BoolVar(&o.sso, "sso", false, "fetch two access tokens, which may make your programs' token invalid")
	f.StringVar(&o.clientID, "client-id", "", "the client `ID`, for -sso")
	f.StringVar(&o.clientSecretFile, "client-secret-file", "", "`FILE` with the client_secret, for -sso")
	f.StringVar(&o.token, "token-file", "", "`FILE` with a person's login token, for -sso")
	return f
}

func runDoctor(ctx context.Context, env environment, args []string) (exit int) {
	var o doctorOptions
	f := o.flags()
	if err := f.parse(args, env.getenv); errors.Is(err, flag.ErrHelp) {
		printf(env.stdout, doctorUsage)
		f.printFlags(env.stdout)
		return exitOK
	} else if err != nil {
		return complain(env, f, err)
	}
	options, err := o.options(env, f)
	if err != nil {
		return complain(env, f, err)
	}
	report, err := o.openReport()
	if err != nil {
		return complain(env, f, err)
	}
	defer func() { _ = report.Close() }()
	if o.tries {
		printf(env.stderr, triesWarning)
	}
	if o.sso {
		printf(env.stderr, ssoWarning)
	}
	result, err := o.examine(ctx, env, options)
	if err != nil {
		return complain(env, f, plainly(err))
	}
	if err := o.writeReport(env, report, result); err != nil {
		printf(env.stderr, "openplatform doctor: the report: %v\n", err)
		return exitError
	}
	if ended(ctx) {
		return exitInterrupted
	}
	return result.Exit()
}

const (
	triesWarning = "-tries: a SendSmsCode with a deliberately wrong picture code, and a GetAccessToken with an invented client_id, may count as failed tries. No SMS is sent.\n"
	ssoWarning   = "-sso: two access tokens are fetched. If the platform keeps one for each client_id, that ends the one that your programs use.\n"
)

// complain reports wrong arguments. It does not repeat them: they may hold a phone number.
func complain(env environment, f flags, err error) (exit int) {
	printf(env.stderr, "%s: %s\n", f.command, mask.Contacts(err.Error()))
	return exitUsage
}

func (o *doctorOptions) options(env environment, f flags) (doctor.Options, error) {
	var options doctor.Options
	if o.output != "text" && o.output != "json" {
		return options, errors.New("-o must be text or json")
	}
	environment, err := o.environment()
	if err != nil {
		return options, err
	}
	roots, err := o.roots()
	if err != nil {
		return options, err
	}
	secret, errSecret := env.secret(f, "client-secret", o.clientSecretFile)
	token, errToken := env.secret(f, "token", o.token)
	if err := errors.Join(errSecret, errToken); err != nil {
		return options, err
	}
	if o.sso && (o.clientID == "" || secret == "") {
		return options, errors.New("-sso needs -client-id, and the client_secret in $OPENPLATFORM_CLIENT_SECRET or a -client-secret-file")
	}
	options = doctor.Options{
		Environment: environment, BaseURL: o.baseURL, Roots: roots, Timeout: o.timeout,
		Limits: o.limits, Tries: o.tries, SSO: o.sso, ClientID: o.clientID, ClientSecret: secret, Token: token,
	}
	if o.slow {
		options.Slow = openplatform.DefaultTransport().IdleConnTimeout + 5*time.Second
	}
	return options, nil
}

// examine runs the doctor and prints its results.
func (o *doctorOptions) examine(ctx context.Context, env environment, options doctor.Options) (*doctor.Result, error) {
	if o.output == "json" {
		result, err := doctor.Run(ctx, options)
		if err != nil {
			return nil, err
		}
		return result, writeJSON(env.stdout, result)
	}
	options.Begin = func(address string) { doctor.WriteHead(env.stdout, options.Environment, address) }
	options.Each = func(line doctor.Line) { doctor.WriteLine(env.stdout, line) }
	result, err := doctor.Run(ctx, options)
	if err != nil {
		return nil, err
	}
	result.WriteTail(env.stdout)
	return result, nil
}

func writeJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// openReport creates the report's file before the first check. It is nil if there is no -report.
func (o *doctorOptions) openReport() (*os.File, error) {
	if o.report == "" {
		return nil, nil
	}
	file, err := os.OpenFile(o.report, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("-report: %w", err)
	}
	return file, nil
}

func (o *doctorOptions) writeReport(env environment, file *os.File, result *doctor.Result) error {
	if file == nil {
		if result.Exit() != doctor.ExitOK && o.output == "text" {
			printf(env.stdout, "\nTo show this to us, run it again with -report FILE, look through the file, and attach it to an issue.\n")
		}
		return nil
	}
	if err := result.WriteReport(file, o.addresses); err != nil {
		return err
	}
	printf(env.stderr, "The report is in %s. Check it, and attach it to an issue.\n", o.report)
	return file.Close()
}
