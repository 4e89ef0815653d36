package main

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestThePageSaysWhatWasMeasured(t *testing.T) {
	output, err := os.ReadFile(raw)
	require.NoError(t, err)
	r, err := parse(bytes.NewReader(output))
	require.NoError(t, err)
	files, err := r.files()
	require.NoError(t, err)

	for path, content := range files {
		written, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, string(content), string(written), "%s: go -C benchmarks run . -draw", path)
	}
}
