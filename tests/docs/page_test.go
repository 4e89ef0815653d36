package docs

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	table "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
)

const root = "../.."

// page is a Markdown file of the repository, taken apart.
type page struct {
	path     string // from the root, with slashes
	lines    int
	headings []heading
	tables   [][][]cell // rows of cells, the header first
	blocks   []block
	links    []string // as written; of images too
	prose    []string // the text of each paragraph, heading and cell, without code
}

type heading struct {
	level  int
	anchor string
}

// cell is what a cell of a table has in any language.
type cell struct {
	text string // without code spans
	code []string
}

type block struct {
	language string
	text     string
}

// pages are the Markdown pages that people read.
func pages(t *testing.T) map[string]*page {
	t.Helper()
	all := map[string]*page{}
	for _, pattern := range []string{"*.md", "docs/*.md", "examples/*/README*.md"} {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		for _, path := range paths {
			source, err := os.ReadFile(path)
			require.NoError(t, err)
			path = filepath.ToSlash(strings.TrimPrefix(path, root+string(filepath.Separator)))
			all[path] = parse(path, source)
		}
	}
	require.Greater(t, len(all), 10)
	return all
}

func parse(path string, source []byte) *page {
	p := &page{path: path, lines: strings.Count(string(source), "\n")}
	seen := map[string]int{}
	document := goldmark.New(goldmark.WithExtensions(extension.Table)).Parser().Parse(text.NewReader(source))
	_ = ast.Walk(document, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // the function returns no error
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			prose, _ := split(n, source, true)
			p.headings = append(p.headings, heading{n.Level, anchor(prose, seen)})
		case *table.Table:
			p.tables = append(p.tables, rows(n, source))
		case *ast.FencedCodeBlock:
			p.blocks = append(p.blocks, block{string(n.Language(source)), string(n.Lines().Value(source))})
		case *ast.Link:
			p.links = append(p.links, string(n.Destination))
		case *ast.Image:
			p.links = append(p.links, string(n.Destination))
		}
		if prose, _ := split(n, source, false); n.Type() == ast.TypeBlock && isText(n) {
			p.prose = append(p.prose, prose)
		}
		return ast.WalkContinue, nil
	})
	return p
}

// isText reports whether a block holds a line of text, rather than other blocks or code.
func isText(n ast.Node) bool {
	return n.FirstChild() != nil && n.FirstChild().Type() == ast.TypeInline
}

func rows(t *table.Table, source []byte) [][]cell {
	var all [][]cell
	for row := t.FirstChild(); row != nil; row = row.NextSibling() {
		var cells []cell
		for c := row.FirstChild(); c != nil; c = c.NextSibling() {
			prose, code := split(c, source, false)
			cells = append(cells, cell{prose, code})
		}
		all = append(all, cells)
	}
	return all
}

// split returns the text below a node and its code spans. With whole, the text has what the code spans hold too.
func split(n ast.Node, source []byte, whole bool) (prose string, code []string) {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // the function returns no error
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.CodeSpan:
			span, _ := split(n.FirstChild(), source, true)
			code = append(code, span)
			if !whole {
				return ast.WalkSkipChildren, nil
			}
		case *ast.Text:
			b.Write(n.Segment.Value(source))
			if n.SoftLineBreak() {
				b.WriteByte(' ')
			}
		case *ast.String:
			b.Write(n.Value)
		}
		return ast.WalkContinue, nil
	})
	return b.String(), code
}

// anchor is the name that GitHub gives to a heading: small letters, digits, hyphens and underscores, of any language.
func anchor(title string, seen map[string]int) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.In(r, unicode.L, unicode.M, unicode.N):
			return unicode.ToLower(r)
		}
		return -1
	}, title)
	seen[name]++
	if n := seen[name]; n > 1 {
		return name + "-" + strconv.Itoa(n-1)
	}
	return name
}

// chinese is the path of a page's counterpart.
func chinese(path string) string { return strings.TrimSuffix(path, ".md") + ".zh-CN.md" }

func isChinese(path string) bool { return strings.HasSuffix(path, ".zh-CN.md") }
