package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"throughline/internal/delivery"
)

// move is a change of status some hours after the issue's creation.
type move struct {
	hour     float64
	from, to string
}

// addIssue writes an issue that was created on Monday, 2 February 2026 at 09:00
// in Moscow and moved so.
func (s *site) addIssue(key string, change func(*delivery.IssueRecord), moves ...move) {
	s.t.Helper()
	created := time.Date(2026, time.February, 2, 6, 0, 0, 0, time.UTC)
	ref := func(status string) delivery.Ref {
		return delivery.Ref{ID: status, Key: status, Name: "In " + status}
	}
	r := delivery.IssueRecord{Replace: true, Full: true, Issue: delivery.Issue{
		Connection: "tracker", ID: "id-" + key, Key: key, Queue: "DEV", Title: "Made for " + key, Status: ref("open"),
		CreatedAt: delivery.InstantOf(created), UpdatedAt: delivery.InstantOf(created), URL: "https://tracker.example.com/" + key,
	}}
	for n, m := range moves {
		at := delivery.InstantOf(created.Add(time.Duration(m.hour * float64(time.Hour))))
		r.Events = append(r.Events, delivery.Event{
			ID: fmt.Sprintf("%s-%03d", key, n), Ordinal: n, At: at, Actor: delivery.Ref{ID: "ann", Name: "Ann"},
			Transition: &delivery.Transition{From: ref(m.from), To: ref(m.to), ToStartedAt: at},
		})
		r.Status, r.UpdatedAt, r.StatusStartedAt = ref(m.to), at, at
	}
	if change != nil {
		change(&r)
	}
	if _, err := s.store.Write(s.t.Context(), delivery.Batch{Connection: "tracker", Issues: []delivery.IssueRecord{r}}); err != nil {
		s.t.Fatal(err)
	}
}

