// Package picture shows a picture code to a person at a terminal.
package picture

import (
	"bytes"
	"errors"
	"image"
	_ "image/gif"  // not documented, but possible
	_ "image/jpeg" // what the platform sends
	_ "image/png"  // not documented, but possible
	"os"
	"strings"
)

// terminalColumns is the width of the narrowest usual terminal.
const terminalColumns = 80

// Draw draws a picture in half blocks, two dots to a character. The strokes become
// blocks in the terminal's own text colour and the paper stays empty, which works
// on dark and light terminals.
func Draw(data []byte) (string, error) {
	picture, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return "", err
	}
	if picture.Bounds().Empty() {
		return "", errors.New("the picture is empty")
	}

	dots := shrink(picture, terminalColumns)
	isInk := inkIn(dots)
	var lines []string
	for y := 0; y < len(dots); y += 2 {
		var line strings.Builder
		for x := range dots[y] {
			line.WriteRune(halfBlock(isInk(x, y), isInk(x, y+1)))
		}
		lines = append(lines, strings.TrimRight(line.String(), " "))
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n"), nil
}

func halfBlock(top, bottom bool) rune {
	switch {
	case top && bottom:
		return '█'
	case top:
		return '▀'
	case bottom:
		return '▄'
	default:
		return ' '
	}
}

// shrink returns the brightness of the picture's dots, row by row: its pixels, or
// larger squares if it is wider than that many columns.
func shrink(picture image.Image, columns int) [][]int {
	bounds := picture.Bounds()
	columns = min(columns, bounds.Dx())
	rows := max(1, bounds.Dy()*columns/bounds.Dx())

	dots := make([][]int, rows)
	for y := range dots {
		dots[y] = make([]int, columns)
		for x := range dots[y] {
			dots[y][x] = brightness(picture, image.Rect(
				x*bounds.Dx()/columns, y*bounds.Dy()/rows,
				(x+1)*bounds.Dx()/columns, (y+1)*bounds.Dy()/rows,
			).Add(bounds.Min))
		}
	}
	return dots
}

// brightness is the average over an area of each pixel's darkest colour: ink of any
// colour lacks at least one, paper lacks none.
func brightness(picture image.Image, area image.Rectangle) int {
	sum := 0
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			r, g, b, _ := picture.At(x, y).RGBA()
			sum += int(min(r, g, b))
		}
	}
	return sum / (area.Dx() * area.Dy())
}

// inkIn tells ink from paper: ink is nearer to the darkest dot than to the
// brightest. Below the last row there is paper.
func inkIn(dots [][]int) func(x, y int) bool {
	darkest, brightest := dots[0][0], dots[0][0]
	for _, row := range dots {
		for _, dot := range row {
			darkest, brightest = min(darkest, dot), max(brightest, dot)
		}
	}
	threshold := (darkest + brightest) / 2
	return func(x, y int) bool { return y < len(dots) && dots[y][x] < threshold }
}

// Save writes the picture to a file that only the user can read, and returns where.
func Save(data []byte, mediaType string) (path string, err error) {
	file, err := os.CreateTemp("", "imgcode-*"+extension(mediaType))
	if err != nil {
		return "", err
	}
	_, err = file.Write(data)
	return file.Name(), errors.Join(err, file.Close())
}

func extension(mediaType string) string {
	switch mediaType {
	case "image/png":
		return ".png"
	case "image/gif":
		return ".gif"
	default: // image/jpg is what the platform calls a JPEG
		return ".jpg"
	}
}
