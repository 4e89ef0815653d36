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

// Whatever the machine did to the figures, the command ends with pages that say so.
func TestAimsThatAreMissedAreSaid(t *testing.T) {
	output, err := os.ReadFile(raw)
	require.NoError(t, err)
	r, err := parse(bytes.NewReader(output))
	require.NoError(t, err)
	for i := range r.values[measurement{inMemory(ours), perCall}] {
		r.values[measurement{inMemory(ours), perCall}][i] = 1
	}
	for _, peer := range peers { // each is the fastest once
		clear(r.values[measurement{inMemory(peer), perCall}])
		sections, err := r.sections()
		require.NoError(t, err)
		summary, aims := sections[1], sections[2]
		assert.Contains(t, summary.english, "in memory, the time of the fastest peer, "+peer+" (aim ≤ 1 ×, measured ")
		assert.Contains(t, summary.chinese, "内存中，与最快的同类 SDK 的耗时之比，"+peer+"（目标 ≤ 1 ×，实测 ")
		assert.Regexp(t, `in memory, the time of resty by hand +\| +≤ 1 × \| +[0-9.]+ × \| \*\*no\*\*`, aims.english)
		for i := range r.values[measurement{inMemory(peer), perCall}] {
			r.values[measurement{inMemory(peer), perCall}][i] = 2
		}
	}
}
