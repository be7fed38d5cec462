package simulator

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha1" // of the older one of the two signatures
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"throughline/internal/delivery"
)

// Delivery is a hook as GitHub sends it.
type Delivery struct {
	At     time.Time // when it is sent
	ID     string    // X-GitHub-Delivery
	Event  string    // workflow_run or workflow_job
	Action string    // requested, queued, waiting, in_progress, completed
	Header http.Header
	Body   []byte
}

// moved is something that happens to a run, or to a job of it.
type moved struct {
	at     delivery.Instant
	rank   int // among those of one second
	action string
	run    *actRun
	job    *actJob // nil: to the run
	try    int
}

// Deliveries are the hooks of a span of time, from included and to not, in the
// order of what they tell, signed with secret unless that is "". A body is made
// when its turn comes and tells how things stood then. The span may lie in the
// future.
func (g *GitHub) Deliveries(from, to time.Time, secret string) iter.Seq[Delivery] {
	return func(yield func(Delivery) bool) {
		base := cmp.Or(g.o.URL, GitHubURL)
		for _, m := range g.moves(delivery.InstantOf(from), delivery.InstantOf(to)) {
			if !yield(g.deliver(g.bookOf(base), m, secret)) {
				return
			}
		}
	}
}

// moves are what happens to runs in a span, in order.
func (g *GitHub) moves(from, to delivery.Instant) []moved {
	var out []moved
	for _, r := range g.seen() {
		for _, run := range g.runsOf(r, to) {
			if run.tries[len(run.tries)-1].end < from {
				continue
			}
			for i, t := range g.plan(run) {
				for _, m := range movesOf(run, &t, i+1) {
					if m.at >= from && m.at < to {
						out = append(out, m)
					}
				}
			}
		}
	}
	slices.SortStableFunc(out, func(a, b moved) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.rank, b.rank)) })
	return out
}

// movesOf are those of one attempt; jobs that are taken over do not move.
func movesOf(run *actRun, t *try, n int) []moved {
	out := []moved{{at: t.at, action: "requested", run: run, try: n}, {at: t.end, rank: 5, action: "completed", run: run, try: n}}
	if t.started < t.end {
		out = append(out, moved{at: t.started, rank: 3, action: "in_progress", run: run, try: n})
	}
	for i := range t.jobs {
		j := &t.jobs[i]
		if j.carried {
			continue
		}
		add := func(at delivery.Instant, rank int, action string) {
			out = append(out, moved{at, rank, action, run, j, n})
		}
		if j.let > j.created {
			add(j.created, 1, "waiting")
		}
		if j.ended > j.let {
			add(j.let, 1, "queued")
		}
		if j.ran() {
			add(j.started, 2, "in_progress")
		}
		add(j.ended, 4, "completed")
	}
	return out
}

// deliver writes the hook of what happened.
func (g *GitHub) deliver(b *forgeBook, m moved, secret string) Delivery {
	d := Delivery{At: timeOf(m.at), Event: "workflow_run", Action: m.action}
	o := new(object).text("action", m.action)
	if m.job != nil {
		d.Event = "workflow_job"
		o.name("workflow_job")
		o.b = b.appendJob(o.b, m.run, m.job, m.at)
	} else {
		o.name("workflow_run")
		o.b = g.appendRun(o.b, b, m.run, m.at)
		o.raw("workflow", b.workflow(m.run, g.start))
	}
	o.raw("repository", b.repository(m.run.r, forgeTime(g.start-delivery.Instant(400*day)), forgeTime(m.run.created)))
	o.raw("organization", b.org).raw("sender", b.accounts[m.run.tries[m.try-1].actor])
	d.Body = o.end()
	d.ID = g.deliveryID(m)
	d.Header = http.Header{}
	for name, v := range map[string]string{
		"Content-Type": "application/json", "User-Agent": "GitHub-Hookshot/7104001", "Accept": "*/*",
		"X-GitHub-Delivery": d.ID, "X-GitHub-Event": d.Event, "X-GitHub-Hook-ID": "71040900",
		"X-GitHub-Hook-Installation-Target-Type": "organization", "X-GitHub-Hook-Installation-Target-ID": strconv.Itoa(organizationID),
	} {
		d.Header.Set(name, v)
	}
	if secret != "" {
		d.Header.Set("X-Hub-Signature", "sha1="+sign(sha1.New, secret, d.Body))
		d.Header.Set("X-Hub-Signature-256", "sha256="+sign(sha256.New, secret, d.Body))
	}
	return d
}

// deliveryID is the same for the same thing told again.
func (g *GitHub) deliveryID(m moved) string {
	job := -1
	if m.job != nil {
		job = m.job.n
	}
	x := sha256.Sum256(fmt.Appendf(nil, "%d %d %d %d %s", g.c.seed, m.run.id, m.try, job, m.action))
	return fmt.Sprintf("%x-%x-%x-%x-%x", x[:4], x[4:6], x[6:8], x[8:10], x[10:16])
}

func sign(by func() hash.Hash, secret string, body []byte) string {
	mac := hmac.New(by, []byte(secret))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// workflow is the workflow of a run, as hooks describe it.
func (b *forgeBook) workflow(run *actRun, since delivery.Instant) []byte {
	var o object
	w, r := run.wf, run.r
	o.number("id", w.id).text("node_id", nodeID("Workflow", int64(w.id))).text("name", w.name).text("path", ".github/workflows/"+w.file)
	o.text("state", "active").text("created_at", forgeTime(since)).text("updated_at", forgeTime(since))
	o.text("url", b.api(r)+"/actions/workflows/"+strconv.Itoa(w.id)).text("html_url", b.page(r)+"/blob/"+r.branch+"/.github/workflows/"+w.file)
	return o.text("badge_url", b.page(r)+"/workflows/"+url.PathEscape(w.name)+"/badge.svg").end()
}
