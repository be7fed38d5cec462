package simulator

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"throughline/internal/delivery"
)

// inventedNames are those of made-up projects, with their platforms; more are called
// service-n.
var inventedNames = []struct{ slug, platform, kind string }{
	{"web-frontend", "javascript-react", "javascript"},
	{"api-gateway", "go", "go"},
	{"billing-service", "python-django", "python"},
	{"checkout", "node-express", "javascript"},
	{"android-client", "android", "java"},
	{"search", "go", "go"},
	{"recommendations", "python", "python"},
	{"notifications", "python-celery", "python"},
	{"admin", "javascript-react", "javascript"},
	{"warehouse", "go", "go"},
	{"loyalty", "python-django", "python"},
	{"legacy-monolith", "php-laravel", "python"},
}

// inventedEnvs of made-up projects; one must be written in addresses with care.
var inventedEnvs = [][]string{
	{"production", "staging", "preview"},
	{"production", "staging"},
	{"production", "staging", "qa", "eu & us #1", "preview"},
	{"production", "qa"},
}

// invent makes projects and groups that no forge knows of.
func (w *errWorld) invent() {
	n := w.s.o.Projects
	for i := range n {
		spec := &errSpec{
			slug: "service-" + strconv.Itoa(i+1), platform: "go", kind: "go", team: []string{"core", "growth", "platform"}[i%3],
			events: 20 + float64(w.s.draw(i, 0, 1)%200), adopted: hour, envs: inventedEnvs[i%len(inventedEnvs)],
			keys: []errKey{{name: "Default"}},
		}
		if i < len(inventedNames) {
			spec.slug, spec.platform, spec.kind = inventedNames[i].slug, inventedNames[i].platform, inventedNames[i].kind
		}
		spec.name = strings.ToUpper(spec.slug[:1]) + strings.ReplaceAll(spec.slug[1:], "-", " ")
		switch i % 3 {
		case 0:
			spec.sessions, spec.crashes = 900, .005
		case 1:
			spec.keys[0].window, spec.keys[0].count = 3600, 100_000
			spec.limited = .05
		}
		if i == n-1 && n > 1 {
			spec.envs, spec.keys = nil, nil
		}
		w.add(spec).released(w)
	}
	rnd := rand.New(rand.NewPCG(w.s.c.seed^0x696e76, uint64(n)))
	for i := range w.s.o.Groups {
		// The first project has a third of all groups, so that its lists have pages.
		k := 0
		if n > 1 && rnd.Float64() >= .34 {
			k = 1 + rnd.IntN(n-1)
		}
		p := w.projects[k]
		p.groups = append(p.groups, w.invented(p, rnd, i))
	}
}

// released makes a release of a made-up project each week, the last one in two days
// before the company's first present or as long after it as the world lasts.
func (p *errProject) released(w *errWorld) {
	end := startOf(w.day + 1)
	epoch := w.s.c.epoch
	for k := -8; ; k++ {
		at := epoch + delivery.Instant(int64(k)*7*day-int64(1+p.n%6)*9*hour)
		if at -= at % delivery.Instant(second); at >= end {
			return
		}
		r := &errRelease{
			p: p, id: 10*(k+9) + 1000*p.n, commit: w.s.draw(p.n, k+8, 3),
			version: p.slug + "@1." + strconv.Itoa(k+9) + "." + strconv.Itoa(p.n%7), created: at - delivery.Instant(15*minute),
		}
		for i, env := range p.envs {
			done := at - delivery.Instant(int64(i)*minute)
			r.deploys = append(r.deploys, errDeploy{int64(r.id + i), env, r.version, done - delivery.Instant(5*minute), done})
			p.inUse[env] = append(p.inUse[env], &errUse{at: done, rel: r})
		}
		slices.Reverse(r.deploys) // production is the last
		if len(p.envs) == 0 {
			p.inUse[""] = append(p.inUse[""], &errUse{at: at, rel: r})
		}
		p.releases = append(p.releases, r)
	}
}

// invented is the i-th group of made-up projects, first seen in the last 14 days.
func (w *errWorld) invented(p *errProject, rnd *rand.Rand, i int) *errGroup {
	ago := 25*hour + rnd.Int64N(13*day-2*hour)
	switch u := rnd.Float64(); {
	case u < .12:
		ago = minute + rnd.Int64N(57*minute)
	case u < .32:
		ago = 61*minute + rnd.Int64N(22*hour+50*minute)
	}
	epoch := w.s.c.epoch
	g := p.group(rnd, epoch-delivery.Instant(ago), int64(i))
	g.level = anyLevel(rnd)
	envs := p.envs
	if len(envs) == 0 {
		envs = []string{""}
	}
	k := rnd.IntN(len(envs) + 2)
	if k >= len(envs) {
		k = 0 // most happens in production
	}
	add := func(env string, at delivery.Instant) {
		g.streams = append(g.streams, errStream{
			env: env, first: at, burst: lognormal(rnd, 6, 1), tau: float64(2 * hour), rate: lognormal(rnd, 2, 1.2), users: rnd.IntN(40),
		})
	}
	add(envs[k], g.first)
	if len(envs) > 1 && rnd.Float64() < .35 {
		add(envs[(k+1)%len(envs)], g.first+delivery.Instant(rnd.Int64N(ago)*2/3))
	}
	done := g.first + delivery.Instant(ago*3/4)
	switch u := rnd.Float64(); {
	case u < .2:
		g.turn(done, resolved, "")
	case u < .32:
		g.turn(done, ignored, "archived_until_escalating")
	}
	g.settle()
	return g
}
