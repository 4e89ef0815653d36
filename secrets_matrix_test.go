package openplatform_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/internal/evidence"
	"github.com/ebaas/openplatform-go/internal/tables"
)

// Promise 4: no secret leaves through an error, a log line, an observer or a Referer, whatever fails and however it is
// printed.

var long = flag.Bool("long", false, "have every operation meet every failure in TestNoSecretIsPrinted")

// TestNoSecretIsPrinted makes calls fail, each with secrets of its own, and searches all that was printed for them. Each
// failure meets a few operations; this has it meet all of them, and writes the table of docs/reliability.md:
//
//	go test . -run TestNoSecretIsPrinted -long -update
//
// What the package documentation leaves whole is not printed here: JSON of results, values in unexported fields, and the
// field Msg of an APIError.
func TestNoSecretIsPrinted(t *testing.T) {
	operations := secretOperations(t)
	controlled := findAllInControl(t, operations)
	output := captureStderr(t)
	total, table := secretsRow{failure: "all"}, []*secretsRow{}
	all := &vault{T: t}
	for i, failure := range secretFailures() {
		row := rowFor(&table, failure.row)
		for _, op := range failure.meets(operations, i) {
			t.Run(path.Join(failure.row, failure.variant, op.name), func(t *testing.T) {
				v := &vault{T: t, tooLong: failure.tooLong}
				cell := watchCell(v, failure, op)
				row.add(cell)
				total.add(cell)
				all.planted = append(all.planted, v.planted...)
			})
		}
	}
	log.Print("to the standard logger")
	_, _ = fmt.Fprintln(os.Stderr, "to stderr")
	written := output()
	require.Contains(t, written, "to the standard logger\nto stderr\n", "nothing would be found where nothing is captured")
	table = append(table, &secretsRow{
		failure: "what all calls wrote to stderr and the standard logger", texts: 1, bytes: len(written),
		findings: all.assertUnseen([]printed{{"stderr", written}}),
	})
	showSecrets(t, len(operations), controlled, total, table)
}

func showSecrets(t *testing.T, operations, controlled int, total secretsRow, table []*secretsRow) {
	t.Helper()
	command := "go test . -v -run TestNoSecretIsPrinted -update"
	if *long {
		command += " -long"
	}
	english, chinese := evidence.Measured(command)
	figures := []any{operations, len(table) - 1, total.cells, total.texts, total.bytes >> 20, controlled, controlled}
	english = fmt.Sprintf("%d operations, two of them by Do, meet %d kinds of failure in %d cells, each with secrets of its own. "+
		"%d texts, %d MB, were searched for them. The same search of the same requests, as net/http and fmt print them, finds %d of %d. ",
		figures...) + english
	chinese = fmt.Sprintf("%d 个接口（其中两个通过 Do 调用）遇到 %d 类失败，共 %d 种组合，每种使用各自的敏感信息。"+
		"在 %d 段文本（%d MB）中搜索这些内容。对照：同样的请求由 net/http 和 fmt 打印时，同样的搜索找到 %d / %d。", figures...) + chinese
	rows := rowsOf(table)
	require.NoError(t, tables.Show("docs/reliability.md", "secrets", english, rows))
	translated, err := evidence.Translate(rows, chineseSecrets, 0, 4)
	require.NoError(t, err)
	require.NoError(t, tables.Show("docs/reliability.zh-CN.md", "secrets", chinese, translated))
}

