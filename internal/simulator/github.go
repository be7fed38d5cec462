package simulator

import (
	"net/http"
	"sort"
	"strings"
	"sync"
	"time"

	"throughline/internal/delivery"
)

// GitHubOptions of a GitHub. The zero value is the demo's, without limits that
// a client meets and without credentials.
type GitHubOptions struct {
	// Days of history at the company's first present: 120 when 0.
	Days int
	// Token that the Authorization header must carry, as Bearer or token; ""
	// lets everybody in.
	Token string
	// Limit is how many requests there may be in an hour: 5,000 when 0.
	// Answers 304 are not counted.
	Limit int
	// URL is the address that serves the API; links of answers and hooks begin
	// with it. When "", it is the one a request was sent to, and of hooks
	// GitHubURL.
	URL string
	// Unseen are names of repositories that the token has no right to.
	Unseen []string
}

// GitHubURL begins the links in hooks of a GitHub without an address.
const GitHubURL = "https://github.example.org"

const (
	defaultDays  = 120
	defaultLimit = 5000
	leadIn       = 7 // days before the history whose pull requests go on in it
)

// GitHub is the company's GitHub: its repositories with their runs of Actions.
// It lives on with the company, by Advance. It is safe for concurrent use.
type GitHub struct {
	c      *Company
	o      GitHubOptions
	start  delivery.Instant
	api    http.Handler
	faults Faults
	limit  hourly
	points hourly // of GraphQL

	mu    sync.Mutex
	day   int32 // the first one that is not made yet
	repos []*repo
	book  *forgeBook // of the last address
	last  *repo      // whose story and deployments are kept: they can be made again
}

// GitHub makes the company's GitHub. The same seed, present and options make
// the same one, byte for byte; nothing of it is made before it is asked for.
func (c *Company) GitHub(o GitHubOptions) *GitHub {
	if o.Days == 0 {
		o.Days = defaultDays
	}
	if o.Limit == 0 {
		o.Limit = defaultLimit
	}
	o.URL = strings.TrimSuffix(o.URL, "/")
	g := &GitHub{c: c, o: o}
	first := localDay(c.epoch) - int32(o.Days)
	g.start, g.day = startOf(first), first-leadIn
	for i := range repositories {
		spec := &repositories[i]
		g.repos = append(g.repos, &repo{repoSpec: spec, n: i, pulled: 300 + 40*i, counts: make([]int, len(spec.workflows))})
	}
	g.limit = hourly{most: o.Limit, clock: c.opts.Clock}
	g.points = hourly{most: graphPoints, clock: c.opts.Clock}
	g.faults = Faults{kindOf: forgeKind, refuse: refuseForge}
	g.api = newForge(g)
	return g
}

// Handler is the REST API, at the root as GitHub's is, and a page for people at
// the address of each run.
func (g *GitHub) Handler() http.Handler { return g.api }

// Faults of the API. A Fault with Secondary is GitHub's secondary limit.
func (g *GitHub) Faults() *Faults { return &g.faults }

// now is the company's time.
func (g *GitHub) now() delivery.Instant {
	g.c.mu.RLock()
	defer g.c.mu.RUnlock()
	return g.c.now
}

// runsOf are a repository's runs that exist at t, the oldest first.
func (g *GitHub) runsOf(r *repo, t delivery.Instant) []*actRun {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.until(t)
	n := sort.Search(len(r.runs), func(i int) bool { return r.runs[i].created > t })
	return r.runs[:n:n]
}

// repoNamed is a repository that the token sees.
func (g *GitHub) repoNamed(owner, name string) (*repo, bool) {
	if !equalFold(owner, Organization) {
		return nil, false
	}
	for _, r := range g.seen() {
		if equalFold(r.name, name) {
			return r, true
		}
	}
	return nil, false
}

// seen are the repositories that the token sees.
func (g *GitHub) seen() []*repo {
	var out []*repo
	for _, r := range g.repos {
		if !containsFold(g.o.Unseen, r.name) {
			out = append(out, r)
		}
	}
	return out
}

func containsFold(list []string, s string) bool {
	for _, v := range list {
		if equalFold(v, s) {
			return true
		}
	}
	return false
}

// standing is how a run stands at an instant.
type standing struct {
	n          int // attempts that have begun
	try        *try
	status     string // queued, waiting, in_progress, completed
	conclusion string
	updated    delivery.Instant
	jobs       []actJob // of the attempt; made only when it goes on
}

// standingAt is how a run stands at t, which is not before its creation.
func (g *GitHub) standingAt(run *actRun, t delivery.Instant) standing {
	n := 1
	for n < len(run.tries) && run.tries[n].at <= t {
		n++
	}
	s := standing{n: n, try: &run.tries[n-1]}
	if t >= s.try.end {
		s.status, s.conclusion, s.updated = "completed", s.try.conclusion, s.try.end
		return s
	}
	s.jobs = g.plan(run)[n-1].jobs
	s.status, s.updated = "queued", s.try.at
	going, held, ended := false, false, false
	for i := range s.jobs {
		j := &s.jobs[i]
		for _, at := range []delivery.Instant{j.created, j.let, j.started, j.ended} {
			if at <= t {
				s.updated = max(s.updated, at)
			}
		}
		switch j.status(t) {
		case "in_progress":
			going = true
		case "waiting":
			held = true
		case "completed":
			ended = ended || !j.carried
		}
	}
	switch {
	case going:
		s.status = "in_progress"
	case held:
		s.status = "waiting"
	case ended:
		s.status = "in_progress"
	}
	return s
}

// status is how a job stands at t; "" before it is there.
func (j *actJob) status(t delivery.Instant) string {
	switch {
	case t < j.created:
		return ""
	case t >= j.ended:
		return "completed"
	case t < j.let:
		return "waiting"
	case t < j.started:
		return "queued"
	}
	return "in_progress"
}

// timeOf is an instant as a time.
func timeOf(t delivery.Instant) time.Time { return t.Time().UTC() }
