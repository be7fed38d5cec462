package delivery

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// finder finds groups of a class by what people call them.
type finder struct {
	byID      map[string]*rollout // ids of deployments
	byNumber  map[int64]*rollout
	byVersion map[string][]*rollout
	bySHA     map[string][]*rollout
	byCommit  map[string]*rollout // of changes, with the group that was the first to bring them
	blamed    map[string]*rollout // of redeployments, by ID, what they put there again
	successes []*rollout
	// What bySHA and byCommit have, in order, once a short one was asked for.
	shas, commits []string
}

func (c *classing) finder() *finder {
	if c.found != nil {
		return c.found
	}
	f := &finder{
		byID: map[string]*rollout{}, byNumber: map[int64]*rollout{}, byVersion: map[string][]*rollout{},
		bySHA: map[string][]*rollout{}, byCommit: map[string]*rollout{}, blamed: map[string]*rollout{},
	}
	groups := map[string]*rollout{}
	for _, g := range c.groups {
		groups[g.ID] = g
		if g.Succeeded {
			f.successes = append(f.successes, g)
		}
		if target := groups[g.Target]; target != nil && g.Kind == KindRedeploy {
			f.blamed[g.ID] = cmp.Or(f.blamed[target.ID], target)
		}
		for _, part := range g.parts {
			f.byID[part.ID] = g
			f.byNumber[part.Number()] = g
		}
		if g.Version != "" {
			f.byVersion[g.Version] = append(f.byVersion[g.Version], g)
		}
		if g.SHA != "" {
			key := strings.ToLower(g.SHA)
			f.bySHA[key] = append(f.bySHA[key], g)
		}
	}
	for i := range c.rows {
		row := &c.rows[i]
		if row.SHA != "" {
			f.byCommit[strings.ToLower(row.SHA)] = groups[row.Group]
		}
		if source := c.sources[i]; source != nil {
			for _, commit := range source.Commits {
				f.byCommit[strings.ToLower(commit.SHA)] = groups[row.Group]
			}
		}
	}
	c.found = f
	return f
}

// failing is the group that counts of one that something is blamed on: a
// redeployment put there what an earlier one had.
func (f *finder) failing(g *rollout) *rollout {
	if g == nil {
		return nil
	}
	return cmp.Or(f.blamed[g.ID], g)
}

// latest is the last that counts of groups that were over by an instant, else the
// last that counts at all; by 0 is any.
func latest(groups []*rollout, by Instant) *rollout {
	var any *rollout
	for _, g := range slices.Backward(groups) {
		if !g.counts() {
			continue
		}
		if by == 0 || g.FinishedAt <= by {
			return g
		}
		if any == nil {
			any = g
		}
	}
	return any
}

// deployment finds by the id of a deployment.
func (f *finder) deployment(id string) *rollout { return f.failing(f.byID[id]) }

func (f *finder) version(version string, by Instant) *rollout {
	return latest(f.byVersion[version], by)
}

// sha finds by what was deployed, else by a commit in it; short ones too.
func (f *finder) sha(sha string, by Instant) *rollout {
	sha = strings.ToLower(sha)
	if g := latest(f.bySHA[sha], by); g != nil {
		return g
	}
	if g := f.commit(sha); g != nil {
		return g
	}
	if !isShort(sha) {
		return nil
	}
	full := lengthen(sha, &f.shas, f.bySHA)
	return latest(f.bySHA[full], by)
}

// lengthen is the first of the keys that a short sha begins, "" when it begins none.
// sorted are the keys in order, nil before the first time.
func lengthen[T any](short string, sorted *[]string, keys map[string]T) string {
	if *sorted == nil {
		*sorted = slices.Sorted(maps.Keys(keys))
	}
	i, _ := slices.BinarySearch(*sorted, short)
	if i < len(*sorted) && strings.HasPrefix((*sorted)[i], short) {
		return (*sorted)[i]
	}
	return ""
}

func (f *finder) commit(sha string) *rollout {
	sha = strings.ToLower(sha)
	if g, ok := f.byCommit[sha]; ok || !isShort(sha) {
		return g
	}
	if full := lengthen(sha, &f.commits, f.byCommit); full != "" {
		return f.byCommit[full]
	}
	return nil
}

func isShort(sha string) bool { return len(sha) >= 7 && len(sha) < 40 }