// chineseSecrets are the words of the table in docs/reliability.zh-CN.md.
var chineseSecrets = map[string]string{
	"failure": "失败", "cells": "组合", "texts": "文本", "bytes": "字节", "outcome": "结果", "findings": "发现",
	"succeeded": "成功", "rejected": "被拒绝", "not sent": "未发出", "unknown": "结果未知",
	"a field breaks a documented rule":           "字段违反文档规则",
	"ctx ended before, with a cause that quotes": "ctx 事先已结束，其 cause 含请求内容",
	"no connection":                           "无法建立连接",
	"proxy":                                   "代理",
	"TLS":                                     "TLS",
	"a RoundTripper that quotes the request":  "RoundTripper 的错误含请求内容",
	"no response":                             "没有响应",
	"not HTTP, and quotes":                    "不是 HTTP，且含请求内容",
	"broken off in the response":              "响应中途断开",
	"body over 1 MiB":                         "响应体超过 1 MiB",
	"given up before a response":              "响应前放弃",
	"given up in the response":                "响应中途放弃",
	"HTTP/2":                                  "HTTP/2",
	"redirect that quotes":                    "重定向含请求内容",
	"page with a title that quotes":           "页面标题含请求内容",
	"page that quotes":                        "页面含请求内容",
	"broken envelope that quotes":             "损坏的响应含请求内容",
	"rejection with a msg that quotes":        "拒绝，msg 含请求内容",
	"platform failure with a msg that quotes": "平台故障，msg 含请求内容",
	"envelope that quotes":                    "响应的其他字段含请求内容",
	"success that is none, and quotes":        "看似成功而并非成功，且含请求内容",
	"none: a success":                         "无：调用成功",
	"what all calls wrote to stderr and the standard logger": "所有调用写到 stderr 和标准 logger 的内容",
}

// watchCell makes one call that meets one failure, and searches whatever could be printed of it.
func watchCell(v *vault, failure secretFailure, op secretOperation) secretsRow {
	v.Helper()
	request, call := op.prepare(v)
	s := &staging{vault: v, ctx: v.Context(), url: "http://platform.invalid", data: op.data(v)}
	s.strangers = []string{v.plantPhone("a stranger's phone"), v.plantEmail("a stranger's e-mail")}
	failure.stage(s)

	var logged bytes.Buffer
	seen := &recorder{}
	client := newClient(v, s.url, append(s.options, quickRetries, openplatform.WithHTTPClient(&s.http),
		openplatform.WithLogger(inTextAndJSON(&logged)), openplatform.WithObserver(seen))...)
	resp, err := call(s.ctx, client)

	require.Equal(v, failure.want, fmt.Sprintf("%T", err), "the failure is not the one that was staged: %v", err)
	switch {
	case failure.words && op.isUnknown():
		v.forgetRequest() // Do cannot know what of it is secret
	case failure.words && err != nil && len(v.sent) > 0:
		assert.Contains(v, err.Error(), "***", "the answer's words never got into the text")
	}
	require.NotEmpty(v, logged.String())
	all := []printed{{"WithLogger", logged.String()}}
	all = append(all, printRequestOrResult(request)...)
	all = append(all, printRequestOrResult(resp)...)
	all = append(all, printError(err)...)
	all = append(all, seen.printAll()...)
	all = append(all, s.receivedHeaders()...)
	row := secretsRow{cells: 1, texts: len(all), findings: v.assertUnseen(all), outcomes: []string{openplatform.OutcomeOf(err).String()}}
	for _, p := range all {
		row.bytes += len(p.text)
	}
	return row
}

// What is printed

type printed struct{ how, text string }

// Under a verb that is not for errors, fmt prints the fields of what fmt.Errorf and errors.Join return, and with them
// the Msg of an APIError: of what wraps an error only the first seven are printed.
var (
	verbs        = []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%+q", "% x", "%#x", "%d", "%t", "%c", "%U", "%e", "%.9s", "%40v", "%T"}
	verbsToWraps = verbs[:7]
)

// printings are the ways in which v gets into a log, by itself and in what a program would wrap around it.
func printings(v any, verbs ...string) []printed {
	var out []printed
	for _, verb := range verbs {
		out = append(out, printed{verb, fmt.Sprintf(verb, v)})
	}
	for _, holder := range []any{[]any{v}, map[string]any{"v": v}, struct{ V any }{v}} {
		for _, verb := range verbs[:3] {
			out = append(out, printed{fmt.Sprintf("%s in a %T", verb, holder), fmt.Sprintf(verb, holder)})
		}
	}
	var logged, structured bytes.Buffer
	log.New(&logged, "", log.LstdFlags).Print(v)
	logger := inTextAndJSON(&structured)
	logger.Info("as an attribute", "v", v)
	logger.Info("in a group", slog.Group("g", "v", v))
	logger.With("v", v).WithGroup("g").Info("of the logger")
	return append(out, printed{"Sprint", fmt.Sprint(v)}, printed{"Sprintln", fmt.Sprintln(v)},
		printed{"log.Print", logged.String()}, printed{"slog", structured.String()})
}

