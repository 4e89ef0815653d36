package seal_test

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebaas/openplatform-go/internal/seal"
)

const baseURL = "https://platform.test/api"

func newSealer(t testing.TB, baseURL, clientID, clientSecret string) *seal.Sealer {
	t.Helper()
	s, err := seal.New(baseURL, clientID, clientSecret)
	require.NoError(t, err)
	return s
}

func TestWhatIsSealedOpens(t *testing.T) {
	s, equal := newSealer(t, baseURL, "shop", "s3cr3t"), newSealer(t, baseURL, "shop", "s3cr3t")
	assert.Equal(t, s.Key(), equal.Key())
	for _, token := range []string{"at-1", "", "\x00", "令牌", string(make([]byte, 10000))} {
		value := s.Seal(token)
		assert.Equal(t, value, equal.Seal(token), "a machine must be able to name what another has stored")
		got, err := equal.Open(value)
		require.NoError(t, err)
		assert.Equal(t, token, got)
	}
	assert.NotEqual(t, s.Seal("at-1")[:16], s.Seal("at-2")[:16], "each token has a nonce of its own")
}

func TestNobodyElseOpensIt(t *testing.T) {
	sealers := []*seal.Sealer{
		newSealer(t, baseURL, "shop", "s3cr3t"),
		newSealer(t, baseURL, "shop", "s3cr3t2"),
		newSealer(t, baseURL, "cart", "s3cr3t"),
		newSealer(t, baseURL+"/shop", "", "s3cr3t"),
		newSealer(t, "http://platform.test/api", "shop", "s3cr3t"),
	}
	for i, s := range sealers {
		for j, other := range sealers {
			if i == j {
				continue
			}
			assert.NotEqual(t, s.Key(), other.Key())
			_, err := other.Open(s.Seal("at-1"))
			assert.Equal(t, seal.ErrNotSealed, err)
		}
	}
}

func TestNoChangedValueOpens(t *testing.T) {
	s := newSealer(t, baseURL, "shop", "s3cr3t")
	value := s.Seal("at-1")
	for i := range value {
		for _, c := range []byte("A.") {
			if value[i] == c {
				continue
			}
			_, err := s.Open(value[:i] + string(c) + value[i+1:])
			assert.Equal(t, seal.ErrNotSealed, err, "character %d", i)
		}
		_, err := s.Open(value[:i])
		assert.Equal(t, seal.ErrNotSealed, err, "cut to %d", i)
	}
}

// What is in a store outlives the program that put it there: another form needs another version.
func TestTheFormIsThatOfItsVersion(t *testing.T) {
	s := newSealer(t, baseURL, "shop", "s3cr3t")
	assert.Equal(t, "openplatform:v1:71f59ea957bb337dc913050f00f3adc983dd391e3350d77a09767c45bd5f766d", s.Key())
	assert.Equal(t, "26LGWAOHAO2sMuykZlHM7vQhQjWSsuwTYXje0WYAYis", s.Seal("at-1"))
}

// Where nothing but FIPS 140 is allowed there is an error, and no panic.
func TestFIPSOnly(t *testing.T) {
	if os.Getenv("GODEBUG") == "fips140=only" {
		_, err := seal.New(baseURL, "shop", "a secret of more than a hundred and twelve bits")
		require.ErrorContains(t, err, "FIPS 140-only")
		return
	}
	program, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), program, "-test.run=^TestFIPSOnly$") //nolint:gosec // it is this very program
	cmd.Env = append(os.Environ(), "GODEBUG=fips140=only")
	output, err := cmd.CombinedOutput()
	assert.NoError(t, err, "%s", output)
}
