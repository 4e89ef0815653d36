package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"reflect"
	"slices"
	"strings"

	openplatform "github.com/ebaas/openplatform-go"
)

// An operation is an operation of openplatform call.
type operation struct {
	name   string
	fields []field
	call   func(ctx context.Context, client *openplatform.Client, values map[string]string) (reply, error)
}

// A field is a parameter of an operation.
type field struct {
	name   string // on the wire
	secret bool   // must not be on a command line
}

// openFields are the fields that are not secret. All others are.
var openFields = []string{"username", "img_code_id", "sms_type", "client_id"}

// option returns the flag's name for the field.
func (f field) option() string { return strings.ReplaceAll(f.name, "_", "-") }

// operations are the SDK's operations, in the order of the platform's pages.
var operations = []operation{
	of("Register", (*openplatform.Client).Register),
	of("Login", (*openplatform.Client).Login),
	of("GetImgCode", getImgCode),
	of("Activate", (*openplatform.Client).Activate),
	of("SendSmsCode", (*openplatform.Client).SendSmsCode),
	of("LoginByMobileCode", (*openplatform.Client).LoginByMobileCode),
	of("ResetPassword", (*openplatform.Client).ResetPassword),
	of("Logout", (*openplatform.Client).Logout),
	of("CheckToken", (*openplatform.Client).CheckToken),
	of("GetAccessToken", (*openplatform.Client).GetAccessToken),
	of("GetServiceTicket", (*openplatform.Client).GetServiceTicket),
	of("GetAccount", (*openplatform.Client).GetAccount),
}

func getImgCode(c *openplatform.Client, ctx context.Context, _ *struct{}) (*openplatform.Response[openplatform.ImgCode], error) { //nolint:revive // as a method's expression has it
	return c.GetImgCode(ctx)
}

func findOperation(name string) *operation {
	i := slices.IndexFunc(operations, func(o operation) bool { return strings.EqualFold(o.name, name) })
	if i < 0 {
		return nil
	}
	return &operations[i]
}

// of returns the operation for a client's method.
func of[Request, Result any](
	name string, method func(*openplatform.Client, context.Context, *Request) (*openplatform.Response[Result], error),
) operation {
	typ := reflect.TypeFor[Request]()
	o := operation{name: name}
	for i := range typ.NumField() {
		name := typ.Field(i).Tag.Get("json")
		o.fields = append(o.fields, field{name: name, secret: !slices.Contains(openFields, name)})
	}
	o.call = func(ctx context.Context, client *openplatform.Client, values map[string]string) (reply, error) {
		request := new(Request)
		for i, f := range o.fields {
			reflect.ValueOf(request).Elem().Field(i).SetString(values[f.name])
		}
		resp, err := method(client, ctx, request)
		if err != nil {
			return reply{}, err
		}
		return replyOf(resp)
	}
	return o
}

// A reply is the response of a successful call.
type reply struct {
	shown slog.Value      // the envelope without secrets
	data  json.RawMessage // whole
}

func replyOf[T any](resp *openplatform.Response[T]) (reply, error) {
	r := reply{shown: resp.LogValue()}
	whole, err := json.Marshal(resp)
	if err != nil {
		return r, err
	}
	var envelope struct{ Data json.RawMessage }
	err = json.Unmarshal(whole, &envelope)
	r.data = envelope.Data
	return r, err
}

// shownData returns the data with masked secrets, with the types on the wire.
func (r reply) shownData() any {
	var data any
	if json.Unmarshal(r.data, &data) != nil {
		return nil
	}
	fields, isObject := data.(map[string]any)
	if !isObject {
		return data
	}
	for _, attr := range r.attr("data").Resolve().Group() {
		if _, isText := fields[attr.Key].(string); isText {
			fields[attr.Key] = attr.Value.String()
		}
	}
	return fields
}

// attr returns a field of the envelope as it is shown.
func (r reply) attr(name string) slog.Value {
	for _, attr := range r.shown.Group() {
		if attr.Key == name {
			return attr.Value
		}
	}
	return slog.Value{}
}
