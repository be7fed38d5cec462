package main

import (
	"bytes"
	"flag"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
)

var update = flag.Bool("update", false, "write the pictures of the documentation anew")

// pictureBytes bounds a picture of the documentation.
const pictureBytes = 150_000

// documented are the pages that the documentation shows, by look.
var documented = []struct {
	page
	look
}{
	{page{"overview", "/"}, look{"en", "light", 1280, 860}},
	{page{"flow", "/flow?range=180d"}, look{"en", "light", 1280, 980}},
	{page{"pipelines", "/pipelines?range=30d"}, look{"en", "light", 1280, 860}},
	{page{"dora", "/dora?range=90d&benchmark=2023"}, look{"en", "light", 1280, 1100}},
	{page{"errors", "/errors?range=30d"}, look{"en", "light", 1280, 860}},
	{page{"series", "/series?q=fetch('http.latency.ms').downsample('1h',%20'p95').max_by('service')"}, look{"en", "light", 1280, 860}},
	{page{"flow-dark", "/flow?range=180d"}, look{"en", "dark", 1280, 980}},
	{page{"flow-ru", "/flow?range=180d"}, look{"ru", "light", 1280, 980}},
}

// TestDocumentedPages: the pages that the documentation shows can be drawn, and their
// pictures are there and small. With -update they are taken anew, of the demo.
func TestDocumentedPages(t *testing.T) {
	folder := filepath.Join("..", "..", "docs", "screenshots")
	if *update {
		takePictures(t, folder)
	}
	for _, d := range documented {
		data, err := os.ReadFile(filepath.Join(folder, d.name+".png"))
		if err != nil {
			t.Error(err)
			continue
		}
		is, err := png.DecodeConfig(bytes.NewReader(data))
		if err != nil || is.Width != d.width || is.Height != d.height || len(data) > pictureBytes {
			t.Errorf("%s: %d bytes, %d by %d, %v: want at most %d bytes and %d by %d", d.name, len(data), is.Width, is.Height, err, pictureBytes, d.width, d.height)
		}
	}
}

func takePictures(t *testing.T, folder string) {
	t.Helper()
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	s := demoToLookAt(t)
	b := openTab(t, s.url, documented[0].width, documented[0].height)
	last := look{}
	for _, d := range documented {
		b.do("set the window", chromedp.EmulateViewport(int64(d.width), int64(d.height)))
		if d.lang != last.lang {
			b.prefer("lang", d.lang)
		}
		if d.theme != last.theme {
			b.prefer("theme", d.theme)
		}
		last = d.look
		b.open(d.path)
		b.drawn()
		b.do("let it fade in", chromedp.Sleep(fade))
		shot := ask(b, "take a picture", chromedp.CaptureScreenshot())
		small, err := fewColours(shot)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d bytes", d.name, len(small))
		if err := os.WriteFile(filepath.Join(folder, d.name+".png"), small, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// fewColours is a picture with the 256 colours that it has most of, each other pixel in
// the nearest of them: pages are flat, and a palette is a quarter of the bytes.
func fewColours(data []byte) ([]byte, error) {
	full, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	at := func(x, y int) color.RGBA { return color.RGBAModel.Convert(full.At(x, y)).(color.RGBA) }
	bounds := full.Bounds()
	counts := map[color.RGBA]int{}
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			counts[at(x, y)]++
		}
	}
	palette := mostOf(counts, 256)
	out := image.NewPaletted(bounds, palette)
	nearest := map[color.RGBA]uint8{}
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			c := at(x, y)
			i, known := nearest[c]
			if !known {
				i = uint8(palette.Index(c))
				nearest[c] = i
			}
			out.SetColorIndex(x, y, i)
		}
	}
	var b bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	err = encoder.Encode(&b, out)
	return b.Bytes(), err
}

// mostOf are the colours there are most of; of two as many, the darker one.
func mostOf(counts map[color.RGBA]int, most int) color.Palette {
	all := make([]color.RGBA, 0, len(counts))
	for c := range counts {
		all = append(all, c)
	}
	value := func(c color.RGBA) int { return int(c.R)<<16 | int(c.G)<<8 | int(c.B) }
	slices.SortFunc(all, func(a, b color.RGBA) int {
		if n := counts[b] - counts[a]; n != 0 {
			return n
		}
		return value(a) - value(b)
	})
	var out color.Palette
	for _, c := range all[:min(most, len(all))] {
		out = append(out, c)
	}
	return out
}

func TestFewColours(t *testing.T) {
	full := image.NewRGBA(image.Rect(0, 0, 300, 2))
	for x := range 300 {
		full.Set(x, 0, color.RGBA{uint8(x % 256), uint8(x / 256), 0, 255})
		full.Set(x, 1, color.White)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, full); err != nil {
		t.Fatal(err)
	}
	small, err := fewColours(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	got, err := png.Decode(bytes.NewReader(small))
	if err != nil {
		t.Fatal(err)
	}
	if p, ok := got.(*image.Paletted); !ok || len(p.Palette) != 256 {
		t.Errorf("%T of %d colours", got, len(p.Palette))
	}
	if c := color.RGBAModel.Convert(got.At(299, 1)); c != (color.RGBA{255, 255, 255, 255}) {
		t.Errorf("white became %v", c)
	}
}
