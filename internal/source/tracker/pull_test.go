package tracker

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
	"throughline/internal/source"
	"throughline/internal/source/sourcetest"
)

// bubbled runs f on a clock of its own.
func bubbled(name string, t *testing.T, f func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
}

// keys are the keys of the records written.
func (r *rig) keys() (out []string) {
	for _, w := range r.written() {
		out = append(out, w.Key)
	}
	return out
}

func TestChangelogRequests(t *testing.T) {
	bubbled("first pull: one an issue", t, func(t *testing.T) {
		r := rigOf(generate(120, 10))
		r.mustPull(t)
		if n := r.sent("changelog"); n != 120 {
			t.Errorf("%d changelogs for 120 issues", n)
		}
		// statuses, two pages and the empty one, giving the scroll back
		if n := total(r.fake) - 120; n > 6 {
			t.Errorf("%d other requests: %v", n, r.count)
		}
	})
	bubbled("unchanged: none", t, func(t *testing.T) {
		r := rigOf(generate(120, 10))
		r.mustPull(t)
		r.cursor = nil
		r.mustPull(t)
		if n := r.sent("changelog"); n != 120 || len(r.written()) != 0 {
			t.Errorf("%d changelogs, %d written again", n-120, len(r.written()))
		}
	})
	bubbled("changed: the tail", t, func(t *testing.T) {
		r := rigOf(generate(60, 10))
		r.mustPull(t)
		r.touch(7, testNow.Add(time.Hour))
		r.now = testNow.Add(2 * time.Hour)
		r.mustPull(t)
		w := r.written()
		if len(w) != 1 || len(w[0].Events) != 1 || w[0].Replace || !w[0].Full || w[0].Events[0].Ordinal != 10 {
			t.Fatalf("written: %+v", w)
		}
		fresh := rigOf(r.fake)
		fresh.now = r.now
		fresh.mustPull(t)
		if diff := cmp.Diff(fresh.memory.Facts(), r.memory.Facts()); diff != "" {
			t.Errorf("differs from a pull from scratch: %s", diff)
		}
	})
	bubbled("a tail that does not attach: all of it", t, func(t *testing.T) {
		r := rigOf(generate(3, 10))
		r.mustPull(t)
		// The server's order is not that of time: an event from before
		// comes after the last one that is stored.
		i := r.issues[1]
		created := testStart.Add(time.Hour)
		i.addEvent("IssueUpdated", created.Add(5*time.Minute), "", "", created)
		i.updated = testNow
		i.set(created, "closed", created.Add(6*time.Minute))
		r.now = testNow.Add(time.Hour)
		r.mustPull(t)
		if w := r.written(); len(w) != 1 || !w[0].Replace || len(w[0].Events) != 11 || w[0].Events[10].Ordinal != 10 {
			t.Errorf("written: %+v", w)
		}
	})
	bubbled("the server forgot the last event: all of it", t, func(t *testing.T) {
		r := rigOf(generate(3, 10))
		r.mustPull(t)
		r.issues[0].events = r.issues[0].events[:8]
		r.touch(0, testNow)
		r.now = testNow.Add(time.Hour)
		r.mustPull(t)
		if w := r.written(); len(w) != 1 || !w[0].Replace || len(w[0].Events) != 9 {
			t.Errorf("written: %+v", w)
		}
	})
	bubbled("a new status without a change to it: all of it", t, func(t *testing.T) {
		r := rigOf(generate(3, 10))
		r.mustPull(t)
		r.issues[0].updated = testNow
		r.issues[0].set(testStart, "inProgress", testNow)
		r.now = testNow.Add(time.Hour)
		r.mustPull(t)
		if w := r.written(); len(w) != 1 || !w[0].Replace || len(w[0].Events) != 10 {
			t.Errorf("written: %+v", w)
		}
	})
	bubbled("only other fields changed: no changelog", t, func(t *testing.T) {
		r := rigOf(generate(3, 10))
		r.mustPull(t)
		i := r.issues[2]
		i.record = json.RawMessage(strings.Replace(string(i.record), `"votes"`, `"epic":{"key":"GOAL-1"},"votes"`, 1))
		r.cursor = nil
		r.mustPull(t)
		if w := r.written(); len(w) != 1 || w[0].EpicKey != "GOAL-1" || len(w[0].Events) != 0 || w[0].Replace || r.sent("changelog") != 3 {
			t.Errorf("written: %+v, %d changelogs", w, r.sent("changelog"))
		}
	})
}

