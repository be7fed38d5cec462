package picture

import (
	"slices"
	"testing"

	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// What pictures are written with.
const alphabet = "ABCXYZabcxyz0123456789 АБВЯЁабвяё ÄÖÜßéñşž .,;:!?()[]{}<>&\"'«»“”„‘’ − – — … · × ÷ ≥ ≤ ≈ № % ₽ € £ $ ← → ↑ ↓ µ ° ±"

func TestFontsHaveEverything(t *testing.T) {
	for name, f := range map[string]*typeface{"regular": regular(), "bold": bold()} {
		for _, r := range alphabet + "\u00a0" {
			if g, err := f.font.GlyphIndex(&f.buffer, r); err != nil || g == 0 {
				t.Errorf("%s has no %q", name, r)
			}
		}
		for _, r := range "123456789" {
			if a, b := f.advance(r), f.advance('0'); max(a, b)-min(a, b) > 0.002 {
				t.Errorf("%s: %q is %v wide, 0 is %v", name, r, a, b)
			}
		}
	}
}

func TestSubset(t *testing.T) {
	for _, f := range []*typeface{regular(), bold()} {
		chars := map[rune]bool{'界': true, '\U0001F600': true} // which it has not
		for _, r := range alphabet {
			chars[r] = true
		}
		file := f.subset(chars)
		if len(file) > 30_000 {
			t.Errorf("%d bytes", len(file))
		}
		part, err := sfnt.Parse(file)
		if err != nil {
			t.Fatal(err)
		}
		var b sfnt.Buffer
		for _, r := range alphabet {
			g, err := part.GlyphIndex(&b, r)
			if err != nil || g == 0 {
				t.Fatalf("no %q: %v", r, err)
			}
			a, err := part.GlyphAdvance(&b, g, fixed.I(int(f.em)), 0)
			if got := float64(a) / 64 / f.em; err != nil || got != f.advance(r) {
				t.Errorf("%q is %v wide, want %v: %v", r, got, f.advance(r), err)
			}
			full, err := f.font.GlyphIndex(&f.buffer, r)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(outline(t, part, g), outline(t, f.font, full)) {
				t.Errorf("%q is another glyph", r)
			}
		}
	}
}

func outline(t *testing.T, f *sfnt.Font, g sfnt.GlyphIndex) []sfnt.Segment {
	t.Helper()
	var b sfnt.Buffer
	s, err := f.LoadGlyph(&b, g, fixed.I(64), nil)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(s)
}

func TestWrap(t *testing.T) {
	f := face{size: 10}
	width := f.width("one two three")
	for _, tt := range []struct {
		text  string
		lines int
		want  []string
	}{
		{"", 3, nil},
		{"one two three", 3, []string{"one two three"}},
		{"one two three four", 3, []string{"one two three", "four"}},
		{"one two three four five six seven", 2, []string{"one two three", "four five six…"}},
		{"Donaudampfschifffahrtsgesellschaft", 2, []string{"Donaudamp…"}},
	} {
		got := f.wrap(tt.text, width, tt.lines)
		if !slices.Equal(got, tt.want) {
			t.Errorf("%q: %q, want %q", tt.text, got, tt.want)
		}
		for _, l := range got {
			if f.width(l) > width {
				t.Errorf("%q is too long", l)
			}
		}
	}
	if got := f.wrapParts("one two three · four five six seven eight · nine", width, 1); !slices.Equal(got, []string{"one\u00a0two\u00a0three"}) {
		t.Errorf("parts: %q", got)
	}
}
