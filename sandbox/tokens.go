package sandbox

import "time"

// TokenKind is the kind of a token.
type TokenKind string

// The kinds of tokens.
const (
	LoginToken    TokenKind = "login"          // of Login and LoginByMobileCode
	AccessToken   TokenKind = "access_token"   // of GetAccessToken
	ServiceTicket TokenKind = "service_ticket" // of GetServiceTicket
	Activation    TokenKind = "activation"     // from the e-mail of Register
)

// TokenKinds returns all kinds.
func TokenKinds() []TokenKind { return []TokenKind{LoginToken, AccessToken, ServiceTicket, Activation} }

// Token is a valid token.
type Token struct {
	Kind      TokenKind `json:"kind"`
	Token     string    `json:"token"`
	Owner     string    `json:"owner"` // the account's open_id, or the client's id for an access token
	ExpiresAt time.Time `json:"expires_at"`
}

// ListTokens returns the valid tokens of a kind, newest first, at most limit; 0 means all.
func (s *Sandbox) ListTokens(kind TokenKind, limit int) []Token {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.aliveTokens(kind, limit)
}

// aliveTokens requires s.mu.
func (s *Sandbox) aliveTokens(kind TokenKind, limit int) []Token {
	now := s.now()
	var found []Token
	add := func(token, owner string, until time.Time) (more bool) {
		found = append(found, Token{Kind: kind, Token: token, Owner: owner, ExpiresAt: until})
		return limit <= 0 || len(found) < limit
	}
	switch kind {
	case LoginToken:
		for token, item := range s.logins.alive(now) {
			if s.loggedIn(token, now) != nil && !add(token, item.value.openID, item.until) {
				break
			}
		}
	case AccessToken:
		for token, item := range s.accessTokens.alive(now) {
			if !add(token, item.value, item.until) {
				break
			}
		}
	case ServiceTicket, Activation:
		for token, item := range s.tokensOfAccounts(kind).alive(now) {
			if s.accounts.byOpenID[item.value] != nil && !add(token, item.value, item.until) {
				break
			}
		}
	}
	return found
}

// tokensOfAccounts returns tokens with their accounts' open_id.
func (s *Sandbox) tokensOfAccounts(kind TokenKind) *store[string] {
	if kind == ServiceTicket {
		return &s.tickets
	}
	return &s.activations
}

// RevokeToken makes a token of any kind invalid, and reports whether there was one.
func (s *Sandbox) RevokeToken(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()

	now := s.now()
	switch {
	case s.loggedIn(token, now) != nil:
		s.logins.remove(token)
	case s.accessTokens.find(token, now) != nil:
		s.accessTokens.remove(token)
	case s.tickets.find(token, now) != nil:
		s.tickets.remove(token)
	case s.activations.find(token, now) != nil:
		s.activations.remove(token)
	default:
		return false
	}
	s.publishChange(ChangedTokens)
	return true
}

// RevokeTokens makes all tokens of these kinds invalid.
func (s *Sandbox) RevokeTokens(kinds ...TokenKind) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, kind := range kinds {
		switch kind {
		case LoginToken:
			s.logins.clear()
		case AccessToken:
			s.accessTokens.clear()
		case ServiceTicket, Activation:
			s.tokensOfAccounts(kind).clear()
		}
	}
	s.publishChange(ChangedTokens)
}
