package main

import (
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// readYAML reads a file of the repository. It has no aliases, which GitHub does not read everywhere.
func readYAML(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", name))
	require.NoError(t, err)
	assert.NotRegexp(t, `(?m)[:-] [&*]\w+\s*$`, string(text), "%s has an alias", name)
	require.NoError(t, yaml.Unmarshal(text, into), name)
}

// ecosystems are the files that have dependencies, by what Dependabot calls their kind.
var ecosystems = map[string]*regexp.Regexp{
	"gomod":  regexp.MustCompile(`(^|/)go\.mod$`),
	"npm":    regexp.MustCompile(`(^|/)package\.json$`),
	"docker": regexp.MustCompile(`(^|/)Dockerfile$`),
}

// A module that Dependabot is not told of would stay as it is for ever.
func TestDependabotKnowsAllThatHasDependencies(t *testing.T) {
	want := map[string][]string{"github-actions": {"/"}}
	files := command(t, "..", nil, "git", "ls-files", "--cached", "--others", "--exclude-standard")
	for name := range strings.Lines(files) {
		name = strings.TrimSpace(name)
		if strings.HasPrefix(name, "testdata/") {
			continue // a module that keeps files out of the root's, and requires nothing
		}
		for ecosystem, pattern := range ecosystems {
			if pattern.MatchString(name) {
				want[ecosystem] = append(want[ecosystem], path.Join("/", path.Dir(name)))
			}
		}
	}
	var config struct {
		Version int
		Updates []struct {
			Ecosystem   string `yaml:"package-ecosystem"`
			Directory   string
			Directories []string
			Schedule    struct{ Interval string }
			Groups      map[string]struct{ Patterns []string }
		}
	}
	readYAML(t, ".github/dependabot.yml", &config)
	assert.Equal(t, 2, config.Version)
	got := map[string][]string{}
	for _, update := range config.Updates {
		got[update.Ecosystem] = append(got[update.Ecosystem], update.Directories...)
		if update.Directory != "" {
			got[update.Ecosystem] = append(got[update.Ecosystem], update.Directory)
		}
		assert.Equal(t, "weekly", update.Schedule.Interval)
		assert.Len(t, update.Groups, 1, update.Ecosystem)
	}
	for _, directories := range slices.Concat(slices.Collect(maps.Values(want)), slices.Collect(maps.Values(got))) {
		slices.Sort(directories)
	}
	assert.Equal(t, want, got)
}

// A form that GitHub cannot read is shown to nobody, without a word.
func TestIssueForms(t *testing.T) {
	forms, err := filepath.Glob("../.github/ISSUE_TEMPLATE/*.yml")
	require.NoError(t, err)
	asked := map[string][]string{}
	for _, name := range forms {
		if filepath.Base(name) == "config.yml" {
			continue
		}
		var form struct {
			Name, Description string
			Body              []struct {
				Type, ID   string
				Attributes struct {
					Label, Value string
					Options      []string
				}
			}
		}
		readYAML(t, strings.TrimPrefix(name, "../"), &form)
		assert.NotEmpty(t, form.Name, name)
		assert.NotEmpty(t, form.Description, name)
		var ids []string
		for _, field := range form.Body {
			switch field.Type {
			case "markdown":
				assert.NotEmpty(t, field.Attributes.Value, name)
				continue
			case "dropdown":
				assert.NotEmpty(t, field.Attributes.Options, name)
			default:
				assert.Contains(t, []string{"input", "textarea"}, field.Type, name)
			}
			assert.NotEmpty(t, field.Attributes.Label, name)
			assert.Regexp(t, `^[a-z_]+$`, field.ID, name)
			assert.NotContains(t, ids, field.ID, name)
			ids = append(ids, field.ID)
		}
		asked[filepath.Base(name)] = ids
	}
	require.Len(t, asked, 3)
	for _, name := range []string{"bug.yml", "deviation.yml"} {
		assert.Subset(t, asked[name], []string{"doctor", "version", "outcome", "request_id"}, name)
	}
}

// Whoever can change what a name of an action means could change what is released.
func TestActionsAreNamedByTheirCommits(t *testing.T) {
	workflows, err := filepath.Glob("../.github/workflows/*.yml")
	require.NoError(t, err)
	require.NotEmpty(t, workflows)
	for _, name := range workflows {
		var workflow struct {
			Permissions map[string]string
			Jobs        map[string]struct{ Steps []struct{ Uses string } }
		}
		readYAML(t, strings.TrimPrefix(name, "../"), &workflow)
		assert.Equal(t, map[string]string{"contents": "read"}, workflow.Permissions, name)
		for _, job := range workflow.Jobs {
			for _, step := range job.Steps {
				if step.Uses != "" {
					assert.Regexp(t, `^[\w/-]+@[0-9a-f]{40}$`, step.Uses, name)
				}
			}
		}
	}
}
