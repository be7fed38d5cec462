package simulator

import (
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"throughline/internal/delivery"
)

// How runs and jobs end, in GitHub's words.
const (
	success        = "success"
	failure        = "failure"
	cancelled      = "cancelled"
	skipped        = "skipped"
	startupFailure = "startup_failure" // a run without jobs
)

// try is an attempt of a run.
type try struct {
	at         delivery.Instant
	started    delivery.Instant // its first job; its end when none did
	end        delivery.Instant
	actor      index
	conclusion string
	jobs       []actJob
}

// actJob is a job of an attempt. One that is not run ends when it begins.
type actJob struct {
	spec       *jobSpec
	n          int // in the workflow
	try        int // from 1
	created    delivery.Instant
	let        delivery.Instant // approved; created where nobody is asked
	started    delivery.Instant
	ended      delivery.Instant
	conclusion string
	carried    bool // taken over from the attempt before
}

// ran reports whether a runner took the job.
func (j *actJob) ran() bool { return j.ended > j.started }

const (
	maxTries   = 3
	rerun      = .45 // share of failures that are tried again
	failsAgain = .35
	failedOnly = .5 // share of those where only failed jobs run again
)

// plan is all that will happen to a run. It depends on the run's seed only.
func (g *GitHub) plan(run *actRun) []try {
	rnd := rand.New(rand.NewPCG(run.seed, 3))
	if rnd.Float64() < .003 {
		end := run.created + delivery.Instant(second)
		return []try{{at: run.created, started: end, end: end, actor: run.actor, conclusion: startupFailure}}
	}
	p := &planner{g: g, run: run, rnd: rnd}
	out := []try{p.try(1, run.created, run.wf.fails, nil)}
	for len(out) < maxTries && out[len(out)-1].conclusion == failure && rnd.Float64() < rerun {
		last := &out[len(out)-1]
		at := g.later(rnd, last.end, 12*float64(minute), .8)
		at -= at % delivery.Instant(second)
		var before []actJob
		if rnd.Float64() < failedOnly {
			before = last.jobs
		}
		next := p.try(len(out)+1, at, failsAgain, before)
		next.actor = member(run.r, rnd)
		out = append(out, next)
	}
	return out
}

// planner plans the attempts of one run.
type planner struct {
	g     *GitHub
	run   *actRun
	rnd   *rand.Rand
	t     *try
	bad   int // the job that is to fail; -1 for none
	group int // where the jobs of the present matrix begin
}

// try is the n-th attempt; jobs that succeeded before are not run again.
func (p *planner) try(n int, at delivery.Instant, fails float64, before []actJob) try {
	t := try{at: at, actor: p.run.actor, conclusion: success}
	p.t, p.bad, p.group = &t, -1, 0
	if p.rnd.Float64() < fails {
		p.bad = p.fragile(before)
	}
	specs := p.run.wf.jobs
	for i := range specs {
		if i > 0 && family(specs[i].name) != family(specs[i-1].name) {
			p.failFast()
			p.group = i
		}
		j := p.job(i)
		if before != nil && before[i].conclusion == success {
			old := before[i]
			j = actJob{spec: j.spec, n: i, created: at, let: at, started: old.started, ended: old.ended, conclusion: success, carried: true}
		}
		j.try = n
		t.jobs = append(t.jobs, j)
	}
	p.failFast()
	if n == 1 && p.run.cut.Known() {
		p.cancel(p.run.cut)
	}
	t.conclude()
	return t
}

// fragile is a job to fail, one of those that are to run.
func (p *planner) fragile(before []actJob) int {
	var at []int
	for i, s := range p.run.wf.jobs {
		if before != nil && before[i].conclusion == success {
			continue
		}
		for range int(s.fragile) {
			at = append(at, i)
		}
	}
	if len(at) == 0 {
		return -1
	}
	return at[p.rnd.IntN(len(at))]
}

// family is the name of a job without its place in a matrix.
func family(name string) string {
	name, _, _ = strings.Cut(name, " (")
	return name
}

