package advice

import (
	"testing"

	"github.com/stretchr/testify/assert"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/internal/codes"
)

// A code that is learnt is one line of the file.
func TestALearntCodeIsAdvisedUpon(t *testing.T) {
	learnt := codes.Named("wrong_img_code")
	learnt.Code, learnt.From = "SMS-17", "platform"
	find := func(operation, code string) (codes.Entry, bool) {
		return learnt, operation == "SendSmsCode" && code == "SMS-17"
	}
	e := &openplatform.APIError{Operation: "SendSmsCode", Code: "SMS-17"}
	v := judgeCode(e, find)
	assert.Equal(t, verdict{
		name: "wrong_img_code", whose: WhosePerson, action: ActionNewPicture, field: "img_code",
		sentence: Sentence{Chinese: learnt.Chinese, English: learnt.English},
	}, v)
	assert.Equal(t, learnt.English, Adviser{}.sentence("SendSmsCode", v).English)

	learnt.From = "sandbox"
	assert.Equal(t, NameUnknown, judgeCode(e, find).name, "a code of no class")
}

func TestALearntCodeOfTooManyCallsWaits(t *testing.T) {
	find := func(string, string) (codes.Entry, bool) {
		entry := codes.Named("too_many_sms")
		entry.From = "platform"
		return entry, true
	}
	v := judgeCode(&openplatform.APIError{Operation: "SendSmsCode", Code: "429001"}, find)
	assert.Equal(t, patience, v.wait)
	assert.Equal(t, 429, v.status())
	assert.Equal(t, ActionNewPicture, v.action)
}

// The words of the file are those of this package.
func TestTheFilesWords(t *testing.T) {
	whose := []Whose{WhosePerson, WhoseSetup, WhosePlatform, WhoseNetwork}
	actions := []Action{
		ActionTryAgain, ActionCorrect, ActionNewPicture, ActionStartOver, ActionLogIn, ActionCheckToken, ActionFixSetup, "as_unknown",
	}
	for _, entry := range codes.All() {
		assert.Contains(t, whose, Whose(entry.Whose), entry.Code)
		assert.Contains(t, actions, Action(entry.Do), entry.Code)
		assert.Equal(t, Whose(entry.Whose) == WhoseSetup, Action(entry.Do) == ActionFixSetup, entry.Code)
		assert.Equal(t, entry.Chinese == "", entry.English == "", entry.Code)
		for _, operation := range entry.Operations {
			_, known := operations[operation]
			assert.True(t, known || operation == "*", "%s: %s", entry.Code, operation)
		}
		if entry.Field != "" {
			assert.Contains(t, fieldNames, entry.Field, entry.Code)
		}
	}
	for _, op := range operations {
		for _, field := range op.person {
			assert.Contains(t, fieldNames, field)
		}
	}
}
