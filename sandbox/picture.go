package sandbox

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"
)

// A picture is as large as the platform's, and drawn so that a person can read it in a terminal too, at one column per
// pixel and with nothing but black and white: the ink is far darker than half, the noise far lighter.
const (
	pictureWidth   = 80
	pictureHeight  = 30
	pictureQuality = 90

	dotSize   = 3 // pixels per dot of the font, across and down
	glyphStep = 19
	glyphLeft = 4
	glyphTop  = (pictureHeight - glyphRows*dotSize) / 2

	maxSlant = 0.18 // pixels to the side per row, either way
	maxShift = 3    // pixels up or down

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
	fill(canvas, paper)
	drawNoise(canvas)
	for i, char := range string(p) {
		drawGlyph(canvas, glyphLeft+i*glyphStep, glyphs[char])
	}

	var out bytes.Buffer
	if err := jpeg.Encode(&out, canvas, &jpeg.Options{Quality: pictureQuality}); err != nil {
		return nil, err
	}
	// image/jpg is no registered type, but it is what the platform writes.
	return []byte("data:image/jpg;base64," + base64.StdEncoding.EncodeToString(out.Bytes())), nil
}

func fill(canvas *image.RGBA, c color.RGBA) {
	for y := range pictureHeight {
		for x := range pictureWidth {
			canvas.SetRGBA(x, y, c)
		}
	}
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

// drawGlyph draws a glyph with its left edge around x: slanted, moved up or down, and in an ink, all by chance.
func drawGlyph(canvas *image.RGBA, x int, g glyph) {
	ink := inks[rand.IntN(len(inks))]
	slant := (rand.Float64()*2 - 1) * maxSlant
	top := glyphTop + rand.IntN(2*maxShift+1) - maxShift

	for row := range glyphRows * dotSize {
		lean := int(slant * float64(glyphRows*dotSize/2-row))
		for column := range glyphColumns * dotSize {
			if g[row/dotSize][column/dotSize] == '#' {
				canvas.SetRGBA(x+lean+column, top+row, ink)
			}
		}
	}
}