func TestTransitionsOnly(t *testing.T) {
	only := source.Settings{"changelog": json.RawMessage("false")}
	bubbled("keeps transitions and moves with their places", t, func(t *testing.T) {
		r := rigOf(generate(1, 10))
		r.settings = only
		r.issues[0].addEvent("IssueMoved", testStart.Add(time.Hour), "", "", testStart)
		r.mustPull(t)
		var got []string
		for _, e := range r.written()[0].Events {
			got = append(got, fmt.Sprintf("%d %s %v %d", e.Ordinal, e.Type, e.Moved, len(e.Fields)))
		}
		want := []string{"0 IssueCreated false 0", "4 IssueWorkflow false 0", "8 IssueWorkflow false 0", "10 IssueMoved true 0"}
		if diff := cmp.Diff(want, got); diff != "" || r.written()[0].Full {
			t.Error(diff)
		}
	})
	bubbled("an update without a new status asks for no changelog", t, func(t *testing.T) {
		r := rigOf(generate(5, 10))
		r.settings = only
		r.mustPull(t)
		i := r.issues[3]
		created := testStart.Add(3 * time.Hour)
		i.addEvent("IssueUpdated", testNow, "", "", created)
		i.set(created, "closed", created.Add(12*time.Minute))
		r.now = testNow.Add(time.Hour)
		r.mustPull(t)
		if w := r.written(); len(w) != 1 || w[0].Replace || r.sent("changelog") != 5 {
			t.Errorf("%d changelogs, written: %+v", r.sent("changelog"), w)
		}
		r.touch(3, testNow.Add(time.Hour))
		r.now = testNow.Add(2 * time.Hour)
		r.mustPull(t)
		if w := r.written(); len(w) != 1 || !w[0].Replace || r.sent("changelog") != 6 {
			t.Errorf("%d changelogs, written: %+v", r.sent("changelog"), w)
		}
	})
	bubbled("then the full changelog is wanted", t, func(t *testing.T) {
		r := rigOf(generate(5, 10))
		r.settings = only
		r.mustPull(t)
		r.cursor, r.settings = nil, nil
		r.mustPull(t)
		if w := r.written(); len(w) != 5 || !w[0].Full || !w[0].Replace || len(w[0].Events) != 10 {
			t.Errorf("written: %+v", w)
		}
	})
}

func TestChangelogPages(t *testing.T) {
	bubbled("follows links, on its own host", t, func(t *testing.T) {
		r := rigOf(generate(2, 130))
		r.changelogPage = 50
		r.mustPull(t)
		if n := len(r.written()[1].Events); n != 130 || r.sent("changelog") != 6 || len(r.transport.Foreign()) > 0 {
			t.Errorf("%d events in %d requests, foreign %v", n, r.sent("changelog"), r.transport.Foreign())
		}
	})
	bubbled("finds out how large they may be, and remembers", t, func(t *testing.T) {
		r := rigOf(generate(40, 10))
		r.changelogMax = 60
		r.mustPull(t)
		if n := r.sent("changelog"); n > 40+2*parallel {
			t.Errorf("%d requests for 40 changelogs", n)
		}
		before := r.sent("changelog")
		r.touch(3, testNow)
		r.now = testNow.Add(time.Hour)
		r.mustPull(t)
		if n := r.sent("changelog") - before; n != 1 {
			t.Errorf("%d requests for a tail", n)
		}
	})
	bubbled("pages that repeat", t, func(t *testing.T) {
		r := rigOf(generate(2, 10))
		r.transport.Fault = func(_ int, q *http.Request) (*http.Response, error) {
			if !strings.Contains(q.URL.Path, "DEMO-1/changelog") {
				return nil, nil
			}
			body := "[" + string(r.issues[0].events[0].record) + "]"
			return sourcetest.Answer(200, body, "Link", `</v3/x?id=1>; rel="next"`)(0, q)
		}
		r.mustPull(t)
		if p := r.problems(); len(p) != 1 || p[0].Record != "DEMO-1" || !strings.Contains(p[0].Message, "repeats") {
			t.Errorf("problems: %+v", p)
		}
	})
	bubbled("too many", t, func(t *testing.T) {
		r := rigOf(generate(1, maxEvents+1))
		r.mustPull(t)
		if p := r.problems(); len(p) != 1 || !strings.Contains(p[0].Message, "more than 20000 changes") || len(r.written()) > 0 {
			t.Errorf("problems: %+v", p)
		}
	})
}

