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

// CheckToken asks whether a person's login token is valid (校验token, page S1). A nil
// error says that it is; there is no data.
//
// Of a token that is not, the error is [ErrInvalidToken]. [ErrMissingParameter] and
// [ErrMalformedRequest] are documented too. It changes nothing and is repeated as
// [RetryPolicy] says.
func (c *Client) CheckToken(ctx context.Context, req *CheckTokenRequest) (*Response[struct{}], error) {
	return call[struct{}](ctx, c, opCheckToken, req)
}

// GetAccessToken fetches an access token for a business system (获取AccessToken, page
// S2). It is valid for two hours: do not fetch one per request, [Client.AccessTokenSource]
// keeps one for you.
//
// Documented failures are [ErrInvalidClientID] and [ErrInvalidClientSecret]. It changes
// nothing and is repeated as [RetryPolicy] says.
func (c *Client) GetAccessToken(ctx context.Context, req *GetAccessTokenRequest) (*Response[AccessToken], error) {
	return call[AccessToken](ctx, c, opGetAccessToken, req)
}

// GetServiceTicket exchanges an access token and a person's login token for a ticket
// (获取ServiceTicket, page S3), with which [Client.GetAccount] tells who the person is.
// [AccessTokenSource.VerifyUser] does both.
//
// Documented failures are [ErrInvalidAccessToken], [ErrMissingParameter] and
// [ErrMalformedRequest]. It issues something and is not repeated; calling it again does
// no harm but to leave a ticket unused.
func (c *Client) GetServiceTicket(ctx context.Context, req *GetServiceTicketRequest) (*Response[ServiceTicket], error) {
	return call[ServiceTicket](ctx, c, opGetServiceTicket, req)
}

// GetAccount tells who the person is for whom a ticket was issued (获取用户信息, page S4).
//
// Documented failures are [ErrInvalidServiceTicket], [ErrMissingParameter] and
// [ErrMalformedRequest]. It uses the ticket up and is not repeated: after
// [OutcomeUnknown], get another ticket.
func (c *Client) GetAccount(ctx context.Context, req *GetAccountRequest) (*Response[Account], error) {
	return call[Account](ctx, c, opGetAccount, req)
}

// CheckTokenRequest is what [Client.CheckToken] sends (page S1).
type CheckTokenRequest struct {
	Token string `json:"token"` // from a login; required
}

func (r CheckTokenRequest) params() []param { return tokenParams(r.Token) }

// Format implements [fmt.Formatter]: every verb prints it with the secrets masked.
func (r CheckTokenRequest) Format(f fmt.State, _ rune) { printParams(f, r.params()) }

// LogValue implements [slog.LogValuer] likewise.
func (r CheckTokenRequest) LogValue() slog.Value { return logParams(r.params()) }

// MarshalJSON implements [json.Marshaler] with one masked string, which is what loggers print.
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

// Format implements [fmt.Formatter]: every verb prints it with the secrets masked.
func (r GetAccessTokenRequest) Format(f fmt.State, _ rune) { printParams(f, r.params()) }

// LogValue implements [slog.LogValuer] likewise.
func (r GetAccessTokenRequest) LogValue() slog.Value { return logParams(r.params()) }

// MarshalJSON implements [json.Marshaler] with one masked string, which is what loggers print.
func (r GetAccessTokenRequest) MarshalJSON() ([]byte, error) { return maskedJSON(r.params()) }

// AccessToken is a business system's token, from [Client.GetAccessToken].
type AccessToken struct {
	AccessToken string    `json:"access_token"`
	Expired     time.Time `json:"expired"` // when it ends, in China Standard Time; the zero time if it does not say
}

func (t AccessToken) params() []param {
	return []param{{name: "access_token", value: t.AccessToken, mask: mask.All}, {name: "expired", value: shownTime(t.Expired), optional: true}}
}

// Format implements [fmt.Formatter]: every verb prints it with the secrets masked.
func (t AccessToken) Format(f fmt.State, _ rune) { printParams(f, t.params()) }

// LogValue implements [slog.LogValuer] likewise.
func (t AccessToken) LogValue() slog.Value { return logParams(t.params()) }

// UnmarshalJSON implements [json.Unmarshaler] for the platform's form of time.
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

// Format implements [fmt.Formatter]: every verb prints it with the secrets masked.
func (r GetServiceTicketRequest) Format(f fmt.State, _ rune) { printParams(f, r.params()) }

// LogValue implements [slog.LogValuer] likewise.
func (r GetServiceTicketRequest) LogValue() slog.Value { return logParams(r.params()) }

// MarshalJSON implements [json.Marshaler] with one masked string, which is what loggers print.
func (r GetServiceTicketRequest) MarshalJSON() ([]byte, error) { return maskedJSON(r.params()) }

// ServiceTicket is a ticket, from [Client.GetServiceTicket].
type ServiceTicket struct {
	ServiceTicket string    `json:"service_ticket"`
	Expired       time.Time `json:"expired"`        // when it ends, in China Standard Time, 60 s after it was issued; the zero time if it does not say
	NumberOfUses  int       `json:"number_of_uses"` // how often GetAccount takes it
}

func (t ServiceTicket) params() []param {
	return []param{
		{name: "service_ticket", value: t.ServiceTicket, mask: mask.All},
		{name: "expired", value: shownTime(t.Expired), optional: true},
		{name: "number_of_uses", value: strconv.Itoa(t.NumberOfUses)},
	}
}

// Format implements [fmt.Formatter]: every verb prints it with the secrets masked.
func (t ServiceTicket) Format(f fmt.State, _ rune) { printParams(f, t.params()) }

// LogValue implements [slog.LogValuer] likewise.
func (t ServiceTicket) LogValue() slog.Value { return logParams(t.params()) }

// UnmarshalJSON implements [json.Unmarshaler] for the platform's form of time.
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
	t.NumberOfUses, _ = strconv.Atoi(string(wire.NumberOfUses)) // 0 if it does not say
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

// Format implements [fmt.Formatter]: every verb prints it with the secrets masked.
func (r GetAccountRequest) Format(f fmt.State, _ rune) { printParams(f, r.params()) }

// LogValue implements [slog.LogValuer] likewise.
func (r GetAccountRequest) LogValue() slog.Value { return logParams(r.params()) }

// MarshalJSON implements [json.Marshaler] with one masked string, which is what loggers print.
func (r GetAccountRequest) MarshalJSON() ([]byte, error) { return maskedJSON(r.params()) }

// Account is a person's account, from [Client.GetAccount].
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

// UnmarshalJSON implements [json.Unmarshaler]. An account that does not say whether it is
// activated is an error: "false" would be a guess.
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
		return errors.New("openplatform: an account without activate")
	}
	a.Activate = *wire.Activate
	return nil
}

// Format implements [fmt.Formatter]: every verb prints it with the secrets masked.
func (a Account) Format(f fmt.State, _ rune) { printParams(f, a.params()) }

// LogValue implements [slog.LogValuer] likewise.
func (a Account) LogValue() slog.Value { return logParams(a.params()) }

// chinaStandardTime is the zone of the platform's times, made here because machines
// in containers often have no zone files.
var chinaStandardTime = time.FixedZone("CST", 8*60*60)

// parseExpired reads the platform's form of time, and RFC 3339, as which Go writes what was
// read. It returns the zero time for anything else: a token is good without its end.
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
