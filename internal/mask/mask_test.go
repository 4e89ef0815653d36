package mask

import (
	"encoding/json"
	"fmt"
	"html"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSecretsAreFoundInEverySpelling(t *testing.T) {
	for _, secret := range []string{
		"13900001111", "7k9x", "Pw-9c8d7e", "a+b/c==", `tok"en\x`, "密 码 abc", "<b>tok", "&lt;tok", "%41tok", `\u0041tok`, "ß İ ı ϕ tok",
		"someone@example.invalid", "!@#$%^&*", "１３９００００１１１１", "😀tok😀en", " tok en ", "tok\tén",
		`a<b>c"d\e&f`, `a"b'c/def`, "pass word 1", "Ｐass０word1", "Pa$$(w).*d",
		"tok\ben", "!tok~",
	} {
		quoted, err := json.Marshal(secret)
		require.NoError(t, err)
		inJSON := string(quoted[1 : len(quoted)-1])
		for name, spelt := range map[string]string{
			"as it is": secret, "query": url.QueryEscape(secret), "path": url.PathEscape(secret), "HTML": html.EscapeString(secret),
			"HTML twice": html.EscapeString(html.EscapeString(secret)), "JSON": inJSON, "JSON, slashed": strings.ReplaceAll(inJSON, "/", `\/`),
			"ASCII JSON": inASCII(inJSON), "upper": strings.ToUpper(secret), "lower": strings.ToLower(secret),
			"HTML of PHP and Java": strings.NewReplacer("&#34;", "&quot;", "&#39;", "&#x27;").Replace(html.EscapeString(secret)),
			"other spaces":         strings.ReplaceAll(secret, " ", "\u00a0 "),
			"query of HTML":        url.QueryEscape(html.EscapeString(secret)), "query twice": url.QueryEscape(url.QueryEscape(secret)),
		} {
			masked := Secrets("手机 ["+spelt+"] is wrong", []Secret{{secret, All}})
			assert.Contains(t, masked, "手机 [", "%s of %q", name, secret)
			assert.Contains(t, masked, "] is wrong", "%s of %q", name, secret)
			inside := strings.TrimSuffix(strings.TrimPrefix(masked, "手机 ["), "] is wrong")
			inside = strings.Trim(inside, `+%20 B\`) // spaces at the ends say nothing
			assert.Equal(t, "***", inside, "%s of %q", name, secret)
		}
	}
}

// inASCII is how JSON is written by Python, and by PHP.
func inASCII(s string) string {
	var out strings.Builder
	for _, c := range utf16.Encode([]rune(s)) {
		if c < utf8.RuneSelf {
			out.WriteByte(byte(c))
		} else {
			fmt.Fprintf(&out, `\u%04x`, c)
		}
	}
	return out.String()
}

func TestAPhoneNumberKeepsWhatItsOwnerRecognises(t *testing.T) {
	secrets := []Secret{{"+44 7700 900 123", Mobile}, {"13900001111", Mobile}}
	assert.Equal(t, "the phone 139****1111 is new", Secrets("the phone 13900001111 is new", secrets))
	assert.Equal(t, "the phone 139****1111 is new", Secrets("the phone 139-0000-1111 is new", secrets))
	assert.Equal(t, "the phone ++44**** 123 is new", Secrets("the phone +447700900123 is new", secrets))
}

func TestHalfASecretIsMasked(t *testing.T) {
	jwt := "eyJhbGciOiJIUzI1NiJ9."
	for i := range 100 {
		jwt += strconv.FormatInt(int64(i*i*7919+1), 36)
	}
	jwt = jwt[:350]
	secrets := []Secret{{jwt, All}, {"13900001111", Mobile}}
	said := "无效的token: " + jwt
	assert.Equal(t, "无效的token: ***…", Secrets(Cut(said, 255), secrets))
	assert.Equal(t, "无效的token: ***", Secrets(string([]rune(said)[:255]), secrets))
	assert.Equal(t, "the token ***... is bad", Secrets("the token "+jwt[:40]+"... is bad", secrets))
	assert.Equal(t, "the token ...*** is bad", Secrets("the token ..."+jwt[300:]+" is bad", secrets))
	assert.Equal(t, "*** is bad", Secrets("13900001 is bad", secrets))
	for n := minSecret; n < 20; n++ {
		long := strings.Repeat(". ", 200) + jwt[:n]
		assert.NotContains(t, Secrets(long, secrets), jwt[:minSecret], "%d characters at the end", n)
		long = strings.Repeat(".", maxText-n) + jwt
		assert.NotContains(t, Secrets(long, secrets), jwt[:minSecret], "%d characters before our own cut", n)
	}
}

func TestWhatIsNoSecretStays(t *testing.T) {
	secrets := []Secret{{"ab", All}, {"   ", All}, {"", All}, {"correct horse battery", All}}
	for _, s := range []string{"", "成功", "about cabs", "the correct answer", "a horse", "参数[mobile]不能为空", "100% & more; 50%"} {
		assert.Equal(t, s, Secrets(s, secrets))
	}
}

func TestSeveralSecrets(t *testing.T) {
	secrets := []Secret{{"somebody-1234", All}, {"somebody", All}, {"1234", All}, {"13900001111", Mobile}}
	assert.Equal(t, "*** and *** and *** and 139****1111", Secrets("somebody-1234 and somebody and 1234 and 13900001111", secrets))
	assert.Equal(t, "***", Secrets("139000011111234", secrets))
}

func TestRequestID(t *testing.T) {
	secrets := []Secret{{"cc67", All}, {"13900001111", Mobile}, {strings.Repeat("0a1b2c3d", 4), All}}
	for id, want := range map[string]string{
		"cc67513b-9b00-4283-a966-80153fd3ecfb": "cc67513b-9b00-4283-a966-80153fd3ecfb",
		"cc67513b9b004283a96680153fd3ecfb":     "cc67513b9b004283a96680153fd3ecfb",
		"20261124061130139000011111234567":     "20261124061130139****11111234567",
		"cc67-17":                              "***-17",
		"20261124061130018611112222123":        "20261124061130018611112222123",
		"0a1b2c3d0a1b2c3d0a1b2c3d0a1b2c3d":     "***",
	} {
		assert.Equal(t, want, RequestID(id, secrets))
	}
}

// What MayShow leaves out would not have been masked.
func TestMayShowIsRight(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same each time
	letters := []rune("0123456789abcdefABCDEF--０Ａ １\u200bxyz手.")
	shows := 0
	for range 20_000 {
		id := []rune("cc67513b-9b00-4283-a966-80153fd3ecfb")
		for i := range id {
			if id[i] != '-' {
				id[i] = rune("0123456789abcdef"[dice.IntN(16)])
			}
		}
		at := dice.IntN(len(id) - 12)
		secret := slices.Clone(id[at : at+dice.IntN(13)])
		for range dice.IntN(6) {
			secret = slices.Insert(secret, dice.IntN(len(secret)+1), letters[dice.IntN(len(letters))])
		}
		masked := RequestID(string(id), []Secret{{string(secret), All}})
		require.Equal(t, masked != string(id), MayShow(string(id), string(secret)), "%q %q", string(id), string(secret))
		if masked != string(id) {
			shows++
		}
	}
	assert.Greater(t, shows, 1000)
	assert.Less(t, shows, 19_000)
}

func TestASecretAtTheVeryBeginning(t *testing.T) {
	for spelt, secret := range map[string]string{`\ud83d\ude00tok`: "😀tok", "！tok～": "!tok~"} {
		assert.Equal(t, "***", Secrets(spelt, []Secret{{secret, All}}), spelt)
	}
}

func TestTheShortestSecret(t *testing.T) {
	assert.Equal(t, "the code *** is wrong", Secrets("the code 7k9 is wrong", []Secret{{"7k9", All}}))
	cut := strings.Repeat(" ", cutAt-minSecret)
	assert.Equal(t, "***", strings.TrimSpace(Secrets(cut+"7k9", []Secret{{"7k9x44pq", All}})), "its beginning, of a text that is just long enough to be cut")
	assert.Equal(t, "the token ***", Secrets("the token 7k9%4...", []Secret{{"7k9Ax44pq", All}}), "before half an escape")
}

func TestSecretsSideBySide(t *testing.T) {
	phone, token := []Secret{{"13900001111", Mobile}}, []Secret{{"abcdefghijkl", All}}
	assert.Equal(t, "both 139****1111, 139****1111", Secrets("both 13900001111, 13900001111", phone))
	assert.Equal(t, "halves ***", Secrets("halves abcdefgh-abcdefgh", token))
}

func TestEveryContactIsMasked(t *testing.T) {
	masked := Contacts("13900001111 13900002222 a@example.invalid bcd@example.invalid")
	assert.Equal(t, 2, strings.Count(masked, "139****"), masked)
	assert.NotContains(t, masked, "@example", masked)
}

func TestTheLastPieceOfAUUIDMayBeASecret(t *testing.T) {
	assert.True(t, MayShow("0b7c3a52-9d1e-4f60-8a2b-5c6d7e8f9a1b", "7e8f9a1b"))
}

func TestContacts(t *testing.T) {
	for s, want := range map[string]string{
		"手机号13900001111格式错误":     "手机号139****1111格式错误",
		"139 0000 1111":          "139****1111",
		"１３９-００００-１１１１":          "139****1111",
		"<someone@example.test>": "<***>",
		"someone%40example.test": "***",
		"code 1234567":           "code ***",
		"a\r\nb\x00c":            "a b c",
	} {
		assert.Equal(t, want, Contacts(s))
	}
}

// A stranger's address may share a piece with a secret: what is left of it is his.
func TestAStrangersAddressIsMaskedWhole(t *testing.T) {
	secrets := []Secret{{"zhang.zq7v@example.test", All}, {"13900001111", Mobile}}
	for s, want := range map[string]string{
		"to li.j2gp+tag@example.test!":         "to ***!",
		"to li.j2gp+tag&#64;example.test!":     "to ***!",
		"to li.j2gp%40example.test!":           "to ***!",
		"&#49;&#51;8-2222-3333 and 1390000111": "138****3333 and ***",
	} {
		assert.Equal(t, want, Text(s, secrets))
	}
}

// The mask of a phone number must not show a part of what else is there.
func TestAPhonesMaskShowsNoOtherSecret(t *testing.T) {
	secrets := []Secret{{"13900001111", Mobile}, {"4821", All}}
	assert.Equal(t, "key=***", Text("key=86139000011114821", secrets))
	assert.Equal(t, "no ***", Text("no 202611244821", secrets))
	assert.Equal(t, "code ***", Text("code 482113900001111", secrets))
	assert.Equal(t, "ref ***", Text("ref 5001234567890", []Secret{{"1234567890", All}}))
	assert.Equal(t, "password ***", Text("password 13812345678", []Secret{{"13812345678xyz", All}}))
	assert.Equal(t, "phone 138****5678", Text("phone 13812345678", secrets))
}

func TestWhiteSpaceHidesNoCut(t *testing.T) {
	secrets := []Secret{{"Secr3tPw!x", All}}
	said := strings.Repeat(" \r\n\t", 20) + strings.Repeat("a ", 85) + "Secr3t"
	assert.NotContains(t, Text(said, secrets), "Secr3t")
	assert.NotContains(t, Text(strings.Repeat(" ", maxText-7)+"Secr3tPw!x", secrets), "Secr3t")
}

func TestStrangersInOtherSpellings(t *testing.T) {
	for _, phone := range []string{
		"139\u00a00000\u00a01111", "139  0000\t1111", "139\u30000000\n1111", "139\u200b0000\u200b1111",
		"139.0000.1111", "139\u201100001111", "139—0000—1111", "１３９ ００００ １１１１",
		"139 - 0000 - 1111", "139) 0000-1111", "139－0000－1111", "139·0000·1111", "139/0000/1111",
	} {
		assert.Equal(t, "手机号139****1111错误", Text("手机号"+phone+"错误", nil), "%q", phone)
	}
	for _, s := range []string{
		"13,812,345,678", "138-123-45678", "1381-234-5678", "138 12 34 56 78", "138----1234----5678", "o'brien@example.test", "li!x#y@example.test",
		"ｓｏｍｅｏｎｅ＠example．com", "user@localhost", "someone@exam",
	} {
		assert.Regexp(t, `^用户 (\*\*\*|138\*\*\*\*5678) 已存在$`, Text("用户 "+s+" 已存在", nil))
	}
}

func TestNamesAreThoseOfHTML(t *testing.T) {
	assert.Len(t, names, 96+5)
	for name, c := range names {
		assert.Equal(t, html.UnescapeString("&"+name+";"), string(c), name)
	}
	for _, number := range []string{"#65", "#x41", "#X41", "#0065", "#x1F600"} {
		c, ok := characterOf(number)
		assert.True(t, ok)
		assert.Equal(t, html.UnescapeString("&"+number+";"), string(c), number)
	}
	for _, number := range []string{"#", "#x", "#0", "#xx41", "#-1", "#+65", "#99999999", "nosuch", ""} {
		_, ok := characterOf(number)
		assert.False(t, ok, number)
	}
}

func TestASecretCutInsideAnEscapeIsMasked(t *testing.T) {
	secrets := []Secret{{"hunter中xyz", All}}
	before := strings.Repeat("错", 90) + " pwd="
	for _, rest := range []string{`\u4e2`, `\u`, `\`, "%E4%B", "%E", "%", "&#20", "&#", "&", `\x`, "%u4e"} {
		assert.NotContains(t, Text(before+"hunter"+rest, secrets), "hunter", rest)
		assert.NotContains(t, Text("pwd=hunter"+rest+"...", secrets), "hunter", rest)
	}
	assert.Equal(t, "pwd=***", Text("pwd=hunter...", secrets))
	assert.Equal(t, "a hunter", Text("a hunter", secrets), "in a text that was not cut it may be a word")
}

func TestEscapesOfOtherLanguages(t *testing.T) {
	secrets := []Secret{{"Pw-9c8中7e", All}}
	for _, s := range []string{`Pw\x2d9c8\xe4\xb8\xad7e`, `Pw%u002d9c8%u4e2d7e`, `Pw\U0000002d9c8\U00004e2d7e`} {
		assert.Equal(t, "[***]", Text("["+s+"]", secrets))
	}
}

// A text that is decoded whole reads what follows a secret as the rest of an escape.
func TestWhatFollowsASecretHidesItNot(t *testing.T) {
	for secret, said := range map[string]string{
		"pwd&lt": "pwd%26lt;", "pw&amp": "pw&amp;amp;", "pw&#6": "pw%26%236;", "pw%4": "pw%2541", "pw&%4": `pw\u0026%41`, `pw\u004`: `pw%5Cu0041`,
	} {
		assert.Equal(t, "is ***", strings.TrimRight(Secrets("is "+said, []Secret{{secret, All}}), ";1"), said)
	}
}

func TestCut(t *testing.T) {
	assert.Equal(t, "密码", Cut("密码", 2))
	assert.Equal(t, "密…", Cut("密码错", 2))
}

// FuzzSecrets holds masking to a number of steps and a size: whatever the text and the
// secret, the work is linear and what comes out is bounded.
func FuzzSecrets(f *testing.F) {
	f.Add("token a is wrong", "aaaaaaaaa", 3000)
	f.Add("%25", "25", 4000)
	f.Add("&amp;", "amp;amp;amp;", 900)
	f.Add(`\u005c`, `\u005cu005c`, 700)
	f.Add("é１ß", "\xff\xfe", 10)
	f.Fuzz(func(t *testing.T, part, secret string, times int) {
		times = min(max(times, 0), 1<<20/(len(part)+1))
		s := strings.Repeat(part, times)
		secret = strings.Repeat(secret, 1+times%64)
		x := newText(s)

		x.hide([]Secret{{secret, All}, {secret + part, Mobile}})

		out := x.String()
		read := min(len(s), maxText) + len(secret)
		require.LessOrEqual(t, x.steps, 100*(read+len(part))+1000)
		require.LessOrEqual(t, len(out), 6*maxText)
		require.True(t, utf8.ValidString(out))
		require.Equal(t, out, Plain(out))
		if got := Secrets(s, []Secret{{secret, All}}); len(read2(secret)) >= piece {
			require.NotContains(t, got, secret)
		}
	})
}

func read2(s string) reading { return read(s, way{}) }

// The cost of the worst a platform can say: a text, and a secret, that repeat themselves.
func BenchmarkSecrets(b *testing.B) {
	for _, size := range []int{1 << 10, 8 << 10, 32 << 10, 400 << 10, 1 << 20} {
		repeated := strings.Repeat("ab", size/2)
		for name, bench := range map[string]struct{ text, secret string }{
			"text": {repeated, "ababababababc"}, "token": {"invalid: " + repeated[:255], repeated}, "both": {repeated, repeated},
			"escapes": {strings.Repeat("%25", size/3), "ababababababc"},
		} {
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				for b.Loop() {
					Text(bench.text, []Secret{{bench.secret, All}})
				}
			})
		}
	}
}
