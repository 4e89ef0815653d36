package sandbox_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebaas/openplatform-go/sandbox"
)

// register opens an account over the wire and returns the e-mail that it is sent.
func (r *rig) register(username, email, mobile string) {
	r.t.Helper()
	r.must(registerPath, "username", username, "email", email, "mobile", mobile,
		"code", r.newSmsCode(mobile, "REGISTER"), "password", password)
}

func TestListSMS(t *testing.T) {
	r := newRig(t)
	start := r.LastID()
	for _, phone := range []string{mobile, otherMobile, mobile} {
		r.newSmsCode(phone, "LOGIN")
	}
	r.newSmsCode(otherMobile, "RESET_PASSWORD")

	all := r.ListSMS(sandbox.SMSFilter{})
	require.Len(t, all, 4)
	assert.Equal(t, []string{otherMobile, mobile, otherMobile, mobile}, mobilesOf(all), "newest first")
	for i := range all[:3] {
		assert.Greater(t, all[i].ID, all[i+1].ID)
	}
	assert.Greater(t, all[3].ID, start)
	assert.LessOrEqual(t, all[0].ID, r.LastID())

	tests := map[string]struct {
		filter sandbox.SMSFilter
		want   []sandbox.SMS
	}{
		"a phone":             {sandbox.SMSFilter{Mobile: mobile}, []sandbox.SMS{all[1], all[3]}},
		"another":             {sandbox.SMSFilter{Mobile: "13900003333"}, nil},
		"a type":              {sandbox.SMSFilter{SmsType: "LOGIN"}, all[1:]},
		"a phone and a type":  {sandbox.SMSFilter{Mobile: otherMobile, SmsType: "LOGIN"}, all[2:3]},
		"after":               {sandbox.SMSFilter{After: all[2].ID}, all[:2]},
		"after, of a phone":   {sandbox.SMSFilter{Mobile: mobile, After: all[3].ID}, all[1:2]},
		"before":              {sandbox.SMSFilter{Before: all[1].ID}, all[2:]},
		"limit":               {sandbox.SMSFilter{Limit: 2}, all[:2]},
		"limit of what fits":  {sandbox.SMSFilter{SmsType: "LOGIN", Limit: 1}, all[1:2]},
		"between, with limit": {sandbox.SMSFilter{After: all[3].ID, Before: all[0].ID, Limit: 1}, all[1:2]},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { assert.Equal(t, tt.want, r.ListSMS(tt.filter)) })
	}

	found, ok := r.FindSMS(all[2].ID)
	assert.True(t, ok)
	assert.Equal(t, all[2], found)
	_, ok = r.FindSMS(all[2].ID + 1) // of a request
	assert.False(t, ok)
}

func mobilesOf(all []sandbox.SMS) (mobiles []string) {
	for _, sms := range all {
		mobiles = append(mobiles, sms.Mobile)
	}
	return mobiles
}

func TestListMail(t *testing.T) {
	r := newRig(t)
	r.register("zhangsan", "a@example.com", mobile)
	r.register("hanmeimei", "b@example.com", otherMobile)

	all := r.ListMail(sandbox.MailFilter{})
	require.Len(t, all, 2)
	assert.Equal(t, "b@example.com", all[0].Email)
	assert.Equal(t, all[1:], r.ListMail(sandbox.MailFilter{Email: "a@example.com"}))
	assert.Equal(t, all[:1], r.ListMail(sandbox.MailFilter{After: all[1].ID}))
	assert.Equal(t, all[1:], r.ListMail(sandbox.MailFilter{Before: all[0].ID}))
	assert.Equal(t, all[:1], r.ListMail(sandbox.MailFilter{Limit: 1}))

	found, ok := r.FindMail(all[0].ID)
	assert.True(t, ok)
	assert.Equal(t, all[0], found)
	_, ok = r.FindMail(1)
	assert.False(t, ok)

	next, err := r.NextMail(t.Context(), sandbox.MailFilter{})
	require.NoError(t, err)
	assert.Equal(t, all[0], next)
}

func TestWaitSMSReturnsEachOnce(t *testing.T) {
	r := newRig(t)
	for range 3 {
		code := r.newSmsCode(mobile, "LOGIN")
		r.newSmsCode(otherMobile, "LOGIN")

		sms, err := r.WaitSMS(t.Context(), mobile)

		require.NoError(t, err)
		assert.Equal(t, mobile, sms.Mobile)
		assert.Equal(t, code, sms.Code)
	}
	r.newSmsCode(mobile, "LOGIN")
	newest := r.newSmsCode(mobile, "LOGIN")
	sms, err := r.WaitSMS(t.Context(), mobile)
	require.NoError(t, err)
	assert.Equal(t, newest, sms.Code, "of several, the newest")

	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = r.WaitSMS(ctx, mobile)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestCloseEndsWaiting(t *testing.T) {
	r := newRig(t)
	ends := make(chan error)
	go func() {
		_, err := r.WaitSMS(t.Context(), mobile)
		ends <- err
	}()
	go func() {
		_, err := r.NextMail(t.Context(), sandbox.MailFilter{})
		ends <- err
	}()
	go func() {
		_, err := r.NextEvents(t.Context(), r.LastID())
		ends <- err
	}()
	r.Close()
	r.Close()
	for range 3 {
		assert.ErrorIs(t, <-ends, sandbox.ErrClosed)
	}
}

func TestIDsGoOnAfterAReset(t *testing.T) {
	r := newRig(t)
	r.newSmsCode(mobile, "LOGIN")
	before := r.ListSMS(sandbox.SMSFilter{})[0].ID
	waiting := make(chan sandbox.SMS)
	go func() {
		sms, _ := r.NextSMS(t.Context(), sandbox.SMSFilter{After: before})
		waiting <- sms
	}()

	r.Reset()
	assert.Empty(t, r.ListSMS(sandbox.SMSFilter{}))
	code := r.newSmsCode(otherMobile, "LOGIN")

	sms := <-waiting
	assert.Equal(t, code, sms.Code)
	assert.Greater(t, sms.ID, before)
	assert.Greater(t, sandbox.New().LastID(), before, "those of a later sandbox are higher too")
}
