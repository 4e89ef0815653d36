package openplatform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/ebaas/openplatform-go/internal/mask"
)

// The operations of the single sign-on pages (单点登录), in their order.
var (
	opCheckToken       = Operation{Name: "CheckToken", Method: http.MethodGet, Path: "/oauth/checkToken", Repeatable: true}
	opGetAccessToken   = Operation{Name: "GetAccessToken", Method: http.MethodGet, Path: "/oauth/getAccessToken", Repeatable: true}
	opGetServiceTicket = Operation{Name: "GetServiceTicket", Method: http.MethodPost, Path: "/oauth/getServiceTicket"}
	opGetAccount       = Operation{Name: "GetAccount", Method: http.MethodPost, Path: "/oauth/api/account/getAccount"}
)

// CheckToken checks a person's login token (page S1). The token is valid if the error is
// nil; there is no data.
//
// 校验登录令牌。
//
// [ErrInvalidToken] means that the token is not valid. [ErrMissingParameter] and
// [ErrMalformedRequest] are documented too. The operation changes nothing and is retried
// as [RetryPolicy] says.
func (c *Client) CheckToken(ctx context.Context, req *CheckTokenRequest) (*Response[struct{}], error) {
	return call[struct{}](ctx, c, opCheckToken, req)
}

// GetAccessToken fetches an access token for a business system (page S2). The token is
// valid for two hours. Do not fetch one for each request: [Client.AccessTokenSource] keeps
// one.
//
// 获取访问令牌（AccessToken）。
//
// The documented failures are [ErrInvalidClientID] and [ErrInvalidClientSecret]. The
// operation changes nothing and is retried as [RetryPolicy] says.
func (c *Client) GetAccessToken(ctx context.Context, req *GetAccessTokenRequest) (*Response[AccessToken], error) {
	return call[AccessToken](ctx, c, opGetAccessToken, req)
}

// GetServiceTicket exchanges an access token and a person's login token for a service
// ticket (page S3). The ticket is valid for 60 seconds, for [Client.GetAccount].
// [AccessTokenSource.VerifyUser] makes both calls.
//
// 获取服务票据（ServiceTicket）。
//
// The documented failures are [ErrInvalidAccessToken], [ErrMissingParameter] and
// [ErrMalformedRequest]. The operation issues a ticket and is not retried. Calling it
// again is safe; it leaves a ticket unused.
func (c *Client) GetServiceTicket(ctx context.Context, req *GetServiceTicketRequest) (*Response[ServiceTicket], error) {
	return call[ServiceTicket](ctx, c, opGetServiceTicket, req)
}

// GetAccount returns the account of the person for whom a service ticket was issued
// (page S4).
//
// 获取用户信息。
//
// The documented failures are [ErrInvalidServiceTicket], [ErrMissingParameter] and
// [ErrMalformedRequest]. The operation uses the ticket up and is not retried: after
// [OutcomeUnknown], get another ticket.
func (c *Client) GetAccount(ctx context.Context, req *GetAccountRequest) (*Response[Account], error) {
	return call[Account](ctx, c, opGetAccount, req)
}

// CheckTokenRequest is what [Client.CheckToken] sends (page S1).
type CheckTokenRequest struct {
	Token string `json:"token"` // from a login; required
}

func (r CheckTokenRequest) params() []param { return tokenParams(r.Token) }

// Format implements [fmt.Formatter]: every verb prints the value with its secrets masked.
func (r CheckTokenRequest) Format(f fmt.State, _ rune) { printParams(f, r.params()) }

// LogValue implements [slog.LogValuer] with the secrets masked.
func (r CheckTokenRequest) LogValue() slog.Value { return logParams(r.params()) }

// MarshalJSON implements [json.Marshaler] with one masked string, for loggers that print JSON.
func (r CheckTokenRequest) MarshalJSON() ([]byte, error) { return maskedJSON(r.params()) }

// GetAccessTokenRequest is what [Client.GetAccessToken] sends (page S2). All fields are
// required.
type GetAccessTokenRequest struct {
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
}

