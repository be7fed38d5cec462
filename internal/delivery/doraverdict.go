package delivery

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// incidentVerdicts are what people say of one incident of the service.
type incidentVerdicts []Verdict

// manual are the verdicts of the service on incidents, by "connection/id".
func (d *derivation) manual() map[string]incidentVerdicts {
	out := map[string]incidentVerdicts{}
	for _, v := range d.setup.Verdicts {
		if v.Incident != "" && strings.EqualFold(v.Service, d.service.Name) {
			out[v.Incident] = append(out[v.Incident], v)
		}
	}
	for _, said := range out {
		slices.SortFunc(said, func(a, b Verdict) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.ID, b.ID)) })
	}
	return out
}

// on is the group that the incident is said to be of: by the latest word.
func (said incidentVerdicts) on(f *finder) (*Verdict, *rollout) {
	taken := map[*rollout]bool{} // back, by a later word
	for i := range slices.Backward(said) {
		v := &said[i]
		g := f.failing(f.byNumber[groupNumber(v.Group)])
		switch {
		case g == nil:
		case v.Decision == Reject:
			taken[g] = true
		case !taken[g]:
			return v, g
		}
	}
	return nil, nil
}

func (said incidentVerdicts) rejected(g *rollout) *Verdict {
	for i := range slices.Backward(said) {
		if v := &said[i]; v.Decision == Reject && slices.Contains(g.Deployments, groupNumber(v.Group)) {
			return v
		}
	}
	return nil
}

// groupNumber is the deployment that GroupID named a group by: it may have become
// another one of its group since.
func groupNumber(id string) int64 {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// groupVerdict is what people say of a deployment itself.
type groupVerdict struct{ *Verdict }

// verdicts are those of the service on deployments themselves, by the group's ID.
func (d *derivation) verdicts() map[string]groupVerdict {
	byNumber := map[int64]*rollout{}
	for _, c := range d.classes {
		for _, g := range c.groups {
			for _, n := range g.Deployments {
				byNumber[n] = g
			}
		}
	}
	out := map[string]groupVerdict{}
	for i := range d.setup.Verdicts {
		v := &d.setup.Verdicts[i]
		g := byNumber[groupNumber(v.Group)]
		if g == nil || v.Incident != "" || !strings.EqualFold(v.Service, d.service.Name) {
			continue
		}
		if other, ok := out[g.ID]; !ok || cmp.Or(cmp.Compare(v.At, other.At), cmp.Compare(v.ID, other.ID)) > 0 {
			out[g.ID] = groupVerdict{v}
		}
	}
	return out
}

// apply confirms the failure of a deployment, or takes back all that speaks for it
// but what people said of its incidents since.
func (v groupVerdict) apply(g *rollout) {
	switch {
	case v.Verdict == nil:
	case v.Decision == Reject:
		for i := range g.Evidence {
			if e := &g.Evidence[i]; e.Method != EvidenceManual || e.At <= v.At {
				e.Confidence, e.By = Rejected, v.By
			}
		}
		if len(g.Evidence) == 0 {
			g.Evidence = []Evidence{{Method: EvidenceManual, Confidence: Rejected, At: v.At, Detail: v.Note, By: v.By}}
		}
	default:
		g.Evidence = append(g.Evidence, Evidence{Method: EvidenceManual, Confidence: Confirmed, At: v.At, Detail: v.Note, By: v.By})
	}
}

// recover finds out when failed deployments were recovered from.
func (c *classing) recover(incidents []LinkedIncident) {
	byID := map[string]*rollout{}
	for _, g := range c.groups {
		byID[g.ID] = g
	}
	resolved := map[int64]Instant{}
	for _, i := range incidents {
		resolved[i.Seq] = i.ResolvedAt
	}
	for _, g := range c.groups {
		g.RecoveredAt = g.recovered(false, byID, resolved)
		g.RecoveredAtAny = g.recovered(true, byID, resolved)
	}
}

// recovered is the last end of the incidents when all have ended, else the end of
// the first deployment that mended it, else 0: it is open.
func (g *rollout) recovered(suspected bool, byID map[string]*rollout, resolved map[int64]Instant) Instant {
	var last, mended Instant
	incidents := map[int64]bool{}
	open := false
	for _, e := range g.Evidence {
		if !e.counts(suspected) {
			continue
		}
		if e.Incident != 0 {
			incidents[e.Incident] = true
			open = open || resolved[e.Incident] == 0
			last = max(last, resolved[e.Incident])
		}
		if by := byID[e.Group]; by != nil {
			mended = earliest(mended, by.FinishedAt)
		}
	}
	if len(incidents) > 0 && !open {
		return last
	}
	return mended
}
