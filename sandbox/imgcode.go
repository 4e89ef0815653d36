package sandbox

import (
	"strings"
	"time"
)

// ImgCodeLifetime is how long a picture can be answered after it was issued.
const ImgCodeLifetime = 5 * time.Minute

// imgCodeAlphabet is what a picture can show: no character that another looks like (0 O D Q, 1 I L, 2 Z, 5 S, 6 G, 8 B,
// U V keep at most one each).
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

// getImgCode issues a picture. It is drawn only when the answer is written, outside the lock. The id is drawn by lot
// apart from the code, so that nothing can be told from it.
func (s *Sandbox) getImgCode(c call) (any, *failure) {
	id := s.freeImgCodeID(c.now)
	code := randomString(imgCodeLength, imgCodeAlphabet)
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

// redeemImgCode uses a picture up and says what is wrong with the answer to it, if anything. It needs s.mu.
func (s *Sandbox) redeemImgCode(id, answer string, now time.Time) *failure {
	code := s.pictures.find(id, now)
	if code == nil {
		return &failure{CodeImgCodeGone, "图形验证码已失效"}
	}
	s.pictures.remove(id)
	if !strings.EqualFold(answer, *code) {
		return &failure{CodeWrongImgCode, "图形验证码错误"}
	}
	return nil
}
