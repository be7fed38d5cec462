package simulator

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"throughline/internal/delivery"
)

// SentryOptions of a Sentry. The zero value is the demo's, without a limit and for
// any token.
type SentryOptions struct {
	// URL is the address that serves the API; links of answers and hooks begin with
	// it. When "", it is the one a request was sent to, and of hooks SentryURL.
	URL string
	// Token that must be sent as Bearer; "" takes any, but not none.
	Token string
	// Limit is how many requests there may be in a second to each endpoint; 0 is no
	// limit.
	Limit int
	// GitHub is what the releases are deployed by; one with its usual history when
	// nil. Giving the one that is served spares the memory of another.
	GitHub *GitHub
	// Projects and Groups make an organisation of so many made-up projects and error
	// groups instead of the company's own: all groups are first seen within the 14
	// days before the company's first present, and none come after it. The last
	// project has no environment and no key.
	Projects, Groups int
	// Missing are endpoints that this Sentry does not have, as older and smaller
	// ones do not.
	Missing []Kind
	// Gone are slugs of projects that are listed, but answer 404.
	Gone []string
}

// SentryURL begins the links in hooks of a Sentry without an address.
const SentryURL = "https://sentry.example.org"

// Sentry is the company's Sentry: a project for each repository that is deployed,
// with the errors that its releases cause. It lives on with the company, by Advance.
// It is safe for concurrent use.
//
// Only which groups and releases there are is kept, for a day. Counts, statuses and
// series are made from the seed when they are asked for.
type Sentry struct {
	c      *Company
	o      SentryOptions
	g      *GitHub // nil of made-up projects
	api    http.Handler
	faults Faults
	limit  windows

	mu   sync.Mutex
	kept *errWorld
}

// Sentry makes the company's Sentry. The same seed, present and options make the
// same one, byte for byte; nothing of it is made before it is asked for.
func (c *Company) Sentry(o SentryOptions) *Sentry {
	o.URL = strings.TrimSuffix(o.URL, "/")
	s := &Sentry{c: c, o: o, g: o.GitHub}
	if o.Projects <= 0 && s.g == nil {
		s.g = c.GitHub(GitHubOptions{})
	}
	s.limit = windows{most: o.Limit, clock: c.opts.Clock}
	s.faults = Faults{kindOf: sentryKind, refuse: s.refuse}
	s.api = newSentryAPI(s)
	return s
}

// Handler is the API, below /api/0/.
func (s *Sentry) Handler() http.Handler { return s.api }

// Faults of the API. A Fault with Status 429 is refused as Sentry refuses; one with
// a Status and HTML is the page of a proxy before it.
func (s *Sentry) Faults() *Faults { return &s.faults }

// Breakage is an error group that a deployment to production brought.
type Breakage struct {
	Repository string // owner/name
	Project    string // slug
	Release    string // version
	SHA        string
	DeployedAt time.Time // when the deployment had finished
	Group      string    // id
	FirstSeen  time.Time
	Regressed  bool // it had been resolved before; FirstSeen is when it came back
	Users      int  // until now
}

// Breakages is the truth about error groups that came with a bad deployment until
// now, in order of DeployedAt. Not every bad deployment has one.
func (s *Sentry) Breakages() []Breakage {
	now := s.now()
	var out []Breakage
	for _, p := range s.world(now).projects {
		for _, g := range p.until(now) {
			for i, b := range g.broke {
				if b.seen > now {
					continue
				}
				out = append(out, Breakage{
					Repository: Organization + "/" + p.slug, Project: p.slug, Release: b.by.rel.version, SHA: shaOf(b.by.rel.commit),
					DeployedAt: timeOf(b.by.at), Group: g.number(), FirstSeen: timeOf(b.seen), Regressed: i > 0, Users: g.seen(nil, 0, now).users,
				})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Breakage) int { return a.DeployedAt.Compare(b.DeployedAt) })
	return out
}

// now is the company's time.
func (s *Sentry) now() delivery.Instant {
	s.c.mu.RLock()
	defer s.c.mu.RUnlock()
	return s.c.now
}

// errWorld is what there is until the end of a local day. It does not change.
type errWorld struct {
	s        *Sentry
	day      int32
	projects []*errProject
	envs     []string // of all projects, sorted
}

// world is that of t's day. What is in it until t is the same in those of later
// days.
func (s *Sentry) world(t delivery.Instant) *errWorld {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept != nil && s.kept.day == localDay(t) {
		return s.kept
	}
	w := &errWorld{s: s, day: localDay(t)}
	if s.o.Projects > 0 {
		w.invent()
	} else {
		w.company(t)
	}
	for _, p := range w.projects {
		slices.SortStableFunc(p.groups, func(a, b *errGroup) int { return int(a.first - b.first) })
		for i, g := range p.groups {
			g.seq = i + 1
		}
		w.envs = append(w.envs, p.envs...)
	}
	slices.Sort(w.envs)
	w.envs = slices.Compact(w.envs)
	s.kept = w
	return w
}

// company makes the company's own projects.
func (w *errWorld) company(t delivery.Instant) {
	for i := range sentryProjects {
		spec := &sentryProjects[i]
		for _, r := range w.s.g.repos {
			if r.name == spec.slug {
				p := w.add(spec)
				p.deployed(w.s.g, r, t)
				p.live(w)
			}
		}
	}
}

func (w *errWorld) add(spec *errSpec) *errProject {
	n := len(w.projects)
	p := &errProject{errSpec: spec, n: n, id: firstProjectID + n, inUse: map[string][]*errUse{}}
	w.projects = append(w.projects, p)
	return p
}

// draw is a number that depends on the seed, two ordinals and a purpose only.
func (s *Sentry) draw(a, b int, purpose uint64) uint64 {
	return s.c.mix(int(s.c.mix(a, 0x5e00+purpose)>>1)^b, 0x5e40+purpose)
}

// part is draw as a number from 0 to 1.
func (s *Sentry) part(a, b int, purpose uint64) float64 {
	return float64(s.draw(a, b, purpose)>>11) / (1 << 53)
}
