package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

var (
	// From 2 on, the path of a module ends with its major version.
	semver     = regexp.MustCompile(`^[01]\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?$`)
	requires   = regexp.MustCompile(`(?m)^((?:require )?\s*` + regexp.QuoteMeta(modulePath) + `(?:/\S+)? v)\S+`)
	mentioned  = regexp.MustCompile(`(` + regexp.QuoteMeta(modulePath) + `(?:/\w+)*@v)\d[^\s` + "`" + `]*`)
	unreleased = "## [Unreleased]\n"
)

// prepare writes a version into every file that names it. project_test.go finds one that was forgotten.
func (r *repository) prepare(version string) error {
	if !semver.MatchString(version) {
		return fmt.Errorf("%q is no version such as 0.2.0 or 1.2.3", version)
	}
	if err := r.edit("client.go", func(text []byte) []byte {
		return versionLine.ReplaceAll(text, []byte(`const Version = "`+version+`"`))
	}); err != nil {
		return err
	}
	if err := r.edit("CHANGELOG.md", func(text []byte) []byte {
		heading := unreleased + "\n## " + version + " - " + time.Now().UTC().Format(time.DateOnly) + "\n"
		return bytes.Replace(text, []byte(unreleased), []byte(heading), 1)
	}); err != nil {
		return err
	}
	return filepath.WalkDir(r.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		switch {
		case entry.IsDir() && (name == "node_modules" || name == ".git" || name == "dist"):
			return fs.SkipDir
		case name == "go.mod":
			err = r.edit(path, func(text []byte) []byte { return requires.ReplaceAll(text, []byte("${1}"+version)) })
		case filepath.Ext(name) == ".md" && name != "CHANGELOG.md":
			err = r.edit(path, func(text []byte) []byte { return mentioned.ReplaceAll(text, []byte("${1}"+version)) })
		}
		if errors.Is(err, errUnchanged) {
			return nil
		}
		return err
	})
}

var errUnchanged = errors.New("nothing to change")

// edit rewrites a file of the repository.
func (r *repository) edit(name string, change func([]byte) []byte) error {
	if !filepath.IsAbs(name) {
		name = r.path(name)
	}
	text, err := os.ReadFile(name) //nolint:gosec // a file of the repository
	if err != nil {
		return err
	}
	changed := change(text)
	if bytes.Equal(text, changed) {
		return fmt.Errorf("%s: %w", strings.TrimPrefix(name, r.dir+"/"), errUnchanged)
	}
	return os.WriteFile(name, changed, 0o644) //nolint:gosec // everybody may read it
}
