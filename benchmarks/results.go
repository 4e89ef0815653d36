package main

import (
	"io"
	"slices"

	"golang.org/x/perf/benchfmt"
	"golang.org/x/perf/benchmath"
	"golang.org/x/perf/benchproc"
)

// The contenders, as benchmarks are named after them.
const (
	ours    = "openplatform"
	byHand  = "net/http"
	tuned   = "net/http-tuned"
	onResty = "resty"
)

var (
	peers = []string{"twilio-go", "go-github", "hcloud-go", "stripe-go", "openai-go"}
	names = append([]string{ours, byHand, tuned, onResty}, peers...)
)

// A measurement is one figure of one benchmark.
type measurement struct{ benchmark, unit string }

// results are the values of each measurement, in the order in which they were made, how
// many calls each benchmark made in a round, and what is known of the machine.
type results struct {
	values map[measurement][]float64
	calls  map[string]int
	config map[string]string
}

func parse(output io.Reader) (results, error) {
	r := results{values: map[measurement][]float64{}, calls: map[string]int{}, config: map[string]string{}}
	// A name without the number of threads that go test appends to it.
	names, err := new(benchproc.ProjectionParser).Parse(".fullname,/gomaxprocs", nil)
	if err != nil {
		return r, err
	}
	reader := benchfmt.NewReader(output, raw)
	for reader.Scan() {
		result, ok := reader.Result().(*benchfmt.Result)
		if !ok {
			continue
		}
		for _, c := range result.Config {
			r.config[c.Key] = string(c.Value)
		}
		benchmark := names.Project(result).Get(names.Fields()[0])
		r.calls[benchmark] = result.Iters
		for _, v := range result.Values {
			m := measurement{benchmark, v.Unit}
			r.values[m] = append(r.values[m], v.Value)
		}
	}
	return r, reader.Err()
}

// summaryOf is what benchstat would say: the median and its confidence interval.
func (r results) summaryOf(benchmark, unit string) benchmath.Summary {
	return summarize(r.values[measurement{benchmark, unit}])
}

func (r results) median(benchmark, unit string) float64 { return r.summaryOf(benchmark, unit).Center }

// ratio is how many times base's figure benchmark's is: the median of the rounds' own
// ratios, since the two are measured within seconds of each other in a round and
// minutes apart in two.
func (r results) ratio(benchmark, base, unit string) float64 {
	of, to := r.values[measurement{benchmark, unit}], r.values[measurement{base, unit}]
	ratios := make([]float64, min(len(of), len(to)))
	for i := range ratios {
		ratios[i] = of[i] / to[i]
	}
	return summarize(ratios).Center
}

func summarize(values []float64) benchmath.Summary {
	if len(values) == 0 {
		return benchmath.Summary{}
	}
	sample := benchmath.NewSample(slices.Clone(values), &benchmath.DefaultThresholds)
	return benchmath.AssumeNothing.Summary(sample, 0.95)
}
