package observability

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const rules = "../../otelopenplatform/prometheus/alerts.yml"

// tool finds a program of Debian's package prometheus.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	require.NoError(t, err, "%s is not installed, and this test is about the real one: apt-get install prometheus", name)
	return path
}

// A prometheus scrapes a collector, with the alerts loaded.
type prometheus struct{ url string }

func startPrometheus(t *testing.T, target string) prometheus {
	t.Helper()
	program, address, dir := tool(t, "prometheus"), freeAddress(t), t.TempDir()
	alerts, err := filepath.Abs(rules)
	require.NoError(t, err)
	config := filepath.Join(dir, "prometheus.yml")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, `
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [%q]
scrape_configs:
  - job_name: collector
    static_configs: [{targets: [%q]}]
`, alerts, target), 0o600))
	cmd := exec.Command(program, //nolint:gosec // the program that was looked for
		"--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address, "--log.level=warn")
	log, err := os.Create(filepath.Join(dir, "log"))
	require.NoError(t, err)
	cmd.Stdout, cmd.Stderr = log, log
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		_ = log.Close()
		if t.Failed() {
			text, _ := os.ReadFile(log.Name())
			t.Logf("log of prometheus:\n%s", text)
		}
	})
	p := prometheus{url: "http://" + address}
	eventually(t, "prometheus is ready", func() bool {
		status, _ := get(t, p.url+"/-/ready")
		return status == http.StatusOK
	})
	return p
}

// get returns status 0 if there is no answer.
func get(t *testing.T, address string) (status int, body []byte) {
	t.Helper()
	resp, err := http.Get(address)
	if err != nil {
		return 0, nil
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	body, err = io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, body
}

// A sample is a value of a series, at one time.
type sample struct {
	Metric map[string]string
	Value  [2]any
}

// count is a value that counts something.
func (s sample) count(t *testing.T) int {
	t.Helper()
	text, ok := s.Value[1].(string)
	require.True(t, ok)
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	return n
}

// ask asks in PromQL.
func (p prometheus) ask(t *testing.T, query string) []sample {
	t.Helper()
	status, body := get(t, p.url+"/api/v1/query?query="+url.QueryEscape(query))
	require.Equal(t, http.StatusOK, status, "%s: %s", query, body)
	var answer struct{ Data struct{ Result []sample } }
	require.NoError(t, json.Unmarshal(body, &answer))
	return answer.Data.Result
}

// number asks how many there are, 0 if there is no such series.
func (p prometheus) number(t *testing.T, query string) int {
	t.Helper()
	samples := p.ask(t, query)
	if len(samples) == 0 {
		return 0
	}
	require.Len(t, samples, 1, query)
	return samples[0].count(t)
}

// A rule that promtool refuses, or that fires when it should not, is of no use to anybody.
func TestTheAlerts(t *testing.T) {
	dir := filepath.Dir(rules)
	for _, args := range [][]string{{"check", "rules", "alerts.yml"}, {"test", "rules", "alerts.test.yml"}} {
		cmd := exec.Command(tool(t, "promtool"), args...) //nolint:gosec // the program that was looked for
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		assert.NoError(t, err, "promtool %v:\n%s", args, out)
	}
}
