package doctor_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebaas/openplatform-go/internal/doctor"
	"github.com/ebaas/openplatform-go/internal/tables"
)

// Every assumption is asked about, by one check, in the order in which they are listed.
func TestEveryAssumptionIsAskedAbout(t *testing.T) {
	r := examine(t, startPlatform(t, nil, nil).options)
	var asked []string
	for _, line := range r.Lines {
		if line.Assumption != nil {
			asked = append(asked, line.Check)
			assert.Equal(t, line.Check, line.Assumption.Name)
		}
	}
	var listed []string
	for _, a := range doctor.Assumptions {
		listed = append(listed, a.Name)
		for _, text := range []string{a.Text, a.Chinese, a.Otherwise, a.OtherwiseChinese} {
			assert.NotEmpty(t, text, a.Name)
		}
	}
	assert.Equal(t, listed, asked)
}

// foremost are the assumptions on which most depends: the READMEs show them, and docs/doctor.md has all.
var foremost = []string{"no_signature", "json_body", "account_codes"}

func isForemost(a doctor.Assumption) bool { return slices.Contains(foremost, a.Name) }

func all(doctor.Assumption) bool { return true }

// What is assumed stands in the pages as it stands in the code.
func TestPagesOfAssumptions(t *testing.T) {
	english := func(a doctor.Assumption) []string { return []string{"`" + a.Name + "`", a.Text, a.Otherwise} }
	chinese := func(a doctor.Assumption) []string { return []string{"`" + a.Name + "`", a.Chinese, a.OtherwiseChinese} }
	for _, page := range []struct {
		path   string
		header []string // of as many columns as the page has
		row    func(doctor.Assumption) []string
		shows  func(doctor.Assumption) bool
	}{
		{"../../README.md", []string{"name", "assumed"}, english, isForemost},
		{"../../README.zh-CN.md", []string{"名称", "假设"}, chinese, isForemost},
		{"../../docs/doctor.md", []string{"name", "assumed", "if it does not hold"}, english, all},
		{"../../docs/doctor.zh-CN.md", []string{"名称", "假设", "不成立时"}, chinese, all},
	} {
		rows := [][]string{page.header}
		for _, a := range doctor.Assumptions {
			if page.shows(a) {
				rows = append(rows, page.row(a)[:len(page.header)])
			}
		}
		hold(t, page.path, "assumptions", rows)
	}
}

// hold requires that a page has a table. With -update it gets it.
func hold(t *testing.T, path, name string, rows [][]string) {
	t.Helper()
	require.NoError(t, tables.Show(path, name, "", rows))
	assert.True(t, strings.Contains(read(t, path), tables.Markdown(rows)), //nolint:testifylint // the page is too long to be printed
		"the table %s of %s is no longer true; run the tests with -update", name, path)
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}
