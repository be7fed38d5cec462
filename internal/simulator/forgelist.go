package simulator

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"throughline/internal/delivery"
)

// reachable is how many results a search gives at most.
const reachable = 1000

// runs answers GET /repos/{owner}/{repo}/actions/runs, the newest first.
func (f *forge) runs(rw http.ResponseWriter, r *http.Request) {
	one, ok := f.g.repoNamed(r.PathValue("owner"), r.PathValue("repo"))
	if !ok {
		notThere(rw, r)
		return
	}
	q := r.URL.Query()
	match, searched, err := f.search(q)
	if err != nil {
		refused(rw, http.StatusUnprocessableEntity, "Validation Failed: "+err.Error())
		return
	}
	now := f.g.now()
	all := f.g.runsOf(one, now)
	p := pageOf(q)
	var found []*actRun
	total := 0
	for i := len(all) - 1; i >= 0; i-- {
		if !match(all[i], now) {
			continue
		}
		if total++; total > (p.n-1)*p.size && total <= p.n*p.size && (!searched || total <= reachable) {
			found = append(found, all[i])
		}
	}
	listed := total
	if searched {
		listed = min(total, reachable)
	}
	f.links(rw, r, p, listed)
	b := f.book(r)
	out := strconv.AppendInt([]byte(`{"total_count":`), int64(total), 10)
	out = append(out, `,"workflow_runs":[`...)
	for i, run := range found {
		if i > 0 {
			out = append(out, ',')
		}
		out = f.g.appendRun(out, b, run, now)
	}
	sendForge(rw, http.StatusOK, append(out, ']', '}'))
}

// search reads what runs are asked for, and whether any are left out.
func (f *forge) search(q url.Values) (match func(*actRun, delivery.Instant) bool, searched bool, err error) {
	from, to, err := createdRange(q.Get("created"))
	if err != nil {
		return nil, false, err
	}
	for _, name := range []string{"created", "branch", "event", "status", "actor", "head_sha"} {
		searched = searched || q.Get(name) != ""
	}
	is := func(name, v string) bool { return q.Get(name) == "" || q.Get(name) == v }
	return func(run *actRun, now delivery.Instant) bool {
		if run.created < from || run.created > to || !is("branch", run.branch) || !is("event", run.event) || !is("head_sha", run.sha()) {
			return false
		}
		if !is("actor", loginOf(run.actor)) {
			return false
		}
		if q.Get("status") == "" {
			return true
		}
		s := f.g.standingAt(run, now)
		return is("status", s.status) || is("status", s.conclusion)
	}, searched, nil
}

// loginOf is the name of an account.
func loginOf(who index) string {
	if who == dependabot {
		return "dependabot[bot]"
	}
	return staff[who].login
}

const forever = delivery.Instant(1 << 62)

// createdRange reads A..B, >=A, >A, <=B, <B or one day, both ends in it.
func createdRange(s string) (from, to delivery.Instant, err error) {
	from, to = 0, forever
	switch a, b, both := strings.Cut(s, ".."); {
	case s == "":
	case both:
		if a != "*" {
			from, _, err = spanOf(a)
		}
		if b != "*" && err == nil {
			_, to, err = spanOf(b)
		}
	case strings.HasPrefix(s, ">="):
		from, _, err = spanOf(s[2:])
	case strings.HasPrefix(s, "<="):
		_, to, err = spanOf(s[2:])
	case strings.HasPrefix(s, ">"):
		_, from, err = spanOf(s[1:])
		from++
	case strings.HasPrefix(s, "<"):
		to, _, err = spanOf(s[1:])
		to--
	default:
		from, to, err = spanOf(s)
	}
	return from, to, err
}

// spanOf is what a date or a time stands for: all of the day or second.
func spanOf(s string) (from, to delivery.Instant, err error) {
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		from = delivery.InstantOf(t)
		return from, from + delivery.Instant(day) - 1, nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return 0, 0, err
	}
	from = delivery.InstantOf(t.Truncate(time.Second))
	return from, from + delivery.Instant(second) - 1, nil
}

// found is the run that a request names.
func (f *forge) found(r *http.Request) (*actRun, bool) {
	one, ok := f.g.repoNamed(r.PathValue("owner"), r.PathValue("repo"))
	if !ok {
		return nil, false
	}
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return nil, false
	}
	for _, run := range f.g.runsOf(one, f.g.now()) {
		if run.id == id {
			return run, true
		}
	}
	return nil, false
}

// run answers GET /repos/{owner}/{repo}/actions/runs/{id}.
func (f *forge) run(rw http.ResponseWriter, r *http.Request) {
	run, ok := f.found(r)
	if !ok {
		notThere(rw, r)
		return
	}
	sendForge(rw, http.StatusOK, f.g.appendRun(nil, f.book(r), run, f.g.now()))
}

// jobs answers GET …/actions/runs/{id}/jobs: those of the last attempt, or of
// all, the newest first.
func (f *forge) jobs(rw http.ResponseWriter, r *http.Request) {
	run, ok := f.found(r)
	if !ok {
		notThere(rw, r)
		return
	}
	q := r.URL.Query()
	now := f.g.now()
	tries := f.g.plan(run)[:f.g.standingAt(run, now).n]
	if q.Get("filter") != "all" {
		tries = tries[len(tries)-1:]
	}
	var all []*actJob
	for i := len(tries) - 1; i >= 0; i-- {
		for k := range tries[i].jobs {
			if j := &tries[i].jobs[k]; j.status(now) != "" {
				all = append(all, j)
			}
		}
	}
	p := pageOf(q)
	f.links(rw, r, p, len(all))
	from, to := p.of(len(all))
	b := f.book(r)
	out := strconv.AppendInt([]byte(`{"total_count":`), int64(len(all)), 10)
	out = append(out, `,"jobs":[`...)
	for i, j := range all[from:to] {
		if i > 0 {
			out = append(out, ',')
		}
		out = b.appendJob(out, run, j, now)
	}
	sendForge(rw, http.StatusOK, append(out, ']', '}'))
}
