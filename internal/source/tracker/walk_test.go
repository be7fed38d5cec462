package tracker

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/source"
	"throughline/internal/source/sourcetest"
)

// TestWalks lets servers differ in what they can do; all issues come from each,
// and a bounded number of requests.
func TestWalks(t *testing.T) {
	for name, c := range map[string]struct {
		make     func(*fake)
		issues   int
		searches int // at most, with counts
		again    int // more pulls, with larger pages each
	}{
		"scroll":                          {func(*fake) {}, 230, 5, 0},
		"scroll without token and totals": {func(f *fake) { f.noHeaders = true }, 230, 6, 0},
		"zone behind":                     {func(f *fake) { f.zone = -12 * time.Hour }, 230, 5, 0},
		"zone ahead":                      {func(f *fake) { f.zone = 14 * time.Hour }, 230, 5, 0},
		"small pages":                     {func(f *fake) { f.largest = 30 }, 230, 15, 0},
		"large pages time out":            {func(f *fake) { f.slowAbove = 20 }, 230, 40, 0},
		"refuses large pages":             {func(f *fake) { f.refusesAbove = 120 }, 230, 6, 3},
		"no scroll, refuses large pages":  {func(f *fake) { f.noScroll, f.refusesAbove = true, 120 }, 230, 9, 3},
		"only single issues":              {func(f *fake) { f.slowAbove = 1 }, 30, 45, 0},
		"scroll expires":                  {func(f *fake) { f.scrollLife = 3 }, 230, 40, 0},
		"scroll never goes on":            {func(f *fake) { f.scrollLife = 1 }, 230, 12, 0},
		"no scroll":                       {func(f *fake) { f.noScroll = true }, 230, 7, 0},
		"no scroll, no headers":           {func(f *fake) { f.noScroll, f.noHeaders = true, true }, 230, 8, 0},
		"no scroll, headers or count":     {func(f *fake) { f.noScroll, f.noHeaders, f.noCount = true, true, true }, 230, 10, 0},
		"no scroll, small pages":          {func(f *fake) { f.noScroll, f.largest = true, 30 }, 230, 20, 0},
		"no scroll, large pages time out": {func(f *fake) { f.noScroll, f.slowAbove = true, 30 }, 230, 24, 0},
		"ignores the query":               {func(f *fake) { f.ignoresQuery = true }, 230, 5, 0},
		"ignores query and scroll":        {func(f *fake) { f.ignoresQuery, f.noScroll, f.noHeaders = true, true, true }, 230, 8, 0},
		"no count":                        {func(f *fake) { f.noCount = true }, 230, 5, 0},
	} {
		bubbled(name, t, func(t *testing.T) {
			f := generate(c.issues, 2)
			c.make(f)
			r := rigOf(f)
			r.mustPull(t)
			if n := len(r.memory.Facts().Issues); n != c.issues || len(r.problems()) > 0 {
				t.Errorf("%d issues, problems %v", n, r.problems())
			}
			if n := r.sent("/issues/_search", "/issues/_count"); n > c.searches {
				t.Errorf("%d searches", n)
			}
			if n := r.sent("changelog"); n != c.issues {
				t.Errorf("%d changelogs", n)
			}
			for range c.again + 1 {
				r.cursor = json.RawMessage(strings.Replace(string(r.cursor), `"since":"2`, `"since":"1`, 1))
				r.now = r.now.Add(30 * time.Hour)
				r.mustPull(t)
				if n := len(r.written()); n != 0 || len(r.problems()) > 0 || len(r.gone()) > 0 {
					t.Errorf("%d written again, gone %v, problems %v", n, r.gone(), r.problems())
				}
			}
			if len(f.scrolls) > 0 && f.scrollLife == 0 && f.slowAbove == 0 {
				t.Errorf("%d scrolls not given back", len(f.scrolls))
			}
		})
	}
}

func TestPagesThatNeverEnd(t *testing.T) {
	for name, make := range map[string]func(*fake){
		"the same page for ever": func(f *fake) { f.noScroll, f.noHeaders, f.ignoresPaging = true, true, true },
		"without a count":        func(f *fake) { f.noScroll, f.noHeaders, f.ignoresPaging, f.noCount = true, true, true, true },
	} {
		bubbled(name, t, func(t *testing.T) {
			f := generate(400, 3)
			make(f)
			r := rigOf(f)
			r.mustPull(t)
			if n := len(r.memory.Facts().Issues); n != 50 {
				t.Errorf("%d issues of the 50 that the server shows", n)
			}
			if n := r.sent("/issues/_search"); n > 15 {
				t.Errorf("%d searches", n)
			}
		})
	}
	bubbled("a scroll that repeats", t, func(t *testing.T) {
		r := rigOf(generate(10, 3))
		first := ""
		r.transport.Fault = func(_ int, q *http.Request) (*http.Response, error) {
			if !strings.HasSuffix(q.URL.Path, "_search") {
				return nil, nil
			}
			if first == "" {
				first = "[" + string(r.issues[0].record) + "," + string(r.issues[1].record) + "]"
			}
			return sourcetest.Answer(200, first, "X-Scroll-Id", "again", "X-Total-Count", "2")(0, q)
		}
		r.mustPull(t)
		if n := r.sent("changelog"); n != 2 {
			t.Errorf("%d changelogs", n)
		}
	})
}