func (r GetAccessTokenRequest) params() []param {
	return []param{
		{name: "client_id", value: r.ClientID, setup: true},
		{name: "client_secret", value: r.ClientSecret, setup: true, mask: mask.All},
	}
}

// Format implements [fmt.Formatter]: every verb prints the value with its secrets masked.
func (r GetAccessTokenRequest) Format(f fmt.State, _ rune) { printParams(f, r.params()) }

// LogValue implements [slog.LogValuer] with the secrets masked.
func (r GetAccessTokenRequest) LogValue() slog.Value { return logParams(r.params()) }

// MarshalJSON implements [json.Marshaler] with one masked string, for loggers that print JSON.
func (r GetAccessTokenRequest) MarshalJSON() ([]byte, error) { return maskedJSON(r.params()) }

// AccessToken is the access token of a business system, the result of [Client.GetAccessToken].
type AccessToken struct {
	AccessToken string    `json:"access_token"`
	Expired     time.Time `json:"expired"` // the expiry time, in China Standard Time; zero if unknown
}

func (t AccessToken) params() []param {
	return []param{{name: "access_token", value: t.AccessToken, mask: mask.All}, {name: "expired", value: shownTime(t.Expired), optional: true}}
}

// Format implements [fmt.Formatter]: every verb prints the value with its secrets masked.
func (t AccessToken) Format(f fmt.State, _ rune) { printParams(f, t.params()) }

// LogValue implements [slog.LogValuer] with the secrets masked.
func (t AccessToken) LogValue() slog.Value { return logParams(t.params()) }

// UnmarshalJSON implements [json.Unmarshaler] with the platform's time format.
func (t *AccessToken) UnmarshalJSON(raw []byte) error {
	var wire struct {
		AccessToken string          `json:"access_token"`
		Expired     json.RawMessage `json:"expired"`
	}
	if err := json.Unmarshal(raw, &wire); err != nil {
		return err
	}
	t.AccessToken = wire.AccessToken
	t.Expired = parseExpired(wire.Expired)
	return nil
}

// GetServiceTicketRequest is what [Client.GetServiceTicket] sends (page S3). All fields
// are required.
type GetServiceTicketRequest struct {
	AccessToken string `json:"access_token"` // of the business system
	Token       string `json:"token"`        // of the person's login
}

func (r GetServiceTicketRequest) params() []param {
	return []param{
		{name: "access_token", value: r.AccessToken, setup: true, mask: mask.All},
		{name: "token", value: r.Token, mask: mask.All},
	}
}

// Format implements [fmt.Formatter]: every verb prints the value with its secrets masked.
func (r GetServiceTicketRequest) Format(f fmt.State, _ rune) { printParams(f, r.params()) }

// LogValue implements [slog.LogValuer] with the secrets masked.
func (r GetServiceTicketRequest) LogValue() slog.Value { return logParams(r.params()) }

// MarshalJSON implements [json.Marshaler] with one masked string, for loggers that print JSON.
func (r GetServiceTicketRequest) MarshalJSON() ([]byte, error) { return maskedJSON(r.params()) }

// ServiceTicket is a service ticket, the result of [Client.GetServiceTicket].
type ServiceTicket struct {
	ServiceTicket string    `json:"service_ticket"`
	Expired       time.Time `json:"expired"`        // the expiry time, in China Standard Time, 60 s after issue; zero if unknown
	NumberOfUses  int       `json:"number_of_uses"` // how many times GetAccount accepts it
}

func (t ServiceTicket) params() []param {
	return []param{
		{name: "service_ticket", value: t.ServiceTicket, mask: mask.All},
		{name: "expired", value: shownTime(t.Expired), optional: true},
		{name: "number_of_uses", value: strconv.Itoa(t.NumberOfUses)},
	}
}

// Format implements [fmt.Formatter]: every verb prints the value with its secrets masked.
func (t ServiceTicket) Format(f fmt.State, _ rune) { printParams(f, t.params()) }

