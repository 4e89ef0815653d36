package observability

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A dashboard is what is looked at of Grafana's JSON.
type dashboard struct {
	Panels []struct {
		ID      int
		Title   string
		Targets []struct{ Expr string }
		GridPos struct{ X, Y, W, H int }
	}
	Templating struct {
		List []struct{ Name, Type, Definition string }
	}
}

func readDashboard(t *testing.T) (d dashboard) {
	t.Helper()
	text, err := os.ReadFile("../../otelopenplatform/grafana/dashboard.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &d))
	return d
}

func TestTheDashboardsPanelsHaveTheirPlaces(t *testing.T) {
	d := readDashboard(t)
	taken, ids := map[[2]int]string{}, map[int]bool{}
	for _, panel := range d.Panels {
		assert.False(t, ids[panel.ID], "%s has the id of another panel", panel.Title)
		ids[panel.ID] = true
		at := panel.GridPos
		assert.LessOrEqual(t, at.X+at.W, 24, panel.Title)
		for x := at.X; x < at.X+at.W; x++ {
			for y := at.Y; y < at.Y+at.H; y++ {
				assert.Empty(t, taken[[2]int{x, y}], "%s lies on another panel", panel.Title)
				taken[[2]int{x, y}] = panel.Title
			}
		}
	}
}

// dashboardHasAnswers asks what the panels ask. A panel without an answer asks for what is not there.
func dashboardHasAnswers(t *testing.T, p prometheus) {
	t.Helper()
	d := readDashboard(t)
	chosen := strings.NewReplacer("$__rate_interval", "1m", "$server", ".*", "$operation", ".*")
	for _, panel := range d.Panels {
		for _, target := range panel.Targets {
			require.NotContains(t, chosen.Replace(target.Expr), "$", panel.Title)
			samples := p.ask(t, chosen.Replace(target.Expr))
			if panel.Title != "Alerts" { // none is pending after a few seconds
				assert.NotEmpty(t, samples, "%s: %s", panel.Title, target.Expr)
			}
		}
	}
	for _, v := range d.Templating.List {
		if v.Type == "query" {
			series, label, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(v.Definition, "label_values("), ")"), ", ")
			assert.NotEmpty(t, p.ask(t, "count by ("+label+") ("+chosen.Replace(series)+")")[0].Metric[label], v.Name)
		}
	}
}

// names returns the metrics and their labels, but for those that any series has.
func (p prometheus) names(t *testing.T) (rows [][]string) {
	t.Helper()
	status, body := get(t, p.url+"/api/v1/series?match[]="+url.QueryEscape(`{__name__=~"(openplatform|http_client)_.*"}`))
	require.Equal(t, http.StatusOK, status)
	var answer struct{ Data []map[string]string }
	require.NoError(t, json.Unmarshal(body, &answer))
	labels := map[string]map[string]bool{}
	for _, series := range answer.Data {
		name := series["__name__"]
		if labels[name] == nil {
			labels[name] = map[string]bool{}
		}
		for label := range series {
			labels[name]["`"+label+"`"] = true
		}
		for _, everywhere := range []string{"__name__", "job", "exported_job", "instance", "otel_scope_name", "otel_scope_version", "otel_scope_schema_url"} {
			delete(labels[name], "`"+everywhere+"`")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		rows = append(rows, []string{"`" + name + "`", strings.Join(slices.Sorted(maps.Keys(labels[name])), ", ")})
	}
	return rows
}
