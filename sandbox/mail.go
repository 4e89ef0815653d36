package sandbox

import (
	"context"
	"time"
)

// Mail is an e-mail that the platform would have sent.
type Mail struct {
	ID              int64     `json:"id"`               // higher than that of every SMS, e-mail and request before
	Email           string    `json:"email"`            // the address, as the request had it
	ActivationToken string    `json:"activation_token"` // what Activate takes
	RequestID       string    `json:"request_id"`       // the request that it was sent for
	SentAt          time.Time `json:"sent_at"`          // by the sandbox's clock
}

// sendMail needs s.mu.
func (s *Sandbox) sendMail(mail Mail) {
	s.mails.add(mail.ID, mail.Email, mail, mail.size())
	s.mailWaiters.tell(s.mails.queue[len(s.mails.queue)-1])
	s.publish(event{id: mail.ID, what: EventEmail, mail: &mail})
}

// size is that of its strings in bytes.
func (m Mail) size() int { return len(m.Email) + len(m.ActivationToken) + len(m.RequestID) }

// Mailbox returns the e-mails that an address got, oldest first. Over all addresses the newest e-mails are kept, up to
// 100,000; the slice is the caller's.
func (s *Sandbox) Mailbox(email string) []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mails.sentTo(email)
}

// MailFilter is what e-mails are looked for by. A field left empty says nothing.
type MailFilter struct {
	Email string // the address that it went to

	After  int64 // has a higher ID
	Before int64 // has a lower ID
	Limit  int   // how many at most, the newest ones
}

func (f MailFilter) query() query[Mail] {
	return query[Mail]{address: f.Email, after: f.After, before: f.Before, limit: f.Limit}
}

// ListMail returns the e-mails that match, newest first.
func (s *Sandbox) ListMail(f MailFilter) []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mails.list(f.query())
}

// FindMail returns the e-mail with this ID.
func (s *Sandbox) FindMail(id int64) (mail Mail, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mails.find(id)
}

// NextMail returns the newest e-mail that matches, and waits for one as long as there is none. With After it is sure to
// be one that was sent since then. It fails when ctx ends or the Sandbox is closed.
func (s *Sandbox) NextMail(ctx context.Context, f MailFilter) (Mail, error) {
	return next(ctx, s, &s.mails, s.mailWaiters, f.query())
}