// job plans the i-th job after those it needs.
func (p *planner) job(i int) actJob {
	s := &p.run.wf.jobs[i]
	ready := p.t.at + delivery.Instant(between(p.rnd, 1, 3)*second)
	wanted := !p.run.skip
	for _, need := range strings.Fields(s.needs) {
		for k := range p.t.jobs {
			if d := &p.t.jobs[k]; family(d.spec.name) == need {
				wanted = wanted && d.conclusion == success
				ready = max(ready, d.ended+delivery.Instant(second))
			}
		}
	}
	// The same number of draws in any case keeps jobs apart.
	wait, noise, part, asked := p.rnd.NormFloat64(), p.rnd.NormFloat64(), p.rnd.Float64(), p.rnd.NormFloat64()
	j := actJob{spec: s, n: i, created: ready, let: ready, started: ready, ended: ready, conclusion: skipped}
	if !wanted {
		return j
	}
	if s.approval > 0 {
		j.let = p.approved(ready, s.approval*math.Exp(1.1*asked))
	}
	j.started = j.let + seconds(p.g.queueing(s.on, j.let)*math.Exp(.45*wait))
	took := s.median * math.Exp(.16*noise) * p.g.trendOf(p.run.wf.trend, p.run.created)
	j.conclusion = success
	if i == p.bad {
		j.conclusion, took = failure, took*(.3+.7*part)
	}
	j.ended = j.started + seconds(took)
	return j
}

// approved is when somebody lets a job go on, so many working hours later.
func (p *planner) approved(ready delivery.Instant, hours float64) delivery.Instant {
	o := p.g.c.office
	at := o.at(o.of(ready) + worktime(float64(hour)*hours))
	return max(at-at%delivery.Instant(second), ready+delivery.Instant(20*second))
}

// seconds is a span of whole seconds, one at least.
func seconds(s float64) delivery.Instant {
	return delivery.Instant(max(int64(math.Round(s)), 1) * second)
}

// failFast cancels what is left of a matrix when one of its jobs has failed.
func (p *planner) failFast() {
	jobs := p.t.jobs[min(p.group, len(p.t.jobs)):]
	for i := range jobs {
		if jobs[i].conclusion == failure && !strings.HasPrefix(jobs[i].spec.name, "e2e") {
			stop(jobs, jobs[i].ended+delivery.Instant(2*second))
		}
	}
}

// cancel ends the attempt at an instant.
func (p *planner) cancel(at delivery.Instant) { stop(p.t.jobs, at-at%delivery.Instant(second)) }

// stop cancels what has not ended at an instant.
func stop(jobs []actJob, at delivery.Instant) {
	for i := range jobs {
		switch j := &jobs[i]; {
		case j.ended <= at || j.carried:
		case j.created > at:
			j.created, j.let, j.started, j.ended, j.conclusion = at, at, at, at, skipped
		default:
			j.let = min(j.let, at)
			j.started, j.ended, j.conclusion = min(j.started, at), at, cancelled
		}
	}
}

// conclude says when and how the attempt ends.
func (t *try) conclude() {
	counts := map[string]int{}
	for i := range t.jobs {
		j := &t.jobs[i]
		counts[j.conclusion]++
		t.end = max(t.end, j.ended)
		if !j.carried && j.ran() && (!t.started.Known() || j.started < t.started) {
			t.started = j.started
		}
	}
	t.end += delivery.Instant(2 * second)
	if !t.started.Known() {
		t.started = t.end
	}
	switch {
	case counts[failure] > 0:
		t.conclusion = failure
	case counts[cancelled] > 0:
		t.conclusion = cancelled
	case counts[skipped] == len(t.jobs):
		t.conclusion = skipped
	}
}

// Waits for a runner, in seconds: at quiet hours, and how many times as much
// at the peak of a usual day.
var waits = map[pool]struct{ quiet, peak float64 }{hosted: {5, 5}, ownRunners: {8, 22}, macs: {22, 9}}

// queueing is the usual wait of a pool at an instant: work comes in waves.
func (g *GitHub) queueing(on pool, t delivery.Instant) float64 {
	d := localDay(t)
	if !works(time.Unix(int64(d)*day/second, 0).UTC()) {
		return waits[on].quiet
	}
	h := float64(t-startOf(d)) / float64(hour)
	noon, evening := (h-11.9)/1.3, (h-16.4)/1.5
	wave := math.Exp(-noon*noon) + .8*math.Exp(-evening*evening)
	busy := .5 + float64(g.c.mix(int(d), 21)%1000)/1000
	return waits[on].quiet * (1 + waits[on].peak*wave*busy)
}

// The improvement of what got faster was done so long before the company's
// present; what gets slower takes so much longer after the demo's history.
const (
	improved   = 45 * day
	improvedTo = .55
	slowedTo   = 1.85
	slowest    = 2.5
)

// trendOf is the factor on durations at t.
func (g *GitHub) trendOf(how trend, t delivery.Instant) float64 {
	switch {
	case how == slower:
		return min(1+(slowedTo-1)*max(float64(t-g.start)/float64(g.c.epoch-g.start), 0), slowest)
	case how == faster && int64(g.c.epoch-t) < improved:
		return improvedTo
	}
	return 1
}
