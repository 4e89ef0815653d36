package advice

import (
	"net/http"
	"strconv"
	"strings"
)

// A Language is a language that people are told things in: a language tag for HTML's lang.
type Language string

// The languages of this package.
const (
	Chinese Language = "zh-CN"
	English Language = "en"
)

// LanguageOf returns the language that a request's Accept-Language prefers: English for those
// who ask for other languages alone, Chinese for those who ask for none.
func LanguageOf(r *http.Request) Language {
	accepted := r.Header.Get("Accept-Language")
	chinese, english := 0.0, 0.0
	for part := range strings.SplitSeq(accepted, ",") {
		tag, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		weight := 1.0
		if q, found := strings.CutPrefix(strings.TrimSpace(params), "q="); found {
			weight, _ = strconv.ParseFloat(q, 64) // 0 for what is no number
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

// In returns the sentence in a language, Chinese if it is none of this package's.
func (s Sentence) In(language Language) string {
	if language == English {
		return s.English
	}
	return s.Chinese
}

// A Key says what a sentence is for: an operation, and what [Advice.Name] says of it. With
// Operation "" it is for all operations that have none of their own, and with Name
// [NameSetup] for all of [WhoseSetup].
type Key struct {
	Operation string
	Name      string
}

// NameSetup is the name of the sentence for all mistakes in the set-up, of which there are
// many, and no person can mend any.
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
