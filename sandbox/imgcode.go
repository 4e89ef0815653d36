package sandbox

import (
	"strings"
	"time"
)

// ImgCodeLifetime is how long a picture can be answered after it was issued.
const ImgCodeLifetime = 5 * time.Minute

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

// getImgCode issues a picture. It is drawn only when the answer is written, outside the lock.
func (s *Sandbox) getImgCode(c call) (any, *failure) {
	issued := s.pictures.issue(c.now)
	return imgCodeData{Img: picture(issued.code), ImgCodeID: issued.id}, nil
}

// SolveImgCode returns the four characters that the picture with this img_code_id shows, or "" if the picture is
// unknown, used or expired. It does not use the picture up.
func (s *Sandbox) SolveImgCode(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()

	issued := s.pictures.find(id, s.now())
	if issued == nil {
		return ""
	}
	return issued.code
}

// imgCode is a picture code that was issued and not used yet.
type imgCode struct {
	id       string
	code     string
	issuedAt time.Time
}

func (i *imgCode) expired(now time.Time) bool {
	return now.Sub(i.issuedAt) >= ImgCodeLifetime
}

// pictures holds the picture codes that can still be answered.
type pictures struct {
	byID  map[string]*imgCode
	queue []*imgCode // every one issued, used ones included, oldest first
}

// issue makes a new picture code. The id is drawn apart from the code, so that nothing can be told from it.
func (p *pictures) issue(now time.Time) *imgCode {
	p.purge(now)
	issued := &imgCode{
		id:       p.freeID(),
		code:     randomString(imgCodeLength, imgCodeAlphabet),
		issuedAt: now,
	}
	p.byID[issued.id] = issued
	p.queue = append(p.queue, issued)
	return issued
}

func (p *pictures) freeID() string {
	for {
		id := randomString(imgCodeIDLength, imgCodeIDs)
		if p.byID[id] == nil {
			return id
		}
	}
}

// purge forgets expired pictures and makes room for one more.
func (p *pictures) purge(now time.Time) {
	for len(p.queue) > 0 && (len(p.queue) >= maxKept || p.queue[0].expired(now)) {
		oldest := p.queue[0]
		p.queue[0] = nil // let go of it even while the array lives on
		p.queue = p.queue[1:]
		if p.byID[oldest.id] == oldest { // a used one may have left its id to another
			delete(p.byID, oldest.id)
		}
	}
}

// find returns the picture code if it can still be answered, else nil.
func (p *pictures) find(id string, now time.Time) *imgCode {
	issued := p.byID[id]
	if issued == nil || issued.expired(now) {
		return nil
	}
	return issued
}

// redeem uses a picture up and says what is wrong with the answer to it, if anything.
func (p *pictures) redeem(id, answer string, now time.Time) *failure {
	issued := p.find(id, now)
	if issued == nil {
		return &failure{CodeImgCodeGone, "图形验证码已失效"}
	}
	delete(p.byID, id)
	if !strings.EqualFold(answer, issued.code) {
		return &failure{CodeWrongImgCode, "图形验证码错误"}
	}
	return nil
}
