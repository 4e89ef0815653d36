package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// allowed are the licences, by their SPDX names, that what is linked may have. Each asks for no more than that its text goes along.
// Another one is for a person to read first.
var allowed = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "MIT"}

// recognized is how much of a licence's file has to be the licence, in percent. What is not may be a condition of its own.
const recognized = 90

const (
	licencesFile = "THIRD_PARTY_LICENSES"
	standard     = "the Go standard library"
)

// goesAlong are the files of a module that go along with a program that it is linked into.
var (
	goesAlong = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents)([.-].*)?$`)
	isLicence = regexp.MustCompile(`(?i)^(licen[cs]e|copying)`)
)

// linked is a module that programs get with ours.
type linked struct {
	path     string
	licences []string // by their SPDX names
	by       []string // the last part of the paths of our modules that link it
	texts    []string
}

// linkedModules are all modules that packages of the published modules link, on all platforms.
func (r *repository) linkedModules(ctx context.Context) (map[string]*linked, error) {
	all := make(map[string]*linked)
	for _, dir := range published {
		files := make(map[string]map[string]bool) // by module
		for _, p := range platforms {
			if err := r.licenceFiles(ctx, dir, p, files); err != nil {
				return nil, err
			}
		}
		for module, paths := range files {
			if all[module] == nil {
				all[module] = &linked{path: module}
			}
			all[module].by = append(all[module].by, path.Base(path.Join(modulePath, dir)))
			if err := all[module].read(slices.Sorted(maps.Keys(paths))); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// licenceFiles adds the files that go along with what the packages of a module link on a platform.
func (r *repository) licenceFiles(ctx context.Context, dir string, p platform, files map[string]map[string]bool) error {
	goroot, err := r.output(ctx, dir, nil, "go", "env", "GOROOT")
	if err != nil {
		return err
	}
	list, err := r.output(ctx, dir, p.env(), "go", "list", "-deps", "-f",
		"{{with .Module}}{{.Path}}\t{{.Dir}}{{end}}\t{{.Dir}}", "./...")
	if err != nil {
		return err
	}
	for line := range strings.Lines(list) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		module, root, dir := standard, goroot, goroot
		if len(fields) == 3 {
			module, root, dir = fields[0], fields[1], fields[2]
		}
		if module == modulePath || strings.HasPrefix(module, modulePath+"/") {
			continue
		}
		if files[module] == nil {
			files[module] = make(map[string]bool)
		}
		// A package may have a licence of its own, in its directory or in one above it.
		for ; ; dir = filepath.Dir(dir) {
			if err := addLicenceFiles(dir, files[module]); err != nil {
				return err
			}
			if dir == root {
				break
			}
		}
	}
	return nil
}

func addLicenceFiles(dir string, files map[string]bool) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if name := entry.Name(); !entry.IsDir() && goesAlong.MatchString(name) && filepath.Ext(name) != ".go" {
			files[filepath.Join(dir, name)] = true
		}
	}
	return nil
}

// read takes in the texts of a module, and says which licences they are.
func (l *linked) read(files []string) error {
	hasLicence := false
	for _, file := range files {
		text, err := os.ReadFile(file) //nolint:gosec // a licence
		if err != nil {
			return err
		}
		text = append(bytes.Trim(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), "\n"), '\n')
		if !slices.Contains(l.texts, string(text)) {
			l.texts = append(l.texts, string(text))
		}
		if !isLicence.MatchString(filepath.Base(file)) {
			continue
		}
		hasLicence = true
		names, err := classify(text)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", l.path, file, err)
		}
		l.licences = append(l.licences, names...)
	}
	if !hasLicence {
		return fmt.Errorf("%s has no licence", l.path)
	}
	slices.Sort(l.licences)
	l.licences = slices.Compact(l.licences)
	return nil
}

// classify returns the licences in a text, all of which have to be allowed.
func classify(text []byte) (names []string, err error) {
	coverage := licensecheck.Scan(text)
	for _, match := range coverage.Match {
		if match.IsURL {
			continue
		}
		names = append(names, match.ID)
		if !slices.Contains(allowed, match.ID) {
			err = errors.Join(err, fmt.Errorf("%s is not allowed", match.ID))
		}
	}
	if coverage.Percent < recognized {
		err = errors.Join(err, fmt.Errorf("only %.0f %% of it is a known licence", coverage.Percent))
	}
	return names, err
}

// licenceList is the text of the file that goes along with programs. It names no versions, so that a new version of a module changes it
// only if its licence changes; versions are in the list of components of each program.
func licenceList(all map[string]*linked) string {
	modules := slices.SortedFunc(maps.Values(all), func(a, b *linked) int { return cmp.Compare(a.path, b.path) })
	var b strings.Builder
	b.WriteString("What the modules of this project link, and under which licences. The program openplatform is a part of openplatform-go.\n" +
		"Written by: .ci/licences -write\n\n")
	b.WriteString(licenceTable(modules))
	owners := make(map[string][]string)
	var texts []string
	for _, module := range modules {
		for _, text := range module.texts {
			if owners[text] == nil {
				texts = append(texts, text)
			}
			owners[text] = append(owners[text], module.path)
		}
	}
	for _, text := range texts {
		b.WriteString("\n" + strings.Repeat("=", 80) + "\n" + strings.Join(owners[text], "\n") + "\n\n" + text)
	}
	return b.String()
}

func licenceTable(modules []*linked) string {
	var b strings.Builder
	const row = "%-31s  %-27s  %s\n"
	fmt.Fprintf(&b, row, "MODULE", "LICENCE", "LINKED BY")
	for _, module := range modules {
		fmt.Fprintf(&b, row, module.path, strings.Join(module.licences, " and "), strings.Join(module.by, ", "))
	}
	return b.String()
}

func (r *repository) writeLicences(ctx context.Context) error {
	all, err := r.linkedModules(ctx)
	if err != nil {
		return err
	}
	return os.WriteFile(r.path(licencesFile), []byte(licenceList(all)), 0o644) //nolint:gosec // everybody may read it
}

// checkLicences prints what is linked, and compares the list in the repository with it.
func (r *repository) checkLicences(ctx context.Context) (map[string]*linked, error) {
	all, err := r.linkedModules(ctx)
	if err != nil {
		return nil, err
	}
	list := licenceList(all)
	table, _, _ := strings.Cut(list, "\n"+strings.Repeat("=", 80))
	fmt.Print(table)
	there, err := os.ReadFile(r.path(licencesFile))
	if err != nil {
		return nil, err
	}
	if string(there) != list {
		return nil, fmt.Errorf("%s is not what is linked now: run .ci/licences -write, and read what changed", licencesFile)
	}
	return all, nil
}
