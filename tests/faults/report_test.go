package faults

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

var (
	long   = flag.Bool("long", false, "run the long mode: 100,000 calls through the fault proxy, a soak of a million")
	update = flag.Bool("update", false, "write the tables into docs/reliability.md as well")
)

const page = "../../docs/reliability.md"

// report prints a table, and with -update puts it in its place in the page: what stands there was measured, not typed.
func report(t *testing.T, name, caption string, header []string, rows [][]string) {
	t.Helper()
	table := caption + "\n\n" + markdown(header, rows)
	fmt.Printf("\n%s\n", table)
	if !*update {
		return
	}
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	begin, end := "<!-- begin "+name+" -->\n", "<!-- end "+name+" -->"
	before, rest, found := strings.Cut(string(text), begin)
	_, after, closed := strings.Cut(rest, end)
	require.True(t, found && closed, "%s has no place for the table %s", page, name)
	require.NoError(t, os.WriteFile(page, []byte(before+begin+"\n"+table+"\n"+end+after), 0o600)) //nolint:gosec // the path is the constant above
}

// markdown aligns the columns, so that the table also reads well in a terminal.
func markdown(header []string, rows [][]string) string {
	widths := make([]int, len(header))
	for _, row := range append([][]string{header}, rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var out strings.Builder
	line := func(cells []string, pad string) {
		for i, cell := range cells {
			fmt.Fprintf(&out, "| %s%s ", cell, strings.Repeat(pad, widths[i]-utf8.RuneCountInString(cell)))
		}
		out.WriteString("|\n")
	}
	line(header, " ")
	line(make([]string, len(header)), "-")
	for _, row := range rows {
		line(row, " ")
	}
	return out.String()
}
