package picture

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
)

var update = flag.Bool("update", false, "write the golden files anew")

const sentence = "85 % of issues finished within 13.3 days; 15 took over 30 days."

func spec(c Chart) Spec {
	return Spec{
		Title: "Cycle time of finished issues", Summary: sentence, Foot: "n = 412 · 37 excluded · as of 27 Nov 2026 09:12",
		Lang: "en", Chart: c, Theme: Light, Width: 800, Height: 450,
	}
}

// changed is a spec with changes.
func changed(s Spec, change func(*Spec)) Spec {
	change(&s)
	return s
}

// stack is a panel of outcomes by week, the last one not whole.
func stack(piled bool, weeks ...[3]float64) *fake {
	f := &fake{axis: "runs", to: math.NaN(), whole: true, piled: piled, looks: map[string][2]string{
		"succeeded": {"series-1", ""}, "failed": {"series-6", "hatched"}, "skipped": {"series-5", "dotted"},
	}}
	f.data = delivery.PanelData{Shape: delivery.Stack, Filter: delivery.Filter{From: week(0), To: week(len(weeks)), Unit: delivery.Week}}
	for k, name := range []string{"succeeded", "failed", "skipped"} {
		s := delivery.Series{Name: name}
		for i, w := range weeks {
			f.data.N += int(w[k])
			s.Points = append(s.Points, delivery.Point{T: week(i), Value: value(w[k]), Slot: &delivery.Slot{
				Label: delivery.DateOf(week(i).Time().Add(3 * time.Hour)), Partial: i == len(weeks)-1,
			}})
		}
		f.data.Series = append(f.data.Series, s)
	}
	return f
}

// rows is a panel of bars: a name and two values each, of classes in turn.
func rows(names []string, values ...float64) *fake {
	classes := []string{"waiting", "active", "closed"}
	f := &fake{axis: "days", per: oneDay, to: math.NaN(), classes: map[string]string{"waiting": "hatched", "closed": "dotted"}}
	f.data = delivery.PanelData{Shape: delivery.Bars, Sample: delivery.Sample{N: len(names)}}
	for k, name := range []string{"p50", "p85"} {
		s := delivery.Series{Name: name}
		for i, n := range names {
			count := 20 - 6*i
			s.Points = append(s.Points, delivery.Point{
				X: n, Value: value(values[i] * float64(1+2*k) * oneDay), N: &count, Category: &delivery.Category{Name: n, Class: classes[i%3]},
			})
		}
		f.data.Series = append(f.data.Series, s)
	}
	return f
}

// waves are lines of 40 points, the second with a gap and a lone point in it.
func waves(names ...string) *fake {
	f := &fake{axis: "value", from: math.NaN(), to: math.NaN(), lines: names}
	f.data = delivery.PanelData{Shape: delivery.Lines, Filter: delivery.Filter{From: week(0), To: week(1)}, Sample: delivery.Sample{N: 40 * len(names)}}
	for k := range names {
		s := delivery.Series{Name: names[k]}
		for i := range 40 {
			pt := delivery.Point{T: week(0) + delivery.Instant(int64(i)*4*hour)}
			if k != 1 || i < 10 || i == 15 || i > 20 {
				pt.Value = value(100 + float64(10*k) + 20*math.Round(math.Sin(float64(i)/4)*100)/100)
			}
			s.Points = append(s.Points, pt)
		}
		f.data.Series = append(f.data.Series, s)
	}
	return f
}

const longName = "A status whose name somebody wrote as a whole sentence, with <tags> & \"quotes\""

