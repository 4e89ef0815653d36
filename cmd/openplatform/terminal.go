package main

import (
	"errors"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// newPrompt returns a function that reads a line from the terminal in, nil if in is not a terminal. Hidden text is not
// shown. The program calls restore before it ends: an interrupted prompt leaves the terminal without echo.
func newPrompt(in *os.File, out io.Writer) (prompt func(text string, hidden bool) (string, error), restore func()) {
	terminal := int(in.Fd())
	before, err := term.GetState(terminal)
	if err != nil {
		return nil, func() {}
	}
	restore = func() { _ = term.Restore(terminal, before) }
	return func(text string, hidden bool) (string, error) {
		if !hidden {
			printf(out, "%s", text)
			return readLine(in)
		}
		defer restore()
		if _, err := term.MakeRaw(terminal); err != nil { // before the question: somebody may type at once
			return "", err
		}
		printf(out, "%s", text)
		typed, err := term.ReadPassword(terminal)
		printf(out, "\r\n")
		return string(typed), err
	}, restore
}

// readLine reads a line and nothing after it: the rest belongs to the next question.
func readLine(in io.Reader) (string, error) {
	var line strings.Builder
	for next := make([]byte, 1); ; {
		n, err := in.Read(next)
		if n > 0 && next[0] == '\n' {
			return line.String(), nil
		}
		line.Write(next[:n])
		if errors.Is(err, io.EOF) && line.Len() > 0 {
			return line.String(), nil
		}
		if err != nil {
			return "", err
		}
	}
}
