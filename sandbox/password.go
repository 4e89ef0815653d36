package sandbox

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
)

const (
	passwordSalt = 16 // bytes
	// passwordRounds are few: the password itself is not kept in memory, and a test can register thousands. Real passwords
	// need several hundred thousand rounds.
	passwordRounds = 100
)

// password is a password's salted hash.
type password struct {
	salt, hash []byte
}

func newPassword(text string) password {
	salt := make([]byte, passwordSalt)
	_, _ = rand.Read(salt) // never fails, by its documentation
	return password{salt: salt, hash: hashPassword(text, salt)}
}

// is reports whether the password is right.
func (p password) is(text string) bool {
	return subtle.ConstantTimeCompare(p.hash, hashPassword(text, p.salt)) == 1
}

func hashPassword(text string, salt []byte) []byte {
	hash, err := pbkdf2.Key(sha256.New, text, salt, passwordRounds, sha256.Size)
	if err != nil {
		panic(err) // only of a salt, a hash or a length that FIPS 140 does not allow
	}
	return hash
}