// printRequestOrResult prints what v points to as well, and of a response its data.
func printRequestOrResult(v any) []printed {
	if v == nil || reflect.ValueOf(v).IsNil() {
		return nil
	}
	pointed := reflect.ValueOf(v).Elem()
	out := append(printings(v, verbs...), printings(pointed.Interface(), verbs...)...)
	if data := pointed.FieldByName("Data"); data.IsValid() {
		out = append(out, printings(data.Interface(), verbs...)...)
	}
	return out
}

// printError prints err, what a program would wrap it in, all that it wraps, and what it points to.
func printError(err error) []printed {
	if err == nil {
		return nil
	}
	out := printings(err, verbs...)
	for _, e := range []error{err, fmt.Errorf("login: %w", err), errors.Join(errors.New("twice"), err)} {
		out = append(out, printed{"Error", e.Error()})
		out = append(out, printings(e, verbsToWraps...)...)
	}
	if v := reflect.ValueOf(err); v.Kind() == reflect.Pointer {
		out = append(out, printings(v.Elem().Interface(), verbs...)...)
	}
	for cause := errors.Unwrap(err); cause != nil; cause = errors.Unwrap(cause) {
		out = append(out, printed{"the fields of the cause", fieldsOf(reflect.ValueOf(cause), 0)})
		out = append(out, printings(cause, verbs...)...)
	}
	return out
}

// printAll also prints what of an observer's values has no way out but reflection or JSON.
func (r *recorder) printAll() []printed {
	given := []any{r.callStart, r.callEnd}
	for _, start := range r.attempts {
		given = append(given, start)
	}
	for _, end := range r.attemptEnd {
		given = append(given, end)
	}
	var out []printed
	for _, v := range given {
		inJSON, err := json.Marshal(v)
		out = append(out, printings(v, verbs...)...)
		out = append(out, printed{"fields", fieldsOf(reflect.ValueOf(v), 0)}, printed{"JSON", fmt.Sprint(string(inJSON), err)})
	}
	return out
}

// fieldsOf returns every string in v, those in unexported fields included.
func fieldsOf(v reflect.Value, depth int) string {
	var out strings.Builder
	switch {
	case depth > 12:
		return ""
	case v.Kind() == reflect.String:
		return v.String() + "\n"
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		return string(v.Bytes()) + "\n"
	case v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface:
		if !v.IsNil() {
			return fieldsOf(v.Elem(), depth+1)
		}
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			out.WriteString(fieldsOf(v.Field(i), depth+1))
		}
	case v.Kind() == reflect.Slice || v.Kind() == reflect.Array:
		for i := range v.Len() {
			out.WriteString(fieldsOf(v.Index(i), depth+1))
		}
	case v.Kind() == reflect.Map:
		for _, key := range v.MapKeys() {
			out.WriteString(fieldsOf(key, depth+1) + fieldsOf(v.MapIndex(key), depth+1))
		}
	}
	return out.String()
}

// twoHandlers logs to both.
type twoHandlers [2]slog.Handler

// inTextAndJSON logs to w.
func inTextAndJSON(w io.Writer) *slog.Logger {
	debug := &slog.HandlerOptions{Level: slog.LevelDebug}
	return slog.New(twoHandlers{slog.NewTextHandler(w, debug), slog.NewJSONHandler(w, debug)})
}

func (h twoHandlers) Enabled(context.Context, slog.Level) bool { return true }

func (h twoHandlers) Handle(ctx context.Context, record slog.Record) error {
	return errors.Join(h[0].Handle(ctx, record), h[1].Handle(ctx, record))
}

func (h twoHandlers) WithAttrs(attrs []slog.Attr) slog.Handler {
	return twoHandlers{h[0].WithAttrs(attrs), h[1].WithAttrs(attrs)}
}

func (h twoHandlers) WithGroup(name string) slog.Handler {
	return twoHandlers{h[0].WithGroup(name), h[1].WithGroup(name)}
}

