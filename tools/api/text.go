package main

import (
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strings"
)

// version is the constant of which the value is no part of the API.
const version = "Version"

// describe returns the API of a package as Go declarations without bodies. Of what is not exported it has the types
// that the API mentions, without their fields.
func describe(pkg *types.Package) (string, error) {
	w := &writer{pkg: pkg, imports: make(map[string]bool), declared: make(map[string]string)}
	for _, name := range pkg.Scope().Names() {
		if ast.IsExported(name) {
			w.declare(name)
		}
	}
	var text strings.Builder
	fmt.Fprintf(&text, "package %s\n", pkg.Name())
	if len(w.imports) > 0 {
		fmt.Fprintf(&text, "\nimport (\n%s)\n", strings.Join(slices.Sorted(maps.Keys(w.imports)), ""))
	}
	for _, name := range slices.Sorted(maps.Keys(w.declared)) {
		text.WriteString("\n" + w.declared[name])
	}
	formatted, err := format.Source([]byte(text.String()))
	return string(formatted), err
}

// parse type-checks what describe wrote.
func parse(path, text string, known types.Importer) (*types.Package, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", text, 0)
	if err != nil {
		return nil, err
	}
	config := types.Config{Importer: known, IgnoreFuncBodies: true}
	return config.Check(path, fset, []*ast.File{file}, nil)
}

type importer map[string]*types.Package

func (i importer) Import(path string) (*types.Package, error) {
	if pkg := i[path]; pkg != nil {
		return pkg, nil
	}
	return nil, fmt.Errorf("the package has nothing to do with %s any more", path)
}

type writer struct {
	pkg      *types.Package
	imports  map[string]bool
	declared map[string]string
}

// declare adds the declaration of a name, and of the unexported types that it mentions.
func (w *writer) declare(name string) {
	if w.declared[name] != "" {
		return
	}
	text := w.declaration(w.pkg.Scope().Lookup(name))
	w.declared[name] = text
	for mentioned := range identifiers(text) {
		if t, ok := w.pkg.Scope().Lookup(mentioned).(*types.TypeName); ok && !t.Exported() {
			w.declare(mentioned)
		}
	}
}

func (w *writer) declaration(object types.Object) string {
	switch o := object.(type) {
	case *types.Const:
		return w.constant(o)
	case *types.TypeName:
		return w.typeDeclaration(o)
	case *types.Func:
		return w.function("func "+o.Name(), o)
	default:
		return fmt.Sprintf("var %s %s\n", o.Name(), w.typeOf(o))
	}
}

func (w *writer) constant(c *types.Const) string {
	declared := c.Name()
	if basic, ok := c.Type().(*types.Basic); !ok || basic.Info()&types.IsUntyped == 0 {
		declared += " " + w.typeOf(c)
	}
	if c.Name() == version {
		return fmt.Sprintf("const %s = \"\" // another with every release\n", declared)
	}
	return fmt.Sprintf("const %s = %s\n", declared, c.Val().ExactString())
}

func (w *writer) typeDeclaration(name *types.TypeName) string {
	if alias, ok := name.Type().(*types.Alias); ok {
		return fmt.Sprintf("type %s = %s\n", name.Name(), w.string(alias.Rhs()))
	}
	var text strings.Builder
	named, ok := name.Type().(*types.Named)
	if !ok { // of an alias that go/types has resolved
		return fmt.Sprintf("type %s = %s\n", name.Name(), w.string(name.Type()))
	}
	fmt.Fprintf(&text, "type %s%s %s\n", name.Name(), w.parameters(named), w.underlying(named.Underlying()))
	methods := slices.SortedFunc(named.Methods(), func(a, b *types.Func) int { return strings.Compare(a.Name(), b.Name()) })
	for _, method := range methods {
		if method.Exported() {
			receiver := w.typeOf(method.Signature().Recv())
			text.WriteString(w.function(fmt.Sprintf("func (%s) %s", receiver, method.Name()), method))
		}
	}
	return text.String()
}

// parameters writes the type parameters of a generic type.
func (w *writer) parameters(named *types.Named) string {
	var parameters []string
	for p := range named.TypeParams().TypeParams() {
		parameters = append(parameters, p.Obj().Name()+" "+w.string(p.Constraint()))
	}
	if len(parameters) == 0 {
		return ""
	}
	return "[" + strings.Join(parameters, ", ") + "]"
}

// underlying writes a type with a line per field or method.
func (w *writer) underlying(t types.Type) string {
	switch t := t.(type) {
	case *types.Struct:
		return w.structure(t)
	case *types.Interface:
		return w.contract(t)
	default:
		return w.string(t)
	}
}

func (w *writer) structure(s *types.Struct) string {
	var text strings.Builder
	hidden, canCompare := false, true
	for field := range s.Fields() {
		switch {
		case field.Embedded():
			fmt.Fprintf(&text, "\t%s\n", w.typeOf(field))
		case field.Exported():
			fmt.Fprintf(&text, "\t%s %s\n", field.Name(), w.typeOf(field))
		default:
			hidden = true
			canCompare = canCompare && types.Comparable(field.Type())
			continue
		}
	}
	switch {
	case !canCompare:
		text.WriteString("\t_ [0]func() // unexported fields that cannot be compared\n")
	case hidden:
		text.WriteString("\t_ struct{} // unexported fields\n")
	}
	return "struct {\n" + text.String() + "}"
}

func (w *writer) contract(i *types.Interface) string {
	var text strings.Builder
	for embedded := range i.EmbeddedTypes() {
		fmt.Fprintf(&text, "\t%s\n", w.string(embedded))
	}
	for method := range i.ExplicitMethods() {
		text.WriteString("\t" + w.function(method.Name(), method))
	}
	return "interface {\n" + text.String() + "}"
}

func (w *writer) function(head string, f *types.Func) string {
	text := head + strings.TrimPrefix(w.typeOf(f), "func")
	if f.Signature().TypeParams().Len() > 0 {
		text += " {}" // which go/types asks for
	}
	return text + "\n"
}

func (w *writer) typeOf(o types.Object) string { return w.string(o.Type()) }

// string writes a type, and notes the packages that it mentions.
func (w *writer) string(t types.Type) string {
	return types.TypeString(t, func(pkg *types.Package) string {
		if pkg == w.pkg {
			return ""
		}
		w.imports[fmt.Sprintf("\t%q\n", pkg.Path())] = true
		return pkg.Name()
	})
}

// identifiers returns what a text of Go mentions.
func identifiers(text string) map[string]bool {
	file := token.NewFileSet().AddFile("", -1, len(text))
	var s scanner.Scanner
	s.Init(file, []byte(text), nil, 0)
	found := make(map[string]bool)
	for {
		_, kind, literal := s.Scan()
		switch kind {
		case token.EOF:
			return found
		case token.IDENT:
			found[literal] = true
		}
	}
}
