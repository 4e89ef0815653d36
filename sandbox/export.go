package sandbox

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// exportVersion changes if an older program cannot read an export.
const exportVersion = 1

// exported is the whole state as JSON. Times are of the sandbox's clock; lists are oldest first.
type exported struct {
	Version        int               `json:"version"`
	ExportedAt     time.Time         `json:"exported_at"`
	Advanced       Duration          `json:"advanced"`
	SMS            []SMS             `json:"sms"`
	Emails         []Mail            `json:"emails"`
	Pictures       []Picture         `json:"pictures"`
	SmsCodes       []exportedSmsCode `json:"sms_codes"`
	Accounts       []exportedAccount `json:"accounts"`
	Clients        []Client          `json:"clients"`
	Tokens         []Token           `json:"tokens"`
	Faults         []exportedFault   `json:"faults"`
	SpecialNumbers []SpecialNumber   `json:"special_numbers"`
}

type exportedSmsCode struct {
	Mobile    string    `json:"mobile"`
	SmsType   string    `json:"sms_type"`
	Code      string    `json:"code"`
	Guesses   int       `json:"guesses"`
	ExpiresAt time.Time `json:"expires_at"`
}

type exportedAccount struct {
	AccountInfo

	PasswordSalt []byte `json:"password_salt"`
	PasswordHash []byte `json:"password_hash"`
}

type exportedFault struct {
	ID     int64 `json:"id"`
	Fired  int   `json:"fired"`
	Active bool  `json:"active"`
	Fault  Fault `json:"fault"`
}

// Export returns the state as JSON, for a later Import into this or another Sandbox. The ledger is not part of it. It
// holds passwords as hashes that are easy to break, and codes and tokens as they are. api/sandbox.yaml describes the
// format, as State.
func (s *Sandbox) Export() ([]byte, error) {
	return json.Marshal(s.snapshot())
}

func (s *Sandbox) snapshot() exported {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	out := exported{
		Version: exportVersion, ExportedAt: now, Advanced: Duration(s.offset),
		SMS:      append([]SMS{}, s.texts.list(query[SMS]{})...), // never null
		Emails:   append([]Mail{}, s.mails.list(query[Mail]{})...),
		Pictures: []Picture{}, SmsCodes: []exportedSmsCode{}, Accounts: []exportedAccount{},
		Clients: s.sortedClients(), Tokens: []Token{}, Faults: []exportedFault{}, SpecialNumbers: append([]SpecialNumber{}, s.sortedSpecial()...),
	}
	for id, item := range s.pictures.alive(now) {
		out.Pictures = append(out.Pictures, pictureOf(id, item))
	}
	for key, item := range s.smsCodes.alive(now) {
		smsType, mobile, _ := strings.Cut(key, " ")
		out.SmsCodes = append(out.SmsCodes, exportedSmsCode{
			Mobile: mobile, SmsType: smsType, Code: item.value.text, Guesses: item.value.guesses, ExpiresAt: item.until,
		})
	}
	for _, kind := range TokenKinds() {
		out.Tokens = append(out.Tokens, s.aliveTokens(kind, 0)...)
	}
	for _, a := range s.accounts.queue {
		out.Accounts = append(out.Accounts, exportedAccount{a.info(), a.password.salt, a.password.hash})
	}
	for _, o := range s.orders {
		out.Faults = append(out.Faults, exportedFault{ID: o.id, Fired: o.fired, Active: true, Fault: o.fault})
	}
	for _, o := range s.spent {
		out.Faults = append(out.Faults, exportedFault{ID: o.id, Fired: o.fired, Fault: o.fault})
	}
	slices.Reverse(out.SMS)
	slices.Reverse(out.Emails)
	slices.Reverse(out.Pictures)
	slices.Reverse(out.SmsCodes)
	slices.Reverse(out.Tokens)
	return out
}

