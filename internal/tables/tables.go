// Package tables prints the results of tests as tables and, with the flag -update, writes them into a page of docs.
package tables

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
)

var update = flag.Bool("update", false, "write the tables into the pages of docs")

// Markdown returns a table with aligned columns, for terminals and diffs. The first row is the header.
func Markdown(rows [][]string) string {
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 1, ' ', tabwriter.Debug)
	for _, row := range rows {
		_, _ = fmt.Fprintf(w, "| %s\t\n", strings.Join(row, "\t "))
	}
	_ = w.Flush()
	header, rest, _ := strings.Cut(out.String(), "\n")
	return header + "\n" + strings.Map(dash, header) + "\n" + rest
}

func dash(r rune) rune {
	if r == '|' {
		return r
	}
	return '-'
}

// Show prints a table below its caption. With -update it also writes the table into the page at path, between the
// comments "begin name" and "end name".
func Show(path, name, caption string, rows [][]string) error {
	shown := strings.TrimLeft(caption+"\n\n"+Markdown(rows), "\n")
	fmt.Printf("\n%s\n", shown)
	if !*update {
		return nil
	}
	page, err := os.ReadFile(path) //nolint:gosec // a page of the repository
	if err != nil {
		return err
	}
	begin, end := "<!-- begin "+name+" -->\n\n", "\n<!-- end "+name+" -->"
	before, rest, opened := strings.Cut(string(page), begin)
	_, after, closed := strings.Cut(rest, end)
	if !opened || !closed {
		return fmt.Errorf("%s has no place for the table %s", path, name)
	}
	return os.WriteFile(path, []byte(before+begin+shown+end+after), 0o600) //nolint:gosec // likewise
}
