package sandbox

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// ImgCodeLifetime is how long a picture is valid.
const ImgCodeLifetime = 5 * time.Minute

// imgCodeAlphabet are the characters of pictures, without look-alikes: at most one of each group 0 O D Q, 1 I L, 2 Z, 5 S,
// 6 G, 8 B, U V.
const imgCodeAlphabet = "ACEFHJKMNPRTUWXY3479"

const (
	imgCodeLength   = 4
	imgCodeIDLength = 6
	imgCodeIDs      = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
)

// imgCodeData is the data of GetImgCode 获取图形验证码.
type imgCodeData struct {
	Img       picture `json:"img"`
	ImgCodeID string  `json:"img_code_id"`
}

// getImgCode issues a picture. It is drawn when the response is written, outside the lock. The id is random and does not
// depend on the code.
func (s *Sandbox) getImgCode(c call) (any, *failure) {
	id := s.freeImgCodeID(c.now)
	code := cmp.Or(s.fixedImgCode, randomString(imgCodeLength, imgCodeAlphabet))
	s.pictures.put(id, code, c.now)
	return imgCodeData{Img: picture(code), ImgCodeID: id}, nil
}

func (s *Sandbox) freeImgCodeID(now time.Time) string {
	for {
		id := randomString(imgCodeIDLength, imgCodeIDs)
		if s.pictures.find(id, now) == nil {
			return id
		}
	}
}

// SolveImgCode returns the four characters that the picture with this img_code_id shows, or "" if the picture is
// unknown, used or expired. It does not use the picture up.
func (s *Sandbox) SolveImgCode(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()

	code := s.pictures.find(id, s.now())
	if code == nil {
		return ""
	}
	return *code
}

// Picture is a valid picture code.
type Picture struct {
	ImgCodeID string    `json:"img_code_id"`
	Answer    string    `json:"answer"` // the four characters
	IssuedAt  time.Time `json:"issued_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

// ListPictures returns the newest valid pictures, newest first, at most limit; 0 means all.
func (s *Sandbox) ListPictures(limit int) []Picture {
	s.mu.Lock()
	defer s.mu.Unlock()

	var found []Picture
	for id, item := range s.pictures.alive(s.now()) {
		if limit > 0 && len(found) == limit {
			break
		}
		found = append(found, pictureOf(id, item))
	}
	return found
}

// FindPicture returns the picture with this img_code_id, if it is valid.
func (s *Sandbox) FindPicture(id string) (p Picture, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pictures.find(id, s.now()) == nil {
		return Picture{}, false
	}
	return pictureOf(id, s.pictures.byKey[id]), true
}

func pictureOf(id string, item *stored[string]) Picture {
	return Picture{ImgCodeID: id, Answer: item.value, IssuedAt: item.until.Add(-ImgCodeLifetime), ExpiresAt: item.until}
}

// FixImgCode sets the code of all following pictures; "" makes it random again. The code must have four characters:
// capital letters and digits without look-alikes.
func (s *Sandbox) FixImgCode(answer string) error {
	if answer != "" && (len(answer) != imgCodeLength || strings.Trim(answer, imgCodeAlphabet) != "") {
		return fmt.Errorf("sandbox: a picture code must have %d of the characters %s, not %q", imgCodeLength, imgCodeAlphabet, answer)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fixedImgCode = answer
	return nil
}

// WithImgCode is FixImgCode as an option. New panics if a picture cannot show the code.
func WithImgCode(answer string) Option {
	return func(s *Sandbox) { must(s.FixImgCode(answer)) }
}

// redeemImgCode uses up a picture and returns a failure if the answer is wrong. It requires s.mu.
func (s *Sandbox) redeemImgCode(id, answer string, now time.Time) *failure {
	code := s.pictures.find(id, now)
	if code == nil {
		return assumed(CodeImgCodeGone)
	}
	s.pictures.remove(id)
	if !strings.EqualFold(answer, *code) {
		return assumed(CodeWrongImgCode)
	}
	return nil
}