func cases() map[string]Spec {
	marked := trend(3, 4, 2, 5, 3, math.NaN(), 4, 6, 5, 4, 3, 4, 5)
	marked.verticals = []fakeVertical{{2.5, "workflow", false, false}, {6.2, "v1.2", true, false}, {6.4, "v1.3", true, false}, {8.1, "", true, true}}
	marked.before = marked.data.Series[1].Points
	huge := waves("requests")
	for i := range huge.data.Series[0].Points {
		huge.data.Series[0].Points[i].Value = value(1e17 * float64(i))
	}
	many := make([]string, 12)
	for i := range many {
		many[i] = fmt.Sprintf("http.requests{host=web-%d}", i)
	}
	legend := waves(many...)
	legend.legend = true
	manyRows := make([]string, 20)
	values := make([]float64, 20)
	for i := range manyRows {
		manyRows[i], values[i] = fmt.Sprintf("job %d", i+1), float64(20-i)
	}
	empty := trend(1, 2)
	empty.data.N = 0
	russian := func(s *Spec) {
		s.Title, s.Summary, s.Lang = "Время цикла: динамика", "На неделе с 16.11.2026 половина задач уложилась в 3,1 дня; за весь период — в 3,8 дня.", "ru"
		s.Foot = "n = 298 · 25 не учтено · на 27.11.2026 12:08"
	}
	return map[string]Spec{
		"marks":       spec(scatter(60, 3)),
		"marks_dark":  changed(spec(scatter(60, 7)), func(s *Spec) { s.Theme = Dark }),
		"one_dot":     spec(scatter(1, 1)),
		"trend_auto":  changed(spec(marked), func(s *Spec) { s.Theme = Auto }),
		"trend_ru":    changed(spec(trend(3, 4, 2, 5)), russian),
		"one_bucket":  spec(trend(3)),
		"stack":       changed(spec(stack(true, [3]float64{10, 2, 1}, [3]float64{14, 3, 0}, [3]float64{9, 0, 0})), func(s *Spec) { s.Theme = Dark }),
		"beside":      spec(stack(false, [3]float64{10, 2, 0}, [3]float64{14, 3, 0})),
		"bars":        spec(rows([]string{"Open", "In progress", longName, "Done"}, 1, 2, 0.2, 4)),
		"many_rows":   changed(spec(rows(manyRows, values...)), func(s *Spec) { s.Height = 240 }),
		"lines":       spec(waves("pay-1", "pay-2", "shop-1")),
		"lines_many":  spec(legend),
		"huge":        spec(huge),
		"bins":        spec(spread(24, 59, 48, 29, 15, 15, 11, 3, 2, 1, 1, 0, 2)),
		"bins_dark":   changed(spec(spread(2, 1, 1, 5)), func(s *Spec) { s.Theme = Dark }),
		"control":     spec(limited(80)),
		"control_few": spec(fewMarks()),
		"fan":         spec(ahead(9, 57)),
		"fan_low":     changed(spec(ahead(15, 6)), func(s *Spec) { s.Theme = Auto }),
		"fan_above":   spec(ahead(9, 118)),
		"fan_none":    spec(noForecast()),
		"small_fan":   changed(spec(ahead(9, 57)), func(s *Spec) { s.Width, s.Height = MinWidth, 200 }),
		"small_bins":  changed(spec(spread(24, 59, 48, 29, 15)), func(s *Spec) { s.Width, s.Height = MinWidth, 200 }),
		"empty":       changed(spec(empty), russian),
		"ages":        spec(ages(40)),
		"ages_few":    changed(spec(ages(2)), func(s *Spec) { s.Width, s.Height, s.Theme = 420, 320, Dark }),
		"areas":       spec(areas(9)),
		"areas_small": changed(spec(areas(4)), func(s *Spec) { s.Width, s.Height, s.Theme = 420, 320, Dark }),
		"one_area":    spec(areas(1)),
		"level":       spec(levelled(stack(true, [3]float64{10, 0, 1}, [3]float64{14, 0, 3}, [3]float64{9, 0, 0}), 12)),
		"notice":      Notice("This chart is no longer shared.", "en", Auto, 400, 200),
		"small":       changed(spec(marked), func(s *Spec) { s.Width, s.Height = MinWidth, MinHeight }),
		"small_marks": changed(spec(scatter(60, 7)), func(s *Spec) { s.Width, s.Height = MinWidth, 200 }),
	}
}

// fewMarks is a control chart without limits.
func fewMarks() *fake {
	f := limited(6)
	f.data.Headline = f.data.Headline[:1]
	return f
}

// noForecast is one of too little history.
func noForecast() *fake {
	f := ahead(1, 20)
	for _, s := range f.data.Series {
		for i := range s.Points {
			s.Points[i].Value = nil
		}
	}
	return f
}

// fontData is the part of a golden file that says nothing to who reads it.
var fontData = regexp.MustCompile(`base64,[A-Za-z0-9+/=]+`)

func TestGolden(t *testing.T) {
	for name, s := range cases() {
		t.Run(name, func(t *testing.T) {
			got, err := SVG(s)
			if err != nil {
				t.Fatal(err)
			}
			wellFormed(t, got)
			got = fontData.ReplaceAll(got, []byte("base64,…"))
			file := filepath.Join("testdata", name+".svg")
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func wellFormed(t *testing.T, svg []byte) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(svg))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%v in %.2000s", err, svg)
		}
	}
}

type svgText struct {
	X      float64 `xml:"x,attr"`
	Y      float64 `xml:"y,attr"`
	Size   string  `xml:"font-size,attr"`
	Weight string  `xml:"font-weight,attr"`
	Anchor string  `xml:"text-anchor,attr"`
	Words  string  `xml:",chardata"`
}

