package delivery

import (
	"slices"
	"strings"
)

// kindWindow is how many successful deployments back a rollback is looked for.
const kindWindow = 50

// wentBack says whether a successful group is a redeployment or a rollback, given
// the successful ones before it, of which the last is the newest, and the last of
// them that says what it put there, nil when none does. target is the
// group that it repeats or goes back to, nil when that is not known.
func wentBack(g *rollout, before []*rollout, current *rollout) (kind DeployKind, reason string, target *rollout) {
	if current == nil {
		if g.said(func(d *Deployment) bool { return d.Rollback }) {
			return KindRollback, "said", nil
		}
		return "", "", nil
	}
	if sameCode(g, current) {
		return KindRedeploy, "same", current
	}
	for _, h := range slices.Backward(before[max(0, len(before)-kindWindow):]) {
		switch {
		case g.SHA != "" && strings.EqualFold(g.SHA, h.SHA):
			return KindRollback, "older_sha", h
		case g.Version != "" && g.Version == h.Version && g.Version != current.Version:
			return KindRollback, "older_version", h
		}
	}
	if g.said(func(d *Deployment) bool { return d.Range != nil && d.Range.Behind }) {
		return KindRollback, "behind", nil
	}
	if g.said(func(d *Deployment) bool { return d.Rollback }) {
		return KindRollback, "said", nil
	}
	return "", "", nil
}

func (g *rollout) said(what func(*Deployment) bool) bool { return slices.ContainsFunc(g.parts, what) }

// wentOn says what a successful group is that did not go back: changes are those
// that it is the first to bring.
func (c *classing) wentOn(g *rollout, changes []*Change) (DeployKind, string) {
	if g.said(func(d *Deployment) bool { return d.Hotfix }) {
		return KindHotfix, "said"
	}
	if g.said(func(d *Deployment) bool { return c.rules.HotfixBranches.Match(branchName(d.Ref)) }) {
		return KindHotfix, "branch"
	}
	for _, change := range changes {
		if reason := c.hotfix(change); reason != "" {
			return KindHotfix, reason
		}
	}
	if g.SHA == "" {
		return KindConfig, "no_sha"
	}
	return KindNormal, ""
}

// hotfix is why a change is a hotfix, "" when it is none.
func (c *classing) hotfix(change *Change) string {
	switch {
	case slices.ContainsFunc(change.Labels, c.rules.HotfixLabels.Match):
		return "label"
	case mayMatch(c.rules.HotfixBranches, change.Head) && c.rules.HotfixBranches.Match(change.Head):
		return "branch"
	case mayMatch(c.rules.HotfixTitles, change.Title) && c.rules.HotfixTitles.Match(change.Title):
		return "title"
	}
	return ""
}

// mayMatch is false of most names that patterns do not map, and quick: it compares
// what stands before the first wildcard.
func mayMatch(patterns Patterns, name string) bool {
	for _, p := range patterns {
		literal := p
		if i := strings.IndexAny(p, "*?"); i >= 0 {
			literal = p[:i]
		}
		for i := range len(literal) {
			if literal[i] >= 0x80 {
				return true
			}
		}
		if len(name) >= len(literal) && strings.EqualFold(name[:len(literal)], literal) {
			return true
		}
	}
	return false
}

func branchName(ref string) string { return strings.TrimPrefix(ref, "refs/heads/") }

// counts reports whether a group is one of those that frequency and fail rate count.
func (g *Group) counts() bool {
	return g.Succeeded && (g.Kind == KindNormal || g.Kind == KindHotfix || g.Kind == KindConfig)
}
