package picture

import (
	_ "embed"
	"sync"
	"unicode"

	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

//go:embed fonts/regular.ttf
var regularFile []byte

//go:embed fonts/semibold.ttf
var boldFile []byte

// typeface is one of the two fonts, read when the first picture is drawn.
type typeface struct {
	file []byte
	font *sfnt.Font
	em   float64 // units

	mu     sync.Mutex
	buffer sfnt.Buffer
	widths map[rune]float64 // in ems
}

var (
	regular = sync.OnceValue(func() *typeface { return newTypeface(regularFile) })
	bold    = sync.OnceValue(func() *typeface { return newTypeface(boldFile) })
)

func newTypeface(file []byte) *typeface {
	f, err := sfnt.Parse(file)
	if err != nil {
		panic(err) // an embedded file, covered by tests
	}
	return &typeface{file: file, font: f, em: float64(f.UnitsPerEm()), widths: map[rune]float64{}}
}

func (f face) typeface() *typeface {
	if f.bold {
		return bold()
	}
	return regular()
}

// width is how far a text reaches.
func (f face) width(s string) float64 {
	t := f.typeface()
	t.mu.Lock()
	defer t.mu.Unlock()
	sum := 0.0
	for _, r := range s {
		sum += t.advance(r)
	}
	return sum * f.size
}

// keptWidths bounds what is remembered: texts may hold any characters there are.
const keptWidths = 2048

func (t *typeface) advance(r rune) float64 {
	if w, ok := t.widths[r]; ok {
		return w
	}
	w := 0.0
	switch g, err := t.font.GlyphIndex(&t.buffer, r); {
	case unseen(r):
	case err != nil || g == 0:
		w = 1 // of a font that is not ours: as wide as a Chinese character
	default:
		a, err := t.font.GlyphAdvance(&t.buffer, g, fixed.I(int(t.em)), 0)
		if err == nil {
			w = float64(a) / 64 / t.em
		}
	}
	if len(t.widths) < keptWidths {
		t.widths[r] = w
	}
	return w
}

// unseen reports whether a character takes no room of its own.
func unseen(r rune) bool { return unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) }
