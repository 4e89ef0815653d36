package sandbox

import (
	"maps"
	"slices"
	"time"
)

// Documented lifetimes.
const (
	// AccessTokenLifetime is how long an access token is valid.
	AccessTokenLifetime = 2 * time.Hour
	// ServiceTicketLifetime is how long a service ticket is valid.
	ServiceTicketLifetime = 60 * time.Second
)

// The client of a new Sandbox.
const (
	DemoClientID     = "demo-client"
	DemoClientSecret = "demo-secret"
)

// serviceTicketUses is the number_of_uses of every ticket.
const serviceTicketUses = 1

// WithOneAccessToken makes the last access token of a client invalid when a new one is issued. The platform does not
// document whether it does this; programs on several machines must work with both.
func WithOneAccessToken() Option {
	return func(s *Sandbox) { s.oneAccessToken = true }
}

// Client is a business system, for GetAccessToken.
type Client struct {
	ID     string `json:"client_id"`
	Secret string `json:"client_secret"`
}

// AddClient adds a business system, for GetAccessToken. A known id gets the new secret.
func (s *Sandbox) AddClient(id, secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addClient(id, secret)
	s.publishChange(ChangedClients)
}

// addClient requires s.mu.
func (s *Sandbox) addClient(id, secret string) {
	if known := s.clients[id]; known != nil {
		known.secret = secret
		return
	}
	s.clients[id] = &client{id: id, secret: secret}
}

// client is a business system of the platform.
type client struct {
	id, secret string
	lastToken  string // its last access token
}

// Clients returns the business systems, by ascending ID.
func (s *Sandbox) Clients() []Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sortedClients()
}

// sortedClients requires s.mu.
func (s *Sandbox) sortedClients() []Client {
	all := make([]Client, 0, len(s.clients))
	for _, id := range slices.Sorted(maps.Keys(s.clients)) {
		all = append(all, Client{ID: id, Secret: s.clients[id].secret})
	}
	return all
}

// RemoveClient removes a business system, and reports whether there was one. Its access tokens stay.
func (s *Sandbox) RemoveClient(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.clients[id] == nil {
		return false
	}
	delete(s.clients, id)
	s.publishChange(ChangedClients)
	return true
}

// RevokeAccessTokens makes all access tokens of all clients invalid, to test how a program handles a refused access token.
// Tickets stay.
func (s *Sandbox) RevokeAccessTokens() { s.RevokeTokens(AccessToken) }

// checkToken is CheckToken 校验token.
func (s *Sandbox) checkToken(c call) (any, *failure) {
	if s.loggedIn(c.params["token"], c.now) == nil {
		return nil, invalidToken()
	}
	return nil, nil
}

// accessTokenData is the data of GetAccessToken 获取AccessToken.
type accessTokenData struct {
	AccessToken string    `json:"access_token"`
	Expired     localTime `json:"expired"`
}

// getAccessToken is GetAccessToken 获取AccessToken.
func (s *Sandbox) getAccessToken(c call) (any, *failure) {
	client := s.clients[c.params["client_id"]]
	if client == nil {
		return nil, &failure{codeInvalidClientID, "client_id不正确"}
	}
	if c.params["client_secret"] != client.secret {
		return nil, &failure{codeInvalidClientSecret, "client_secret不正确"}
	}
	if s.oneAccessToken {
		s.accessTokens.remove(client.lastToken)
	}
	client.lastToken = newToken()
	s.accessTokens.put(client.lastToken, client.id, c.now)
	return accessTokenData{AccessToken: client.lastToken, Expired: localTime(c.now.Add(AccessTokenLifetime))}, nil
}

// serviceTicketData is the data of GetServiceTicket 获取ServiceTicket.
type serviceTicketData struct {
	ServiceTicket string    `json:"service_ticket"`
	Expired       localTime `json:"expired"`
	NumberOfUses  int       `json:"number_of_uses"`
}

// getServiceTicket is GetServiceTicket 获取ServiceTicket.
func (s *Sandbox) getServiceTicket(c call) (any, *failure) {
	if s.accessTokens.find(c.params["access_token"], c.now) == nil {
		return nil, &failure{codeInvalidAccessToken, "无效的access_token"}
	}
	a := s.loggedIn(c.params["token"], c.now)
	if a == nil {
		return nil, invalidToken()
	}
	ticket := newToken()
	s.tickets.put(ticket, a.openID, c.now)
	return serviceTicketData{
		ServiceTicket: ticket,
		Expired:       localTime(c.now.Add(ServiceTicketLifetime)),
		NumberOfUses:  serviceTicketUses,
	}, nil
}

// accountData is the data of GetAccount 获取用户信息.
type accountData struct {
	Username string `json:"username"`
	Email    string `json:"email"`
	Mobile   string `json:"mobile"`
	Activate bool   `json:"activate"`
	OpenID   string `json:"open_id"`
}

// getAccount is GetAccount 获取用户信息. It uses up the ticket.
func (s *Sandbox) getAccount(c call) (any, *failure) {
	ticket := c.params["service_ticket"]
	openID := s.tickets.find(ticket, c.now)
	if openID == nil {
		return nil, invalidTicket()
	}
	a := s.accounts.byOpenID[*openID]
	if a == nil {
		return nil, invalidTicket()
	}
	s.tickets.remove(ticket)
	return accountData{
		Username: a.username,
		Email:    a.email,
		Mobile:   a.mobile,
		Activate: a.activated,
		OpenID:   a.openID,
	}, nil
}

func invalidTicket() *failure {
	return &failure{codeInvalidTicket, "无效的service_ticket"}
}

// chinaStandardTime needs no time zone database.
var chinaStandardTime = time.FixedZone("CST", 8*60*60)

// localTime is a time without a zone in JSON, as the platform writes it.
type localTime time.Time

// MarshalText writes China Standard Time.
func (t localTime) MarshalText() ([]byte, error) {
	return []byte(time.Time(t).In(chinaStandardTime).Format(time.DateTime)), nil
}
