package sandbox

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"

	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/f64"
	"golang.org/x/image/math/fixed"
)

// A picture is as large as the platform's, and drawn so that a person can read it in a terminal too, at one column per
// pixel and with nothing but black and white: the ink is far darker than half, the noise far lighter.
const (
	pictureWidth   = 80
	pictureHeight  = 30
	pictureQuality = 90

	glyphWidth  = 6 // dots of the font, of a capital or a digit
	glyphHeight = 9
	dotWidth    = 2.5 // pixels
	dotHeight   = 2.3
	glyphStep   = 19
	glyphLeft   = 4

	maxSlant = 0.5 // pixels to the side per dot up or down, either way
	maxShift = 3   // pixels up or down

	noiseDots  = 40
	noiseLines = 2
)

var (
	paper = color.RGBA{R: 246, G: 247, B: 242, A: 255}
	inks  = []color.RGBA{
		{R: 20, G: 40, B: 110, A: 255},
		{R: 100, G: 20, B: 30, A: 255},
		{R: 15, G: 70, B: 40, A: 255},
		{R: 60, G: 25, B: 90, A: 255},
	}
)

// picture is a picture code. In JSON it becomes a data URL with a JPEG that shows it.
type picture string

// MarshalText draws the picture, a little different each time.
func (p picture) MarshalText() ([]byte, error) {
	canvas := image.NewRGBA(image.Rect(0, 0, pictureWidth, pictureHeight))
	draw.Draw(canvas, canvas.Bounds(), image.NewUniform(paper), image.Point{}, draw.Src)
	drawNoise(canvas)
	for i, char := range string(p) {
		drawGlyph(canvas, glyphLeft+i*glyphStep, char)
	}

	var out bytes.Buffer
	if err := jpeg.Encode(&out, canvas, &jpeg.Options{Quality: pictureQuality}); err != nil {
		return nil, err
	}
	// image/jpg is no registered type, but it is what the platform writes.
	return []byte("data:image/jpg;base64," + base64.StdEncoding.EncodeToString(out.Bytes())), nil
}

// drawNoise sprinkles grey dots and thin lines. It comes before the glyphs, which therefore stay whole.
func drawNoise(canvas *image.RGBA) {
	for range noiseDots {
		canvas.SetRGBA(rand.IntN(pictureWidth), rand.IntN(pictureHeight), lightGrey())
	}
	for range noiseLines {
		from, to := rand.IntN(pictureHeight), rand.IntN(pictureHeight)
		grey := lightGrey()
		for x := range pictureWidth {
			canvas.SetRGBA(x, from+(to-from)*x/pictureWidth, grey)
		}
	}
}

func lightGrey() color.RGBA {
	grey := 175 + rand.N[uint8](40)
	return color.RGBA{R: grey, G: grey, B: grey, A: 255}
}

// drawGlyph draws a character with its left edge around x: slanted, moved up or down, and in an ink, all by chance.
func drawGlyph(canvas *image.RGBA, x int, char rune) {
	glyph := newGlyph(char, inks[rand.IntN(len(inks))])
	slant := (rand.Float64()*2 - 1) * maxSlant
	left := float64(x) - slant*glyphHeight/2
	top := (pictureHeight-glyphHeight*dotHeight)/2 + float64(rand.IntN(2*maxShift+1)-maxShift)

	// Blended dots would make edges that are neither ink nor paper.
	draw.NearestNeighbor.Transform(canvas, f64.Aff3{
		dotWidth, slant, left,
		0, dotHeight, top,
	}, glyph, glyph.Bounds(), draw.Over, nil)
}

// newGlyph returns a character at the font's own size.
func newGlyph(char rune, ink color.Color) *image.RGBA {
	glyph := image.NewRGBA(image.Rect(0, 0, glyphWidth, glyphHeight))
	pen := font.Drawer{Dst: glyph, Src: image.NewUniform(ink), Face: basicfont.Face7x13, Dot: fixed.P(0, glyphHeight)}
	pen.DrawString(string(char))
	return glyph
}