func TestBadRecords(t *testing.T) {
	bubbled("are told with their paths, and tried again", t, func(t *testing.T) {
		r := rigOf(generate(20, 5))
		good := r.issues[4].record
		r.issues[4].record = json.RawMessage(strings.Replace(string(good), `"createdAt":"`, `"createdAt":"not `, 1))
		goodEvent := r.issues[9].events[3].record
		r.issues[9].events[3].record = json.RawMessage(`{"id":"x","updatedAt":"never"}`)
		r.mustPull(t)
		want := []source.Problem{
			{
				Record: "DEMO-5", Path: "$[4].createdAt", Message: "createdAt is not a time like 2026-01-31T12:00:00.000+0000",
				Phrase: source.Phrase{ID: "field.time", Args: []string{"field", "createdAt"}},
			},
			{
				Record: "OPS-10", Path: "$[3].updatedAt", Message: "the changelog cannot be read: updatedAt is not a time like 2026-01-31T12:00:00.000+0000",
				Phrase: source.Phrase{ID: "changelog>field.time", Args: []string{"field", "updatedAt"}},
			},
		}
		if diff := cmp.Diff(want, r.problems()); diff != "" {
			t.Error(diff)
		}
		if n := len(r.written()); n != 18 {
			t.Errorf("%d written", n)
		}

		r.issues[4].record, r.issues[9].events[3].record = good, goodEvent
		r.mustPull(t)
		if diff := cmp.Diff([]string{"DEMO-5", "OPS-10"}, r.keys()); diff != "" || len(r.problems()) > 0 {
			t.Error(diff, r.problems())
		}
		if c := cursorOf(r.cursor); len(c.Retry) != 0 || r.pages[0].Progress.Phase != phaseRetry {
			t.Errorf("cursor %s, first page %+v", r.cursor, r.pages[0].Progress)
		}
		asked := r.sent("issue")
		r.mustPull(t)
		if r.sent("issue") != asked {
			t.Error("asked for solved records again")
		}
	})
	bubbled("a history that may not be read", t, func(t *testing.T) {
		r := rigOf(generate(20, 5))
		r.transport.Fault = func(_ int, q *http.Request) (*http.Response, error) {
			if strings.Contains(q.URL.Path, "DEMO-7/changelog") {
				return sourcetest.Answer(403, `{"errorMessages":["No access, y0_secret"]}`)(0, q)
			}
			return nil, nil
		}
		r.mustPull(t)
		p := r.problems()
		if len(p) != 1 || p[0].Record != "DEMO-7" || !strings.Contains(p[0].Message, "403 Forbidden to /v3/issues/DEMO-7/changelog: No access, ***") {
			t.Errorf("problems: %+v", p)
		}
		if n := len(r.memory.Facts().Issues); n != 19 {
			t.Errorf("%d stored", n)
		}
	})
	for name, fault := range map[string]sourcetest.Fault{
		"a history that is dropped every time": func(int, *http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF },
		"a history that is never answered": func(_ int, q *http.Request) (*http.Response, error) {
			<-q.Context().Done()
			return nil, q.Context().Err()
		},
		"a history that is redirected elsewhere":   sourcetest.Answer(302, "", "Location", "https://elsewhere.test/"),
		"a history that makes the server fail":     sourcetest.Answer(500, "{}"),
		"a history that is a page of HTML":         sourcetest.Answer(200, "<html>"),
		"a history that is no list":                sourcetest.Answer(200, "{}"),
		"a history that is no JSON":                sourcetest.Answer(200, "[{"),
		"a history that is empty where none is":    sourcetest.Answer(200, ""),
		"a history that the server cannot produce": sourcetest.Answer(503, "{}"),
	} {
		bubbled(name, t, func(t *testing.T) {
			r := rigOf(generate(20, 5))
			r.transport.Fault = func(n int, q *http.Request) (*http.Response, error) {
				if strings.Contains(q.URL.Path, "DEMO-7/changelog") {
					return fault(n, q)
				}
				return nil, nil
			}
			began := time.Now()
			r.mustPull(t)
			if p := r.problems(); len(p) != 1 || p[0].Record != "DEMO-7" || len(r.memory.Facts().Issues) != 19 {
				t.Errorf("%d stored, problems: %+v", len(r.memory.Facts().Issues), p)
			}
			if took := time.Since(began); took > 10*time.Minute {
				t.Errorf("took %s", took)
			}
			r.transport.Fault = nil
			r.mustPull(t)
			if n := len(r.memory.Facts().Issues); n != 20 || len(cursorOf(r.cursor).Retry) > 0 {
				t.Errorf("%d stored, cursor %s", n, r.cursor)
			}
		})
	}
	bubbled("deleted meanwhile", t, func(t *testing.T) {
		r := rigOf(generate(5, 5))
		r.issues[1].record = json.RawMessage(`{"id":"000000000000000000000002","key":"OPS-2"}`)
		r.mustPull(t)
		r.issues[1].gone = true
		r.mustPull(t)
		if c := cursorOf(r.cursor); len(c.Retry) != 0 || len(r.problems()) != 0 {
			t.Errorf("cursor %s, problems %v", r.cursor, r.problems())
		}
	})
	bubbled("nothing but a broken server is no fault of the records", t, func(t *testing.T) {
		r := rigOf(generate(50, 5))
		r.transport.Fault = func(_ int, q *http.Request) (*http.Response, error) {
			if strings.Contains(q.URL.Path, "/changelog") {
				return sourcetest.Answer(500, `{}`)(0, q)
			}
			return nil, nil
		}
		err := r.pull(t)
		if !isStatus(err, 500) {
			t.Errorf("ended with %v", err)
		}
	})
	bubbled("broken entries of all shapes", t, func(t *testing.T) {
		r := rigOf(generate(12, 5))
		for i, text := range []string{`null`, `5`, `"x"`, `[]`, `{}`, `{"key":"A-1"}`} {
			r.issues[i].record = json.RawMessage(text)
		}
		r.mustPull(t)
		if len(r.written()) != 6 || len(r.problems()) != 6 {
			t.Errorf("%d written, problems %+v", len(r.written()), r.problems())
		}
	})
}

