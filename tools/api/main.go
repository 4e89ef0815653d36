// Command api holds the public API of packages to what is recorded of it, a text of Go declarations each.
//
//	api [-update] -record DIRECTORY -changelog FILE PACKAGE_DIRECTORY...
//
// It fails if a package breaks its recorded API and the changelog does not announce it, and if the record is out of date.
// With -update it writes the record, once every break is announced.
package main

import (
	"errors"
	"flag"
	"fmt"
	"go/types"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"golang.org/x/exp/apidiff"
	"golang.org/x/tools/go/packages"
)

func main() {
	update := flag.Bool("update", false, "write the record")
	record := flag.String("record", "", "the `directory` of the record")
	changelog := flag.String("changelog", "CHANGELOG.md", "the `file` that announces breaks")
	flag.Parse()
	if err := run(*record, *changelog, *update, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(record, changelog string, update bool, dirs []string) error {
	text, err := os.ReadFile(changelog) //nolint:gosec // the file that the command line names
	if err != nil {
		return err
	}
	var failures []error
	for _, dir := range dirs {
		pkg, err := load(dir)
		if err != nil {
			return fmt.Errorf("%s: %w", dir, err)
		}
		file := filepath.Join(record, pkg.Types.Name()+".txt")
		if err := check(pkg, file, announced(string(text)), update); err != nil {
			failures = append(failures, fmt.Errorf("%s:\n%w", pkg.PkgPath, err))
		}
	}
	return errors.Join(failures...)
}

func load(dir string) (*packages.Package, error) {
	mode := packages.NeedName | packages.NeedTypes | packages.NeedImports | packages.NeedDeps
	loaded, err := packages.Load(&packages.Config{Dir: dir, Mode: mode}, ".")
	if err != nil {
		return nil, err
	}
	if errs := loaded[0].Errors; len(errs) > 0 {
		return nil, errs[0]
	}
	return loaded[0], nil
}

// check compares a package with its record, and writes the record if update says so.
func check(pkg *packages.Package, file string, names map[string]bool, update bool) error {
	recorded, err := os.ReadFile(file) //nolint:gosec // a file of the record
	if errors.Is(err, fs.ErrNotExist) {
		recorded = []byte("package " + pkg.Types.Name() + "\n")
	} else if err != nil {
		return err
	}
	known := importer{"unsafe": types.Unsafe}
	for imported := range packages.Postorder([]*packages.Package{pkg}) {
		known[imported.PkgPath] = imported.Types
	}
	now, report, err := compare(string(recorded), pkg.Types, known)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if err := unannounced(report, names); err != nil {
		return err
	}
	switch {
	case now == string(recorded):
		return nil
	case update:
		return os.WriteFile(file, []byte(now), 0o644) //nolint:gosec // everybody may read it
	}
	return fmt.Errorf("%s is out of date; .ci/run api -update writes it\n%s", file, report)
}

// compare returns what is to be recorded of a package, and what has changed since recorded was.
func compare(recorded string, pkg *types.Package, known types.Importer) (now string, report apidiff.Report, err error) {
	old, err := parse(pkg.Path(), recorded, known)
	if err != nil {
		return "", report, err
	}
	report = apidiff.Changes(old, pkg)
	report.Changes = slices.DeleteFunc(report.Changes, func(c apidiff.Change) bool { return identifier(c.Message) == version })
	now, err = describe(pkg)
	return now, report, err
}

// unannounced returns the breaks whose identifier is not among the names.
func unannounced(report apidiff.Report, names map[string]bool) error {
	var breaks []error
	for _, change := range report.Changes {
		if !change.Compatible && !names[identifier(change.Message)] {
			breaks = append(breaks, fmt.Errorf("- %s", change.Message))
		}
	}
	if len(breaks) == 0 {
		return nil
	}
	return fmt.Errorf("breaks callers, and no entry of CHANGELOG.md under Unreleased, Changed or Removed, names it in backquotes:\n%w",
		errors.Join(breaks...))
}

// subject is the beginning of a message: "Login", "(*Client).Login", "(Response[T]).Login".
var subject = regexp.MustCompile(`^(?:\(?\*?\w+(?:\[[^]]*\])?\)?\.)?(\w+)`)

// identifier returns the name that a message is about, the last of its subject.
func identifier(message string) string {
	if names := subject.FindStringSubmatch(message); names != nil {
		return names[1]
	}
	return message
}
