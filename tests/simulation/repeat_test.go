package simulation

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestOneSeedIsOneHistory plays some scenarios again and again: a finding is worth little if its seed finds something
// else the next time.
func TestOneSeedIsOneHistory(t *testing.T) {
	if !seeded {
		t.Skip("not under the race detector")
	}
	output, err := child(t, "^TestHistories$", t.TempDir())
	require.NoError(t, err, output)
	assert.NotContains(t, output, "SKIP")
}

// TestHistories is what a child process of TestOneSeedIsOneHistory runs.
func TestHistories(t *testing.T) {
	if os.Getenv(envFolder) == "" {
		t.Skip("it is for the child of TestOneSeedIsOneHistory")
	}
	const seeds, times = 40, 50
	withoutCollector(func() {
		for s := *start; s < *start+seeds; s++ {
			first := play(t, s)
			for range times - 1 {
				again := play(t, s)
				if again.hash() != first.hash() {
					assert.Fail(t, "two histories", "seed %d\n%s", s, difference(first.String(), again.String()))
					break
				}
			}
			collect(0)
		}
	})
}

// difference returns the first lines in which two histories differ, and a few before.
func difference(a, b string) string {
	left, right := strings.Split(a, "\n"), strings.Split(b, "\n")
	i := 0
	for i < min(len(left), len(right)) && left[i] == right[i] {
		i++
	}
	same := strings.Join(left[max(0, i-5):i], "\n")
	return same + "\n<<<\n" + strings.Join(left[i:min(i+4, len(left))], "\n") + "\n>>>\n" + strings.Join(right[i:min(i+4, len(right))], "\n")
}