func TestRateLimitKeepsWhatCame(t *testing.T) {
	bubbled("", t, func(t *testing.T) {
		r := rigOf(generate(100, 5))
		var sent atomic.Int32
		const quota = 30
		r.transport.Fault = func(_ int, q *http.Request) (*http.Response, error) {
			if sent.Add(1) > quota {
				return sourcetest.Answer(429, `{}`, "Retry-After", "600")(0, q)
			}
			return nil, nil
		}
		pulls := 0
		for ; pulls < 20; pulls++ {
			sent.Store(0)
			err := r.pull(t)
			if err == nil {
				break
			}
			var limit *source.RateLimitError
			if !errors.As(err, &limit) || !limit.RetryAfter.Equal(testNow.Add(10*time.Minute)) {
				t.Fatalf("ended with %v", err)
			}
			for _, page := range r.pages {
				r.memory.Write(page.Batch)
			}
		}
		if n := len(r.memory.Facts().Issues); n != 100 || pulls > 6 {
			t.Errorf("%d issues after %d pulls", n, pulls)
		}
	})
}

func TestMovedIssue(t *testing.T) {
	bubbled("", t, func(t *testing.T) {
		r := rigOf(generate(10, 5))
		r.mustPull(t)
		i := r.issues[4]
		i.key, i.queue = "NEW-1", "NEW"
		created := testStart.Add(4 * time.Hour)
		i.addEvent("IssueMoved", testNow, "", "", created)
		i.set(created, "inProgress", created.Add(6*time.Minute))
		i.record = json.RawMessage(strings.Replace(string(i.record), `"votes"`, `"aliases":["DEMO-5"],"votes"`, 1))
		r.now = testNow.Add(time.Hour)
		r.mustPull(t)
		facts := r.memory.Facts()
		if len(facts.Issues) != 10 {
			t.Fatalf("%d issues", len(facts.Issues))
		}
		got := facts.Issues[4]
		if got.Key != "NEW-1" || got.Queue != "NEW" || !reflect.DeepEqual(got.Aliases, []string{"DEMO-5"}) || !got.Events[5].Moved {
			t.Errorf("%+v", got)
		}
	})
}