// captureStderr redirects what the process, resty and net/http write to stderr until the function that it returns is
// called.
func captureStderr(t *testing.T) func() string {
	t.Helper()
	file, err := os.CreateTemp(t.TempDir(), "stderr")
	require.NoError(t, err)
	original, writer := os.Stderr, log.Writer()
	os.Stderr = file
	log.SetOutput(file)
	restore := func() {
		os.Stderr = original
		log.SetOutput(writer)
	}
	t.Cleanup(func() { restore(); _ = file.Close() })
	return func() string {
		restore()
		out, err := os.ReadFile(file.Name())
		require.NoError(t, err)
		return string(out)
	}
}

// The operations

// A secretOperation is one of the platform's, with a request and a result full of secrets.
type secretOperation struct {
	name       string
	method     reflect.Method         // of the client
	unknown    openplatform.Operation // to the SDK: it has no method
	documented string                 // data of a success
}

func (op secretOperation) isUnknown() bool { return op.unknown.Name != "" }

// secretOperations are all that the SDK knows, and some that it does not.
func secretOperations(t *testing.T) []secretOperation {
	t.Helper()
	var all []secretOperation
	for _, m := range operations() {
		var answer struct{ Data json.RawMessage }
		require.NoError(t, json.Unmarshal([]byte(documentedResponse(t, m.Name)), &answer))
		all = append(all, secretOperation{name: m.Name, method: m, documented: string(answer.Data)})
	}
	return append(all,
		secretOperation{name: "Do, a POST", unknown: mutatingPOST, documented: "true"},
		secretOperation{name: "Do, a GET", unknown: repeatable, documented: "true"})
}

// prepare makes a request and the call that sends it.
func (op secretOperation) prepare(v *vault) (request any, call func(context.Context, *openplatform.Client) (resp any, err error)) {
	v.Helper()
	if op.isUnknown() {
		in := map[string]string{"token": v.request("token"), "mobile": v.request("mobile")}
		return nil, func(ctx context.Context, c *openplatform.Client) (any, error) {
			return openplatform.Do[bool](ctx, c, op.unknown, in)
		}
	}
	args := make([]reflect.Value, op.method.Type.NumIn())
	if len(args) == 3 {
		args[2] = reflect.New(op.method.Type.In(2).Elem())
		request = args[2].Interface()
		for i, fields := 0, args[2].Elem(); i < fields.NumField(); i++ {
			fields.Field(i).SetString(v.request(fields.Type().Field(i).Tag.Get("json")))
		}
	}
	return request, func(ctx context.Context, c *openplatform.Client) (any, error) {
		args[0], args[1] = reflect.ValueOf(c), reflect.ValueOf(ctx)
		out := op.method.Func.Call(args)
		err, _ := out[1].Interface().(error)
		return out[0].Interface(), err
	}
}

// data returns that of a success.
func (op secretOperation) data(v *vault) string {
	v.Helper()
	var fields map[string]any
	if err := json.Unmarshal([]byte(op.documented), &fields); err != nil || fields == nil {
		return op.documented // true or null
	}
	for name, documented := range fields {
		fields[name] = v.result(name, documented)
	}
	return asJSON(fields)
}

// The table

// A secretsRow counts what one kind of failure, or one cell of it, came to.
type secretsRow struct {
	failure                       string
	cells, texts, bytes, findings int
	outcomes                      []string
}

func (r *secretsRow) add(cell secretsRow) {
	r.cells += cell.cells
	r.texts += cell.texts
	r.bytes += cell.bytes
	r.findings += cell.findings
	r.outcomes = append(r.outcomes, cell.outcomes...)
}

// rowFor returns the row of a kind of failure, a new one if need be.
func rowFor(table *[]*secretsRow, failure string) *secretsRow {
	for _, row := range *table {
		if row.failure == failure {
			return row
		}
	}
	*table = append(*table, &secretsRow{failure: failure})
	return (*table)[len(*table)-1]
}

func rowsOf(table []*secretsRow) [][]string {
	out := [][]string{{"failure", "cells", "texts", "bytes", "outcome", "findings"}}
	for _, r := range table {
		slices.Sort(r.outcomes)
		out = append(out, []string{
			r.failure, strconv.Itoa(r.cells), strconv.Itoa(r.texts), strconv.Itoa(r.bytes),
			strings.Join(slices.Compact(r.outcomes), ", "), strconv.Itoa(r.findings),
		})
	}
	return out
}