// LogValue implements [slog.LogValuer] with the secrets masked.
func (t ServiceTicket) LogValue() slog.Value { return logParams(t.params()) }

// UnmarshalJSON implements [json.Unmarshaler] with the platform's time format.
func (t *ServiceTicket) UnmarshalJSON(raw []byte) error {
	var wire struct {
		ServiceTicket string          `json:"service_ticket"`
		NumberOfUses  text            `json:"number_of_uses"` // some gateways send numbers as strings
		Expired       json.RawMessage `json:"expired"`
	}
	if err := json.Unmarshal(raw, &wire); err != nil {
		return err
	}
	t.ServiceTicket = wire.ServiceTicket
	t.NumberOfUses, _ = strconv.Atoi(string(wire.NumberOfUses)) // 0 if unknown
	t.Expired = parseExpired(wire.Expired)
	return nil
}

// GetAccountRequest is what [Client.GetAccount] sends (page S4).
type GetAccountRequest struct {
	ServiceTicket string `json:"service_ticket"` // required
}

func (r GetAccountRequest) params() []param {
	return []param{{name: "service_ticket", value: r.ServiceTicket, setup: true, mask: mask.All}}
}

// Format implements [fmt.Formatter]: every verb prints the value with its secrets masked.
func (r GetAccountRequest) Format(f fmt.State, _ rune) { printParams(f, r.params()) }

// LogValue implements [slog.LogValuer] with the secrets masked.
func (r GetAccountRequest) LogValue() slog.Value { return logParams(r.params()) }

// MarshalJSON implements [json.Marshaler] with one masked string, for loggers that print JSON.
func (r GetAccountRequest) MarshalJSON() ([]byte, error) { return maskedJSON(r.params()) }

// Account is a person's account, the result of [Client.GetAccount].
type Account struct {
	Username string `json:"username"`
	Email    string `json:"email"`
	Mobile   string `json:"mobile"`
	Activate bool   `json:"activate"` // 已激活: the e-mail address is confirmed
	OpenID   string `json:"open_id"`  // identifies the account, 28 characters
}

func (a Account) params() []param {
	return []param{
		{name: "username", value: a.Username, optional: true, mask: mask.Contacts},
		{name: "email", value: a.Email, optional: true, mask: mask.All},
		{name: "mobile", value: a.Mobile, optional: true, mask: mask.Mobile},
		{name: "activate", value: strconv.FormatBool(a.Activate)},
		{name: "open_id", value: a.OpenID},
	}
}

// UnmarshalJSON implements [json.Unmarshaler]. An account without the field activate is an
// error: "false" would be a guess.
func (a *Account) UnmarshalJSON(raw []byte) error {
	type plain Account // without this method
	wire := struct {
		*plain
		Activate *bool `json:"activate"`
	}{plain: (*plain)(a)}
	if err := json.Unmarshal(raw, &wire); err != nil {
		return err
	}
	if wire.Activate == nil {
		return errors.New("openplatform: the account has no field activate")
	}
	a.Activate = *wire.Activate
	return nil
}

// Format implements [fmt.Formatter]: every verb prints the value with its secrets masked.
func (a Account) Format(f fmt.State, _ rune) { printParams(f, a.params()) }

// LogValue implements [slog.LogValuer] with the secrets masked.
func (a Account) LogValue() slog.Value { return logParams(a.params()) }

// chinaStandardTime is the time zone of the platform. It is fixed here because containers
// often have no time zone files.
var chinaStandardTime = time.FixedZone("CST", 8*60*60)

// parseExpired reads the platform's time format, and RFC 3339, which Go writes. It returns the
// zero time for anything else: a token without an expiry time can be used.
func parseExpired(raw json.RawMessage) time.Time {
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return time.Time{}
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.In(chinaStandardTime)
	}
	t, err := time.ParseInLocation(time.DateTime, s, chinaStandardTime)
	if err != nil {
		return time.Time{}
	}
	return t
}

func shownTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}
