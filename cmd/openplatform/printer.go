package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/ebaas/openplatform-go/sandbox"
)

// printer prints the messages of all spaces, one per line.
type printer struct {
	following sync.WaitGroup

	mu  sync.Mutex
	out io.Writer
}

func newPrinter(out io.Writer) *printer { return &printer{out: out} }

// follow prints the messages of a space's sandbox until it is closed.
func (p *printer) follow(space string, s *sandbox.Sandbox) {
	last := s.LastID()
	p.following.Add(1)
	go func() {
		defer p.following.Done()
		for {
			events, err := s.NextEvents(context.Background(), last) // until the sandbox is closed
			if err != nil {
				return
			}
			for _, e := range events {
				p.print(space, e)
				last = e.ID
			}
		}
	}()
}

func (p *printer) wait() { p.following.Wait() }

func (p *printer) print(space string, e sandbox.Event) {
	var text string
	switch e.Type {
	case sandbox.EventSMS:
		text = fmt.Sprintf("SMS     %s  %s  code %s", masked(e.SMS.Mobile), e.SMS.SmsType, printable(e.SMS.Code))
	case sandbox.EventEmail:
		text = fmt.Sprintf("e-mail  %s  activation token %s", maskedEmail(e.Mail.Email), e.Mail.ActivationToken)
	case sandbox.EventMissed:
		text = "too many messages to print: some are only on the page"
	case sandbox.EventRequest, sandbox.EventChanged:
		return
	}
	if space != "" {
		text += "  (space " + space + ")"
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	printf(p.out, "%s\n", text)
}

// masked masks a phone number: a program's output may be kept and shared.
func masked(mobile string) string {
	const first, last = 3, 4
	if utf8.RuneCountInString(mobile) < first+last+4 {
		return "***"
	}
	runes := []rune(mobile)
	return printable(string(runes[:first]) + "****" + string(runes[len(runes)-last:]))
}

// maskedEmail masks an e-mail address: z***@example.com.
func maskedEmail(email string) string {
	at := strings.LastIndex(email, "@")
	if at < 1 {
		return "***"
	}
	_, size := utf8.DecodeRuneInString(email)
	return printable(email[:size] + "***" + email[at:])
}

// printable returns a text without control characters for a terminal.
func printable(text string) string {
	quoted := strconv.QuoteToGraphic(text)
	return quoted[1 : len(quoted)-1]
}