// extent is the box around the letters of a text.
func (s svgText) extent() box {
	f := face{size: axisSize, bold: s.Weight != ""}
	if v, err := strconv.ParseFloat(s.Size, 64); err == nil {
		f.size = v
	}
	w := f.width(s.Words)
	x := s.X
	switch s.Anchor {
	case "middle":
		x -= w / 2
	case "end":
		x -= w
	}
	return box{x, s.Y - 0.74*f.size, w, 0.9 * f.size}
}

// Whatever the size, no text is cut by the edge, and none is over another.
func TestTextsHaveRoom(t *testing.T) {
	for name, s := range cases() {
		for _, size := range [][2]int{{240, 160}, {240, 1500}, {320, 240}, {400, 300}, {600, 200}, {800, 450}, {1200, 500}, {2000, 1500}} {
			s.Width, s.Height = size[0], size[1]
			t.Run(fmt.Sprintf("%s %d×%d", name, s.Width, s.Height), func(t *testing.T) {
				out, err := SVG(s)
				if err != nil {
					t.Fatal(err)
				}
				var doc struct {
					Texts []svgText `xml:"text"`
				}
				if err := xml.Unmarshal(out, &doc); err != nil {
					t.Fatal(err)
				}
				if len(doc.Texts) == 0 {
					t.Fatal("no texts")
				}
				for i, one := range doc.Texts {
					a := one.extent()
					if a.x < -0.1 || a.y < 0 || a.right() > float64(s.Width)+0.1 || a.bottom() > float64(s.Height) {
						t.Errorf("%q is at %+v", one.Words, a)
					}
					for _, other := range doc.Texts[:i] {
						b := other.extent()
						if min(a.right(), b.right())-max(a.x, b.x) > 0.5 && min(a.bottom(), b.bottom())-max(a.y, b.y) > 1 {
							t.Errorf("%q is over %q: %+v, %+v", one.Words, other.Words, a, b)
						}
					}
				}
			})
		}
	}
}

func TestPNG(t *testing.T) {
	for name, s := range cases() {
		for scale := MinScale; scale <= MaxScale; scale++ {
			out, err := PNG(s, scale)
			if err != nil {
				t.Fatal(name, err)
			}
			m, err := png.Decode(bytes.NewReader(out))
			if err != nil {
				t.Fatal(name, err)
			}
			if want := image.Rect(0, 0, s.Width*scale, s.Height*scale); m.Bounds() != want {
				t.Errorf("%s at %d: %v, want %v", name, scale, m.Bounds(), want)
			}
			theme := s.Theme
			if theme == Auto {
				theme = Light
			}
			if got, want := at(m, 1, 1), paper.rgba(theme); got != want {
				t.Errorf("%s: the corner is %v, want %v", name, got, want)
			}
		}
	}
}

func at(m image.Image, x, y int) color.RGBA { return color.RGBAModel.Convert(m.At(x, y)).(color.RGBA) }

// inked is how many pixels of a picture have a colour, nearly.
func inked(m image.Image, c color.RGBA) int {
	n := 0
	near := func(a, b uint8) bool { return max(a, b)-min(a, b) <= 4 }
	for y := m.Bounds().Min.Y; y < m.Bounds().Max.Y; y++ {
		for x := m.Bounds().Min.X; x < m.Bounds().Max.X; x++ {
			if got := at(m, x, y); near(got.R, c.R) && near(got.G, c.G) && near(got.B, c.B) {
				n++
			}
		}
	}
	return n
}

func TestPNGColours(t *testing.T) {
	pale := func(i ink, theme Theme) color.RGBA {
		c, p := i.rgba(theme), paper.rgba(theme)
		cover := uint32(math.Round(dotOpacity(theme) * 255))
		return color.RGBA{over(p.R, c.R, cover), over(p.G, c.G, cover), over(p.B, c.B, cover), 255}
	}
	tests := []struct {
		name, of string
		colour   color.RGBA
		least    int
	}{
		{"dots", "marks", pale(series1, Light), 500},
		{"their outlines", "marks", (series1 + 2).rgba(Light), 500},
		{"dots in the dark", "marks_dark", pale(series1, Dark), 50},
		{"crosses in the dark", "marks_dark", series6.rgba(Dark), 50},
		{"lines", "trend_ru", accent.rgba(Light), 500},
		{"failed", "stack", series6.rgba(Dark), 500},
		{"incident", "trend_auto", bad.rgba(Light), 50},
		{"title", "empty", text.rgba(Light), 100},
	}
	for _, tt := range tests {
		out, err := PNG(cases()[tt.of], 2)
		if err != nil {
			t.Fatal(err)
		}
		m, err := png.Decode(bytes.NewReader(out))
		if err != nil {
			t.Fatal(err)
		}
		if got := inked(m, tt.colour); got < tt.least {
			t.Errorf("%s: %d pixels of %v, want %d or more", tt.name, got, tt.colour, tt.least)
		}
	}
}

