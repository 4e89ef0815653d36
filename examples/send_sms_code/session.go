package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/internal/picture"
	"github.com/ebaas/openplatform-go/sandbox"
)

// A session is one run of the program: who talks to whom, and how.
type session struct {
	options

	client  *openplatform.Client
	sandbox *sandbox.Sandbox // nil if the real platform is called
	stdin   io.Reader
	stdout  io.Writer
}

func (s *session) say(format string, args ...any) {
	_, _ = fmt.Fprintf(s.stdout, format, args...) // an error means that the terminal has gone
}

func (s *session) greet(baseURL string) {
	if s.sandbox != nil {
		s.say("Started a sandbox, a fake platform, at %s.\nNothing leaves this computer.\n", baseURL)
		return
	}
	s.say("Calling the platform's %s environment (%s)", s.environment, environmentTerms[s.environment])
	if baseURL != "" {
		s.say(" at %s", baseURL)
	}
	s.say(".\nThe SMS will be real.\n")
}

// showPicture draws the picture, and saves it for those who cannot read the drawing.
func (s *session) showPicture(img openplatform.ImgCode) error {
	data, mediaType, err := img.Picture()
	if err != nil {
		return fmt.Errorf("the platform's picture cannot be read: %w", err)
	}
	if drawing, err := picture.Draw(data); err != nil {
		s.say("It cannot be drawn here: %v.\n\n", err)
	} else {
		s.say("%s\n\n", drawing)
	}
	if path, err := picture.Save(data, mediaType); err != nil {
		s.say("It could not be saved as a file: %v.\n", err)
	} else {
		s.say("The same picture as a file: %s\n", path)
	}
	return nil
}

// readImgCode returns what the picture shows, from a person if there is one.
func (s *session) readImgCode(ctx context.Context, imgCodeID string) (string, error) {
	if s.sandbox != nil && (s.solve || isPiped(s.stdin)) {
		return s.solveImgCode(imgCodeID), nil
	}

	s.say("Type the characters in the picture and press Enter: ")
	line, err := readLine(ctx, s.stdin)
	if err != nil {
		s.say("\n") // the cursor still stands behind the question
	}
	switch {
	case errors.Is(err, io.EOF) && s.sandbox != nil: // /dev/null, which looks like a terminal
		return s.solveImgCode(imgCodeID), nil
	case errors.Is(err, io.EOF), err == nil && line == "":
		return "", errors.New("no characters were typed. Run it again and type those in the picture")
	case err != nil:
		return "", fmt.Errorf("what was typed cannot be read: %w", err)
	default:
		return line, nil
	}
}

func (s *session) solveImgCode(imgCodeID string) string {
	imgCode := s.sandbox.SolveImgCode(imgCodeID)
	s.say("Nobody is typing, so the sandbox reads its own picture: %s\n", imgCode)
	return imgCode
}

// isPiped reports whether stdin is a file or a pipe, where no person types. What is
// no file at all counts as a person.
func isPiped(stdin io.Reader) bool {
	file, isFile := stdin.(*os.File)
	if !isFile {
		return false
	}
	info, err := file.Stat()
	return err != nil || info.Mode()&os.ModeCharDevice == 0
}

// readLine returns the next line, without the spaces around it. Nothing interrupts a
// read from a terminal, so it runs in a goroutine, which is left behind if ctx ends
// first.
func readLine(ctx context.Context, in io.Reader) (string, error) {
	type result struct {
		line string
		err  error
	}
	read := make(chan result, 1)
	go func() {
		lines := bufio.NewScanner(in)
		if lines.Scan() {
			read <- result{line: strings.TrimSpace(lines.Text())}
			return
		}
		read <- result{err: cmp.Or(lines.Err(), io.EOF)}
	}()

	select {
	case r := <-read:
		return r.line, r.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// showResponse prints the envelope, and what the sandbox knows of it.
func (s *session) showResponse(resp *openplatform.Response[bool]) {
	s.say("The response (响应):\n")
	s.say("  request_id   %s\n", resp.RequestID)
	s.say("  code         %s\n", resp.Code)
	s.say("  msg          %s\n", s.hideMobile(resp.Msg))
	s.say("  data         %t\n", resp.Data)
	s.say("  HTTP status  %d\n", resp.HTTPStatus)
	if s.sandbox == nil {
		s.say("\nThe platform has accepted the SMS to %s. It should arrive soon.\n", maskMobile(s.mobile))
		return
	}
	s.showOutbox()
	s.showLedger(resp.RequestID)
	s.say("\nTo have the platform send a real one: -env test -mobile NUMBER\n")
}

func (s *session) showOutbox() {
	s.say("\nThe sandbox's outbox for %s:\n", maskMobile(s.mobile))
	for _, sms := range s.sandbox.Outbox(s.mobile) {
		s.say("  SMS code     %s\n", sms.Code)
		s.say("  type         %s\n", withTerm(openplatform.SmsType(sms.SmsType)))
		s.say("  request_id   %s\n", sms.RequestID)
	}
}

// showLedger prints every request that reached the sandbox: the proof that the
// response belongs to the SMS.
func (s *session) showLedger(requestID string) {
	s.say("\nThe sandbox's ledger of all requests:\n")
	for _, entry := range s.sandbox.Ledger() {
		s.say("  %-11s  %s  code %s", entry.Operation, entry.RequestID, entry.Code)
		if entry.RequestID == requestID {
			s.say("  <- this response")
		}
		s.say("\n")
	}
}

// hideMobile masks the number if the platform's text repeats it.
func (s *session) hideMobile(text string) string {
	return maskNumbers(strings.ReplaceAll(text, s.mobile, maskMobile(s.mobile)))
}
