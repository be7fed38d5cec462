package simulator

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"throughline/internal/delivery"
)

// PushedProject is the project whose CI tells of its runs itself.
const PushedProject = "shop/web"

// Push is what a CI job sent as its pipeline ended: one run, as POST /api/v1/runs
// takes it.
type Push struct {
	At   time.Time
	Body []byte
}

const (
	pipelinesADay  = 7.0 // on a working day
	firstPipeline  = 700_000
	imagesCached   = 45 // days ago from when on images come from a cache nearby
	misspeltBefore = 30 // days ago a job was misconfigured, and sent what cannot be read
)

// pushedRun and the types below are written as the company's CI does.
type pushedRun struct {
	ID            int64         `json:"id"`
	Project       string        `json:"project"`
	Title         string        `json:"title"`
	Status        string        `json:"status"`
	Event         string        `json:"event"`
	Actor         string        `json:"actor"`
	Branch        string        `json:"branch"`
	DefaultBranch string        `json:"default_branch"`
	SHA           string        `json:"sha"`
	URL           string        `json:"url"`
	CreatedAt     string        `json:"created_at"`
	StartedAt     string        `json:"started_at"`
	FinishedAt    string        `json:"finished_at"`
	Attempt       int           `json:"attempt"`
	Restarts      bool          `json:"has_restarts"`
	Jobs          []pushedJob   `json:"jobs"`
	Builds        []pushedBuild `json:"builds"`
}

type pushedJob struct {
	ID         int64  `json:"id"`
	Name       string `json:"name"`
	Status     string `json:"status"`
	Attempt    int    `json:"attempt"`
	Runner     string `json:"runner"`
	CreatedAt  string `json:"created_at"`
	StartedAt  string `json:"started_at"`
	FinishedAt string `json:"finished_at"`
	pushedSteps
}

// pushedSteps are those of an e2e job in seconds.
type pushedSteps struct {
	E2E           bool  `json:"is_e2e,omitempty"`
	Tests         int64 `json:"e2e,omitempty"`
	Up            int64 `json:"up,omitempty"`
	UpWithoutPull int64 `json:"up_without_pull,omitempty"`
	Pull          int64 `json:"pull,omitempty"`
}

type pushedBuild struct {
	Name     string `json:"name"`
	Duration any    `json:"duration"` // seconds
}

// Pushes are what the CI of PushedProject sent in the days before now, the oldest
// first. One of them, of a month ago, cannot be read.
func (c *Company) Pushes(days int) []Push {
	c.mu.RLock()
	now := c.now
	c.mu.RUnlock()
	var out []Push
	today := localDay(now)
	for d := today - int32(days); d <= today; d++ {
		rnd := rand.New(rand.NewPCG(c.seed^0x70757368, uint64(d)))
		pace := pipelinesADay
		if !works(time.Unix(int64(d)*day/second, 0).UTC()) {
			pace *= weekend
		}
		for i, at := range moments(rnd, d, pace) {
			p := pipeline{rnd: rnd, at: at - at%delivery.Instant(second), cached: d >= today-imagesCached}
			p.run.ID = firstPipeline + int64(d)*100 + int64(i)
			p.plan()
			if d == today-misspeltBefore && i == 0 {
				p.run.Builds[0].Duration = "2m 10s"
			}
			if p.end < now {
				out = append(out, p.push())
			}
		}
	}
	return out
}

// pipeline is a run that is being made up.
type pipeline struct {
	rnd    *rand.Rand
	at     delivery.Instant // its creation
	end    delivery.Instant // of its last job
	cached bool
	run    pushedRun
}

// around is a number of seconds, most of them near the median.
func (p *pipeline) around(median float64) int64 {
	return int64(median * (.75 + .35*p.rnd.Float64() + .25*p.rnd.ExpFloat64()))
}

