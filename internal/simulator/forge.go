package simulator

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"time"

	"throughline/internal/delivery"
)

// repo is a repository with the runs that are planned so far.
type repo struct {
	*repoSpec
	n       int
	pulled  int       // number of the last pull request
	tagged  int       // number of the last release
	counts  []int     // of runs, by workflow
	runs    []*actRun // in order of creation, up to the end of the last day made
	waiting []*actRun // those of later days
	lastID  int64

	landings []*landing // planned so far, in no order
	story    *story     // of those that have come
	deploys  *deploys
}

// actRun is a planned run of a workflow. It does not change once it is in a
// repo's runs; how it stands at an instant is derived from it.
type actRun struct {
	r       *repo
	wf      *workflowSpec
	seed    uint64
	id      int64
	number  int
	created delivery.Instant
	event   string
	actor   index
	branch  string
	title   string
	commit  uint64
	pull    *pull            // nil beside pull requests
	cut     delivery.Instant // cancelled by hand or by a newer push; 0 for not
	skip    bool             // nothing of it is to be run
	tries   []try            // without their jobs
}

// pull is a pull request.
type pull struct {
	number int
	author index
	branch string
	title  string
	opened delivery.Instant
	pushes []pushed
	landed *landing // its merge, unless it is never merged
	undoes *landing // what it takes back
	hotfix bool
}

// pushed is a push to a pull request.
type pushed struct {
	at     delivery.Instant
	commit uint64
}

// dependabot is who opens some of the pull requests.
const dependabot = nobody

// until makes the days up to and with t's. A day's runs depend on the seed,
// the day and the days before only. g is locked.
func (g *GitHub) until(t delivery.Instant) {
	for ; g.day <= localDay(t); g.day++ {
		end := startOf(g.day + 1)
		for _, r := range g.repos {
			g.live(r, g.day)
			slices.SortStableFunc(r.waiting, func(a, b *actRun) int { return cmp.Compare(a.created, b.created) })
			n := sort.Search(len(r.waiting), func(i int) bool { return r.waiting[i].created >= end })
			for _, run := range r.waiting[:n] {
				if run.created >= g.start {
					r.take(run)
				}
			}
			r.waiting = slices.Clone(r.waiting[n:])
		}
	}
}

// startOf is when a local day begins.
func startOf(d int32) delivery.Instant { return delivery.Instant(int64(d)*day - utcOff) }

// Runs have ids that grow with time, over all repositories.
const (
	firstRunID = int64(17_000_000_000)
	idsASecond = 8
	idsSince   = int64(1_577_836_800) // 2020
)

// take gives a run its number and id.
func (r *repo) take(run *actRun) {
	w := slices.IndexFunc(r.workflows, func(w workflowSpec) bool { return w.id == run.wf.id })
	run.number = run.wf.first + r.counts[w]
	r.counts[w]++
	run.id = firstRunID + (int64(run.created)/second-idsSince)*idsASecond + int64(r.n)
	if run.id <= r.lastID {
		run.id = r.lastID + idsASecond
	}
	r.lastID = run.id
	r.runs = append(r.runs, run)
}

// weekend is the share of a working day's work on a day off.
const weekend = .05

// live makes what begins in a repository on a day.
func (g *GitHub) live(r *repo, d int32) {
	rnd := rand.New(rand.NewPCG(g.c.seed^0x61637473, uint64(d)<<8|uint64(r.n)))
	pace := 1.0
	worked := works(time.Unix(int64(d)*day/second, 0).UTC())
	if !worked {
		pace = weekend
	}
	for _, at := range moments(rnd, d, pace*r.pulls) {
		g.pullRequest(r, rnd, at)
	}
	for _, at := range moments(rnd, d, pace*r.pushes) {
		author := member(r, rnd)
		_, title := g.wording(r, rnd, at)
		r.land(at, g.push(r, rnd, at, author, title), title, author, nil)
	}
	if d == localDay(g.c.epoch) && r.pulls >= 1 { // something is under way when one first looks
		g.pullRequest(r, rnd, g.c.epoch-delivery.Instant(between(rnd, 60, 200)*second))
	}
	for i := range r.workflows {
		if w := &r.workflows[i]; w.nightly != 0 {
			// Schedules are late by some minutes.
			at := startOf(d) + delivery.Instant(w.nightly+int64(rnd.IntN(400)+20)*second)
			g.add(&actRun{
				r: r, wf: w, seed: rnd.Uint64(), created: at, event: "schedule", actor: queues[r.queue].lead,
				branch: r.branch, title: w.name, commit: rnd.Uint64(),
			})
		}
	}
}

// add plans a run's attempts and puts it among those that wait for their day.
func (g *GitHub) add(run *actRun) *actRun {
	run.created -= run.created % delivery.Instant(second)
	run.tries = g.plan(run)
	for i := range run.tries {
		run.tries[i].jobs = nil // made again when they are asked for
	}
	run.r.waiting = append(run.r.waiting, run)
	return run
}

// moments are about mean instants of a day, in order: most within working
// hours, before noon and in the afternoon.
func moments(rnd *rand.Rand, d int32, mean float64) []delivery.Instant {
	var out []delivery.Instant
	for range poisson(rnd, mean) {
		h := 11.7 + 1.1*rnd.NormFloat64()
		switch u := rnd.Float64(); {
		case u < .06:
			h = 19 + 4*rnd.Float64()
		case u < .53:
			h = 16.2 + 1.4*rnd.NormFloat64()
		}
		h = min(max(h, 8.5), 23)
		out = append(out, startOf(d)+delivery.Instant(h*float64(hour)))
	}
	slices.Sort(out)
	return out
}

// poisson is a number of independent things of which there are mean on average.
func poisson(rnd *rand.Rand, mean float64) int {
	n := 0
	for p, limit := rnd.Float64(), math.Exp(-mean); p > limit; n++ {
		p *= rnd.Float64()
	}
	return n
}

// member is somebody of the repository's team who has not left.
func member(r *repo, rnd *rand.Rand) index {
	team := queues[r.queue].team
	who := team[rnd.IntN(len(team))]
	if staff[who].gone {
		return queues[r.queue].lead
	}
	return who
}