// TestWindows walks more issues than numbered pages show.
func TestWindows(t *testing.T) {
	const issues = 13_000
	bulk := func(f *fake) {
		f.noScroll = true
		for n := range issues {
			i := &fakeIssue{id: strconv.Itoa(n), key: "DEMO-" + strconv.Itoa(n), queue: "DEMO", updated: testStart.Add(time.Duration(n) * time.Second)}
			if n > 3000 && n < 8000 { // updated all at once
				i.updated = testStart.Add(2 * time.Hour)
			}
			i.record = json.RawMessage(`{"id":"` + i.id + `","key":"` + i.key + `","status":{"key":"open"},"createdAt":"2025-09-01T08:00:00.000+0000","updatedAt":"` +
				i.updated.Format(trackerTime) + `","statusStartTime":"2025-09-01T08:00:00.000+0000"}`)
			f.issues = append(f.issues, i)
		}
	}
	bubbled("", t, func(t *testing.T) {
		f := &fake{}
		bulk(f)
		s := rigOf(f).open(t, sourcetest.Address)
		seen, sheets := map[string]bool{}, 0
		w := &walker{
			client: s.client, read: s.entryOf, sorted: true, now: func() time.Time { return testNow },
			pos: position{From: beginning}, size: firstPageSize, maxSize: maxPageSize,
			yield: func(s sheet) bool {
				sheets++
				for _, e := range s.entries {
					seen[e.id] = true
				}
				if s.at.Window == nil || s.at.Window.Total > maxCapped {
					t.Errorf("window %+v", s.at.Window)
				}
				return true
			},
		}
		if err := w.walk(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(seen) != issues || f.sent("/issues/_count") > 80 || sheets > 100 {
			t.Errorf("%d issues in %d sheets, %d counts", len(seen), sheets, f.sent("/issues/_count"))
		}
	})
}

func TestQueries(t *testing.T) {
	from := testStart.UnixMilli()
	for _, c := range []struct {
		queues []string
		own    string
		want   string
	}{
		{nil, "", `Updated: >= "2025-09-01 08:00:00"`},
		{[]string{"DEV", "!TEST", "SRE", "!QA"}, "", `Queue: DEV, SRE AND Queue: !TEST AND Queue: !QA AND Updated: >= "2025-09-01 08:00:00"`},
		{[]string{"!TEST"}, "", `Queue: !TEST AND Updated: >= "2025-09-01 08:00:00"`},
		{[]string{"DEV"}, `Queue: A OR Queue: B "Sort By": Updated DESC, "Story Points" ASC`, `(Queue: A OR Queue: B) AND Updated: >= "2025-09-01 08:00:00"`},
		{nil, `"sort by": Key Tags: asc AND Queue: B`, `(Tags: asc AND Queue: B) AND Updated: >= "2025-09-01 08:00:00"`},
		{nil, `"Сортировать": Обновлено ASC`, `Updated: >= "2025-09-01 08:00:00"`},
	} {
		if got := scopeOf(c.queues, c.own).between(instant(from), 0); got != c.want {
			t.Errorf("%v %q: %s", c.queues, c.own, got)
		}
	}
	if got := scope("").between(instant(from), instant(from+1000)); got != `Updated: >= "2025-09-01 08:00:00" AND Updated: < "2025-09-01 08:00:01"` {
		t.Error(got)
	}
}

// TestReach looks at how far back the first query of each pull asks.
func TestReach(t *testing.T) {
	bubbled("", t, func(t *testing.T) {
		r := rigOf(generate(3, 3))
		r.settings = source.Settings{"initial_range": json.RawMessage(`"200d"`), "queues": json.RawMessage(`"DEMO, !OPS"`)}
		var queries []string
		r.transport.Fault = func(_ int, q *http.Request) (*http.Response, error) {
			if strings.HasSuffix(q.URL.Path, "_search") && !q.URL.Query().Has("scrollId") {
				var body struct{ Query string }
				if err := json.NewDecoder(q.Body).Decode(&body); err != nil {
					t.Error(err)
				}
				queries = append(queries, body.Query)
				return sourcetest.Answer(200, "["+string(r.issues[0].record)+"]", "X-Total-Count", "1")(0, q)
			}
			return nil, nil
		}
		r.mustPull(t)
		r.mustPull(t)
		want := []string{
			`Queue: DEMO AND Queue: !OPS AND Updated: >= "2025-08-13 21:00:00" "Sort By": Updated ASC`, // 200 d and 15 h before testNow
			`Queue: DEMO AND Queue: !OPS AND Updated: >= "2025-08-31 17:03:00" "Sort By": Updated ASC`, // 15 h before the issue's update
		}
		if len(queries) != 2 || queries[0] != want[0] || queries[1] != want[1] {
			t.Errorf("%q", queries)
		}
	})
}

func instant(ms int64) delivery.Instant { return delivery.Instant(ms) }
