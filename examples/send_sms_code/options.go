package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
)

// madeUpMobile does not exist. It is used only in the sandbox: a real SMS is never sent
// to a number that the user did not type.
const madeUpMobile = "13900001111"

// options are what the flags say.
type options struct {
	inSandbox   bool
	environment openplatform.Environment // if not in the sandbox
	baseURL     string
	mobile      string
	smsType     openplatform.SmsType
	solve       bool
	timeout     time.Duration
	verbose     bool
}

// A usageError says what is wrong with the flags.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func wrongUsage(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// rawFlags are the flags whose text has to be looked at.
type rawFlags struct{ env, smsType string }

func newFlagSet(o *options, raw *rawFlags) *flag.FlagSet {
	fs := flag.NewFlagSet("send_sms_code", flag.ContinueOnError)
	fs.SetOutput(io.Discard) // run prints what is wrong, and numbers masked
	fs.StringVar(&raw.env, "env", "sandbox", "`where` to send: sandbox, dev (开发), test (测试), prod (生产)")
	fs.StringVar(&o.baseURL, "base-url", "", "`URL` to use instead of the environment's; prod needs it, as the platform\npublishes no production host")
	fs.StringVar(&o.mobile, "mobile", "", "phone `number` (手机号) to send to; the sandbox makes one up, elsewhere\nit is required: that SMS is real")
	fs.StringVar(&raw.smsType, "type", string(openplatform.SmsTypeRegister), "`what` the code is for: REGISTER (注册), RESET_PASSWORD (重置密码) or\nLOGIN (登录)")
	fs.BoolVar(&o.solve, "solve", false, "let the sandbox read its own picture instead of you")
	fs.DurationVar(&o.timeout, "timeout", 15*time.Second, "how long a call may take")
	fs.BoolVar(&o.verbose, "v", false, "log the SDK's calls to stderr")
	return fs
}

func usage() string {
	var flags strings.Builder
	fs := newFlagSet(new(options), new(rawFlags))
	fs.SetOutput(&flags)
	fs.PrintDefaults()
	return `send_sms_code has the platform send a verification code by SMS (发送短信验证码):
it fetches a picture, you type the characters that it shows, the SMS is sent.

In a sandbox of its own, where nothing leaves this computer:
  go run ./examples/send_sms_code
  go run ./examples/send_sms_code -solve -type LOGIN

With the platform, which sends a real SMS:
  go run ./examples/send_sms_code -env test -mobile NUMBER
  go run ./examples/send_sms_code -env prod -base-url URL -mobile NUMBER

Flags:
` + flags.String()
}

func parseOptions(args []string) (options, error) {
	var (
		o   options
		raw rawFlags
	)
	fs := newFlagSet(&o, &raw)
	if err := fs.Parse(args); errors.Is(err, flag.ErrHelp) {
		return o, err
	} else if err != nil {
		return o, usageError{err}
	}
	if fs.NArg() > 0 {
		return o, wrongUsage("%q is one argument too many: there are only flags", fs.Arg(0))
	}
	if o.timeout <= 0 {
		return o, wrongUsage("-timeout must be more than 0, such as 15s")
	}

	o.smsType = openplatform.SmsType(strings.ToUpper(raw.smsType))
	if smsTypeTerms[o.smsType] == "" {
		return o, wrongUsage("-type %q is none of REGISTER, RESET_PASSWORD and LOGIN", raw.smsType)
	}

	if strings.EqualFold(raw.env, "sandbox") {
		return o.forSandbox()
	}
	return o.forPlatform(raw.env)
}

func (o options) forSandbox() (options, error) {
	if o.baseURL != "" {
		return o, wrongUsage("-base-url goes with -env dev, test or prod: the sandbox is started on an address of its own")
	}
	o.inSandbox = true
	o.mobile = cmp.Or(o.mobile, madeUpMobile)
	return o, nil
}

func (o options) forPlatform(env string) (options, error) {
	var err error
	if o.environment, err = openplatform.ParseEnvironment(env); err != nil {
		return o, wrongUsage("-env %q is none of sandbox, dev, test and prod", env)
	}
	if o.solve {
		return o, wrongUsage("-solve is only for the sandbox: a person must read the platform's pictures")
	}
	if o.mobile == "" {
		return o, wrongUsage("-env %s sends a real SMS: say to which number with -mobile", env)
	}
	return o, nil
}

// newClient makes the SDK's client. What can go wrong here is in the flags.
func newClient(o options, baseURL string, stderr io.Writer) (*openplatform.Client, error) {
	// The sandbox stands in for the test environment.
	environment := cmp.Or(o.environment, openplatform.Test)
	settings := []openplatform.Option{openplatform.WithTimeout(o.timeout)}
	if baseURL != "" {
		settings = append(settings, openplatform.WithBaseURL(baseURL))
	}
	if o.verbose {
		handler := slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelDebug})
		settings = append(settings, openplatform.WithLogger(slog.New(handler)))
	}

	client, err := openplatform.NewClient(environment, settings...)
	if errors.Is(err, openplatform.ErrNoBaseURL) {
		return nil, wrongUsage("The platform does not publish its %s host:\nask it for the address and pass it with -base-url https://HOST",
			environment)
	}
	if err != nil {
		return nil, wrongUsage("-base-url: %w", err)
	}
	return client, nil
}

// The platform's own words, for those who know it by its Chinese pages.
var (
	smsTypeTerms = map[openplatform.SmsType]string{
		openplatform.SmsTypeRegister:      "注册",
		openplatform.SmsTypeResetPassword: "重置密码",
		openplatform.SmsTypeLogin:         "登录",
	}
	environmentTerms = map[openplatform.Environment]string{
		openplatform.Development: "开发",
		openplatform.Test:        "测试",
		openplatform.Production:  "生产",
	}
)

func withTerm(t openplatform.SmsType) string {
	return fmt.Sprintf("%s (%s)", t, smsTypeTerms[t])
}

// maskMobile leaves of a phone number what its owner recognises.
func maskMobile(mobile string) string {
	digits := []rune(mobile)
	if len(digits) < 11 {
		return "***"
	}
	return string(digits[:3]) + "****" + string(digits[len(digits)-4:])
}

var number = regexp.MustCompile(`\d{7,}`)

// maskNumbers masks what may be a phone number: one typed in the wrong place ends
// up in a message about that place.
func maskNumbers(s string) string {
	return number.ReplaceAllStringFunc(s, maskMobile)
}
