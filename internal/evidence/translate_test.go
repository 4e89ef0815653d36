package evidence

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTranslate(t *testing.T) {
	words := map[string]string{
		"fault": "故障", "calls": "调用", "timeout": "超时", "upstream": "上行", "# calls over # connections": "# 次调用，# 个连接",
		"lost, as is": "整体",
	}
	english := [][]string{
		{"fault", "calls"},
		{"timeout, upstream", "timeout"},
		{"12 calls over 3 connections", ""},
		{"lost, as is", "9"},
	}
	chinese, err := Translate(english, words, 0)
	require.NoError(t, err)
	assert.Equal(t, [][]string{
		{"故障", "调用"},
		{"超时，上行", "timeout"},
		{"12 次调用，3 个连接", ""},
		{"整体", "9"},
	}, chinese)
	assert.Equal(t, "timeout, upstream", english[1][0], "the original stays")

	_, err = Translate([][]string{{"fault"}, {"timeout, unheard of"}}, words, 0)
	require.ErrorContains(t, err, `no translation of "unheard of"`)
	_, err = Translate([][]string{{"unknown header"}}, words)
	require.ErrorContains(t, err, "unknown header")
}
