package sandbox

import (
	"image"
	"image/color"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

// Some of the platform's operations are GETs, whose parameters are in the query.
func TestReadParamsOfAGet(t *testing.T) {
	op := operation{name: "Logout", method: http.MethodGet, params: []param{{name: "token"}}}
	tests := []struct {
		name   string
		query  string
		want   params
		failed *failure
	}{
		{name: "given", query: "token=a%20b&other=1", want: params{"token": "a b"}},
		{name: "twice", query: "token=a&token=b", want: params{"token": "a"}},
		{name: "not decodable", query: "token=%zz", want: params{"token": ""}, failed: &failure{"400003", "入参解析异常"}},
		{name: "absent", query: "", want: params{"token": ""}, failed: &failure{"400", "参数[token]不能为空"}},
		{name: "empty", query: "token=", want: params{"token": ""}, failed: &failure{"400", "参数[token]不能为空"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, failed := readParams(visit{op: op, query: tt.query})
			assert.Equal(t, tt.want, got)
			assert.Equal(t, tt.failed, failed)
		})
	}
}

func TestNoCharacterIsCutOff(t *testing.T) {
	for _, char := range imgCodeAlphabet {
		whole := image.NewRGBA(image.Rect(0, 0, 30, 30))
		pen := font.Drawer{Dst: whole, Src: image.Black, Face: basicfont.Face7x13, Dot: fixed.P(10, 20)}
		pen.DrawString(string(char))

		assert.Equal(t, countInk(whole), countInk(newGlyph(char, color.Black)), string(char))
	}
}

func countInk(img *image.RGBA) (dots int) {
	for i := 3; i < len(img.Pix); i += 4 {
		if img.Pix[i] != 0 {
			dots++
		}
	}
	return dots
}

// plenty is more memory than any of these tests needs.
const plenty = 1 << 40

func addresses[M any](o outbox[M]) []string {
	return slices.Sorted(maps.Keys(o.byAddress))
}

func TestOutboxForgetsTheOldest(t *testing.T) {
	o := newOutbox[string](plenty, 1)
	o.add(1, "1", "old", 0)
	o.add(2, "2", "old", 0)
	for i := range maxKept - 2 {
		o.add(int64(3+i), "2", "new", 0)
	}
	assert.Len(t, o.queue, maxKept)
	assert.Equal(t, []string{"1", "2"}, addresses(o))

	o.add(maxKept+1, "3", "new", 0)
	assert.Len(t, o.queue, maxKept)
	assert.Equal(t, []string{"2", "3"}, addresses(o))

	o.add(maxKept+2, "3", "new", 0)
	assert.Equal(t, "new", o.sentTo("2")[0])
	assert.Len(t, o.sentTo("2"), maxKept-2)
}

// The strings of a message would otherwise stay for as long as the arrays that it was in.
func TestOutboxLetsGoOfTheOldest(t *testing.T) {
	o := newOutbox[string](plenty, 1)
	o.add(1, "1", "old", 0)
	o.add(2, "1", "new", 0)
	queue, messages := o.queue, o.byAddress["1"].messages

	o.dropOldest()

	assert.Nil(t, queue[0])
	assert.Nil(t, messages[0])
	assert.Equal(t, "new", messages[1].message)
}

func TestStoreForgetsTheOldest(t *testing.T) {
	now := time.Now()
	s := newStore[int](time.Hour, plenty, 1)
	s.put("replaced", 1, now)
	s.put("oldest", 2, now)
	s.put("replaced", 3, now)
	for i := range maxKept - 2 {
		s.put(strconv.Itoa(i), i, now)
	}
	assert.Len(t, s.queue, maxKept)
	assert.Equal(t, 3, *s.find("replaced", now), "the value that was replaced is forgotten, not the one in its place")
	assert.Equal(t, 2, *s.find("oldest", now))

	s.put("newest", 4, now)
	assert.Len(t, s.queue, maxKept)
	assert.Nil(t, s.find("oldest", now))
}

func TestStoreForgetsTheExpired(t *testing.T) {
	now := time.Now()
	s := newStore[int](time.Hour, plenty, 1)
	s.put("a", 1, now)
	s.put("b", 2, now.Add(time.Minute))
	assert.NotNil(t, s.find("a", now.Add(time.Hour-1)))
	assert.Nil(t, s.find("a", now.Add(time.Hour)))

	s.put("c", 3, now.Add(time.Hour))
	assert.Len(t, s.queue, 2)
	assert.NotContains(t, s.byKey, "a")

	s.clear()
	assert.Empty(t, s.queue)
	assert.Nil(t, s.find("b", now))
}

func TestAccountsForgetTheOldest(t *testing.T) {
	all := newAccounts(plenty)
	oldest := &account{openID: "oldest", username: "alice", email: "a@example.com", mobile: "1"}
	all.add(oldest)
	for i := range maxKept - 1 {
		all.add(&account{openID: strconv.Itoa(i), username: "user" + strconv.Itoa(i)})
	}
	assert.Equal(t, oldest, all.withMobile("1"))

	all.add(&account{openID: "newest"})

	assert.Len(t, all.queue, maxKept)
	assert.Len(t, all.byOpenID, maxKept)
	assert.Len(t, all.byName, maxKept-1, "a name left empty is none")
	assert.Nil(t, all.taken(Account{Username: "alice", Email: "a@example.com", Mobile: "1"}))
	assert.NotContains(t, all.byOpenID, "oldest")
}

// What was issued to an account that has been forgotten since is worth nothing.
func TestForgottenAccount(t *testing.T) {
	s := New()
	now := s.Now()
	a := newAccount(Account{Username: "alice"})
	s.accounts.add(a)
	token := s.logIn(a, now).Token
	s.tickets.put("ticket", a.openID, now)
	s.activations.put("activation", a.openID, now)
	require.Equal(t, a, s.loggedIn(token, now))

	s.accounts.dropOldest()

	assert.Nil(t, s.loggedIn(token, now))
	_, failed := s.getAccount(call{now: now, params: params{"service_ticket": "ticket"}})
	assert.Equal(t, invalidTicket(), failed)
	_, failed = s.activate(call{now: now, params: params{"token": "activation"}})
	assert.Equal(t, invalidActivation(), failed)
}

func TestPasswordIsSalted(t *testing.T) {
	one, other := newPassword("s3cret-word"), newPassword("s3cret-word")

	assert.NotEqual(t, one.salt, other.salt)
	assert.NotEqual(t, one.hash, other.hash)
	assert.NotContains(t, string(one.hash), "s3cret-word")
	assert.True(t, one.is("s3cret-word"))
	assert.False(t, one.is("s3cret-worD"))
	assert.False(t, one.is(""))
}

// What was under way at a Reset does not weigh on the new ledger.
func TestResetLetsGoOfWhatIsUnderWay(t *testing.T) {
	s := New()
	r := &record{id: s.nextID()}
	s.ledger.add(r)
	require.Positive(t, s.ledger.used)

	s.Reset()
	s.ledger.grow(r, 100)

	assert.Zero(t, s.ledger.used)
}
