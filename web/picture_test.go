package web

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/internal/picture"
	"throughline/views"
)

var update = flag.Bool("update", false, "write the pictures of the documentation anew")

// withEverything is a site whose every panel has something to show.
func withEverything(t *testing.T) *site {
	t.Helper()
	s := withErrors(t)
	if _, err := s.store.Write(t.Context(), company(200)); err != nil {
		t.Fatal(err)
	}
	s.addRuns(manyRuns(60, func(i int, r *delivery.Run) {
		if i%7 == 0 {
			r.Status = delivery.RunFailed
		}
	})...)
	s.addPoints()
	return s
}

// pictureQuery is what a panel is asked with here.
func pictureQuery(slug string) string {
	if slug == "series" {
		return asked("fetch('ci.time')") + "&range=1d"
	}
	return "range=90d"
}

func TestPicturesOfEveryPanel(t *testing.T) {
	s := withEverything(t)
	for _, p := range panels() {
		for _, lang := range []string{"en", "ru"} {
			t.Run(p.slug+" "+lang, func(t *testing.T) {
				query := "?" + pictureQuery(p.slug) + "&lang=" + lang
				path := "/api/v1/panels/" + p.slug
				res := s.api(http.MethodGet, path+".svg"+query, readToken)
				if res.status != http.StatusOK || res.header.Get("Content-Type") != "image/svg+xml" {
					t.Fatalf("%d: %.300s", res.status, res.body)
				}
				data := read[panelAnswer](s, path+query)
				texts := svgTexts(t, res.body)
				if texts.Title != i18n.For(lang).T(p.title) || data.N > 0 && !strings.HasPrefix(texts.Desc, texts.Title) {
					t.Errorf("called %q, described %q", texts.Title, texts.Desc)
				}
				all := strings.Join(texts.Texts, "\n")
				for _, want := range []string{texts.Title, "n = " + i18n.For(lang).Number(float64(data.N), 0)} {
					if !strings.Contains(strings.ReplaceAll(all, "\u00a0", " "), strings.ReplaceAll(want, "\u00a0", " ")) {
						t.Errorf("%q is not in it: %s", want, all)
					}
				}
				for _, id := range regexp.MustCompile(`\b(picture|chart|outcome|errors|panel)\.[a-z_.0-9]+`).FindAllString(all, -1) {
					t.Errorf("%s is not written in words", id)
				}
				res = s.api(http.MethodGet, path+".png"+query+"&theme=dark&width=400&height=300&scale=1", readToken)
				if res.status != http.StatusOK || res.header.Get("Content-Type") != "image/png" {
					t.Fatalf("%d: %.300s", res.status, res.body)
				}
				m, err := png.Decode(strings.NewReader(res.body))
				if err != nil || m.Bounds().Dx() != 400 || m.Bounds().Dy() != 300 {
					t.Error(err, m.Bounds())
				}
			})
		}
	}
}

type textsOfSVG struct {
	Title string   `xml:"title"`
	Desc  string   `xml:"desc"`
	Texts []string `xml:"text"`
}

