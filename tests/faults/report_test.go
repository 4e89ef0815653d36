package faults

import (
	"flag"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ebaas/openplatform-go/internal/tables"
)

var long = flag.Bool("long", false, "run the long mode: 100,000 calls through the fault proxy, a soak of a million")

func report(t *testing.T, name, caption string, header []string, rows [][]string) {
	t.Helper()
	require.NoError(t, tables.Show("../../docs/reliability.md", name, caption, append([][]string{header}, rows...)))
}
