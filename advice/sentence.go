package advice

import (
	"net/http"
	"strconv"
	"strings"
)

// A Language is the language of a sentence: a language tag, as in HTML's lang.
type Language string

// The languages of this package.
const (
	Chinese Language = "zh-CN"
	English Language = "en"
)

// LanguageOf returns the language that a request's Accept-Language prefers: English if it lists
// other languages only, Chinese if it lists none.
func LanguageOf(r *http.Request) Language {
	accepted := r.Header.Get("Accept-Language")
	chinese, english := 0.0, 0.0
	for part := range strings.SplitSeq(accepted, ",") {
		tag, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		weight := 1.0
		if q, found := strings.CutPrefix(strings.TrimSpace(params), "q="); found {
			weight, _ = strconv.ParseFloat(q, 64) // 0 if it is not a number
		}
		switch primary, _, _ := strings.Cut(strings.ToLower(tag), "-"); primary {
		case "zh", "*", "":
			chinese = max(chinese, weight)
		default:
			english = max(english, weight)
		}
	}
	if english > chinese {
		return English
	}
	return Chinese
}

// A Sentence is what to tell the person, in both languages.
type Sentence struct {
	Chinese string
	English string
}

// In returns the sentence in a language, in Chinese for any language but [English].
func (s Sentence) In(language Language) string {
	if language == English {
		return s.English
	}
	return s.Chinese
}

// A Key selects a sentence: by operation and by [Advice.Name]. With Operation "" it selects the
// sentence for all operations that have no own one; with Name [NameSetup], for all failures of
// [WhoseSetup].
type Key struct {
	Operation string
	Name      string
}

// NameSetup is the name of the sentence for all mistakes in the configuration. The person
// cannot correct them.
const NameSetup = "setup"

// sentence finds the caller's sentence, or this package's.
func (ad Adviser) sentence(operation string, v verdict) Sentence {
	keys := []Key{{operation, v.name}, {"", v.name}}
	if v.whose == WhoseSetup {
		keys = append(keys, Key{"", NameSetup})
	}
	if s, ok := first(ad.Sentences, keys); ok {
		return s
	}
	if v.sentence != (Sentence{}) {
		return v.sentence
	}
	s, _ := first(sentences, append(keys, Key{operation, NameUnknown}, Key{"", NameUnknown}))
	return s
}

func first(all map[Key]Sentence, keys []Key) (Sentence, bool) {
	for _, key := range keys {
		if s, ok := all[key]; ok {
			return s, true
		}
	}
	return Sentence{}, false
}
