package control

import (
	"context"
	"net/http"
	"net/url"

	"github.com/ebaas/openplatform-go/sandbox"
)

// smsTypes are the documented values of sms_type.
var smsTypes = []string{"REGISTER", "RESET_PASSWORD", "LOGIN"}

func messageRoutes() []route {
	return []route{
		{method: http.MethodGet, path: "/sms", handle: listSMS, query: []string{"mobile", "sms_type", "after", "before", "limit", "wait"}},
		{method: http.MethodGet, path: "/sms/latest", handle: latestSMS, query: []string{"mobile", "sms_type", "after", "wait"}},
		{method: http.MethodGet, path: "/sms/{id}", handle: getSMS},
		{method: http.MethodGet, path: "/emails", handle: listEmails, query: []string{"email", "after", "before", "limit", "wait"}},
		{method: http.MethodGet, path: "/emails/latest", handle: latestEmail, query: []string{"email", "after", "wait"}},
		{method: http.MethodGet, path: "/emails/{id}", handle: getEmail},
	}
}

type smsList struct {
	SMS    []sandbox.SMS `json:"sms"`
	LastID int64         `json:"last_id"`
}

func listSMS(c *call) (any, error) {
	found, lastID, err := c.findSMS()
	if err != nil {
		return nil, err
	}
	return smsList{SMS: orEmpty(found), LastID: lastID}, nil
}

func latestSMS(c *call) (any, error) {
	found, _, err := c.findSMS()
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, refusef(http.StatusNotFound, "no such SMS was sent; use wait=10s to wait for one")
	}
	return found[0], nil
}

func (c *call) findSMS() (found []sandbox.SMS, lastID int64, err error) {
	s, err := c.span()
	smsType, err2 := oneOf(c, "sms_type", smsTypes)
	if err := firstError(err, err2); err != nil {
		return nil, 0, err
	}
	f := sandbox.SMSFilter{Mobile: c.query.Get("mobile"), SmsType: smsType, After: s.after, Before: s.before, Limit: s.limit}
	return find(c, search[sandbox.SMS]{
		list: func() []sandbox.SMS { return c.sandbox.ListSMS(f) },
		next: func(ctx context.Context) (sandbox.SMS, error) { return c.sandbox.NextSMS(ctx, f) },
		id:   func(sms sandbox.SMS) int64 { return sms.ID },
	})
}

func getSMS(c *call) (any, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	sms, ok := c.sandbox.FindSMS(id)
	if !ok {
		return nil, refusef(http.StatusNotFound, "no SMS has this id, or it was removed because it is old")
	}
	return sms, nil
}

type email struct {
	sandbox.Mail

	ActivationPath string `json:"activation_path"`
}

type emailList struct {
	Emails []email `json:"emails"`
	LastID int64   `json:"last_id"`
}

// email adds the link of the platform's e-mail.
func (c *call) email(m sandbox.Mail) email {
	link := basePath(c.space.name) + "/oauth/api/account/activate?token=" + url.QueryEscape(m.ActivationToken)
	return email{Mail: m, ActivationPath: link}
}

func listEmails(c *call) (any, error) {
	found, lastID, err := c.findMail()
	if err != nil {
		return nil, err
	}
	out := emailList{Emails: make([]email, 0, len(found)), LastID: lastID}
	for _, m := range found {
		out.Emails = append(out.Emails, c.email(m))
	}
	return out, nil
}

func latestEmail(c *call) (any, error) {
	found, _, err := c.findMail()
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, refusef(http.StatusNotFound, "no such e-mail was sent; use wait=10s to wait for one")
	}
	return c.email(found[0]), nil
}

func (c *call) findMail() (found []sandbox.Mail, lastID int64, err error) {
	s, err := c.span()
	if err != nil {
		return nil, 0, err
	}
	f := sandbox.MailFilter{Email: c.query.Get("email"), After: s.after, Before: s.before, Limit: s.limit}
	return find(c, search[sandbox.Mail]{
		list: func() []sandbox.Mail { return c.sandbox.ListMail(f) },
		next: func(ctx context.Context) (sandbox.Mail, error) { return c.sandbox.NextMail(ctx, f) },
		id:   func(m sandbox.Mail) int64 { return m.ID },
	})
}

func getEmail(c *call) (any, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	m, ok := c.sandbox.FindMail(id)
	if !ok {
		return nil, refusef(http.StatusNotFound, "no e-mail has this id, or it was removed because it is old")
	}
	return c.email(m), nil
}

// search lists messages of a kind, and waits for one.
type search[M any] struct {
	list func() []M
	next func(ctx context.Context) (M, error)
	id   func(M) int64
}

// find returns the messages, newest first. If there is none, it waits for one if the client asked to wait.
func find[M any](c *call, s search[M]) (found []M, lastID int64, err error) {
	found, lastID = listed(c, s.list, s.id)
	if len(found) > 0 || !c.query.Has("wait") {
		return found, lastID, nil
	}
	if err := c.await(func(ctx context.Context) error {
		_, err := s.next(ctx)
		return err
	}); err != nil {
		return nil, 0, err
	}
	found, lastID = listed(c, s.list, s.id)
	return found, lastID, nil
}

// listed returns a list and the last id. The id is read first, so a client that continues from lastID misses nothing.
func listed[M any](c *call, list func() []M, id func(M) int64) (found []M, lastID int64) {
	lastID = c.sandbox.LastID()
	found = list()
	if len(found) > 0 {
		lastID = max(lastID, id(found[0]))
	}
	return found, lastID
}

// orEmpty returns an empty list instead of null in JSON.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
