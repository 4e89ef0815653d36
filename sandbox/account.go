package sandbox

import (
	"slices"
	"time"
)

// ActivationLifetime is how long an activation token is valid.
const ActivationLifetime = 24 * time.Hour

const openIDLength = 28

// Account is a new account, for AddAccount. Lengths are not checked. An empty name cannot be used to log in.
type Account struct {
	Username string `json:"username"`
	Email    string `json:"email"`
	Mobile   string `json:"mobile"`
	Password string `json:"password"`
}

// AddAccount creates an activated account without picture, SMS and e-mail, and returns its open_id. If another account has
// one of its names, it does nothing and returns "".
func (s *Sandbox) AddAccount(a Account) (openID string) {
	added := newAccount(a)
	added.activated = true

	s.mu.Lock()
	defer s.mu.Unlock()

	if failed := s.accounts.taken(a); failed != nil {
		return ""
	}
	s.accounts.add(added)
	s.publishChange(ChangedAccounts)
	return added.openID
}

// AccountInfo describes an account.
type AccountInfo struct {
	OpenID    string `json:"open_id"`
	Username  string `json:"username"`
	Email     string `json:"email"`
	Mobile    string `json:"mobile"`
	Activated bool   `json:"activated"`
}

func (a *account) info() AccountInfo {
	return AccountInfo{OpenID: a.openID, Username: a.username, Email: a.email, Mobile: a.mobile, Activated: a.activated}
}

// ListAccounts returns the newest accounts, newest first, at most limit; 0 means all.
func (s *Sandbox) ListAccounts(limit int) []AccountInfo {
	s.mu.Lock()
	defer s.mu.Unlock()

	var found []AccountInfo
	for _, a := range slices.Backward(s.accounts.queue) {
		if limit > 0 && len(found) == limit {
			break
		}
		found = append(found, a.info())
	}
	return found
}

// FindAccount returns the account that has this open_id, username, e-mail address or phone number.
func (s *Sandbox) FindAccount(openIDOrName string) (found AccountInfo, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()

	a := s.accounts.byOpenID[openIDOrName]
	if a == nil {
		a = s.accounts.byName[openIDOrName]
	}
	if a == nil {
		return AccountInfo{}, false
	}
	return a.info(), true
}

// RemoveAccount removes the account with this open_id, with its logins and tickets. It reports whether there was one.
func (s *Sandbox) RemoveAccount(openID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()

	a := s.accounts.byOpenID[openID]
	if a == nil {
		return false
	}
	s.accounts.remove(a)
	s.publishChange(ChangedAccounts)
	return true
}

// registerData is the data of Register 注册.
type registerData struct {
	Username string `json:"username"`
	Email    string `json:"email"`
	Mobile   string `json:"mobile"`
	OpenID   string `json:"open_id"`
}

// register creates an account. A name in use does not use up the SMS code.
func (s *Sandbox) register(c call) (any, *failure) {
	a := Account{
		Username: c.params["username"],
		Email:    c.params["email"],
		Mobile:   c.params["mobile"],
		Password: c.params["password"],
	}
	if s.special[a.Mobile].Kind == WrongCode {
		return nil, wrongSmsCode()
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

// mailActivation requires s.mu.
func (s *Sandbox) mailActivation(a *account, c call) {
	token := newToken()
	s.activations.put(token, a.openID, c.now)
	s.sendMail(Mail{ID: s.nextID(), Email: a.email, ActivationToken: token, RequestID: c.requestID, SentAt: c.now})
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
	return assumed(CodeInvalidActivation)
}

// resetPassword is ResetPassword 重置密码. It ends all logins of the account.
func (s *Sandbox) resetPassword(c call) (any, *failure) {
	a := s.loggedIn(c.params["token"], c.now)
	if a == nil {
		return nil, invalidToken()
	}
	a.password = newPassword(c.params["password"])
	a.resets++
	return true, nil
}

// account is an account of the platform.
type account struct {
	openID    string
	username  string
	email     string
	mobile    string
	password  password
	activated bool
	resets    int // of the password; a login is valid only while this stays the same
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

// names are the names to log in with.
func (a *account) names() []string {
	return slices.DeleteFunc([]string{a.username, a.email, a.mobile}, func(name string) bool { return name == "" })
}

func (a *account) weight() int {
	return weightOfAccount + len(a.username) + len(a.email) + len(a.mobile)
}

// accounts holds the newest accounts. Two accounts have no name in common, not even a username and an e-mail, because Login
// accepts all three names.
type accounts struct {
	room
	byName   map[string]*account
	byOpenID map[string]*account
	queue    []*account // oldest first
}

func newAccounts(memory int) accounts {
	return accounts{
		room:   newRoom(memory, shareOfAccounts),
		byName: make(map[string]*account), byOpenID: make(map[string]*account),
	}
}

// taken returns the failure for a name that another account has, if any.
func (all *accounts) taken(a Account) *failure {
	switch {
	case all.byName[a.Username] != nil:
		return assumed(CodeUsernameTaken)
	case all.byName[a.Email] != nil:
		return assumed(CodeEmailTaken)
	case all.byName[a.Mobile] != nil:
		return assumed(CodeMobileTaken)
	}
	return nil
}

func (all *accounts) add(a *account) {
	for _, name := range a.names() {
		all.byName[name] = a
	}
	all.byOpenID[a.openID] = a
	all.queue = append(all.queue, a)
	all.used += a.weight()
	for all.full(len(all.queue)) {
		all.dropOldest()
	}
}

func (all *accounts) dropOldest() {
	oldest := all.queue[0]
	all.queue[0] = nil // release it while the array is still in use
	all.queue = all.queue[1:]
	all.forget(oldest)
}

// remove removes an existing account.
func (all *accounts) remove(a *account) {
	all.queue = slices.DeleteFunc(all.queue, func(other *account) bool { return other == a })
	all.forget(a)
}

func (all *accounts) forget(a *account) {
	for _, name := range a.names() {
		delete(all.byName, name)
	}
	delete(all.byOpenID, a.openID)
	all.used -= a.weight()
}

// withMobile returns the account of a phone, or nil.
func (all *accounts) withMobile(mobile string) *account {
	a := all.byName[mobile]
	if a == nil || a.mobile != mobile { // it may be another account's username
		return nil
	}
	return a
}