// withIssues is a company of none, which works from 9 to 18 in Moscow.
func withIssues(t *testing.T) *site {
	t.Helper()
	s := inCompany(t, 0, nil)
	statuses := delivery.Batch{Connection: "tracker"}
	for n, status := range []struct{ key, kind string }{{"open", "new"}, {"work", "inProgress"}, {"test", "inProgress"}, {"closed", "done"}} {
		statuses.Statuses = append(statuses.Statuses, delivery.Status{Connection: "tracker", Key: status.key, Name: "In " + status.key, Type: status.kind, Order: n})
	}
	if _, err := s.store.Write(t.Context(), statuses); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestIssuePage(t *testing.T) {
	s := withIssues(t)
	s.addIssue("DEV-1", func(r *delivery.IssueRecord) {
		r.Type, r.Tags, r.Aliases = delivery.Ref{Key: "bug", Name: "Bug"}, []string{"a", "b"}, []string{"OLD-7"}
		r.EpicKey = "DEV-9"
	}, move{3, "open", "work"}, move{10, "work", "test"}, move{12, "test", "closed"})
	d := s.page("/issues/DEV-1")
	want(t, d, "h1", "Made for DEV-1")
	want(t, d, ".issue-head", "In closed closed")
	want(t, d, ".issue-head .meta", "DEV-1 · Bug · queue DEV")
	// Mon 9:00 to 21:00, of which 9 hours are worked; first active at 12:00.
	want(t, d, ".figure:nth-child(1)", "Lead time1 d of working time12 h round the clock")
	want(t, d, ".figure:nth-child(2)", "Cycle time6 h of working time9 h round the clock")
	wantCells(t, d, ".periods tbody tr:nth-child(2) > *", "2", "In work active", "2 Feb 2026 12:00", "2 Feb 2026 19:00", "7 h", "6 h")
	wantCells(t, d, ".periods tbody tr:nth-child(3) > *", "3", "In test active", "2 Feb 2026 19:00", "2 Feb 2026 21:00", "2 h", "0 h (outside working hours)")
	want(t, d, ".periods tbody tr:nth-child(4)", "final")
	wantCells(t, d, ".issue-columns tbody tr:nth-child(3) > *", "In test", "1", "2 h", "0 h (outside working hours)", "17 %")
	want(t, d, ".issue-columns", "calendar “default” (Europe/Moscow); a working day has 9 h")
	want(t, d, ".facts", "Tags a, b")
	want(t, d, ".facts", "Former keys OLD-7")
	if got := d.Find(".facts a").AttrOr("href", ""); got != "/issues/DEV-9" {
		t.Errorf("the epic is at %q", got)
	}
	if got := d.Find(".timeline .tl-bar").Length(); got != 4 {
		t.Errorf("%d pieces of 4", got)
	}
	out := d.Find(".issue-head a.button")
	if out.AttrOr("href", "") != "https://tracker.example.com/DEV-1" || out.AttrOr("target", "") != "_blank" {
		t.Errorf("the source is at %q", out.AttrOr("href", ""))
	}
	if d.Find(".anomalies").Length() != 0 {
		t.Error("a sound history is said to contradict itself")
	}

	past := s.page("/issues/DEV-1?as_of=2026-02-02T10:00:00Z&lang=ru")
	want(t, past, ".banner.info", "такой, какой она была известна 02.02.2026 13:00")
	want(t, past, ".issue-figures", "Возраст4 ч рабочего времени4 ч календарного времени")
	want(t, past, ".issue-figures", "Возраст работы1 ч рабочего времени")

	moved := s.get("/issues/OLD-7?lang=ru")
	if moved.status != http.StatusSeeOther || moved.header.Get("Location") != "/issues/DEV-1?lang=ru" {
		t.Errorf("a former key: %d to %q", moved.status, moved.header.Get("Location"))
	}
	for path, text := range map[string]string{
		"/issues/DEV-99": "No issue DEV-99 is known here",
		"/issues/DEV-1?as_of=2026-02-01T00:00:00Z": "created later than the moment you ask for, at 2 Feb 2026 09:00",
		"/issues/" + strings.Repeat("K", 300):      "KKK…",
		"/issues/DEV%3Cb%3E":                       "No issue DEV<b> is known",
		"/issues/OLD-7x?lang=ru":                   "Задача OLD-7x здесь неизвестна",
	} {
		if res := s.get(path); res.status != http.StatusNotFound || !strings.Contains(textOf(res.doc, "main"), text) {
			t.Errorf("%.60s: %d %s, want %q", path, res.status, textOf(res.doc, "main"), text)
		}
	}
	for _, path := range []string{"/issues/DEV-1?as_of=yesterday", "/issues/DEV-1?colour=red"} {
		if res := s.get(path); res.status != http.StatusBadRequest {
			t.Errorf("%s: %d", path, res.status)
		}
	}
}

// Whoever may only look sees it, and an address that is no page is no link.
func TestIssuePageOfStrangeAddress(t *testing.T) {
	s := withIssues(t)
	s.addIssue("DEV-1", func(r *delivery.IssueRecord) { r.URL, r.Title = "javascript:alert(1)", "<script>" }, move{1, "open", "work"})
	s.demote("viewer")
	d := s.page("/issues/DEV-1")
	if d.Find(".issue-head a").Length() != 0 || d.Find("main script").Length() != 0 {
		t.Error("what the source says is run")
	}
	want(t, d, "h1", "<script>")
	want(t, d, ".figure:nth-child(2)", "Age of work")
}

func TestIssueAnomalies(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*delivery.IssueRecord)
		moves  []move
		text   string
		row    string
	}{
		"hidden transition": {
			nil,
			[]move{{1, "open", "work"}, {5, "test", "closed"}},
			"The issue left “In test” for “In closed”, but no change shows it entering “In test”. A stay there was inferred; what it took may have been spent in the status before. Change 2, 2 Feb 2026 14:00, by Ann. See row 3", "#period-3",
		},
		"clock skew": {
			func(r *delivery.IssueRecord) {
				r.Events[1].Transition.ToStartedAt -= delivery.Instant(3 * time.Hour / time.Millisecond)
				r.StatusStartedAt = 0
			},
			[]move{{2, "open", "work"}, {4, "work", "test"}},
			"The change from “In work” to “In test” claims to have begun at 2 Feb 2026 10:00", "#period-3",
		},
		"status mismatch": {
			func(r *delivery.IssueRecord) {
				r.Status = delivery.Ref{ID: "test", Key: "test", Name: "In test"}
			},
			[]move{{2, "open", "work"}},
			"The changes end in “In work”, but the issue is in “In test”. A stay there was inferred, from 2 Feb 2026 11:00 on. Shown by the issue itself. See row 3", "#period-3",
		},
		"status start mismatch": {
			func(r *delivery.IssueRecord) {
				r.StatusStartedAt += delivery.Instant(time.Hour / time.Millisecond)
			},
			[]move{{2, "open", "work"}},
			"The issue says that it entered “In work” at 2 Feb 2026 12:00, its changes say otherwise.", "#period-3",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := withIssues(t)
			s.addIssue("DEV-1", tt.change, tt.moves...)
			d := s.page("/issues/DEV-1")
			want(t, d, ".anomalies li", tt.text)
			link := d.Find(".anomalies li a").AttrOr("href", "")
			if link != tt.row || d.Find(link).Length() != 1 {
				t.Errorf("it leads to %q, want %q", link, tt.row)
			}
			ru := textOf(s.page("/issues/DEV-1?lang=ru"), ".anomalies")
			if strings.Contains(ru, "issue.") || strings.Contains(ru, "{") || !strings.Contains(ru, "История противоречит сама себе в 1 месте") {
				t.Errorf("in Russian: %s", ru)
			}
		})
	}
}