// A picture in many bands is the one in a few.
func TestBandsMeet(t *testing.T) {
	s := spec(scatter(300, 7))
	whole, parts := newRaster(&s, 2), newRaster(&s, 2)
	whole.band(&s, 0, 900)
	for top := 0; top < 900; top += 90 {
		parts.band(&s, top, top+90)
		if !bytes.Equal(parts.image.Pix, whole.image.Pix[top*whole.image.Stride:(top+90)*whole.image.Stride]) {
			t.Errorf("the rows from %d on differ", top)
		}
	}
}

func TestLargeScatterIsSmall(t *testing.T) {
	out, err := SVG(spec(scatter(5000, 7)))
	if err != nil {
		t.Fatal(err)
	}
	if kb := len(out) / 1024; kb > 300 {
		t.Errorf("5,000 dots are %d KB", kb)
	}
}

func TestAutoFollowsTheReader(t *testing.T) {
	for theme, want := range map[Theme][]string{
		Light: {lightInks[paper]}, Dark: {darkInks[paper]}, Auto: {lightInks[paper], "prefers-color-scheme:dark", darkInks[paper]},
	} {
		out, err := SVG(changed(spec(trend(1, 2)), func(s *Spec) { s.Theme = theme }))
		if err != nil {
			t.Fatal(err)
		}
		rest := string(out)
		for _, w := range want {
			i := strings.Index(rest, w)
			if i < 0 {
				t.Fatalf("%s has no %s", theme, w)
			}
			rest = rest[i:]
		}
	}
}

func TestSizes(t *testing.T) {
	for _, tt := range []struct{ width, height, scale int }{{239, 400, 1}, {400, 159, 1}, {2001, 400, 1}, {400, 1501, 1}, {400, 400, 0}, {400, 400, 4}} {
		s := spec(trend(1, 2))
		s.Width, s.Height = tt.width, tt.height
		if _, err := PNG(s, tt.scale); !errors.Is(err, errSize) {
			t.Errorf("%v: %v", tt, err)
		}
		if _, err := SVG(s); tt.scale == 1 && !errors.Is(err, errSize) {
			t.Errorf("%v: %v", tt, err)
		}
	}
}

// FuzzTexts: what people write breaks no picture.
func FuzzTexts(f *testing.F) {
	f.Add("title", "a sentence", "name")
	f.Add("\x00\x1b[31m\ufffe", "</text><script>alert(1)</script>", "&amp;<!--")
	f.Add("\xff\xfe\xc0", "\u202eabc\u2028\r\n\t", "👩‍👩‍👧 日本語 العربية")
	f.Add(strings.Repeat("W", 5000), strings.Repeat("a b ", 2000), strings.Repeat("ё", 300))
	f.Fuzz(func(t *testing.T, title, summary, name string) {
		for _, c := range []Chart{rows([]string{name, "b"}, 1, 2), waves(name, title), nil} {
			s := Spec{Title: title, Summary: summary, Alt: name, Foot: title + " · " + name, Lang: name, Chart: c, Theme: Auto, Width: 320, Height: 240}
			out, err := SVG(s)
			if err != nil {
				t.Fatal(err)
			}
			wellFormed(t, out)
			var doc struct {
				Scripts []struct{} `xml:"script"`
				Lang    string     `xml:"lang,attr"`
			}
			if err := xml.Unmarshal(out, &doc); err != nil || len(doc.Scripts) > 0 {
				t.Fatal(err, doc.Scripts)
			}
			if out, err = PNG(s, 1); err != nil {
				t.Fatal(err)
			}
			if _, err := png.Decode(bytes.NewReader(out)); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestTokensAreTheSheets(t *testing.T) {
	css, err := os.ReadFile(filepath.Join("..", "..", "static", "app.css"))
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.SplitN(string(css), "@media (prefers-color-scheme: dark)", 2)
	for theme, sheet := range map[Theme]string{Light: parts[0], Dark: parts[1]} {
		for i := range inks {
			if want := "--" + inkNames[i] + ": " + i.hex(theme) + ";"; !strings.Contains(sheet, want) {
				t.Errorf("app.css has no %s", cmp.Or(want, string(theme)))
			}
		}
	}
}
