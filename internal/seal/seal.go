// Package seal encrypts access tokens for a token store. Without the client secret, the store or a
// dump of it shows neither a token nor its business system.
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

// version changes with any change below: SDK versions with different formats share no keys.
const version = "v1"

// ErrNotSealed means that a value cannot be decrypted.
var ErrNotSealed = errors.New("the value does not decrypt")

var encoding = base64.RawURLEncoding.Strict()

// A Sealer encrypts the tokens of one client id and secret on one platform.
type Sealer struct {
	key      string // of the store
	aead     cipher.AEAD
	nonceKey []byte
}

// New returns the Sealer of a client id and secret on the platform at baseURL. Its keys
// are derived from all three, so a value of another business system cannot be decrypted, even if it
// is moved in the store. New fails only with GODEBUG=fips140=only, which forbids derived nonces.
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

// Seal encrypts token. The nonce is derived from the token, so the same token always has the same
// value, and every machine can delete it by its value.
func (s *Sealer) Seal(token string) (value string) {
	mac := hmac.New(sha256.New, s.nonceKey)
	mac.Write([]byte(token))
	nonce := mac.Sum(nil)[:s.aead.NonceSize()]
	return encoding.EncodeToString(s.aead.Seal(nonce, nonce, []byte(token), nil))
}

// Open decrypts a value of an equal Sealer. It returns ErrNotSealed for any other value.
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
