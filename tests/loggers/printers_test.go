package loggers

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"log"
	"log/slog"
	"reflect"
	"strings"

	"github.com/davecgh/go-spew/spew"
	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"
	"github.com/rs/zerolog"
	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/assert"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.yaml.in/yaml/v3"
)

// A printer writes a value in the ways that one row of the table stands for. Its error is of an encoder that refuses
// the type.
type printer struct {
	name  string
	print func(w io.Writer, v any) error

	// What the SDK promises of this printer, beyond what it promises of all.
	masksErrors   bool // it calls Error, Format or LogValue
	masksRequests bool

	onlyErrors bool // it takes nothing else
}

var printers = []printer{
	{name: "`fmt` %v %+v %#v", print: printVerbs("%v", "%+v", "%#v"), masksErrors: true, masksRequests: true},
	{name: "`fmt` %s %q %x %d", print: printVerbs("%s", "%q", "%x", "%X", "%d"), masksErrors: true, masksRequests: true},
	{name: "`log`", print: printLog, masksErrors: true, masksRequests: true},
	{name: "`slog` text", print: printSlogText, masksErrors: true, masksRequests: true},
	{name: "`slog` JSON", print: printSlogJSON, masksErrors: true, masksRequests: true},
	{name: "zap `Any`", print: zapField(zap.Any), masksErrors: true, masksRequests: true},
	{name: "zap `Reflect`", print: zapField(zap.Reflect), masksRequests: true},
	{name: "zap sugar `Infow`", print: printZapInfow, masksErrors: true, masksRequests: true},
	{name: "zap sugar `Infof`", print: printZapInfof, masksErrors: true, masksRequests: true},
	{name: "zerolog `Interface`", print: printZerolog, masksRequests: true},
	{name: "zerolog `Err`", print: printZerologErr, masksErrors: true, onlyErrors: true},
	{name: "logrus text", print: logrusWith(&logrus.TextFormatter{}), masksErrors: true, masksRequests: true},
	{name: "logrus JSON", print: logrusWith(&logrus.JSONFormatter{}), masksErrors: true, masksRequests: true},
	{name: "hclog text", print: hclogWith(false), masksErrors: true, masksRequests: true},
	{name: "hclog JSON", print: hclogWith(true), masksErrors: true, masksRequests: true},
	{name: "`encoding/json`", print: printJSON, masksRequests: true},
	{name: "`encoding/gob`", print: func(w io.Writer, v any) error { return gob.NewEncoder(w).Encode(v) }},
	{name: "`encoding/xml`", print: func(w io.Writer, v any) error { return xml.NewEncoder(w).Encode(v) }},
	{name: "yaml", print: func(w io.Writer, v any) error { return yaml.NewEncoder(w).Encode(v) }},
	{name: "spew", print: spewWith(spew.ConfigState{Indent: " "}, spew.ConfigState{DisablePointerMethods: true}), masksErrors: true},
	{name: "spew `DisableMethods`", print: spewWith(spew.ConfigState{DisableMethods: true}, spew.ConfigState{DisableMethods: true, SpewKeys: true, SortKeys: true})},
	{name: "spew `ContinueOnMethod`", print: spewWith(spew.ConfigState{ContinueOnMethod: true})},
	{name: "go-cmp `Diff`", print: printDiff},
	{name: "testify `Equal`", print: printAssertion},
}

func printVerbs(verbs ...string) func(io.Writer, any) error {
	return func(w io.Writer, v any) error {
		for _, verb := range verbs {
			_, _ = fmt.Fprintf(w, verb+"\n", v)
		}
		return nil
	}
}

func printLog(w io.Writer, v any) error {
	l := log.New(w, "", 0)
	l.Print(v)
	l.Println("login", v)
	l.Printf("%+v", v)
	return nil
}

func printSlogText(w io.Writer, v any) error { return printSlog(slog.NewTextHandler(w, nil), v) }

func printSlogJSON(w io.Writer, v any) error { return printSlog(slog.NewJSONHandler(w, nil), v) }

func printSlog(h slog.Handler, v any) error {
	l := slog.New(h)
	l.Info("login", "it", v)
	l.With("it", v).Info("login", slog.Group("of", slog.Any("it", v)))
	return nil
}

// zapCore writes as a program's encoders do: JSON in production, console in development.
func zapCore(w io.Writer) zapcore.Core {
	config := zap.NewDevelopmentEncoderConfig()
	return zapcore.NewTee(
		zapcore.NewCore(zapcore.NewJSONEncoder(config), zapcore.AddSync(w), zap.DebugLevel),
		zapcore.NewCore(zapcore.NewConsoleEncoder(config), zapcore.AddSync(w), zap.DebugLevel),
	)
}

func zapField(field func(string, any) zap.Field) func(io.Writer, any) error {
	return func(w io.Writer, v any) error {
		l := zap.New(zapCore(w))
		l.Info("login", field("it", v))
		l.With(field("it", v)).Info("login")
		return nil
	}
}

