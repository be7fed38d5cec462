package delivery

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Methods of Evidence, the ones that go before first.
const (
	EvidenceManual   = "manual"
	EvidenceExplicit = "explicit"
	EvidenceRollback = "rollback"
	EvidenceRevert   = "revert"
	EvidenceHotfix   = "hotfix"
	EvidenceSentry   = "sentry"
	EvidenceTime     = "time"
)

// Confidences of Evidence.
const (
	Confirmed = "confirmed"
	Suspected = "suspected"
	Rejected  = "rejected"
)

var evidenceOrder = []string{EvidenceManual, EvidenceExplicit, EvidenceRollback, EvidenceRevert, EvidenceHotfix, EvidenceSentry, EvidenceTime}

// judge finds the evidence that deployments failed, and when they were recovered
// from.
func (d *derivation) judge(incidents []Incident) {
	for _, c := range d.classes {
		c.remediations()
	}
	d.link(incidents)
	verdicts := d.verdicts()
	for _, c := range d.classes {
		for _, g := range c.groups {
			verdicts[g.ID].apply(g)
			g.sortEvidence()
			d.watched = d.watched || len(g.Evidence) > 0
		}
	}
	for _, c := range d.classes {
		c.recover(d.incidents)
	}
}

func (g *Group) sortEvidence() {
	slices.SortFunc(g.Evidence, func(a, b Evidence) int {
		return cmp.Or(
			cmp.Compare(slices.Index(evidenceOrder, a.Method), slices.Index(evidenceOrder, b.Method)),
			cmp.Compare(a.At, b.At), cmp.Compare(a.Incident, b.Incident), cmp.Compare(a.Group, b.Group),
		)
	})
}

// Failed reports whether a group counts as failed: by confirmed evidence, or by any
// that was not rejected.
func (g *Group) Failed(suspected bool) bool {
	return slices.ContainsFunc(g.Evidence, func(e Evidence) bool { return e.counts(suspected) })
}

func (e *Evidence) counts(suspected bool) bool {
	return e.Confidence == Confirmed || suspected && e.Confidence == Suspected
}

// remediations are the deployments that mended others: rollbacks, reverts, hotfixes
// and those that say which one they fix.
func (c *classing) remediations() {
	byID := map[string]int{}
	for i, g := range c.groups {
		byID[g.ID] = i
	}
	finder := c.finder()
	for i, g := range c.groups {
		if !g.Succeeded {
			continue
		}
		fixed := false
		for _, part := range g.parts {
			if part.FixesDeployment == "" {
				continue
			}
			if failed := finder.any(part.FixesDeployment, g.FinishedAt-1); failed != nil && failed != g {
				c.condemn(failed, g, EvidenceExplicit, Confirmed, part.FixesDeployment)
				fixed = true
			}
		}
		switch g.Kind {
		case KindRollback:
			if failed := c.firstAfter(g.Target, byID, i); failed != nil {
				c.condemn(failed, g, EvidenceRollback, Confirmed, cmp.Or(g.Version, shortSHA(g.SHA)))
			}
		case KindHotfix:
			if failed := c.lastBefore(i); failed != nil && !fixed {
				c.condemn(failed, g, EvidenceHotfix, Suspected, cmp.Or(g.Version, shortSHA(g.SHA)))
			}
		}
	}
	c.reverts(finder)
}

func (c *classing) condemn(failed, by *rollout, method, confidence, detail string) {
	failed.Evidence = append(failed.Evidence, Evidence{
		Method: method, Confidence: confidence, Group: by.ID, At: by.FinishedAt, Detail: detail,
	})
	by.Remedy = by.Remedy || confidence == Confirmed
}

// firstAfter is the first deployment that counts behind the target of a rollback;
// where the target is not known, the last one before the rollback.
func (c *classing) firstAfter(target string, byID map[string]int, rollback int) *rollout {
	start, known := byID[target]
	if !known {
		return c.lastBefore(rollback)
	}
	for _, g := range c.groups[start+1 : max(start+1, rollback)] {
		if g.counts() {
			return g
		}
	}
	return nil
}

func (c *classing) lastBefore(i int) *rollout {
	for _, g := range slices.Backward(c.groups[:i]) {
		if g.counts() {
			return g
		}
	}
	return nil
}

var (
	revertsCommit = regexp.MustCompile(`(?i)\brevert(?:s|ed|ing)? (?:commit )?([0-9a-f]{7,64})\b`)
	revertTitle   = regexp.MustCompile(`^Revert "(.+)"`)
	lastNumber    = regexp.MustCompile(`\(#(\d{1,9})\)$`)
)

// reverts condemn the deployment that carried what was reverted. What takes a revert
// back says nothing of how the revert did.
func (c *classing) reverts(finder *finder) {
	titles := map[string]int{}
	for i, change := range c.all {
		if change.MergedAt != 0 {
			titles[change.Title] = i
		}
	}
	groups := map[string]*rollout{}
	for _, g := range c.groups {
		groups[g.ID] = g
	}
	for i := range c.rows {
		row := &c.rows[i]
		title, messages := row.Title, []string(nil)
		if change := c.sources[i]; change != nil {
			title = change.Title
			for _, commit := range change.Commits {
				messages = append(messages, commit.Message)
			}
		}
		if !strings.HasPrefix(title, "Revert") || strings.HasPrefix(title, `Revert "Revert `) || strings.HasPrefix(title, `Revert "Reapply `) {
			continue
		}
		by := groups[row.Group]
		if failed := c.carried(title, messages, titles, finder); failed != nil && failed != by && failed.FinishedAt < by.FinishedAt {
			c.condemn(failed, by, EvidenceRevert, Confirmed, row.Name)
		}
	}
}

// carried is the group that brought what a revert takes back.
func (c *classing) carried(title string, messages []string, titles map[string]int, finder *finder) *rollout {
	for _, message := range messages {
		if m := revertsCommit.FindStringSubmatch(message); m != nil {
			if g := finder.commit(m[1]); g != nil {
				return g
			}
		}
	}
	m := revertTitle.FindStringSubmatch(title)
	if m == nil {
		return nil
	}
	original, ok := titles[m[1]]
	if n := lastNumber.FindStringSubmatch(m[1]); n != nil {
		number, _ := strconv.ParseInt(n[1], 10, 64)
		if i, known := c.byNumber[number]; known {
			original, ok = i, true
		}
	}
	if !ok {
		return nil
	}
	return c.claimed[original]
}