func TestFutureUpdateDoesNotHideOthers(t *testing.T) {
	bubbled("", t, func(t *testing.T) {
		r := rigOf(generate(5, 5))
		r.issues[2].updated = testNow.AddDate(50, 0, 0)
		r.issues[2].set(testStart, "open", testStart)
		r.mustPull(t)
		if c := cursorOf(r.cursor); c.Since != delivery.InstantOf(testNow) {
			t.Errorf("since %s", c.Since)
		}
	})
}

func TestStatuses(t *testing.T) {
	bubbled("with types and order", t, func(t *testing.T) {
		r := rigOf(generate(1, 1))
		r.mustPull(t)
		want := []delivery.Status{
			{Connection: "c", Key: "open", Name: "Open", Type: "new", Order: 10},
			{Connection: "c", Key: "inProgress", Name: "In progress", Type: "inProgress", Order: 20},
			{Connection: "c", Key: "own", Name: "Own", Order: 30},
			{Connection: "c", Key: "closed", Name: "Closed", Type: "done", Order: 90},
		}
		if diff := cmp.Diff(want, r.pages[0].Batch.Statuses); diff != "" {
			t.Error(diff)
		}
		if r.sent("/statuses") != 1 {
			t.Errorf("%d requests", r.sent("/statuses"))
		}
	})
	bubbled("not allowed: told once", t, func(t *testing.T) {
		r := rigOf(generate(3, 5))
		r.noStatuses = true
		r.mustPull(t)
		if p := r.problems(); len(p) != 1 || p[0].Record != "statuses" || len(r.written()) != 3 {
			t.Errorf("problems %+v, %d written", p, len(r.written()))
		}
		r.mustPull(t)
		if p := r.problems(); len(p) != 0 {
			t.Errorf("again: %+v", p)
		}
	})
	bubbled("a server without a dictionary lacks no record", t, func(t *testing.T) {
		r := rigOf(generate(3, 5))
		r.transport.Fault = func(n int, q *http.Request) (*http.Response, error) {
			if strings.HasSuffix(q.URL.Path, "/statuses") {
				return sourcetest.Answer(404, `{"errorMessages":["Not found"]}`)(n, q)
			}
			return nil, nil
		}
		r.mustPull(t)
		if p := r.problems(); len(p) != 0 || len(r.written()) != 3 {
			t.Errorf("problems %+v, %d written", p, len(r.written()))
		}
	})
}