// Import replaces the state with an Export. All times are moved by the time since the export: a code that was valid for
// another minute is valid for another minute now. The clock gets the same offset. The ledger and the options stay. If
// anything is invalid, Import changes nothing.
func (s *Sandbox) Import(data []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	var in exported
	if err := decoder.Decode(&in); err != nil {
		return fmt.Errorf("sandbox: import: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("sandbox: import: there is more data after the state")
	}
	loaded, err := s.load(in)
	if err != nil {
		return fmt.Errorf("sandbox: import: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastID = max(s.lastID, in.lastID())
	loaded.ledger = s.ledger
	s.state = *loaded
	s.publishChange(ChangedEverything)
	return nil
}

// lastID returns the highest ID.
func (in *exported) lastID() (last int64) {
	for _, sms := range in.SMS {
		last = max(last, sms.ID)
	}
	for _, mail := range in.Emails {
		last = max(last, mail.ID)
	}
	for _, f := range in.Faults {
		last = max(last, f.ID)
	}
	return last
}

// load makes a state of what was exported.
func (s *Sandbox) load(in exported) (*state, error) {
	if in.Version != exportVersion {
		return nil, fmt.Errorf("the version is %d, this program reads version %d", in.Version, exportVersion)
	}
	if in.Advanced < 0 || time.Duration(in.Advanced) > maxAdvance {
		return nil, errors.New("advanced is negative or more than 100 years")
	}
	loaded := newState(s.memory)
	loaded.offset = time.Duration(in.Advanced)
	l := loader{state: &loaded, now: time.Now().Add(loaded.offset)}
	l.passed = l.now.Sub(in.ExportedAt)
	for _, step := range []func(exported) error{l.messages, l.codes, l.accounts, l.clients, l.tokens, l.trouble(s)} {
		if err := step(in); err != nil {
			return nil, err
		}
	}
	loaded.purge(l.now)
	return &loaded, nil
}

// purge removes expired data, and the oldest if there is no room.
func (s *state) purge(now time.Time) {
	s.pictures.purge(now)
	s.smsCodes.purge(now)
	s.logins.purge(now)
	s.accessTokens.purge(now)
	s.tickets.purge(now)
	s.activations.purge(now)
}

// loader fills a new state.
type loader struct {
	*state

	now    time.Time
	passed time.Duration // since the export
}

// maxText is the maximum length of a string in bytes, except in faults. No exported string is longer.
const maxText = 2 << 10

func checkTexts(texts ...string) error {
	for _, text := range texts {
		if len(text) > maxText {
			return fmt.Errorf("a text has %d bytes; the maximum is %d", len(text), maxText)
		}
	}
	return nil
}

// maxID is the highest integer that JavaScript represents exactly.
const maxID = 1<<53 - 1

func checkIDs[M any](messages []M, id func(M) int64) error {
	last := int64(0)
	for _, m := range messages {
		if id(m) <= last || id(m) > maxID {
			return fmt.Errorf("the id %d follows %d: ids must ascend, up to %d", id(m), last, int64(maxID))
		}
		last = id(m)
	}
	return nil
}

func (l *loader) messages(in exported) error {
	if err := cmp.Or(
		checkIDs(in.SMS, func(sms SMS) int64 { return sms.ID }),
		checkIDs(in.Emails, func(m Mail) int64 { return m.ID }),
	); err != nil {
		return err
	}
	for _, sms := range in.SMS {
		if err := cmp.Or(checkTexts(sms.Mobile, sms.RequestID), checkSmsCode(sms.Code), checkSmsType(sms.SmsType)); err != nil {
			return fmt.Errorf("sms: %w", err)
		}
		sms.SentAt = l.sentAt(sms.SentAt)
		l.texts.add(sms.ID, sms.Mobile, sms, sms.size())
	}
	for _, m := range in.Emails {
		if err := checkTexts(m.Email, m.ActivationToken, m.RequestID); err != nil {
			return fmt.Errorf("emails: %w", err)
		}
		m.SentAt = l.sentAt(m.SentAt)
		l.mails.add(m.ID, m.Email, m, m.size())
	}
	return nil
}

// sentAt moves the time of a message by the time since the export, within the range of valid times.
func (l *loader) sentAt(t time.Time) time.Time {
	moved := t.Add(l.passed)
	switch earliest := time.Unix(0, 0); {
	case moved.After(l.now):
		return l.now
	case moved.Before(earliest):
		return earliest
	default:
		return moved
	}
}

func checkSmsType(smsType string) error {
	if !slices.Contains(smsTypes, smsType) {
		return fmt.Errorf("sms_type %q is not one of %v", smsType, smsTypes)
	}
	return nil
}

// until moves an expiry time by the time since the export, at most to a whole lifetime from now.
func (l *loader) until(expires time.Time, lifetime time.Duration) time.Time {
	moved, latest := expires.Add(l.passed), l.now.Add(lifetime)
	if moved.After(latest) {
		return latest
	}
	return moved
}

func (l *loader) codes(in exported) error {
	for _, p := range in.Pictures {
		if err := cmp.Or(checkTexts(p.ImgCodeID), checkSmsCode(p.Answer)); err != nil {
			return fmt.Errorf("pictures: %w", err)
		}
		l.pictures.putUntil(p.ImgCodeID, p.Answer, l.until(p.ExpiresAt, ImgCodeLifetime))
	}
	for _, c := range in.SmsCodes {
		if err := cmp.Or(checkTexts(c.Mobile), checkSmsCode(c.Code), checkSmsType(c.SmsType)); err != nil {
			return fmt.Errorf("sms_codes: %w", err)
		}
		if c.Guesses < 0 || c.Guesses >= SmsCodeGuesses {
			return fmt.Errorf("sms_codes: guesses must be 0 to %d", SmsCodeGuesses-1)
		}
		code := smsCode{text: c.Code, guesses: c.Guesses}
		l.smsCodes.putUntil(smsCodeKey(c.Mobile, c.SmsType), code, l.until(c.ExpiresAt, SmsCodeLifetime))
	}
	return nil
}

func (l *loader) accounts(in exported) error {
	for _, a := range in.Accounts {
		names := Account{Username: a.Username, Email: a.Email, Mobile: a.Mobile}
		switch {
		case len(a.OpenID) != openIDLength || l.state.accounts.byOpenID[a.OpenID] != nil:
			return fmt.Errorf("accounts: an open_id must have %d characters and be unique", openIDLength)
		case l.state.accounts.taken(names) != nil:
			return fmt.Errorf("accounts: a name of open_id %s belongs to another account", a.OpenID)
		case len(a.PasswordHash) != sha256.Size || len(a.PasswordSalt) > maxText:
			return errors.New("accounts: password_salt or password_hash is invalid")
		}
		if err := checkTexts(a.Username, a.Email, a.Mobile); err != nil {
			return fmt.Errorf("accounts: %w", err)
		}
		l.state.accounts.add(&account{
			openID: a.OpenID, username: a.Username, email: a.Email, mobile: a.Mobile, activated: a.Activated,
			password: password{salt: a.PasswordSalt, hash: a.PasswordHash},
		})
	}
	return nil
}

func (l *loader) clients(in exported) error {
	l.state.clients = make(map[string]*client)
	for _, c := range in.Clients {
		if err := checkTexts(c.ID, c.Secret); err != nil {
			return fmt.Errorf("clients: %w", err)
		}
		l.state.clients[c.ID] = &client{id: c.ID, secret: c.Secret}
	}
	return nil
}

func (l *loader) tokens(in exported) error {
	for _, t := range in.Tokens {
		if err := checkTexts(t.Token, t.Owner); err != nil {
			return fmt.Errorf("tokens: %w", err)
		}
		switch t.Kind {
		case LoginToken:
			l.logins.putUntil(t.Token, login{openID: t.Owner}, l.until(t.ExpiresAt, TokenLifetime))
		case AccessToken:
			l.accessTokens.putUntil(t.Token, t.Owner, l.until(t.ExpiresAt, AccessTokenLifetime))
			if c := l.state.clients[t.Owner]; c != nil {
				c.lastToken = t.Token
			}
		case ServiceTicket:
			l.tickets.putUntil(t.Token, t.Owner, l.until(t.ExpiresAt, ServiceTicketLifetime))
		case Activation:
			l.activations.putUntil(t.Token, t.Owner, l.until(t.ExpiresAt, ActivationLifetime))
		default:
			return fmt.Errorf("tokens: kind %q is not one of %v", t.Kind, TokenKinds())
		}
	}
	return nil
}

// trouble loads faults and special numbers.
func (l *loader) trouble(s *Sandbox) func(exported) error {
	return func(in exported) error {
		for _, f := range in.Faults {
			if err := f.Fault.check(); err != nil {
				return fmt.Errorf("faults: %w", err)
			}
			if f.Fired < 0 || f.Active && f.Fault.Times > 0 && f.Fired >= f.Fault.Times {
				return errors.New("faults: an active fault has used up its times")
			}
			if f.ID <= 0 || f.ID > maxID {
				return fmt.Errorf("faults: an id must be 1 to %d", int64(maxID))
			}
			o := &Ordered{sandbox: s, id: f.ID, fault: f.Fault, fired: f.Fired}
			if f.Active {
				l.orders = append(l.orders, o)
			} else {
				l.spent = append(l.spent, o)
			}
		}
		l.special = make(map[string]SpecialNumber)
		for _, n := range in.SpecialNumbers {
			if err := n.check(); err != nil {
				return fmt.Errorf("special_numbers: %w", err)
			}
			l.special[n.Mobile] = n
		}
		return nil
	}
}
