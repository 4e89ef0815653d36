package doctor

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
)

// A Result is the report of a run.
type Result struct {
	Environment openplatform.Environment
	BaseURL     string
	At          time.Time
	Lines       []Line
	RequestIDs  map[string]string // by operation

	hide []string // host names that a report must not show
}

// Exit statuses of the program.
const (
	ExitOK      = 0
	ExitBad     = 1 // a check failed, but no assumption is refuted
	ExitRefuted = 3 // an assumption does not hold
)

// Exit returns the program's exit status.
func (r *Result) Exit() int {
	switch {
	case r.count(Refuted) > 0:
		return ExitRefuted
	case r.count(Bad) > 0:
		return ExitBad
	default:
		return ExitOK
	}
}

func (r *Result) count(s Status) (n int) {
	for _, line := range r.Lines {
		if line.Status == s {
			n++
		}
	}
	return n
}

// WriteLine writes the report of one check, in columns.
func WriteLine(w io.Writer, l Line) {
	took := fmt.Sprintf("%.1f ms", float64(l.Took.Microseconds())/1000)
	if took == "0.0 ms" { // the check used another check's request
		took = ""
	}
	_, _ = fmt.Fprintf(w, "%-*s  %-16s  %9s  %s\n", len(Unclear), l.Status, l.Check, took, l.Found)
	if l.Status == Refuted {
		_, _ = fmt.Fprintf(w, "%-*s  assumed: %s\n", len(Unclear), "", l.Assumption.Text)
	}
	if l.Advice != "" {
		_, _ = fmt.Fprintf(w, "%-*s  what to do: %s\n", len(Unclear), "", l.Advice)
	}
}

// WriteHead writes what comes before the lines.
func WriteHead(w io.Writer, environment openplatform.Environment, address string) {
	_, _ = fmt.Fprintf(w, "openplatform doctor %s: the %s environment at %s\n\n", openplatform.Version, environment, address)
}

// WriteTail writes what comes after the lines.
func (r *Result) WriteTail(w io.Writer) {
	_, _ = fmt.Fprintf(w, "\n%d assumptions: %s %d, %s %d, %s %d; other checks: %s %d\n",
		len(Assumptions), Holds, r.count(Holds), Refuted, r.count(Refuted), Unclear, r.count(Unclear), Bad, r.count(Bad))
	for _, operation := range slices.Sorted(maps.Keys(r.RequestIDs)) {
		_, _ = fmt.Fprintf(w, "request_id of %s: %s\n", operation, r.RequestIDs[operation])
	}
}

// WriteReport writes the whole report as text, to send to others. Without addresses, it shows only published ones.
func (r *Result) WriteReport(to io.Writer, addresses bool) error {
	w := bufio.NewWriter(to)
	address := r.BaseURL
	show := func(text string) string { return text }
	if !addresses {
		address, show = r.shownAddress(), r.withoutAddresses
	}
	WriteHead(w, r.Environment, address)
	_, _ = fmt.Fprintf(w, "at %s, by %s on %s/%s\n\n", r.At.UTC().Format(time.RFC3339), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	for _, line := range r.Lines {
		line.Found = show(line.Found)
		WriteLine(w, line)
	}
	r.WriteTail(w)
	return w.Flush()
}

// shownAddress returns the base URL if it is a published one.
func (r *Result) shownAddress() string {
	if r.BaseURL == published[r.Environment] {
		return r.BaseURL
	}
	scheme, _, _ := strings.Cut(r.BaseURL, ":")
	return "another address, over " + scheme
}

var (
	addressLike = regexp.MustCompile(`\[?(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f.%:]*\]?|\d+\.\d+\.\d+\.\d+`)
	nameLike    = regexp.MustCompile(`(?i)\b(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.[a-z][a-z0-9-]+\b`)
)

// withoutAddresses replaces the addresses and host names in a text, except the published ones.
func (r *Result) withoutAddresses(text string) string {
	for _, name := range slices.SortedFunc(slices.Values(r.hide), func(a, b string) int { return cmp.Compare(len(b), len(a)) }) {
		if name != "" && !isPublished(name) {
			text = replaceWord(text, name, "[host]")
		}
	}
	text = addressLike.ReplaceAllStringFunc(text, func(found string) string {
		if _, err := netip.ParseAddr(strings.Trim(found, "[].:")); err != nil && !strings.Contains(found, "::") {
			return found
		}
		return "[address]"
	})
	return nameLike.ReplaceAllStringFunc(text, func(found string) string {
		if isPublished(found) {
			return found
		}
		return "[host]"
	})
}

// replaceWord replaces whole words only.
func replaceWord(text, word, by string) string {
	return regexp.MustCompile(`(?i)(^|[^\w-])`+regexp.QuoteMeta(word)+`($|[^\w-])`).ReplaceAllString(text, "${1}"+by+"${2}")
}

func isPublished(host string) bool {
	for _, address := range published {
		if strings.EqualFold(strings.TrimPrefix(address, "https://"), host) {
			return true
		}
	}
	return false
}

// MarshalJSON implements [json.Marshaler] for programs that read the report.
func (r *Result) MarshalJSON() ([]byte, error) {
	type line struct {
		Check      string  `json:"check"`
		Assumption string  `json:"assumption,omitempty"`
		Status     Status  `json:"status"`
		Found      string  `json:"found"`
		TookMS     float64 `json:"took_ms"`
		Advice     string  `json:"advice,omitempty"`
	}
	lines := make([]line, 0, len(r.Lines))
	verdicts := map[string]Status{}
	for _, l := range r.Lines {
		out := line{Check: l.Check, Status: l.Status, Found: l.Found, TookMS: float64(l.Took.Microseconds()) / 1000, Advice: l.Advice}
		if l.Assumption != nil {
			out.Assumption, verdicts[l.Check] = l.Assumption.Text, l.Status
		}
		lines = append(lines, out)
	}
	return json.Marshal(struct {
		Version     string                   `json:"version"`
		Environment openplatform.Environment `json:"environment"`
		BaseURL     string                   `json:"base_url"`
		At          time.Time                `json:"at"`
		Exit        int                      `json:"exit"`
		Assumptions map[string]Status        `json:"assumptions"`
		Checks      []line                   `json:"checks"`
		RequestIDs  map[string]string        `json:"request_ids"`
	}{openplatform.Version, r.Environment, r.BaseURL, r.At, r.Exit(), verdicts, lines, r.RequestIDs})
}
