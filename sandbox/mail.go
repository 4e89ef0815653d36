package sandbox

import (
	"context"
	"time"
)

// Mail is an e-mail in the sandbox's mailboxes.
type Mail struct {
	ID              int64     `json:"id"`               // higher than that of every SMS, e-mail and request before
	Email           string    `json:"email"`            // the address, as the request had it
	ActivationToken string    `json:"activation_token"` // for Activate
	RequestID       string    `json:"request_id"`       // of the request that caused it
	SentAt          time.Time `json:"sent_at"`          // of the sandbox's clock
}

// sendMail requires s.mu.
func (s *Sandbox) sendMail(mail Mail) {
	s.mails.add(mail.ID, mail.Email, mail, mail.size())
	s.mailWaiters.tell(s.mails.queue[len(s.mails.queue)-1])
	s.publish(event{id: mail.ID, what: EventEmail, mail: &mail})
}

// size returns the length of its strings in bytes.
func (m Mail) size() int { return len(m.Email) + len(m.ActivationToken) + len(m.RequestID) }

// Mailbox returns the e-mails to an address, oldest first. The newest 100,000 e-mails of all addresses are kept. The slice
// belongs to the caller.
func (s *Sandbox) Mailbox(email string) []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mails.sentTo(email)
}

// MailFilter selects e-mails. An empty field matches all.
type MailFilter struct {
	Email string // the address

	After  int64 // only higher IDs
	Before int64 // only lower IDs
	Limit  int   // the maximum number; the newest are returned
}

func (f MailFilter) query() query[Mail] {
	return query[Mail]{address: f.Email, after: f.After, before: f.Before, limit: f.Limit}
}

// ListMail returns the matching e-mails, newest first.
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

// NextMail returns the newest matching e-mail, and waits if there is none. Use After to get only a later one. It fails when
// ctx ends or the Sandbox is closed.
func (s *Sandbox) NextMail(ctx context.Context, f MailFilter) (Mail, error) {
	return next(ctx, s, &s.mails, s.mailWaiters, f.query())
}
