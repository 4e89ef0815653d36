package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// modulePath is the path of the root module. The others lie below it.
const modulePath = "github.com/ebaas/openplatform-go"

// published are the directories of the modules that others import. Each gets a tag.
var published = []string{".", "otelopenplatform", "redistokens"}

// versionLine is the one place that has the version.
var versionLine = regexp.MustCompile(`(?m)^const Version = "(.*)"$`)

// repository is a clone of this project.
type repository struct {
	dir     string // absolute
	version string // without the v
}

func open(dir string) (*repository, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	r := &repository{dir: abs}
	text, err := os.ReadFile(r.path("client.go"))
	if err != nil {
		return nil, err
	}
	found := versionLine.FindSubmatch(text)
	if found == nil {
		return nil, errors.New("client.go has no line as const Version = \"1.2.3\"")
	}
	r.version = string(found[1])
	return r, nil
}

func (r *repository) path(elements ...string) string {
	return filepath.Join(append([]string{r.dir}, elements...)...)
}

// tags are what a release is tagged with: the go command finds a nested module by the tag with its directory.
func (r *repository) tags() (tags []string) {
	for _, dir := range published {
		tags = append(tags, path.Join(dir, "v"+r.version))
	}
	return tags
}

// output runs a command in a directory of the repository and returns what it prints.
func (r *repository) output(ctx context.Context, dir string, env []string, name string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, name, args...) //nolint:gosec // go and git, as they stand in this program
	command.Dir = r.path(dir)
	command.Env = append(os.Environ(), env...)
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w", command, err)
	}
	return strings.TrimSpace(string(out)), nil
}
