package simulator

import (
	"slices"
	"sort"
	"strconv"

	"throughline/internal/delivery"
)

// errSpec is a project of Sentry.
type errSpec struct {
	slug, name string
	platform   string // as SDKs name it
	kind       string // as its events name it
	team       string
	envs       []string
	share      float64 // of the organisation's groups
	events     float64 // accepted in an hour, on average
	limited    float64 // share of events above the rate limit, at the peak
	sessions   float64 // in an hour; 0: it sends none
	crashes    float64 // share of sessions
	adopted    int64   // how long it takes until most use a new release
	keys       []errKey
}

// errKey is a client key.
type errKey struct {
	name          string
	inactive      bool
	window, count int // 0: no rate limit
}

const (
	productionEnv = "production"
	stagingEnv    = "staging"

	firstProjectID = 4500000001
	firstGroupID   = int64(6_100_000_000)
	groupsAProject = int64(1_000_000) // ids
)

// sentryProjects of the company, one for each repository that is deployed. One was
// set up without environments.
var sentryProjects = []errSpec{
	{
		slug: "web-shop", name: "Web shop", platform: "javascript-react", kind: "javascript", team: "shop", envs: []string{productionEnv, stagingEnv},
		share: .36, events: 40, limited: .09, sessions: 5200, crashes: .006, adopted: 2 * hour,
		keys: []errKey{{name: "Default", window: 60, count: 600}, {name: "Before the move", inactive: true}},
	},
	{
		slug: "payments", name: "Payments", platform: "go", kind: "go", team: "payments", envs: []string{productionEnv, stagingEnv},
		share: .24, events: 40, sessions: 2600, crashes: .002, adopted: 20 * minute,
		keys: []errKey{{name: "Default", window: 3600, count: 10000}},
	},
	{
		slug: "mobile-app", name: "Mobile app", platform: "android", kind: "java", team: "mobile", envs: []string{productionEnv, stagingEnv},
		share: .24, events: 60, limited: .04, sessions: 3900, crashes: .010, adopted: 30 * hour,
		keys: []errKey{{name: "Android", window: 300, count: 2000}, {name: "iOS"}},
	},
	{
		slug: "receipts", name: "Receipts", platform: "python-django", kind: "python", team: "payments", envs: []string{productionEnv, stagingEnv},
		share: .10, events: 12, adopted: 20 * minute,
		keys: []errKey{{name: "Default"}},
	},
	{
		slug: "operations", name: "Operations", platform: "python", kind: "python", team: "operations",
		share: .06, events: 4, adopted: 20 * minute,
		keys: []errKey{{name: "Default"}},
	},
}

// errProject is a project with what there is in it.
type errProject struct {
	*errSpec
	n        int
	id       int
	releases []*errRelease        // in order of their first deployment
	inUse    map[string][]*errUse // by environment, in order of time; "" as production
	groups   []*errGroup          // in order of first seen
}

func (p *errProject) number() string { return strconv.Itoa(p.id) }

// until are the groups that are there at t.
func (p *errProject) until(t delivery.Instant) []*errGroup {
	n := sort.Search(len(p.groups), func(i int) bool { return p.groups[i].first > t })
	return p.groups[:n]
}

// using is what is in use in an environment at t; nil before the first release that
// is known.
func (p *errProject) using(env string, t delivery.Instant) *errUse {
	all := p.inUse[env]
	n := sort.Search(len(all), func(i int) bool { return all[i].at > t })
	if n == 0 {
		return nil
	}
	return all[n-1]
}

// named is a project by its slug or id.
func (w *errWorld) named(slug string) *errProject {
	for _, p := range w.projects {
		if p.slug == slug || p.number() == slug {
			return p
		}
	}
	return nil
}

// group is one that is there at t.
func (w *errWorld) group(id string, t delivery.Instant) *errGroup {
	for _, p := range w.projects {
		for _, g := range p.until(t) {
			if g.number() == id {
				return g
			}
		}
	}
	return nil
}

// hasEnvironment reports whether events come from one; "" is none.
func (w *errWorld) hasEnvironment(name string) bool {
	return name == "" || slices.Contains(w.envs, name)
}
