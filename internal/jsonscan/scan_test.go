package jsonscan

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMembers(t *testing.T) {
	var got []string
	require.NoError(t, Members([]byte(`{ "a" : [1, {"b":"]}\""}], "\u0063":null,"d":-1.5e3 ,"":"" }`), func(name, value []byte) error {
		got = append(got, string(name)+"="+string(value))
		return nil
	}))
	assert.Equal(t, []string{`a=[1, {"b":"]}\""}]`, "c=null", "d=-1.5e3", `=""`}, got)
}

func TestHasDuplicate(t *testing.T) {
	exactly := func(_ int, name string) string { return name }
	caseless := func(_ int, name string) string { return strings.ToLower(name) }
	depthOnly := func(depth int, _ string) string { return fmt.Sprint(depth) }
	assert.True(t, HasDuplicate([]byte(`{"a":1,"b":2}`), depthOnly))
	assert.False(t, HasDuplicate([]byte(`{"a":[{"b":{"c":2}}]}`), depthOnly))
	for value, want := range map[string]bool{
		`{}`: false, `[]`: false, `"a"`: false, `1`: false, `{"a":1,"b":{"a":2},"c":[{"a":1},{"a":1}]}`: false, `{"a":"a","b":["a","a"]}`: false,
		`{"a":1,"a":2}`: true, `{"b":{"a":1,"\u0061":2}}`: true, `[[{"a":{},"b":[],"a":1}]]`: true, `{"a":["x",{"y":1}],"b":"\"","a":1}`: true,
		`{"A":1,"a":2}`: false,
	} {
		assert.Equal(t, want, HasDuplicate([]byte(value), exactly), value)
		assert.Equal(t, want || value == `{"A":1,"a":2}`, HasDuplicate([]byte(value), caseless), value)
	}
}

func TestHasDuplicateSaysHowDeepAnObjectIs(t *testing.T) {
	depths := make(map[string]int)
	assert.False(t, HasDuplicate([]byte(`{"a":[{"b":{"c":2}}],"d":1}`), func(depth int, name string) string {
		depths[name] = depth
		return name
	}))
	assert.Equal(t, map[string]int{"a": 0, "b": 2, "c": 3, "d": 0}, depths)
}

func TestText(t *testing.T) {
	for value, want := range map[string]string{`"密\u7801"`: "密码", "400003": "400003", "-1": "-1", "null": ""} {
		got, err := Text([]byte(value))
		require.NoError(t, err)
		assert.Equal(t, want, string(got))
	}
	for _, value := range []string{"true", "{}", "[]"} {
		_, err := Text([]byte(value))
		assert.Error(t, err, value)
	}
}

func TestIsUnicode(t *testing.T) {
	for _, value := range []string{`"a"`, `"密码\\ud800"`, `"\ud83d\ude00"`, `"\ufffd"`, `"�"`, `{"a\n":["\u0041"]}`, "1", `"\ud83d\ude00\ud83d\ude00"`} {
		assert.True(t, IsUnicode([]byte(value)), value)
	}
	for _, value := range []string{"\"\xff\"", `"\ud800"`, `"\udc00"`, `"\ud83dx\ude00"`, `"\ud83d\ud83d\ude00"`, `["\ud83d","\ude00"]`, `"\ud83d\n\ude00"`, `{"\ud800":1}`, `"\ude00\ud83d"`} {
		assert.False(t, IsUnicode([]byte(value)), value)
	}
}

// FuzzIsUnicode holds it against encoding/json: a string that is Unicode survives
// decoding and encoding, and one that is not becomes U+FFFD.
func FuzzIsUnicode(f *testing.F) {
	f.Add([]byte(`"\ud83d\ude00"`))
	f.Add([]byte(`"\ud83d\\ude00"`))
	f.Add([]byte("\"\xff\""))
	f.Fuzz(func(t *testing.T, value []byte) {
		var s string
		if !json.Valid(value) || json.Unmarshal(value, &s) != nil {
			return
		}
		replaced := 0
		for _, r := range s {
			if r == '\uFFFD' {
				replaced++
			}
		}
		if replaced == 0 {
			require.True(t, IsUnicode(value))
		}
		if !IsUnicode(value) {
			require.NotZero(t, replaced)
		}
	})
}
