package simulator

import (
	"cmp"
	"slices"

	"throughline/internal/delivery"
)

// deploySpec is a job that deploys, and to where.
type deploySpec struct {
	workflow, job string
	environments  []string
}

// deployJobs of the company's repositories.
var deployJobs = map[string][]deploySpec{
	"web-shop": {
		{"Deploy", "deploy (staging)", []string{"staging"}},
		{"Deploy", "production", []string{"production-eu", "production-us", "production-asia"}},
	},
	"payments":   {{"Release", "staging", []string{"staging"}}, {"Release", "production", []string{"production"}}},
	"mobile-app": {{"Release", "publish", []string{"production"}}},
	"operations": {{"Apply", "apply", []string{"production"}}},
	"receipts":   {{"deploy", "deploy", []string{"production"}}},
}

// actDeployment is a deployment with all that will happen to it.
type actDeployment struct {
	id          int64
	commit      uint64
	branch      string
	environment string
	description string
	creator     index
	created     delivery.Instant
	states      []deployedState
	bad         bool // it broke something
	back        bool // it goes back to what was there before
}

type deployedState struct {
	state string
	at    delivery.Instant
}

// finished is when it succeeded, 0 when it did not.
func (d *actDeployment) finished() delivery.Instant {
	for _, s := range d.states {
		if s.state == success {
			return s.at
		}
	}
	return 0
}

// updated is when something last happened to it, until t.
func (d *actDeployment) updated(t delivery.Instant) delivery.Instant {
	at := d.created
	for _, s := range d.states {
		if s.at <= t {
			at = max(at, s.at)
		}
	}
	return at
}

// production reports whether it is one of production.
func (d *actDeployment) production() bool { return d.environment != "staging" }

// deploys are those of a repository's runs that are made.
type deploys struct {
	runs int
	all  []*actDeployment // in order of creation
	byID map[int64]*actDeployment
	hurt []*Incident
}

const deploymentsAJob = 8 // ids: regions, and going back in each

// repoOfDeployment is whose repository a deployment's id is.
func (g *GitHub) repoOfDeployment(id int64) (*repo, bool) {
	n := (id/deploymentsAJob - firstJobID) / 64 % idsASecond
	for _, r := range g.seen() {
		if int64(r.n) == n {
			return r, true
		}
	}
	return nil, false
}

// deploysOf are a repository's deployments, those to come among them.
func (g *GitHub) deploysOf(r *repo, t delivery.Instant) *deploys {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.until(t)
	g.keep(r)
	if r.deploys == nil || r.deploys.runs != len(r.runs) {
		r.deploys = g.deploy(r)
	}
	return r.deploys
}

// deploy makes the deployments of a repository's runs. g is locked.
func (g *GitHub) deploy(r *repo) *deploys {
	out := &deploys{runs: len(r.runs), byID: map[int64]*actDeployment{}}
	for _, run := range r.runs {
		for _, spec := range deployJobs[r.name] {
			if run.wf.name == spec.workflow && !run.skip {
				out.all = append(out.all, g.deployedBy(run, spec)...)
			}
		}
	}
	g.misfortunes(r, out)
	replaced(out.all)
	slices.SortStableFunc(out.all, func(a, b *actDeployment) int {
		return cmp.Or(cmp.Compare(a.created, b.created), cmp.Compare(a.id, b.id))
	})
	for _, d := range out.all {
		out.byID[d.id] = d
	}
	return out
}

// deployedBy are the deployments that a job of a run makes, one in each attempt and
// region.
func (g *GitHub) deployedBy(run *actRun, spec deploySpec) []*actDeployment {
	var out []*actDeployment
	for _, t := range g.plan(run) {
		for i := range t.jobs {
			j := &t.jobs[i]
			if j.spec.name != spec.job || j.carried || !j.ran() {
				continue
			}
			for k, environment := range spec.environments {
				late := delivery.Instant(int64(k)*100) * delivery.Instant(second) // one region after another
				d := &actDeployment{
					id: j.id(run)*deploymentsAJob + int64(k), commit: run.commit, branch: run.branch, environment: environment,
					creator: t.actor, created: j.created + late,
				}
				if j.let > j.created {
					d.states = append(d.states, deployedState{"waiting", d.created})
				}
				ended := j.conclusion
				if ended == cancelled {
					ended = "error"
				}
				d.states = append(d.states, deployedState{"in_progress", j.started + late}, deployedState{ended, j.ended + late})
				out = append(out, d)
			}
		}
	}
	return out
}

// misfortunes make some deployments bad: the next day or hour something is found to
// be broken, and often what was there before is deployed again.
func (g *GitHub) misfortunes(r *repo, out *deploys) {
	byEnd := slices.SortedStableFunc(slices.Values(out.all), func(a, b *actDeployment) int {
		return cmp.Or(cmp.Compare(a.finished(), b.finished()), cmp.Compare(a.id, b.id))
	})
	before := map[string]*actDeployment{}
	for i, d := range byEnd {
		at := d.finished()
		if !at.Known() || !d.production() || d.back {
			continue
		}
		last := before[d.environment]
		before[d.environment] = d
		luck := g.c.mix(int(d.commit>>33), 41) % 100
		if luck < 3 && r.name == "payments" && at < g.c.epoch-delivery.Instant(10*day) {
			d.commit ^= 0x5bd1e995 // its branch was pushed over since: nobody has the commit any more
			continue
		}
		if luck < 88 || last == nil || last.commit == d.commit || at < g.start+delivery.Instant(3*day) {
			continue
		}
		d.bad = true
		mended := at + delivery.Instant(int64(40+g.c.mix(int(d.commit>>33), 43)%260)*minute)
		back := at + delivery.Instant(int64(25+g.c.mix(int(d.commit>>33), 42)%50)*minute)
		if luck >= 94 && localDay(back) == localDay(at) && g.quiet(byEnd[i+1:], d, back+delivery.Instant(30*minute)) {
			undo := &actDeployment{
				id: d.id + 3, commit: last.commit, branch: d.branch, environment: d.environment, description: "Back to the version before",
				creator: queues[r.queue].lead, created: back, back: true,
				states: []deployedState{{"in_progress", back + delivery.Instant(4*second)}, {success, back + delivery.Instant(95*second)}},
			}
			mended = back + delivery.Instant(6*minute)
			out.all = append(out.all, undo)
			before[d.environment] = undo
		}
		if d.environment == "production" || d.environment == "production-eu" { // one of each deployment
			out.hurt = append(out.hurt, g.incident(r, d, len(out.hurt), mended))
		}
	}
}

// quiet reports whether nothing else of another commit comes to an environment until
// t.
func (g *GitHub) quiet(later []*actDeployment, than *actDeployment, t delivery.Instant) bool {
	for _, d := range later {
		if d.environment == than.environment && d.finished().Known() && d.finished() <= t {
			return false
		}
	}
	return true
}

// replaced makes deployments inactive when others take their place.
func replaced(all []*actDeployment) {
	byEnd := slices.SortedStableFunc(slices.Values(all), func(a, b *actDeployment) int {
		return cmp.Or(cmp.Compare(a.finished(), b.finished()), cmp.Compare(a.id, b.id))
	})
	before := map[string]*actDeployment{}
	for _, d := range byEnd {
		at := d.finished()
		if !at.Known() {
			continue
		}
		if last := before[d.environment]; last != nil {
			last.states = append(last.states, deployedState{"inactive", at})
		}
		before[d.environment] = d
	}
}
