package main

import (
	"errors"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// newPrompt returns a function that reads a line from the terminal in, nil if in is not a terminal. Hidden text is not
// shown.
func newPrompt(in *os.File, out io.Writer) func(text string, hidden bool) (string, error) {
	terminal := int(in.Fd())
	if !term.IsTerminal(terminal) {
		return nil
	}
	return func(text string, hidden bool) (string, error) {
		printf(out, "%s", text)
		if !hidden {
			return readLine(in)
		}
		typed, err := term.ReadPassword(terminal)
		printf(out, "\n")
		return string(typed), err
	}
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