// svgTexts are the texts of a well-formed picture.
func svgTexts(t *testing.T, svg string) textsOfSVG {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	var v textsOfSVG
	if err := xml.Unmarshal([]byte(svg), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestPictureParameters(t *testing.T) {
	s := withIssues(t)
	s.provision("tokens:\n  - {name: reader, scopes: [read], token: " + readToken + "}\n")
	tests := []struct{ ext, query, wrong string }{
		{"svg", "", ""},
		{"svg", "theme=auto&width=240&height=160&title=false&lang=ru", ""},
		{"png", "theme=dark&width=2000&height=1500&scale=3", ""},
		{"svg", "theme=blue", "theme"},
		{"png", "theme=auto", "theme"},
		{"svg", "width=239", "width"},
		{"svg", "width=2001", "width"},
		{"svg", "width=", "width"},
		{"svg", "width=300&width=400", "width"},
		{"svg", "height=159", "height"},
		{"png", "height=1501", "height"},
		{"png", "scale=4", "scale"},
		{"png", "scale=1.5", "scale"},
		{"svg", "scale=2", "scale"},
		{"svg", "title=no", "title"},
		{"svg", "lang=fr", "lang"},
		{"svg", "colour=red", "colour"},
		{"svg", "range=nonsense", "range"},
		{"csv", "theme=dark", "theme"},
		{"csv", "width=400", "width"},
		{"", "title=false", "title"},
		{"", "scale=2", "scale"},
	}
	for _, tt := range tests {
		path := strings.TrimSuffix("/api/v1/panels/cycle-time."+tt.ext, ".") + "?" + tt.query
		res := s.api(http.MethodGet, path, readToken)
		if tt.wrong == "" {
			if res.status != http.StatusOK {
				t.Errorf("%s: %d %.200s", path, res.status, res.body)
			}
			continue
		}
		if want := `"path":"` + tt.wrong + `"`; res.status != http.StatusBadRequest || !strings.Contains(res.body, want) {
			t.Errorf("%s: %d without %s: %.300s", path, res.status, want, res.body)
		}
	}
	two := s.api(http.MethodGet, "/api/v1/panels/cycle-time.png?width=1&theme=blue&bucket=hour", readToken)
	for _, want := range []string{`"width"`, `"theme"`, `"bucket"`} {
		if !strings.Contains(two.body, want) {
			t.Errorf("no word of %s: %s", want, two.body)
		}
	}
	if res := s.api(http.MethodGet, "/api/v1/panels/cycle-time.svg", ""); res.status != http.StatusUnauthorized {
		t.Errorf("without a token: %d", res.status)
	}
	for _, ext := range []string{"gif", "svgz", ""} {
		if res := s.api(http.MethodGet, "/api/v1/panels/cycle-time."+ext, readToken); res.status != http.StatusNotFound {
			t.Errorf(".%s: %d", ext, res.status)
		}
	}
}

func TestPictureHeaders(t *testing.T) {
	s := withIssues(t)
	s.provision("tokens:\n  - {name: reader, scopes: [read], token: " + readToken + "}\n")
	for ext, contentType := range map[string]string{"svg": "image/svg+xml", "png": "image/png"} {
		res := s.api(http.MethodGet, "/api/v1/panels/cycle-time."+ext, readToken)
		for name, want := range map[string]string{
			"Content-Type": contentType, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
			"Content-Disposition":     `inline; filename="cycle-time.` + ext + `"`,
			"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; font-src data:; frame-ancestors 'none'",
		} {
			if got := res.header.Get(name); got != want {
				t.Errorf(".%s: %s is %q, want %q", ext, name, got, want)
			}
		}
	}
	auto, dark := s.api(http.MethodGet, "/api/v1/panels/cycle-time.svg", readToken), s.api(http.MethodGet, "/api/v1/panels/cycle-time.svg?theme=dark&title=false", readToken)
	if !strings.Contains(auto.body, "prefers-color-scheme") || strings.Contains(dark.body, "prefers-color-scheme") {
		t.Error("an SVG follows the reader unless told not to")
	}
	if title := "Cycle time of finished issues"; !strings.Contains(auto.body, ">"+title+"</text>") || strings.Contains(dark.body, ">"+title+"</text>") {
		t.Error("the title is drawn unless told not to")
	}
}

// What fails is said as of JSON.
func TestPictureWithoutStore(t *testing.T) {
	s := withoutStore(t)
	s.provision("tokens:\n  - {name: reader, scopes: [read], token: " + readToken + "}\n")
	plain := s.api(http.MethodGet, "/api/v1/panels/cycle-time", readToken)
	for _, ext := range []string{".svg", ".png"} {
		if res := s.api(http.MethodGet, "/api/v1/panels/cycle-time"+ext, readToken); res.status != plain.status || res.body != plain.body {
			t.Errorf("%s: %d %s, want %d %s", ext, res.status, res.body, plain.status, plain.body)
		}
	}
}

func TestPictureOfNothing(t *testing.T) {
	s := newSite(t, nil)
	s.provision("tokens:\n  - {name: reader, scopes: [read], token: " + readToken + "}\n")
	for _, p := range panels() {
		if p.slug == "series" {
			continue
		}
		res := s.api(http.MethodGet, "/api/v1/panels/"+p.slug+".svg", readToken)
		if res.status != http.StatusOK {
			t.Errorf("%s: %d", p.slug, res.status)
			continue
		}
		if got := svgTexts(t, res.body).Texts; len(got) < 3 {
			t.Errorf("%s: %q", p.slug, got)
		}
	}
	o := pictureOptions{ext: "svg", theme: picture.Auto, width: 400, height: 200}
	body, contentType, err := s.server.drawNotice(t.Context(), "No longer shared.", i18n.For("en"), o)
	if got := svgTexts(t, string(body)).Texts; err != nil || contentType != svgType || len(got) != 1 || got[0] != "No longer shared." {
		t.Errorf("%q, %s, %v", got, contentType, err)
	}
}

// fixedTrend is a made-up quarter of a team, for the documentation.
func fixedTrend(t *testing.T) delivery.PanelData {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	calendar := delivery.NewCalendar(delivery.CalendarVersion{Zone: zone})
	at := func(month time.Month, day int) delivery.Instant {
		return delivery.InstantOf(time.Date(2026, month, day, 0, 0, 0, 0, zone))
	}
	q := delivery.FlowQuery{
		Filter:   delivery.Filter{From: at(8, 31), To: at(11, 30), Unit: delivery.Week, Clock: delivery.Elapsed},
		Calendar: calendar, Now: at(11, 27) + 552*60_000, // 09:12
	}
	random := rand.New(rand.NewPCG(3, 3))
	c := delivery.CycleTimeTrend{Sample: delivery.Sample{AsOf: q.Now, Excluded: map[string]int{"never_active": 25}}}
	var all []int64
	for i, b := range delivery.Buckets(q.From, q.To, q.Unit, zone, q.Now) {
		var seconds []int64
		for range 26 + i*7%13 - 18*(i/12) {
			days := math.Exp(random.NormFloat64()*0.8) * (5.4 - 0.24*float64(i))
			seconds = append(seconds, int64(days*86_400))
		}
		all = append(all, seconds...)
		c.Buckets = append(c.Buckets, delivery.TrendBucket{Bucket: b, Percentiles: delivery.PercentilesOf(seconds)})
	}
	c.Percentiles, c.Sample.N = delivery.PercentilesOf(all), len(all)
	d := c.Panel(q)
	d.Markers = []delivery.Marker{{At: at(9, 18), Kind: "workflow"}}
	return d
}

// The pictures of the documentation are what the program draws; -update draws them anew.
func TestPicturesOfDocumentation(t *testing.T) {
	s := newSite(t, nil)
	p, _ := panelBySlug("cycle-time-trend")
	for name, lang := range map[string]string{"cycle-time-trend": "en"} {
		d, printer := fixedTrend(t), i18n.For(lang)
		spec := picture.Spec{
			Title: printer.T(p.title), Summary: views.Summary(d, printer), Alt: views.AltText(d, printer), Foot: views.PictureFoot(d, printer, nil),
			Lang: lang, Chart: views.PictureOf(d, printer, views.ChartSpec{}), Theme: picture.Auto, Width: 800, Height: 400,
		}
		got, _, err := s.server.drawSpec(t.Context(), spec, pictureOptions{ext: "svg"})
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("..", "docs", name+".svg")
		if *update {
			if err := os.WriteFile(file, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(want, got) {
			t.Errorf("%s is not what is drawn (-want +got)\n%s", file, cmp.Diff(string(want), string(got)))
		}
	}
}

// BenchmarkPicture answers pictures of 20,000 issues from memory.
func BenchmarkPicture(b *testing.B) {
	s := benchSite(b)
	handler := s.server.Handler()
	for _, file := range []string{"cycle-time.svg", "cycle-time.png", "cycle-time-trend.svg", "cycle-time-trend.png", "time-in-status.png"} {
		b.Run(file, func(b *testing.B) {
			size := 0
			for b.Loop() {
				req := s.request(http.MethodGet, "/api/v1/panels/"+file+"?range=200d", nil)
				req.Header.Set("Authorization", "Bearer "+readToken)
				res := &countingWriter{header: http.Header{}}
				handler.ServeHTTP(res, req)
				if size = res.n; res.status != http.StatusOK {
					b.Fatal(fmt.Sprint(file, res.status))
				}
			}
			b.ReportMetric(float64(size)/1024, "KB")
		})
	}
}

// countingWriter takes an answer and keeps none of it.
type countingWriter struct {
	header http.Header
	status int
	n      int
}

func (w *countingWriter) Header() http.Header { return w.header }

func (w *countingWriter) WriteHeader(status int) { w.status = status }

func (w *countingWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	w.n += len(b)
	return len(b), nil
}
