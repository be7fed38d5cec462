package delivery

import (
	"encoding/json"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What is read the short way is what encoding/json reads.
func TestPlainReading(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	texts := []string{"", "pay", "a \"quote\" \\ and a\nline", "ошибка <b>&amp;</b>", "\u2028 \x01"}
	text := func() string { return texts[r.IntN(len(texts))] }
	at := func() Instant { return Instant(r.Int64N(4e12)) }
	pointer := func() *string {
		if r.IntN(2) == 0 {
			return nil
		}
		s := text()
		return &s
	}
	for range 60 {
		yes := r.IntN(2) == 0
		g := ErrorGroup{
			ShortID: text(), Title: text(), Culprit: text(), URL: text(), Level: text(), Status: GroupStatus(text()), Substatus: text(),
			Logger: pointer(), Platform: pointer(), Unhandled: &yes, Events: r.Int64N(9), Users: -r.Int64N(9), FirstSeen: at(), LastSeen: at() % 2,
			FirstRelease: text(), LastRelease: text(), ToldAt: at(), Gone: yes,
		}
		for range r.IntN(3) {
			g.Environments = append(g.Environments, GroupEnvironment{Name: text(), None: yes, Events: 5, Users: 2, FirstSeen: at(), LastSeen: at(), Release: text(), ToldAt: at()})
			g.States = append(g.States, GroupState{Status: GroupStatus(text()), Regressed: yes, At: at(), Before: !yes, Release: text()})
		}
		samePlain(t, g, (*ErrorGroup).plain)
		d := EventDay{Known: Hours(r.Uint32()), ToldAt: at()}
		s := SessionDay{Known: Hours(r.Uint32()), ToldAt: at()}
		for hour := range HoursADay {
			d.Accepted[hour], d.Invalid[hour] = r.Int64N(1e12), -r.Int64N(3)
			s.Sessions[hour], s.Crashed[hour], s.Users[hour] = r.Int64N(100), r.Float64()*1e-9, 7
		}
		samePlain(t, d, (*EventDay).plain)
		samePlain(t, s, (*SessionDay).plain)
	}
}

func samePlain[T any](t *testing.T, fact T, plain func(*T, string) bool) {
	t.Helper()
	body, err := PlainJSON(fact)
	if err != nil {
		t.Fatal(err)
	}
	var short, long T
	if err := json.Unmarshal([]byte(body), &long); err != nil {
		t.Fatal(err)
	}
	if !plain(&short, body) {
		t.Fatalf("not read the short way: %s", body)
	}
	if diff := cmp.Diff(long, short); diff != "" {
		t.Fatalf("(-long way +short way)\n%s", diff)
	}
	for cut := range len(body) {
		var part T
		if plain(&part, body[:cut]) {
			t.Fatalf("the first %d bytes are read as a whole: %s", cut, body)
		}
	}
}

// What a later version writes is read the long way, and what is broken not at all.
func TestPlainReadingGivesUp(t *testing.T) {
	r := FactRow{Kind: ErrorGroupFact, Connection: "s", ID: "1", Project: "pay", Body: `{"title":"It broke","mood":"bad","events":3}`}
	if g, err := r.ErrorGroup(); err != nil || g.Title != "It broke" || g.Events != 3 || g.Project != "pay" {
		t.Errorf("a field that is new: %+v, %v", g, err)
	}
	r.Body = `{ "title": "It broke", "first_seen": "2026-03-31T10:00:00+02:00" }`
	if g, err := r.ErrorGroup(); err != nil || g.Title != "It broke" || g.FirstSeen.String() != "2026-03-31T08:00:00.000Z" {
		t.Errorf("other spaces: %+v, %v", g, err)
	}
	for _, body := range []string{"", "{", `{"title":"It`, `{"events":1.5}`, `{"first_seen":"2026-02-30T00:00:00.000Z"}`, `{"title":"a"}}`} {
		r.Body = body
		if g, err := r.ErrorGroup(); err == nil {
			t.Errorf("%s is read as %+v", body, g)
		}
	}
}

func TestInstantOfMonthEnds(t *testing.T) {
	for _, c := range []string{"2024-02-29T23:59:59.999Z", "2026-12-31T00:00:00.001Z", "1970-01-01T00:00:00.001Z"} {
		var i Instant
		if err := json.Unmarshal([]byte(`"`+c+`"`), &i); err != nil || i.String() != c {
			t.Errorf("%s is %s, %v", c, i, err)
		}
	}
	var i Instant
	for _, c := range []string{"2026-04-31T00:00:00.000Z", "2026-13-01T00:00:00.000Z", "2026-01-01T24:00:00.000Z", "2026-01-01 00:00:00.000Z"} {
		if err := json.Unmarshal([]byte(`"`+c+`"`), &i); err == nil {
			t.Errorf("%s is read as %s", c, i)
		}
	}
}
