package codes

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
)

func TestTheFile(t *testing.T) {
	documented := map[string]bool{}
	type answer struct{ operation, code string }
	seen := map[answer]bool{}
	require.NotEmpty(t, All())
	for _, e := range All() {
		assert.Contains(t, []string{"documents", "platform", "sandbox"}, e.From, e.Code)
		for field, text := range map[string]string{"code": e.Code, "msg": e.Msg, "name": e.Name, "whose": e.Whose, "do": e.Do} {
			assert.NotEmpty(t, text, "%s of %s", field, e.Code)
		}
		require.NotEmpty(t, e.Operations, e.Code)
		for _, operation := range e.Operations {
			assert.False(t, seen[answer{operation, e.Code}], "%s of %s is there twice", e.Code, operation)
			seen[answer{operation, e.Code}] = true
		}
		if e.From == "documents" {
			documented[e.Code] = true
		}
	}
	for _, code := range openplatform.Codes() {
		assert.True(t, documented[string(code)], "%s is documented and not in the file", code)
		delete(documented, string(code))
	}
	assert.Empty(t, documented, "nobody documents these")
}

func TestOneEntryIsOneLine(t *testing.T) {
	assert.Equal(t, len(All()), strings.Count(string(file), "\n"))
}

func TestFind(t *testing.T) {
	e, ok := Find("ResetPassword", "401004")
	assert.True(t, ok)
	assert.Equal(t, "reset_ended", e.Name, "of this operation")
	_, ok = Find("SendSmsCode", "401004")
	assert.False(t, ok, "of others alone")
	e, ok = Find("CloseAccount", "400001")
	assert.True(t, ok)
	assert.Equal(t, "invalid_app_id", e.Name, "of all operations")
	_, ok = Find("Login", "400987")
	assert.False(t, ok)
}

// An operation's own line counts for more than the one of all operations.
func TestTheOperationsOwnLineComesFirst(t *testing.T) {
	entries, err := parse([]byte(`{"code":"400","operations":["*"],"name":"all"}` + "\n" + `{"code":"400","operations":["Login"],"name":"own"}`))
	require.NoError(t, err)
	e, _ := find(entries, "Login", "400")
	assert.Equal(t, "own", e.Name)
	e, _ = find(entries, "Logout", "400")
	assert.Equal(t, "all", e.Name)
}

func TestAMisspeltFieldIsAnError(t *testing.T) {
	for _, file := range []string{`{"codes":"400"}`, `{"code":400}`, `{`} {
		_, err := parse([]byte(file))
		require.Error(t, err, file)
	}
}

func TestNamed(t *testing.T) {
	assert.Equal(t, "参数[mobile]长度不正确", Named("invalid_length").MsgFor("mobile"))
	assert.PanicsWithValue(t, "codes.jsonl: no entry is named nothing", func() { Named("nothing") })
}
