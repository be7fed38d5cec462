package series

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

// lines are the points of a body, a line each.
func lines(p *delivery.Points) []string {
	out := []string{}
	for i := range p.At {
		out = append(out, fmt.Sprintf("%s %d %v", p.Series[p.Of[i]].String(), p.At[i], p.Values[i]))
	}
	return out
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name, body string
		sanitize   Sanitize
		want       []string
		wrong      []string
	}{
		{name: "one", body: `{"metric":"a","timestamp":1795208340,"value":1.5,"tags":{"b":"c"}}`, want: []string{"a{b=c} 1795208340000 1.5"}},
		{
			name: "list", body: ` [ {"metric":"a","timestamp":1795208340,"value":-1e3} , {"tags":null,"value":2,"timestamp":1795208340001,"metric":"a","more":[{"x":[]}]} ] `,
			want: []string{"a 1795208340000 -1000", "a 1795208340001 2"},
		},
		{name: "none", body: `[]`, want: []string{}},
		{
			name: "python", body: `[{"metric": "acc_ci_job_seconds", "timestamp": 1795208400, "value": 42.5, "tags": {"run": "1a1fac4b6cd", "region": "Z\u00fcrich \u2013 \u6771\u4eac \"q\""}}]`,
			want: []string{`acc_ci_job_seconds{region=Zürich – 東京 "q", run=1a1fac4b6cd} 1795208400000 42.5`},
		},
		{
			name: "texts", body: `{"metric":"a","timestamp":"1795208340.25","value":"7","tags":{"pid":4711,"x":1.50,"e":""}}`,
			want: []string{"a{e=, pid=4711, x=1.50} 1795208340250 7"},
		},
		{
			name: "not finite", body: `[{"metric":"a","timestamp":1,"value":NaN},{"metric":"a","timestamp":1,"value":-Infinity},{"metric":"a","timestamp":1,"value":1e999},{"metric":"a","timestamp":Infinity,"value":1},{"metric":"a","timestamp":1,"value":3}]`,
			want: []string{"a 1000 3"},
			wrong: []string{
				`0 {"metric":"a","timestamp":1,"value":"NaN"} value: not finite`,
				`1 {"metric":"a","timestamp":1,"value":"-Infinity"} value: not finite`,
				`2 {"metric":"a","timestamp":1,"value":1e999} value: not finite`,
				`3 {"metric":"a","timestamp":"Infinity","value":1} timestamp: must be seconds or milliseconds since 1970, before the year 2100`,
			},
		},
		{
			name: "wrong", body: `[5,{},{"timestamp":1,"value":1},{"metric":"","timestamp":1,"value":1},{"metric":"a b","timestamp":1,"value":1},{"metric":7,"timestamp":1,"value":1},{"metric":"a","timestamp":1,"value":null},{"metric":"a","timestamp":1,"value":true},{"metric":"a","timestamp":0,"value":1},{"metric":"a","timestamp":1795208340000000,"value":1},{"metric":"a","timestamp":1,"value":1,"tags":[]},{"metric":"a","timestamp":1,"value":1,"tags":{"":"x"}},{"metric":"a","timestamp":1,"value":1,"tags":{"k":null}},{"metric":"a","timestamp":1,"value":1,"tags":{"k":"1","k":"2"}},{"metric":"a","timestamp":1,"value":"0x10"},{"metric":"a","timestamp":1,"value":1,"tags":{"k":NaN}}]`,
			want: []string{},
			wrong: []string{
				"0 5 must be an object with metric, timestamp, value and tags", "1 {} timestamp: is missing",
				`2 {"timestamp":1,"value":1} metric: is missing`,
				`3 {"metric":"","timestamp":1,"value":1} metric: must not be empty`,
				`4 {"metric":"a b","timestamp":1,"value":1} metric: "a b" may hold letters, digits and _ . / - only`,
				`5 {"metric":7,"timestamp":1,"value":1} metric: must be a text`,
				`6 {"metric":"a","timestamp":1,"value":null} value: must be a number`,
				`7 {"metric":"a","timestamp":1,"value":true} value: must be a number`,
				`8 {"metric":"a","timestamp":0,"value":1} timestamp: must be seconds or milliseconds since 1970, before the year 2100`,
				`9 {"metric":"a","timestamp":1795208340000000,"value":1} timestamp: must be seconds or milliseconds since 1970, before the year 2100`,
				`10 {"metric":"a","timestamp":1,"value":1,"tags":[]} tags: must be an object`,
				`11 {"metric":"a","timestamp":1,"value":1,"tags":{"":"x"}} tags: must not be empty`,
				`12 {"metric":"a","timestamp":1,"value":1,"tags":{"k":null}} tags.k: must be a text or a number`,
				`13 {"metric":"a","timestamp":1,"value":1,"tags":{"k":"1","k":"2"}} tags: "k" is there twice`,
				`14 {"metric":"a","timestamp":1,"value":"0x10"} value: must be a number`,
				`15 {"metric":"a","timestamp":1,"value":1,"tags":{"k":"NaN"}} tags.k: must be a text or a number`,
			},
		},
		{name: "not UTF-8", body: "{\"metric\":\"a\xff\",\"timestamp\":1,\"value\":1}", want: []string{}, wrong: []string{"0 {\"metric\":\"a\uFFFD\",\"timestamp\":1,\"value\":1} metric: not UTF-8"}},
		{name: "letters", body: `{"metric":"время.сборки/x-1","timestamp":1,"value":1,"tags":{"хост":"а б"}}`, want: []string{"время.сборки/x-1{хост=а б} 1000 1"}},
		{name: "prometheus", sanitize: SanitizePrometheus, body: `{"metric":"9ci..job-time ü","timestamp":1,"value":1,"tags":{"host.name":"a.b"}}`, want: []string{"_9ci_job_time_{host_name=a.b} 1000 1"}},
		{name: "apptuit", sanitize: SanitizeApptuit, body: `{"metric":"ci.job  time__ü","timestamp":1,"value":1,"tags":{"a b":"a b"}}`, want: []string{"ci.job_time_ü{a_b=a b} 1000 1"}},
		{
			name: "two names become one", sanitize: SanitizePrometheus, body: `{"metric":"a","timestamp":1,"value":1,"tags":{"a.b":"1","a-b":"2"}}`, want: []string{},
			wrong: []string{`0 {"metric":"a","timestamp":1,"value":1,"tags":{"a.b":"1","a-b":"2"}} tags: "a_b" is there twice`},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, err := Parse([]byte(c.body), c.sanitize)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, lines(&b.Points)); d != "" {
				t.Errorf("points:\n%s", d)
			}
			var wrong []string
			for _, w := range b.Wrong {
				wrong = append(wrong, fmt.Sprintf("%d %s %s", w.Index, w.Raw, w.Message))
			}
			if d := cmp.Diff(c.wrong, wrong); d != "" {
				t.Errorf("wrong:\n%s", d)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for body, want := range map[string]string{
		"":                                 "$: must be a point or a list of points, in JSON",
		"5":                                "$: must be a point or a list of points, in JSON",
		"[":                                "$[0]: not JSON: it ends too soon at byte 1",
		"[{},]":                            "$[1]: not JSON: a value was expected at byte 4",
		"[{}]x":                            "$: something follows the JSON at byte 4",
		`[{"a" 1}]`:                        "$[0]: not JSON: a colon was expected at byte 6",
		`[{"a":01}]`:                       "$[0]: not JSON: a comma or the end of the list was expected at byte 7",
		`[{"a":"\x"}]`:                     "$[0]: not JSON: an escape that JSON does not have at byte 8",
		"[{\"a\":\"\n\"}]":                 "$[0]: not JSON: a control character in a text at byte 7",
		strings.Repeat("[", 100000):        "$[0]: not JSON: lists and objects lie more than 32 deep at byte 32",
		`{"a":` + strings.Repeat("[", 1e5): "$[0]: not JSON: lists and objects lie more than 32 deep at byte 36",
	} {
		_, err := Parse([]byte(body), SanitizeNone)
		var wrong *source.BodyError
		if !errors.As(err, &wrong) || err.Error() != want {
			t.Errorf("%.30q: %v, want %s", body, err, want)
		}
	}
	many := "[" + strings.Repeat(`{"metric":"a","timestamp":1,"value":1},`, source.MaxPoints) + "{}]"
	if _, err := Parse([]byte(many), SanitizeNone); !errors.Is(err, source.ErrTooManyPoints) {
		t.Errorf("too many: %v", err)
	}
	b, err := Parse([]byte(strings.TrimSuffix(many, ",{}]")+"]"), SanitizeNone)
	if err != nil || len(b.Points.At) != source.MaxPoints || len(b.Points.Series) != 1 {
		t.Errorf("as many as there may be: %d, %v", len(b.Points.At), err)
	}
	b, err = Parse([]byte("["+strings.TrimSuffix(strings.Repeat(`{"metric":"`+strings.Repeat("x y", 100)+`","timestamp":1,"value":1},`, source.MaxPoints), ",")+"]"), SanitizeNone)
	said := 0
	for _, w := range b.Wrong {
		said += len(w.Raw) + len(w.Message)
	}
	if last := b.Wrong[len(b.Wrong)-1]; err != nil || len(b.Wrong) != source.MaxPoints || said > 12<<20 || string(last.Raw) != `{"index":49999}` {
		t.Errorf("50,000 wrong points: %d bytes, %s, %v", said, last.Raw, err)
	}
	var tags strings.Builder
	for i := range 1_000_000 {
		fmt.Fprintf(&tags, `,"k%d":"v"`, i)
	}
	b, err = Parse([]byte(`{"metric":"a","timestamp":1,"value":1,"tags":{`+tags.String()[1:]+`}}`), SanitizeNone)
	if err != nil || len(b.Wrong) != 1 || b.Wrong[0].Message != "tags: 1000000 tags, more than 25" || len(b.Wrong[0].Raw) > 6000 {
		t.Errorf("a million tags: %v, %v", b.Wrong, err)
	}
}

func TestEncode(t *testing.T) {
	b, err := Parse([]byte(`[{"metric":"a","timestamp":1795208340,"value":1.5,"tags":{"b":"c"}},{"metric":"a","timestamp":3,"value":-0.0},{"metric":"a","timestamp":1795208340,"value":2.5,"tags":{"b":"c"}}]`), SanitizeNone)
	if err != nil {
		t.Fatal(err)
	}
	b.Points.Token, b.Points.ReceivedAt = "ci", 1795208340123
	encoded := Encode(&b.Points)
	got, err := Decode(encoded)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(b.Points, got); d != "" {
		t.Error(d)
	}
	want := `[{"metric":"a","timestamp":"2026-11-20T20:59:00.000Z","value":1.5,"tags":{"b":"c"}},`
	if shown := string(text(encoded)); !strings.HasPrefix(shown, want) || string(text([]byte("[]"))) != "[]" {
		t.Error(shown)
	}
	for n := range encoded {
		if _, err := Decode(encoded[:n]); err == nil {
			t.Errorf("the first %d bytes are points, too", n)
		}
	}
}

// FuzzParse compares with encoding/json what it makes of bodies without NaN, and that
// what is right survives the inbox.
func FuzzParse(f *testing.F) {
	for _, s := range []string{`{"metric":"a","timestamp":1,"value":1,"tags":{"b":"c"}}`, `[{"metric":"\u00fc","timestamp":1e9,"value":NaN}]`, `[[],"",1.5e-3,{"a":[{}]}]`, `[{"value":"1","timestamp":"2","metric":"m","tags":{"a":1}}]`} {
		f.Add([]byte(s), 0)
	}
	f.Fuzz(func(t *testing.T, body []byte, mode int) {
		sanitize := []Sanitize{SanitizeNone, SanitizePrometheus, SanitizeApptuit}[uint(mode)%3]
		b, err := Parse(body, sanitize)
		valid := json.Valid(body)
		if err == nil && !valid && !strings.Contains(string(body), "NaN") && !strings.Contains(string(body), "Infinity") {
			t.Errorf("%q is not JSON", body)
		}
		if wrong := new(source.BodyError); errors.As(err, &wrong) && valid && wrong.Path != "$" && !strings.Contains(wrong.Message, "deep") {
			t.Errorf("%q: %v", body, err)
		}
		for _, w := range b.Wrong {
			if !json.Valid(w.Raw) || !utf8.Valid(w.Raw) || w.Message == "" {
				t.Errorf("%q: %q %q", body, w.Raw, w.Message)
			}
		}
		for i, at := range b.Points.At {
			k := b.Points.Series[b.Points.Of[i]]
			if at < 1 || math.IsNaN(b.Points.Values[i]) || math.IsInf(b.Points.Values[i], 0) || k.Metric == "" || len(k.Tags) > delivery.MaxTags {
				t.Errorf("%q: %v %v %v", body, k, at, b.Points.Values[i])
			}
		}
		if again, err := Decode(Encode(&b.Points)); err != nil || len(again.At) != len(b.Points.At) {
			t.Errorf("%q: %v", body, err)
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add(Encode(&delivery.Points{Series: []delivery.SeriesKey{{Metric: "a"}}, Of: []uint32{0}, At: []delivery.Instant{1}, Values: []float64{1}}))
	f.Fuzz(func(_ *testing.T, b []byte) { _, _ = Decode(b) })
}

func BenchmarkParse(b *testing.B) {
	var body strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&body, `, {"metric": "ci_job_seconds", "timestamp": 1795208340, "value": %d.5, "tags": {"host": "ci-%d", "service": "web", "suite": "unit"}}`, i, i)
	}
	text := []byte("[" + body.String()[2:] + "]")
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		out, err := Parse(text, SanitizeNone)
		if err != nil || len(Encode(&out.Points)) == 0 {
			b.Fatal(err)
		}
	}
	b.ReportMetric(5000*float64(b.N)/b.Elapsed().Seconds(), "points/s")
}
