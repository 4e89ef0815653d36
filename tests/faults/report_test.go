package faults

import (
	"flag"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ebaas/openplatform-go/internal/evidence"
	"github.com/ebaas/openplatform-go/internal/tables"
)

var long = flag.Bool("long", false, "run the long mode: 100,000 calls through the fault proxy, a soak of a million")

// report shows a table of docs/reliability.md in both languages. The cells of the columns in words are words.
func report(t *testing.T, name, english, chinese string, rows [][]string, words ...int) {
	t.Helper()
	command := "go -C tests test -timeout 60m -v ./faults -update"
	if *long {
		command += " -long"
	}
	measured, measuredInChinese := evidence.Measured(command)
	require.NoError(t, tables.Show("../../docs/reliability.md", name, english+" "+measured, rows))
	translated, err := evidence.Translate(rows, chineseWords, words...)
	require.NoError(t, err)
	require.NoError(t, tables.Show("../../docs/reliability.zh-CN.md", name, chinese+measuredInChinese, translated))
}