// any finds by an id, a version or a sha, whichever it is.
func (f *finder) any(ref string, by Instant) *rollout {
	if g := f.deployment(ref); g != nil {
		return g
	}
	if g := f.version(ref, by); g != nil {
		return g
	}
	return f.sha(ref, by)
}

// lastSuccess is the last successful group that was over by an instant.
func (f *finder) lastSuccess(by Instant) *rollout {
	i, _ := slices.BinarySearchFunc(f.successes, by+1, func(g *rollout, at Instant) int { return cmp.Compare(g.at(), at) })
	if i == 0 {
		return nil
	}
	return f.successes[i-1]
}

var rootCause = regexp.MustCompile(`(?i)root cause:\s*([0-9a-f]{7,64})\b`)

// link links incidents to the deployments of production: each to one at most.
func (d *derivation) link(incidents []Incident) {
	var production *classing
	for _, c := range d.classes {
		if c.class == Production {
			production = c
		}
	}
	var f *finder
	if production != nil {
		f = production.finder()
	}
	said := d.manual()
	for i := range incidents {
		incident := &incidents[i]
		if incident.Gone {
			continue
		}
		own := d.setup.HasIncident(d.service, incident)
		row := LinkedIncident{
			Seq: incident.Number(), Connection: incident.Connection, Title: incident.Title, URL: incident.URL, Severity: incident.Severity,
			StartedAt: cmp.Or(incident.StartedAt, incident.DetectedAt), ResolvedAt: incident.ResolvedAt, Own: own,
		}
		var g *rollout
		if f != nil {
			g = d.linkOne(f, incident, &row, said[incident.Connection+"/"+incident.ID])
		}
		if g != nil {
			row.Group = g.ID
		}
		if own || g != nil {
			d.incidents = append(d.incidents, row)
			d.watched = d.watched || own
		}
	}
	slices.SortFunc(d.incidents, func(a, b LinkedIncident) int {
		return cmp.Or(cmp.Compare(a.StartedAt, b.StartedAt), cmp.Compare(a.Seq, b.Seq))
	})
}

// linkOne finds the deployment of an incident, and notes the evidence. What people
// said goes before all else, and what the incident says before its time.
func (d *derivation) linkOne(f *finder, i *Incident, row *LinkedIncident, said incidentVerdicts) *rollout {
	g, method := d.explicit(f, i, row), EvidenceExplicit
	row.Confidence = Confirmed
	if g == nil && row.Own && row.StartedAt != 0 {
		if last := f.lastSuccess(row.StartedAt); last != nil && row.StartedAt-last.FinishedAt <= Instant(d.setup.Rules.Window.Milliseconds()) {
			g, method = f.failing(last), EvidenceTime
			row.Confidence = Suspected
		}
	}
	evidence := Evidence{Method: method, Confidence: row.Confidence, Incident: row.Seq, At: row.StartedAt, Detail: i.Title}
	if verdict, by := said.on(f); by != nil {
		if g == by {
			g.Evidence = append(g.Evidence, evidence)
		}
		by.Evidence = append(by.Evidence, Evidence{
			Method: EvidenceManual, Confidence: Confirmed, Incident: row.Seq, At: verdict.At, Detail: i.Title, By: verdict.By,
		})
		row.Confidence = Confirmed
		return by
	}
	if g == nil {
		row.Confidence = ""
		return nil
	}
	if verdict := said.rejected(g); verdict != nil {
		evidence.Confidence, evidence.By = Rejected, verdict.By
		g.Evidence = append(g.Evidence, evidence)
		row.Confidence = ""
		return nil
	}
	g.Evidence = append(g.Evidence, evidence)
	return g
}

// explicit is the deployment that an incident itself names as its cause. A version
// says nothing without the service, as many have the same.
func (d *derivation) explicit(f *finder, i *Incident, row *LinkedIncident) *rollout {
	foreign := i.Service != "" && !row.Own
	if foreign {
		return nil
	}
	if i.Deployment != "" {
		if g := f.deployment(i.Deployment); g != nil {
			return g
		}
	}
	if i.Version != "" && row.Own {
		if g := f.version(i.Version, row.StartedAt); g != nil {
			return g
		}
	}
	sha := i.SHA
	if m := rootCause.FindStringSubmatch(i.Title); m != nil && sha == "" {
		sha = m[1]
	}
	if sha != "" {
		return f.sha(sha, row.StartedAt)
	}
	return nil
}