func (p *pipeline) plan() {
	team := queues[1].team
	things := objects[queues[1].key]
	kind := pullTypes[p.rnd.IntN(len(pullTypes))]
	title := verbs[kind][p.rnd.IntN(len(verbs[kind]))] + " " + things[p.rnd.IntN(len(things))]
	r := &p.run
	r.Project, r.DefaultBranch, r.Branch, r.Event = PushedProject, "master", "master", "push"
	r.Attempt, r.Status, r.Title = 1, "success", title
	r.Actor = staff[team[p.rnd.IntN(len(team))]].login
	if p.rnd.Float64() < .5 {
		r.Branch, r.Event = prefixes[kind]+slug(title), "merge_request"
	}
	r.SHA = string(appendHex(appendHex(appendHex(nil, p.rnd.Uint64(), 16), p.rnd.Uint64(), 16), p.rnd.Uint64(), 8))
	r.URL = fmt.Sprintf("https://gitlab.example.org/%s/-/pipelines/%d", PushedProject, r.ID)
	r.CreatedAt = pushedTime(p.at)

	fate := p.rnd.Float64()
	p.job("lint", p.at, p.around(55), false, pushedSteps{})
	tested := p.job("unit", p.at, p.around(190), fate < .06, pushedSteps{})
	built := p.builds()
	if fate < .06 {
		r.Status = "failed"
	} else {
		p.e2e(max(tested, built), fate)
	}
	r.FinishedAt = pushedTime(p.end)
	r.StartedAt = slices.MinFunc(r.Jobs, func(a, b pushedJob) int { return strings.Compare(a.StartedAt, b.StartedAt) }).StartedAt
}

// builds makes the images, one after another in one job.
func (p *pipeline) builds() delivery.Instant {
	var all int64
	for _, b := range []struct {
		name   string
		median float64
	}{{"app", 130}, {"e2e", 48}} {
		took := p.around(b.median)
		p.run.Builds = append(p.run.Builds, pushedBuild{b.name, took})
		all += took
	}
	return p.job("build", p.at, all+p.around(12), false, pushedSteps{})
}

// e2e runs the tests beside each other; of some runs a job fails, of others it is
// run once more.
func (p *pipeline) e2e(at delivery.Instant, fate float64) {
	pull, start := 38.0, 24.0
	if p.cached {
		pull = 11
	}
	for n := range 3 {
		job := func() pushedSteps {
			s := pushedSteps{E2E: true, Pull: p.around(pull), UpWithoutPull: p.around(start), Tests: p.around(230)}
			s.Up = s.Pull + s.UpWithoutPull
			return s
		}
		name, steps := fmt.Sprintf("e2e %d/3", n+1), job()
		fails := n == 1 && fate < .2
		ended := p.job(name, at, steps.Up+steps.Tests, fails, steps)
		switch {
		case fails && fate < .13:
			again := job()
			p.run.Restarts = true
			p.job(name, ended+delivery.Instant(p.around(70)*second), again.Up+again.Tests, false, again)
			p.run.Jobs[len(p.run.Jobs)-1].Attempt = 2
		case fails:
			p.run.Status = "failed"
		}
	}
}

// job adds a job that may begin at a time and takes so many seconds, and returns
// its end.
func (p *pipeline) job(name string, at delivery.Instant, took int64, fails bool, s pushedSteps) delivery.Instant {
	started := at + delivery.Instant(p.around(9)*second)
	ended := started + delivery.Instant(took*second)
	j := pushedJob{
		ID: p.run.ID*16 + int64(len(p.run.Jobs)), Name: name, Status: "success", Attempt: 1, Runner: "shop-" + strconv.Itoa(1+p.rnd.IntN(6)),
		CreatedAt: pushedTime(at), StartedAt: pushedTime(started), FinishedAt: pushedTime(ended), pushedSteps: s,
	}
	if fails {
		j.Status = "failed"
	}
	p.run.Jobs = append(p.run.Jobs, j)
	p.end = max(p.end, ended)
	return ended
}

func (p *pipeline) push() Push {
	body, err := json.Marshal(p.run)
	if err != nil {
		panic(err) // of numbers and texts there is none
	}
	return Push{At: timeOf(p.end).Add(2 * time.Second), Body: body}
}

func pushedTime(t delivery.Instant) string { return t.Time().In(moscow).Format(time.RFC3339) }
