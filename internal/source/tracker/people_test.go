package tracker

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
	"throughline/internal/simulator"
	"throughline/internal/source/sourcetest"
)

func TestPeople(t *testing.T) {
	everybody := []delivery.Person{
		{ID: "1", Login: "alice", Email: "Alice@example.org", Name: "Alice Anderson"},
		{ID: "2", Login: "bob", Email: "bob@example.org", Name: "Bob Brown"},
		{ID: "3", Login: "carol", Name: "Carol Clark"},
	}
	for _, c := range []struct {
		name     string
		fake     func(f *fake)
		requests int
		want     []delivery.Person
	}{
		{"in one page", func(*fake) {}, 1, everybody},
		{"in small pages", func(f *fake) { f.peoplePage = 1 }, 4, everybody},
		{"without totals", func(f *fake) { f.noHeaders = true }, 1, everybody},
		// Nothing says that there is more than a short page.
		{"in small pages without totals", func(f *fake) { f.peoplePage, f.noHeaders = 2, true }, 1, everybody[:2]},
	} {
		bubbled(c.name, t, func(t *testing.T) {
			r := rigOf(generate(3, 2))
			c.fake(r.fake)
			r.settings = settingsOf("drop_in_database", `"agile"`)
			r.mustPull(t)
			if diff := cmp.Diff(c.want, r.pages[0].Batch.People); diff != "" {
				t.Error(diff)
			}
			if n := r.sent("/users"); n != c.requests || len(r.problems()) > 0 {
				t.Errorf("%d requests, problems %v", n, r.problems())
			}
			for _, p := range r.pages[1:] {
				if len(p.Batch.People) > 0 {
					t.Error("people come twice")
				}
			}
		})
	}
	bubbled("not asked for without a use", t, func(t *testing.T) {
		r := rigOf(generate(3, 2))
		r.mustPull(t)
		if n := r.sent("/users"); n != 0 {
			t.Errorf("%d requests", n)
		}
	})
}

func TestPeopleNotToBeHad(t *testing.T) {
	answer := func(status int, body string) sourcetest.Fault {
		return func(n int, q *http.Request) (*http.Response, error) {
			if strings.HasSuffix(q.URL.Path, "/users") {
				return sourcetest.Answer(status, body)(n, q)
			}
			return nil, nil
		}
	}
	for _, c := range []struct {
		name  string
		fault sourcetest.Fault
		says  string
	}{
		{"not allowed", answer(403, `{"errorMessages":["No right"]}`), "403 Forbidden to /v3/users: No right"},
		{"no such list", answer(404, `{"errorMessages":["Not found"]}`), "404 Not Found"},
		{"no list", answer(200, `{"a":1}`), "is not a list"},
		{"somebody without an id", answer(200, `[{"login":"x"}]`), "uid is missing"},
		{"somebody with a long name", answer(200, `[{"uid":1,"login":"`+strings.Repeat("x", maxPerson+1)+`"}]`), "is too long"},
	} {
		bubbled(c.name, t, func(t *testing.T) {
			r := rigOf(generate(3, 5))
			r.transport.Fault = c.fault
			r.settings = settingsOf("drop_in_database", `"agile"`)
			r.mustPull(t)
			p := r.problems()
			if len(p) != 1 || p[0].Record != "people" || p[0].ID == "" || !strings.Contains(p[0].Message, c.says) || len(r.written()) != 3 {
				t.Errorf("problems %+v, %d written", p, len(r.written()))
			}
			r.mustPull(t)
			if p := r.problems(); len(p) != 0 {
				t.Errorf("again: %+v", p)
			}
		})
	}
}

// TestCompanyPeople looks up everybody whom the facts of a company name.
func TestCompanyPeople(t *testing.T) {
	bubbled("", t, func(t *testing.T) {
		c := simulator.New(3, testNow, simulator.Options{Issues: 60, EventsPerIssue: 6, MaxPerPage: 11})
		r := companyRig(c, settingsOf("drop_in_database", `"agile"`))
		r.mustPull(t)
		people := map[string]delivery.Person{}
		for _, p := range r.memory.Facts().People {
			people[p.ID] = p
		}
		if len(people) < 10 || !slices.ContainsFunc(r.memory.Facts().People, func(p delivery.Person) bool { return strings.Contains(p.Email, "@") }) {
			t.Fatalf("people %v, problems %v", people, r.problems())
		}
		known := 0
		for _, rec := range r.written() {
			for _, who := range []delivery.Ref{rec.Author, rec.Assignee} {
				if p, ok := people[who.ID]; ok && p.Name == who.Name {
					known++
				} else if !who.IsZero() {
					t.Logf("%s: %+v is not in the list", rec.Key, who)
				}
			}
		}
		if known < 60 {
			t.Errorf("only %d people of issues are known", known)
		}
	})
}
