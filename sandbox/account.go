package sandbox

import (
	"slices"
	"time"
)

// ActivationLifetime is how long an activation token can be used after it was mailed.
const ActivationLifetime = 24 * time.Hour

const openIDLength = 28

// Account is what AddAccount opens an account with. No documented length is checked, and a name left empty is one that
// nobody can log in with.
type Account struct {
	Username string
	Email    string
	Mobile   string
	Password string
}

// AddAccount opens an account without pictures, SMS and e-mail, already activated, and returns its open_id. If another
// account has one of its names, it does nothing and returns "".
func (s *Sandbox) AddAccount(a Account) (openID string) {
	added := newAccount(a)
	added.activated = true

	s.mu.Lock()
	defer s.mu.Unlock()

	if failed := s.accounts.taken(a); failed != nil {
		return ""
	}
	s.accounts.add(added)
	return added.openID
}

// Mail is an e-mail that the platform would have sent.
type Mail struct {
	Email           string    // the address, as the request had it
	ActivationToken string    // what Activate takes
	RequestID       string    // the request that it was sent for
	SentAt          time.Time // by the sandbox's clock
}

// Mailbox returns the e-mails that an address got, oldest first. The newest 100,000 e-mails over all addresses are
// kept; the slice is the caller's.
func (s *Sandbox) Mailbox(email string) []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails.byAddress[email])
}

// registerData is the data of Register 注册.
type registerData struct {
	Username string `json:"username"`
	Email    string `json:"email"`
	Mobile   string `json:"mobile"`
	OpenID   string `json:"open_id"`
}

// register opens an account. A taken name leaves the SMS code usable: one SMS is enough to find a free one.
func (s *Sandbox) register(c call) (any, *failure) {
	a := Account{
		Username: c.params["username"],
		Email:    c.params["email"],
		Mobile:   c.params["mobile"],
		Password: c.params["password"],
	}
	if failed := s.accounts.taken(a); failed != nil {
		return nil, failed
	}
	if failed := s.redeemSmsCode(a.Mobile, smsTypeRegister, c.params["code"], c.now); failed != nil {
		return nil, failed
	}
	added := newAccount(a)
	s.accounts.add(added)
	s.mailActivation(added, c)
	return registerData{Username: a.Username, Email: a.Email, Mobile: a.Mobile, OpenID: added.openID}, nil
}

// mailActivation needs s.mu.
func (s *Sandbox) mailActivation(a *account, c call) {
	token := newToken()
	s.activations.put(token, a.openID, c.now)
	s.mails.add(a.email, Mail{Email: a.email, ActivationToken: token, RequestID: c.requestID, SentAt: c.now})
}

// activate is Activate 账号激活.
func (s *Sandbox) activate(c call) (any, *failure) {
	token := c.params["token"]
	openID := s.activations.find(token, c.now)
	if openID == nil {
		return nil, invalidActivation()
	}
	a := s.accounts.byOpenID[*openID]
	if a == nil {
		return nil, invalidActivation()
	}
	s.activations.remove(token)
	a.activated = true
	return true, nil
}

func invalidActivation() *failure {
	return &failure{CodeInvalidActivation, "激活链接已失效"}
}

// resetPassword is ResetPassword 重置密码. It ends every login of the account, this one included.
func (s *Sandbox) resetPassword(c call) (any, *failure) {
	a := s.loggedIn(c.params["token"], c.now)
	if a == nil {
		return nil, invalidToken()
	}
	a.password = newPassword(c.params["password"])
	a.resets++
	return true, nil
}

// account is an account on the platform.
type account struct {
	openID    string
	username  string
	email     string
	mobile    string
	password  password
	activated bool
	resets    int // of the password; a login lives only as long as this stays
}

func newAccount(a Account) *account {
	return &account{
		openID:   randomString(openIDLength, alphanumeric),
		username: a.Username,
		email:    a.Email,
		mobile:   a.Mobile,
		password: newPassword(a.Password),
	}
}

// names are what a person can log in with.
func (a *account) names() []string {
	return slices.DeleteFunc([]string{a.username, a.email, a.mobile}, func(name string) bool { return name == "" })
}

// accounts holds the newest maxKept accounts. No two share a name, not even one's username with another's e-mail or
// mobile, since Login takes any of the three.
type accounts struct {
	byName   map[string]*account
	byOpenID map[string]*account
	queue    []*account // oldest first
}

func newAccounts() accounts {
	return accounts{byName: make(map[string]*account), byOpenID: make(map[string]*account)}
}

// taken says which of the names another account has, if any.
func (all *accounts) taken(a Account) *failure {
	switch {
	case all.byName[a.Username] != nil:
		return &failure{CodeUsernameTaken, "用户名已存在"}
	case all.byName[a.Email] != nil:
		return &failure{CodeEmailTaken, "邮箱已被注册"}
	case all.byName[a.Mobile] != nil:
		return &failure{CodeMobileTaken, "手机号已被注册"}
	}
	return nil
}

func (all *accounts) add(a *account) {
	if len(all.queue) == maxKept {
		all.dropOldest()
	}
	for _, name := range a.names() {
		all.byName[name] = a
	}
	all.byOpenID[a.openID] = a
	all.queue = append(all.queue, a)
}

func (all *accounts) dropOldest() {
	oldest := all.queue[0]
	all.queue[0] = nil // let go of it even while the array lives on
	all.queue = all.queue[1:]
	for _, name := range oldest.names() {
		delete(all.byName, name)
	}
	delete(all.byOpenID, oldest.openID)
}

// withMobile returns the account of a phone, or nil.
func (all *accounts) withMobile(mobile string) *account {
	a := all.byName[mobile]
	if a == nil || a.mobile != mobile { // it may be somebody's username
		return nil
	}
	return a
}
