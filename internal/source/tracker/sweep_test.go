package tracker

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/source"
	"throughline/internal/source/sourcetest"
)

func TestSweep(t *testing.T) {
	day := 25 * time.Hour
	for name, make := range map[string]func(*fake){
		"scroll":         func(*fake) {},
		"numbered pages": func(f *fake) { f.noScroll = true },
	} {
		bubbled(name, t, func(t *testing.T) {
			f := generate(60, 5)
			make(f)
			r := rigOf(f)
			r.mustPull(t)
			r.issues[10].gone = true
			r.issues[20].gone = true
			r.mustPull(t)
			if len(r.gone()) != 0 {
				t.Fatal("swept on the same day")
			}
			r.now = testNow.Add(day)
			before := total(f)
			r.mustPull(t)
			want := []string{f.issues[10].id, f.issues[20].id}
			if diff := cmp.Diff(want, r.gone()); diff != "" || len(r.problems()) > 0 {
				t.Error(diff, r.problems())
			}
			if n := total(f) - before; n > 16 {
				t.Errorf("%d requests", n)
			}
			r.mustPull(t)
			if last := r.pages[len(r.pages)-1]; last.Progress.Phase == phaseSweep {
				t.Error("swept twice a day")
			}
		})
	}
	bubbled("out of the scope: written as it is now", t, func(t *testing.T) {
		r := rigOf(generate(20, 5))
		r.settings = source.Settings{"queues": json.RawMessage(`["DEMO"]`)}
		r.mustPull(t)
		i := r.issues[4]
		i.key, i.queue = "OPS-500", "OPS"
		created := testStart.Add(4 * time.Hour)
		i.addEvent("IssueMoved", testNow, "", "", created)
		i.set(created, "inProgress", created.Add(6*time.Minute))
		r.now = testNow.Add(day)
		r.mustPull(t)
		if diff := cmp.Diff([]string{"OPS-500"}, r.keys()); diff != "" || len(r.gone()) > 0 {
			t.Error(diff, r.gone())
		}
	})
	bubbled("out of sight: told, not gone", t, func(t *testing.T) {
		r := rigOf(generate(20, 5))
		r.mustPull(t)
		r.issues[4].gone = true
		r.transport.Fault = func(_ int, q *http.Request) (*http.Response, error) {
			if strings.HasSuffix(q.URL.Path, "/issues/DEMO-5") {
				return sourcetest.Answer(403, `{}`)(0, q)
			}
			return nil, nil
		}
		r.now = testNow.Add(day)
		r.mustPull(t)
		p := r.problems()
		if len(r.gone()) > 0 || len(p) != 1 || p[0].Record != "DEMO-5" || len(cursorOf(r.cursor).Retry) > 0 {
			t.Errorf("gone %v, problems %+v, cursor %s", r.gone(), p, r.cursor)
		}
	})
	bubbled("a whole queue out of sight: not asked for one by one", t, func(t *testing.T) {
		f := generate(200, 3)
		r := rigOf(f)
		r.mustPull(t)
		for _, i := range f.issues {
			i.gone = true
		}
		r.transport.Fault = func(_ int, q *http.Request) (*http.Response, error) {
			if strings.Contains(q.URL.Path, "/issues/DEMO-") || strings.Contains(q.URL.Path, "/issues/OPS-") {
				return sourcetest.Answer(403, `{}`)(0, q)
			}
			return nil, nil
		}
		r.now = testNow.Add(day)
		before := r.transport.Sent()
		r.mustPull(t)
		p := r.problems()
		if n := r.transport.Sent() - before; n > 80 || len(r.gone()) > 0 || p[len(p)-1].Record != "sweep" {
			t.Errorf("%d requests, gone %v, last problem %+v", n, r.gone(), p[len(p)-1])
		}
	})
	bubbled("not all keys came: nothing is gone", t, func(t *testing.T) {
		r := rigOf(generate(60, 5))
		r.mustPull(t)
		r.transport.Fault = func(_ int, q *http.Request) (*http.Response, error) {
			if q.URL.Query().Get("fields") == "key" {
				return sourcetest.Answer(200, `[]`)(0, q)
			}
			return nil, nil
		}
		r.now = testNow.Add(day)
		r.mustPull(t)
		if len(r.gone()) > 0 || r.sent("issue") > 0 {
			t.Errorf("gone %v", r.gone())
		}
		r.transport.Fault = nil
		r.issues[3].gone = true
		r.mustPull(t)
		if diff := cmp.Diff([]string{r.issues[3].id}, r.gone()); diff != "" {
			t.Errorf("the next pull did not sweep: %s", diff)
		}
	})
	bubbled("gone, and back again", t, func(t *testing.T) {
		r := rigOf(generate(10, 5))
		r.mustPull(t)
		r.issues[3].gone = true
		r.now = testNow.Add(day)
		r.mustPull(t)
		r.issues[3].gone = false
		r.touch(3, r.now)
		r.now = r.now.Add(time.Hour)
		r.mustPull(t)
		if facts := r.memory.Facts(); len(facts.Gone) > 0 || len(facts.Issues) != 10 || len(facts.Issues[3].Events) != 6 {
			t.Errorf("gone %v, %d issues", facts.Gone, len(facts.Issues))
		}
	})
}

func TestTurn(t *testing.T) {
	all := make([]unread, 10)
	for i := range all {
		all[i].ID = strconv.Itoa(i)
	}
	seen := map[string]int{}
	for day := range 4 {
		part := turn(all, 20000+day, 3)
		if len(part) > 3 {
			t.Errorf("%d in one turn", len(part))
		}
		for _, u := range part {
			seen[u.ID]++
		}
	}
	if len(seen) != 10 || len(turn(all, 1, 10)) != 10 {
		t.Errorf("%v", seen)
	}
}
