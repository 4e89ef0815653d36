// Package seal turns access tokens into what a token store may see, and back. Who reads the
// store, or a dump of it, but does not know the client secret, learns neither a token nor
// whose it is.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
)

// version changes with anything below: two versions of the SDK share no keys of the store.
const version = "v1"

// ErrNotSealed says that a value cannot be opened.
var ErrNotSealed = errors.New("the value does not decrypt")

var encoding = base64.RawURLEncoding.Strict()

// A Sealer is for the tokens of one client id and secret on one platform.
type Sealer struct {
	key      string // of the store
	aead     cipher.AEAD
	nonceKey []byte
}

// New returns the Sealer of a client id and secret on the platform at baseURL. All that it
// uses is derived from the three together, so that a value of another business system does
// not open, even if it is moved in the store. It fails only where GODEBUG=fips140=only
// forbids a nonce of one's own.
func New(baseURL, clientID, clientSecret string) (*Sealer, error) {
	purpose := "openplatform-go token store " + version + "\x00" + baseURL + "\x00" + clientID
	derived, err := hkdf.Key(sha256.New, []byte(clientSecret), nil, purpose, 3*32)
	if err != nil {
		return nil, err
	}
	name, key, nonceKey := derived[:32], derived[32:64], derived[64:]
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return &Sealer{key: "openplatform:" + version + ":" + hex.EncodeToString(name), aead: aead, nonceKey: nonceKey}, nil
}

// Key returns the key under which the store keeps the token: 80 characters.
func (s *Sealer) Key() string { return s.key }

// Seal returns token encrypted. The nonce is derived from the token, so that one token is
// always the same value, which every machine can name when it asks to delete it.
func (s *Sealer) Seal(token string) (value string) {
	mac := hmac.New(sha256.New, s.nonceKey)
	mac.Write([]byte(token))
	nonce := mac.Sum(nil)[:s.aead.NonceSize()]
	return encoding.EncodeToString(s.aead.Seal(nonce, nonce, []byte(token), nil))
}

// Open returns the token that an equal Sealer has sealed, and ErrNotSealed for any other value.
func (s *Sealer) Open(value string) (token string, err error) {
	sealed, err := encoding.DecodeString(value)
	n := s.aead.NonceSize()
	if err != nil || len(sealed) < n {
		return "", ErrNotSealed
	}
	plain, err := s.aead.Open(nil, sealed[:n], sealed[n:], nil)
	if err != nil {
		return "", ErrNotSealed
	}
	return string(plain), nil
}