func printZapInfow(w io.Writer, v any) error {
	zap.New(zapCore(w)).Sugar().Infow("login", "it", v)
	return nil
}

func printZapInfof(w io.Writer, v any) error {
	l := zap.New(zapCore(w)).Sugar()
	l.Infof("login %v", v)
	l.Info(v)
	return nil
}

func printZerolog(w io.Writer, v any) error {
	l := zerolog.New(w)
	l.Info().Interface("it", v).Msg("login")
	l.Info().Any("it", v).Msg("login")
	return nil
}

func printZerologErr(w io.Writer, v any) error {
	err, _ := v.(error)
	l := zerolog.New(w)
	l.Error().Err(err).AnErr("it", err).Msg("login")
	l.Error().Errs("them", []error{err}).Msg("login")
	return nil
}

func logrusWith(f logrus.Formatter) func(io.Writer, any) error {
	return func(w io.Writer, v any) error {
		l := logrus.New()
		l.Out, l.Formatter = w, f
		l.WithField("it", v).Info("login")
		if err, ok := v.(error); ok {
			l.WithError(err).Error("login")
		}
		return nil
	}
}

func hclogWith(asJSON bool) func(io.Writer, any) error {
	return func(w io.Writer, v any) error {
		hclog.New(&hclog.LoggerOptions{Output: w, JSONFormat: asJSON}).Info("login", "it", v)
		return nil
	}
}

func printJSON(w io.Writer, v any) error { return json.NewEncoder(w).Encode(v) }

func spewWith(configs ...spew.ConfigState) func(io.Writer, any) error {
	return func(w io.Writer, v any) error {
		for _, c := range configs {
			c.Fdump(w, v)
			_, _ = c.Fprintf(w, "%v %+v %#v %#+v", v, v, v, v)
		}
		return nil
	}
}

// printDiff compares as tests do that must look into unexported fields.
func printDiff(w io.Writer, v any) error {
	all := cmp.Exporter(func(reflect.Type) bool { return true })
	for _, other := range others(v) {
		_, _ = io.WriteString(w, cmp.Diff(v, other, all)+cmp.Diff(other, v, all))
	}
	return nil
}

// printAssertion prints what a failed assertion says.
func printAssertion(w io.Writer, v any) error {
	for _, other := range others(v) {
		assert.Equal(failing{w}, other, v)
	}
	return nil
}

type failing struct{ io.Writer }

func (f failing) Errorf(format string, args ...any) { _, _ = fmt.Fprintf(f, format, args...) }

// others returns what to compare v with: nothing of its type, and a value of the same shape with nothing in it, for
// which a printer goes deeper.
func others(v any) []any {
	of := reflect.ValueOf(v)
	return []any{reflect.Zero(of.Type()).Interface(), emptied(of).Interface()}
}

func emptied(v reflect.Value) reflect.Value {
	t := v.Type()
	result := reflect.New(t).Elem()
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			result = reflect.New(t.Elem())
			result.Elem().Set(emptied(v.Elem()))
		}
	case reflect.Interface:
		if !v.IsNil() {
			result.Set(emptied(v.Elem()))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if t.Field(i).IsExported() {
				result.Field(i).Set(emptied(v.Field(i)))
			}
		}
	case reflect.Slice:
		result = reflect.MakeSlice(t, v.Len(), v.Len())
		for i := range v.Len() {
			result.Index(i).Set(emptied(v.Index(i)))
		}
	case reflect.Map:
		result = reflect.MakeMap(t)
		for entry := v.MapRange(); entry.Next(); {
			result.SetMapIndex(entry.Key(), emptied(entry.Value()))
		}
	default: // the zero value
	}
	return result
}

// A cell is what one printer does with the values of one column.
type cell int

const (
	masked  cell = iota
	whole        // a secret is in the output, of one of the values at least
	refused      // the printer takes none of the values
	none         // they are nothing that the printer is for
)

// fill prints the values of a cell, and returns the first output that holds a secret.
func (p printer) fill(values []any) (cell, string) {
	result := none
	for _, v := range values {
		if _, isError := v.(error); p.onlyErrors && !isError {
			continue
		}
		var out bytes.Buffer
		err := p.print(&out, v)
		if err != nil { // its text is what a program would log
			out.WriteString(err.Error())
		}
		switch secret := secretIn(out.String()); {
		case secret != "":
			return whole, fmt.Sprintf("%T shows %q:\n%s", v, secret, cut(out.String(), secret))
		case err == nil:
			result = masked
		case result == none:
			result = refused
		}
	}
	return result, ""
}

// cut keeps what a reader wants of an output that may have megabytes.
func cut(out, secret string) string {
	const around = 400
	at := max(0, strings.Index(strings.ToLower(out), strings.ToLower(secret)))
	return out[max(0, at-around):min(len(out), at+around)]
}
