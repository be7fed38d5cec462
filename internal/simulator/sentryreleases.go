package simulator

import (
	"cmp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"throughline/internal/delivery"
)

// errRelease is a version of a project that was deployed somewhere.
type errRelease struct {
	p       *errProject
	id      int
	version string
	commit  uint64
	created delivery.Instant
	deploys []errDeploy // in order of their ends
}

// errDeploy is a deployment that succeeded.
type errDeploy struct {
	id                int64
	env, name         string
	started, finished delivery.Instant
}

// errUse is a release that is in use in an environment from an instant on.
type errUse struct {
	at  delivery.Instant
	rel *errRelease
	bad bool // the deployment, not the release: what one goes back to was good
}

// until are the deploys that are done at t.
func (r *errRelease) until(t delivery.Instant) []errDeploy {
	n := 0
	for n < len(r.deploys) && r.deploys[n].finished <= t {
		n++
	}
	return r.deploys[:n]
}

// releasedAt is when it first came to production, 0 when it has not until t.
func (r *errRelease) releasedAt(t delivery.Instant) delivery.Instant {
	for _, d := range r.until(t) {
		if d.env == productionEnv {
			return d.finished
		}
	}
	return 0
}

// releasesUntil are the releases that are there at t: those that were deployed.
func (p *errProject) releasesUntil(t delivery.Instant) []*errRelease {
	n := sort.Search(len(p.releases), func(i int) bool { return p.releases[i].seen() > t })
	return p.releases[:n]
}

func (r *errRelease) seen() delivery.Instant {
	if len(r.deploys) == 0 {
		return r.created
	}
	return r.deploys[0].finished
}

// deployed makes the releases of a repository's deployments that succeed: one of
// each commit.
func (p *errProject) deployed(g *GitHub, r *repo, t delivery.Instant) {
	byEnd := slices.Clone(g.deploysOf(r, t).all)
	byEnd = slices.DeleteFunc(byEnd, func(d *actDeployment) bool { return !d.finished().Known() || d.created < g.start })
	slices.SortStableFunc(byEnd, func(a, b *actDeployment) int {
		return cmp.Or(cmp.Compare(a.finished(), b.finished()), cmp.Compare(a.id, b.id))
	})
	of := map[uint64]*errRelease{}
	for _, d := range byEnd {
		rel := of[d.commit]
		if rel == nil {
			rel = &errRelease{p: p, id: 1000*(p.n+1)*10 + len(of) + 1, commit: d.commit, created: d.created}
			rel.version = p.version(d, len(of)+1)
			of[d.commit] = rel
			p.releases = append(p.releases, rel)
		}
		rel.created = min(rel.created, d.created)
		name, env := rel.version, d.environment
		if d.production() && env != productionEnv {
			name, env = env, productionEnv // one environment in several regions
		}
		rel.deploys = append(rel.deploys, errDeploy{d.id, env, name, d.states[0].at, d.finished()})
		if env != d.environment && d.environment != "production-eu" {
			continue // the first region stands for the others
		}
		use := &errUse{at: d.finished(), rel: rel, bad: d.bad}
		p.inUse[env] = append(p.inUse[env], use)
		if env == productionEnv {
			p.inUse[""] = append(p.inUse[""], use)
		}
	}
}

// version is what the pipeline of a repository calls what it deploys: some a version
// that is counted, one that of the tag, some the commit.
func (p *errProject) version(d *actDeployment, nth int) string {
	sha := shaOf(d.commit)
	switch p.slug {
	case "payments":
		return "payments@1." + strconv.Itoa(nth) + ".0"
	case "mobile-app":
		if v, ok := strings.CutPrefix(d.branch, "v"); ok {
			return "mobile-app@" + v
		}
		return "mobile-app@" + sha[:12]
	case "receipts":
		return "receipts@" + sha
	}
	return sha
}