// Issues of every length and age can be drawn.
func TestIssueTimelines(t *testing.T) {
	s := withIssues(t)
	var long []move
	for n := range 499 {
		m := move{float64(n + 1), "open", "work"}
		if n%2 == 1 {
			m.from, m.to = m.to, m.from
		}
		long = append(long, m)
	}
	s.addIssue("DEV-1", nil, long...)
	s.addIssue("DEV-2", nil, move{0, "open", "closed"})
	s.addIssue("DEV-3", nil)
	s.addIssue("DEV-4", func(r *delivery.IssueRecord) {
		r.CreatedAt -= delivery.Instant(10 * 365 * 24 * time.Hour / time.Millisecond)
	}, move{1, "open", "work"}, move{1, "work", "open"})
	for key, wanted := range map[string]struct{ rows, bars int }{"DEV-1": {50, 400}, "DEV-2": {2, 2}, "DEV-3": {1, 1}, "DEV-4": {3, 3}} {
		d := s.page("/issues/" + key)
		rows, bars := d.Find(".periods tbody tr").Length(), d.Find(".tl-bar").Length()
		if rows != wanted.rows || bars == 0 || bars > wanted.bars {
			t.Errorf("%s: %d rows, %d pieces; want %v", key, rows, bars, wanted)
		}
		for _, e := range d.Find(".timeline > svg > [x], .timeline > svg > [x1]").EachIter() {
			var at float64
			if _, err := fmt.Sscanf(e.AttrOr("x", e.AttrOr("x1", "")), "%f%%", &at); err != nil || at < 0 || at > 100 {
				t.Errorf("%s: a piece at %s%s", key, e.AttrOr("x", ""), e.AttrOr("x1", ""))
			}
		}
		if d.Find(".timeline .tl-tick").Length() == 0 {
			t.Errorf("%s: an axis without ticks", key)
		}
	}
	all := s.page("/issues/DEV-1").Find("#periods ~ p a").AttrOr("href", "")
	if all != "/issues/DEV-1?periods=all#period-51" {
		t.Errorf("all stays are at %q", all)
	}
	if rows := s.page("/issues/DEV-1?periods=all").Find(".periods tbody tr").Length(); rows != 500 {
		t.Errorf("all are %d", rows)
	}
}
