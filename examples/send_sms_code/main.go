// Command send_sms_code sends an SMS code (发送短信验证码): it fetches a picture code
// (图形验证码), a person reads it, and the SMS is sent.
//
// Without flags it starts its own sandbox, so it works offline and sends no real SMS.
// With -env it calls the platform; -h lists the flags.
//
//	go run ./examples/send_sms_code
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/examples/internal/local"
)

// The exit statuses.
const (
	exitOK          = 0
	exitFailure     = 1
	exitUsage       = 2
	exitInterrupted = 130 // as shells have it: 128 + SIGINT
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	status := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run is the program without its globals, so that a test can run it too.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	opts, err := parseOptions(args)
	if errors.Is(err, flag.ErrHelp) {
		_, _ = io.WriteString(stdout, usage())
		return exitOK
	}
	if err == nil {
		err = sendOne(ctx, opts, stdin, stdout, stderr)
	}

	var wrong usageError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &wrong):
		_, _ = fmt.Fprintf(stderr, "%s\nRun it with -h to see how it is used.\n", maskNumbers(wrong.Error()))
		return exitUsage
	case errors.Is(err, context.Canceled):
		_, _ = fmt.Fprintln(stderr, advice(err))
		return exitInterrupted
	default:
		_, _ = fmt.Fprintln(stderr, advice(err))
		return exitFailure
	}
}

// sendOne sets up a session, with the platform or with a sandbox of its own, and
// sends one SMS in it.
func sendOne(ctx context.Context, opts options, stdin io.Reader, stdout, stderr io.Writer) error {
	s := session{options: opts, stdin: stdin, stdout: stdout}
	baseURL := opts.baseURL
	if opts.inSandbox {
		sb, err := local.Start()
		if err != nil {
			return beforeSending{err}
		}
		defer sb.Close()
		s.sandbox, baseURL = sb.Sandbox, sb.URL
	}

	client, err := newClient(opts, baseURL, stderr)
	if err != nil {
		return err
	}
	s.client = client

	s.greet(baseURL)
	return s.sendSmsCode(ctx)
}

// sendSmsCode is the part to copy into your program.
func (s *session) sendSmsCode(ctx context.Context) error {
	s.say("\nFetching a picture code (图形验证码) ...\n\n")
	picture, err := s.client.GetImgCode(ctx)
	if err != nil {
		return beforeSending{err}
	}
	if err := s.showPicture(picture.Data); err != nil {
		return beforeSending{err}
	}
	imgCode, err := s.readImgCode(ctx, picture.Data.ImgCodeID)
	if err != nil {
		return beforeSending{err}
	}

	s.say("\nAsking for an SMS code (短信验证码) of type %s to %s ...\n\n", withTerm(s.smsType), maskMobile(s.mobile))
	resp, err := s.client.SendSmsCode(ctx, &openplatform.SendSmsCodeRequest{
		Mobile:    s.mobile,
		ImgCodeID: picture.Data.ImgCodeID,
		ImgCode:   imgCode,
		SmsType:   s.smsType,
	})
	if err != nil {
		return err // advice tells what this means for the SMS
	}
	s.showResponse(resp)
	return nil
}
