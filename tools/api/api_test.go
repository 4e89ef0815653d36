package main

import (
	compiler "go/importer"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// before is a package with everything that a record has to say in a way of its own.
const before = `package p

import (
	"context"
	"io"
)

const Version = "1.0.0"
const Untyped = 1 << 4
const Typed Kind = "a\tb"

type Kind string
type Alias = map[string]Kind
type Generic[K comparable, V any] struct{ Values map[K]V }

func (*Generic[K, V]) Get(key K) (v V, ok bool) { return v, false }
func Map[T any](in []T, by func(T) (T, error)) ([]T, error) { return in, nil }

type Interface interface {
	io.Reader
	Do(ctx context.Context, args ...any) error
}
type Sealed interface{ sealed() }
type Option func(*config)
type Client struct {
	base
	Name string
	call func()
}
type Plain struct{ secret string }

func (Plain) Value() int    { return 0 }
func (*Plain) Pointer()     {}
func (c *Client) internal() {}

type base struct{ Promoted int }

func (base) Method() {}

type config struct{ n int }

var Default io.Writer = io.Discard
`

var known = compiler.ForCompiler(token.NewFileSet(), "source", nil)

// held holds what the package is now to the record of what it was before. recorded is empty if that is refused.
func held(t *testing.T, now, changelog string) (recorded string, changed bool, err error) {
	t.Helper()
	was, err := parse("p", before, known)
	require.NoError(t, err)
	record, err := describe(was)
	require.NoError(t, err)
	is, err := parse("p", now, known)
	require.NoError(t, err)
	recorded, report, err := compare(record, is, known)
	require.NoError(t, err)
	if err := unannounced(report, announced(changelog)); err != nil {
		return "", true, err
	}
	_, again, err := compare(recorded, is, known)
	require.NoError(t, err)
	assert.Empty(t, again.Changes, "what is recorded is true")
	return recorded, recorded != record, nil
}

func edited(t *testing.T, old, now string) string {
	t.Helper()
	require.Equal(t, 1, strings.Count(before, old), old)
	return strings.Replace(before, old, now, 1)
}

func TestWhatCallersDoNotSeeIsNotRecorded(t *testing.T) {
	for old, now := range map[string]string{
		"package p": "package p", `"1.0.0"`: `"2.0.0"`, "{ n int }": "{ n string }", "call func()": "call []int\n\tmore bool",
		"func (c *Client) internal() {}": "", "{ return v, false }": "{ return v, true }",
	} {
		_, changed, err := held(t, edited(t, old, now), "")
		require.NoError(t, err)
		assert.False(t, changed, old)
	}
}

func TestABreakHasToBeAnnounced(t *testing.T) {
	for _, test := range []struct{ old, now, message, name string }{
		{"func (*Plain) Pointer()     {}", "", "(*Plain).Pointer: removed", "Pointer"},
		{"func (base) Method() {}", "", "base.Method, method set of *Client: removed", "Method"},
		{"Name string", "Name int", "Client.Name: changed from string to int", "Name"},
		{"io.Reader\n", "io.Reader\n\tMore()\n", "Interface.More: added", "More"},
		{"(key K)", "(key K, more int)", "Get: changed", "Get"},
		{`"a\tb"`, `"a"`, "Typed: value changed", "Typed"},
		{"type Plain struct{", "type Plain struct{ f func();", "Plain: old is comparable, new is not", "Plain"},
	} {
		source := edited(t, test.old, test.now)
		for _, entry := range []string{
			"", "### Changed\n\n- " + test.name, "### Added\n\n- `" + test.name + "`", "### Changed\n\n- `" + test.name + "s`",
			"## 1.0\n\n### Changed\n\n- `" + test.name + "`",
		} {
			recorded, _, err := held(t, source, "\n## [Unreleased]\n\n"+entry+"\n")
			require.ErrorContains(t, err, test.message, entry)
			assert.Empty(t, recorded)
		}
		_, changed, err := held(t, source, "\n## [Unreleased]\n\n### Changed\n\n- `x."+test.name+"()` is another.\n")
		require.NoError(t, err)
		assert.True(t, changed)
	}
}

func TestAnAdditionHasToBeRecorded(t *testing.T) {
	recorded, changed, err := held(t, before+"\nfunc (*Client) Added() {}\n", "")
	require.NoError(t, err)
	assert.True(t, changed)
	assert.Contains(t, recorded, "func (*Client) Added()")
}

// The program itself, on a package at hand.
func TestTheRecordIsWrittenOnceAndThenHeld(t *testing.T) {
	record, changelog, packages := t.TempDir(), "../../CHANGELOG.md", []string{"../../internal/retry"}
	require.ErrorContains(t, run(record, changelog, false, packages), "out of date")
	require.NoError(t, run(record, changelog, true, packages))
	require.NoError(t, run(record, changelog, false, packages))
	require.NoError(t, os.WriteFile(filepath.Join(record, "retry.txt"), []byte("package retry\n\nfunc Gone()\n"), 0o600))
	require.ErrorContains(t, run(record, changelog, true, packages), "Gone: removed")
}
