package control

import (
	"net/http"
	"slices"
	"unicode/utf8"

	"github.com/ebaas/openplatform-go/sandbox"
)

func platformRoutes() []route {
	return []route{
		{method: http.MethodGet, path: "/pictures", handle: listPictures, query: []string{"limit"}},
		{method: http.MethodGet, path: "/pictures/{img_code_id}", handle: getPicture},
		{method: http.MethodGet, path: "/accounts", handle: listAccounts, query: []string{"name", "limit"}},
		{method: http.MethodPost, path: "/accounts", handle: addAccount, status: http.StatusCreated},
		{method: http.MethodGet, path: "/accounts/{open_id}", handle: getAccount},
		{method: http.MethodDelete, path: "/accounts/{open_id}", handle: removeAccount},
		{method: http.MethodGet, path: "/clients", handle: listClients},
		{method: http.MethodPut, path: "/clients/{client_id}", handle: putClient},
		{method: http.MethodDelete, path: "/clients/{client_id}", handle: removeClient},
		{method: http.MethodGet, path: "/tokens", handle: listTokens, query: []string{"kind", "limit"}},
		{method: http.MethodDelete, path: "/tokens", handle: revokeTokens, query: []string{"kind"}},
		{method: http.MethodDelete, path: "/tokens/{token}", handle: revokeToken},
	}
}

func listPictures(c *call) (any, error) {
	limit, err := c.limit()
	if err != nil {
		return nil, err
	}
	return map[string]any{"pictures": orEmpty(c.sandbox.ListPictures(limit))}, nil
}

func getPicture(c *call) (any, error) {
	picture, ok := c.sandbox.FindPicture(c.id)
	if !ok {
		return nil, refusef(http.StatusNotFound, "no valid picture has this img_code_id: it is unknown, used or expired")
	}
	return picture, nil
}

func listAccounts(c *call) (any, error) {
	limit, err := c.limit()
	if err != nil {
		return nil, err
	}
	if !c.query.Has("name") {
		return accountList(c.sandbox.ListAccounts(limit)), nil
	}
	found, ok := c.sandbox.FindAccount(c.query.Get("name"))
	if !ok || found.OpenID == c.query.Get("name") {
		return accountList(nil), nil
	}
	return accountList([]sandbox.AccountInfo{found}), nil
}

func accountList(all []sandbox.AccountInfo) any { return map[string]any{"accounts": orEmpty(all)} }

func addAccount(c *call) (any, error) {
	var a sandbox.Account
	if err := c.decode(&a); err != nil {
		return nil, err
	}
	if err := checkAccount(a); err != nil {
		return nil, err
	}
	openID := c.sandbox.AddAccount(a)
	if openID == "" {
		return nil, refusef(http.StatusConflict, "another account has one of these names, as username, e-mail address or phone number")
	}
	added, _ := c.sandbox.FindAccount(openID)
	return added, nil
}

// checkAccount checks the documented lengths.
func checkAccount(a sandbox.Account) error {
	if a.Username == "" && a.Email == "" && a.Mobile == "" {
		return badRequest("an account needs a username, an email or a mobile")
	}
	return firstError(
		checkLength("username", a.Username, 20), checkLength("email", a.Email, 255),
		checkLength("mobile", a.Mobile, 16), checkLength("password", a.Password, 20),
	)
}

// checkLength counts characters, like the platform.
func checkLength(name, text string, most int) error {
	if utf8.RuneCountInString(text) > most {
		return badRequest("%s has more than %d characters", name, most)
	}
	return nil
}

func getAccount(c *call) (any, error) {
	found, ok := c.sandbox.FindAccount(c.id)
	if !ok || found.OpenID != c.id {
		return nil, errNoAccount
	}
	return found, nil
}

var errNoAccount = refusef(http.StatusNotFound, "no account has this open_id")

func removeAccount(c *call) (any, error) {
	if !c.sandbox.RemoveAccount(c.id) {
		return nil, errNoAccount
	}
	return nil, nil
}

func listClients(c *call) (any, error) {
	return map[string]any{"clients": c.sandbox.Clients()}, nil
}

const (
	maxClients    = 1000
	maxClientText = 128
)

func putClient(c *call) (any, error) {
	var in struct {
		Secret string `json:"client_secret"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	client := sandbox.Client{ID: c.id, Secret: in.Secret}
	if err := checkClient(client); err != nil {
		return nil, err
	}
	known := c.sandbox.Clients()
	isNew := !slices.ContainsFunc(known, func(other sandbox.Client) bool { return other.ID == client.ID })
	if isNew && len(known) >= maxClients {
		return nil, refusef(http.StatusConflict, "there are %d clients already: remove one first", maxClients)
	}
	c.sandbox.AddClient(client.ID, client.Secret)
	return client, nil
}

func checkClient(client sandbox.Client) error {
	if client.ID == "" || client.Secret == "" {
		return badRequest("a client needs a client_id and a client_secret")
	}
	return firstError(checkLength("client_id", client.ID, maxClientText), checkLength("client_secret", client.Secret, maxClientText))
}

func removeClient(c *call) (any, error) {
	if !c.sandbox.RemoveClient(c.id) {
		return nil, refusef(http.StatusNotFound, "no client has this client_id")
	}
	return nil, nil
}

func listTokens(c *call) (any, error) {
	limit, err := c.limit()
	kind, err2 := oneOf(c, "kind", sandbox.TokenKinds())
	if err := firstError(err, err2); err != nil {
		return nil, err
	}
	found := []sandbox.Token{}
	for _, k := range sandbox.TokenKinds() {
		if (kind == "" || kind == k) && len(found) < limit {
			found = append(found, c.sandbox.ListTokens(k, limit-len(found))...)
		}
	}
	return map[string]any{"tokens": found}, nil
}

func revokeTokens(c *call) (any, error) {
	kind, err := oneOf(c, "kind", sandbox.TokenKinds())
	if err != nil {
		return nil, err
	}
	if kind == "" {
		c.sandbox.RevokeTokens(sandbox.TokenKinds()...)
	} else {
		c.sandbox.RevokeTokens(kind)
	}
	return nil, nil
}

func revokeToken(c *call) (any, error) {
	if !c.sandbox.RevokeToken(c.id) {
		return nil, refusef(http.StatusNotFound, "no such token is valid")
	}
	return nil, nil
}
