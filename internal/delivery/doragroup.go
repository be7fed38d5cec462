package delivery

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// GroupID names a group by the number of its first deployment.
func GroupID(first int64) string { return strconv.FormatInt(first, 10) }

// rollout is a Group in the making.
type rollout struct {
	Group
	parts []*Deployment
	until Instant // the last that is known of it
}

// begun is when a deployment began, as far as it is known.
func (d *Deployment) begun() Instant {
	return cmp.Or(d.StartedAt, d.CreatedAt, d.FinishedAt, d.UpdatedAt, d.ToldAt)
}

// codeOf is what a deployment puts there: the sha, else the version, "" when it says
// neither.
func codeOf(d *Deployment) string {
	switch {
	case d.SHA != "":
		return strings.ToLower(d.SHA)
	case d.Version != "":
		return "version:" + d.Version
	}
	return ""
}

// groupDeployments groups the deployments of one service and one environment class:
// of one sha (or version, without) that overlap or begin at most together after
// the end of those before. Deployments that say neither are each their own, and so
// is one that comes back to where another one was put in between: that is a rollback,
// however quick.
func groupDeployments(deployments []*Deployment, together time.Duration) []*rollout {
	slices.SortFunc(deployments, func(a, b *Deployment) int {
		if c := cmp.Compare(a.begun(), b.begun()); c != 0 {
			return c
		}
		return cmp.Compare(a.Number(), b.Number()) // dear
	})
	var all []*rollout
	last, current := map[string]*rollout{}, map[string]*Deployment{} // by code, by environment
	for _, d := range deployments {
		code := codeOf(d)
		g := last[code]
		if g == nil || code == "" || g.leftFor(current[d.Environment], d) || d.begun() > g.until+Instant(together.Milliseconds()) {
			g = &rollout{Group: Group{ID: GroupID(d.Number())}}
			last[code] = g
			all = append(all, g)
		}
		current[d.Environment] = d
		g.parts = append(g.parts, d)
		g.until = max(g.until, d.begun(), d.FinishedAt)
	}
	for _, g := range all {
		g.settle()
	}
	return all
}

// leftFor reports whether, where d goes, the group was over before another code took
// its place, and that one was there before d. What runs at once is no going back.
func (g *rollout) leftFor(there, d *Deployment) bool {
	if there == nil || codeOf(there) == codeOf(d) || there.Status != DeploySuccess || there.FinishedAt > d.begun() {
		return false
	}
	for _, p := range slices.Backward(g.parts) {
		if p.Environment == d.Environment {
			return p.Status == DeploySuccess && p.FinishedAt <= there.begun()
		}
	}
	return false
}

// settle fills in what follows from the parts. Of several deployments of one name
// the latest counts: a retry takes the place of what failed.
func (g *rollout) settle() {
	latest := map[string]*Deployment{}
	for _, d := range g.parts {
		g.Deployments = append(g.Deployments, d.Number())
		g.SHA, g.Version, g.URL = cmp.Or(g.SHA, d.SHA), cmp.Or(g.Version, d.Version), cmp.Or(g.URL, d.URL)
		g.StartedAt = earliest(g.StartedAt, d.begun())
		g.Unplanned = g.Unplanned || d.Unplanned
		if !slices.Contains(g.Names, d.Environment) {
			g.Names = append(g.Names, d.Environment)
		}
		if !slices.Contains(g.Connections, d.Connection) {
			g.Connections = append(g.Connections, d.Connection)
		}
		if d.Status != "" && d.Status != DeployInactive {
			latest[d.Environment] = d
		}
	}
	slices.Sort(g.Names)
	slices.Sort(g.Connections)
	g.Succeeded = len(latest) > 0
	over := len(latest) > 0
	for _, d := range latest {
		g.Succeeded = g.Succeeded && d.Status == DeploySuccess
		over = over && d.Status.ended()
		g.FinishedAt = max(g.FinishedAt, d.FinishedAt)
	}
	if !over {
		g.FinishedAt = 0
	}
}

// at is the instant by which a group is found.
func (g *Group) at() Instant { return cmp.Or(g.FinishedAt, g.StartedAt) }

// inOrder sorts groups by when they were over.
func inOrder(groups []*rollout) {
	slices.SortFunc(groups, func(a, b *rollout) int {
		return cmp.Or(cmp.Compare(a.at(), b.at()), cmp.Compare(a.StartedAt, b.StartedAt), cmp.Compare(a.ID, b.ID))
	})
}

// sameCode reports whether two groups put the same there.
func sameCode(a, b *rollout) bool {
	if a.SHA != "" && b.SHA != "" {
		return strings.EqualFold(a.SHA, b.SHA)
	}
	return a.Version != "" && a.Version == b.Version
}
