package picture

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// painted paints a PNG from rows in which a space is paper.
func painted(t *testing.T, ink, paper color.Color, rows ...string) []byte {
	t.Helper()
	canvas := image.NewRGBA(image.Rect(0, 0, len(rows[0]), len(rows)))
	for y, row := range rows {
		for x, dot := range row {
			canvas.Set(x, y, ink)
			if dot == ' ' {
				canvas.Set(x, y, paper)
			}
		}
	}
	var data bytes.Buffer
	require.NoError(t, png.Encode(&data, canvas))
	return data.Bytes()
}

func TestDraw(t *testing.T) {
	rows := []string{
		"      ",
		"      ",
		" #### ",
		" #  # ",
		" #    ", // the last row has no partner
	}
	want := " █▀▀█\n ▀"

	for name, ink := range map[string]color.Color{
		"black":  color.Black,
		"yellow": color.RGBA{R: 255, G: 220, A: 255}, // as bright as paper, to a black-and-white eye
		"red":    color.RGBA{R: 255, A: 255},
	} {
		t.Run(name, func(t *testing.T) {
			drawing, err := Draw(painted(t, ink, color.White, rows...))
			require.NoError(t, err)
			assert.Equal(t, want, drawing)
		})
	}

	t.Run("on grey paper", func(t *testing.T) {
		drawing, err := Draw(painted(t, color.Gray{Y: 60}, color.Gray{Y: 120}, rows...))
		require.NoError(t, err)
		assert.Equal(t, want, drawing)
	})

	t.Run("blank", func(t *testing.T) {
		drawing, err := Draw(painted(t, color.Black, color.White, "  ", "  "))
		require.NoError(t, err)
		assert.Empty(t, drawing)
	})
}

func TestDrawFitsTheTerminal(t *testing.T) {
	canvas := image.NewGray(image.Rect(0, 0, 1000, 300)) // black
	for x := range 20 {
		canvas.SetGray(x, 0, color.Gray{Y: 255})
	}
	var data bytes.Buffer
	require.NoError(t, jpeg.Encode(&data, canvas, nil))

	drawing, err := Draw(data.Bytes())

	require.NoError(t, err)
	lines := strings.Split(drawing, "\n")
	assert.Len(t, lines, 12)
	for _, line := range lines {
		assert.LessOrEqual(t, utf8.RuneCountInString(line), terminalColumns)
	}
}

func TestDrawRefusesWhatIsNoPicture(t *testing.T) {
	_, err := Draw([]byte("GIF89a"))
	require.Error(t, err)
}

func TestExtension(t *testing.T) {
	assert.Equal(t, ".jpg", extension("image/jpg"))
	assert.Equal(t, ".png", extension("image/png"))
	assert.Equal(t, ".gif", extension("image/gif"))
}
