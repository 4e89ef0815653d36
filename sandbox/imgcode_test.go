package sandbox_test

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/jpeg"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebaas/openplatform-go/sandbox"
)

func TestPicture(t *testing.T) {
	for range 50 { // every character has a fair chance to be drawn
		r := newRig(t)
		id, img := r.newPicture()
		assert.Regexp(t, `^[A-Z0-9]{6}$`, id)
		assert.Regexp(t, `^[ACEFHJKMNPRTUWXY3479]{4}$`, r.SolveImgCode(id))

		encoded, found := strings.CutPrefix(img, "data:image/jpg;base64,")
		require.True(t, found)
		raw, err := base64.StdEncoding.DecodeString(encoded)
		require.NoError(t, err)
		assert.InDelta(t, 2048, len(raw), 1024)

		decoded, err := jpeg.Decode(bytes.NewReader(raw))
		require.NoError(t, err)
		require.Equal(t, 80, decoded.Bounds().Dx())
		require.Equal(t, 30, decoded.Bounds().Dy())

		// Ink, and nothing but ink, is darker than half: from 75 to 150 pixels a character,
		// a few more or less where the JPEG blurs, and none on the picture's edge.
		frame := decoded.Bounds()
		ink := [4]int{}
		for y := range 30 {
			for x := range 80 {
				if !dark(decoded.At(x, y)) {
					continue
				}
				ink[min(max(x-2, 0)/19, 3)]++
				assert.True(t, image.Pt(x, y).In(frame.Inset(1)), "ink at %d,%d", x, y)
			}
		}
		for _, pixels := range ink {
			assert.InDelta(t, 112, pixels, 60)
		}
	}
}

func dark(c color.Color) bool {
	red, green, blue, _ := c.RGBA()
	return (299*red+587*green+114*blue)/1000 < 0x8000
}

func TestPictureBodies(t *testing.T) {
	for name, body := range map[string]string{
		"empty": "", "empty object": "{}", "unknown parameter": `{"width": 80}`,
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			assert.Equal(t, "000", r.post(imgCodePath, body).Code)
		})
	}
}

func TestPictureIsUsedOnce(t *testing.T) {
	r := newRig(t)
	id, _ := r.newPicture()
	code := r.SolveImgCode(id)
	require.Equal(t, code, r.SolveImgCode(id), "looking does not use it up")

	require.Equal(t, "000", r.post(smsCodePath, smsBody(mobile, id, code, "LOGIN")).Code)

	assert.Empty(t, r.SolveImgCode(id))
	assert.Equal(t, sandbox.CodeImgCodeGone, r.post(smsCodePath, smsBody(otherMobile, id, code, "LOGIN")).Code)
	assert.Empty(t, r.Outbox(otherMobile))
}

func TestWhatUsesAPictureUp(t *testing.T) {
	tests := []struct {
		name   string
		body   func(id, code string) string
		code   string
		usedUp bool
	}{
		{
			name:   "wrong answer",
			body:   func(id, _ string) string { return smsBody(mobile, id, "0000", "LOGIN") },
			code:   sandbox.CodeWrongImgCode,
			usedUp: true,
		},
		{
			name:   "throttled phone",
			body:   func(id, code string) string { return smsBody(otherMobile, id, code, "LOGIN") },
			code:   sandbox.CodeTooManySms,
			usedUp: true,
		},
		{
			name: "unknown sms_type",
			body: func(id, code string) string { return smsBody(mobile, id, code, "OTHER") },
			code: sandbox.CodeInvalidSmsType,
		},
		{
			name: "no mobile",
			body: func(id, code string) string { return smsBody("", id, code, "LOGIN") },
			code: "400",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			require.Equal(t, "000", r.post(smsCodePath, r.smsBody(otherMobile)).Code)
			id, _ := r.newPicture()
			code := r.SolveImgCode(id)

			require.Equal(t, tt.code, r.post(smsCodePath, tt.body(id, code)).Code)

			if tt.usedUp {
				assert.Empty(t, r.SolveImgCode(id))
			} else {
				assert.Equal(t, code, r.SolveImgCode(id))
			}
		})
	}
}

func TestPictureExpires(t *testing.T) {
	r := newRig(t)
	id, _ := r.newPicture()
	code := r.SolveImgCode(id)

	r.Advance(sandbox.ImgCodeLifetime - time.Minute)
	require.Equal(t, code, r.SolveImgCode(id))

	r.Advance(time.Minute)
	assert.Empty(t, r.SolveImgCode(id))
	assert.Equal(t, sandbox.CodeImgCodeGone, r.post(smsCodePath, smsBody(mobile, id, code, "LOGIN")).Code)

	r.newPicture() // forgets the expired one
	assert.Empty(t, r.SolveImgCode(id))
}

func TestImgCodeIgnoresCase(t *testing.T) {
	r := newRig(t)
	id, _ := r.newPicture()
	lower := strings.ToLower(r.SolveImgCode(id))

	assert.Equal(t, "000", r.post(smsCodePath, smsBody(mobile, id, lower, "LOGIN")).Code)
}

func TestSolveUnknownPicture(t *testing.T) {
	assert.Empty(t, sandbox.New().SolveImgCode("MS6A1I"))
}
