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
func (d *derivation) judge(f *ServiceFacts) {
	for _, c := range d.classes {
		c.remediations()
	}
	d.link(f.Incidents)
	d.blameErrors(f.ErrorGroups, f.Releases)
	verdicts := d.verdicts()
	for _, c := range d.classes {
		for _, g := range c.groups {
			verdicts[g.ID].apply(g)
			g.sortEvidence()
			d.watched = d.watched || len(g.Evidence) > 0 && c.class == Production
		}
	}
	for _, c := range d.classes {
		c.remedies()
		c.recover(d.incidents)
	}
}

func (g *Group) sortEvidence() {
	slices.SortFunc(g.Evidence, func(a, b Evidence) int {
		return cmp.Or(
			cmp.Compare(slices.Index(evidenceOrder, a.Method), slices.Index(evidenceOrder, b.Method)),
			cmp.Compare(a.At, b.At), cmp.Compare(a.Incident, b.Incident), cmp.Compare(a.Group, b.Group), cmp.Compare(a.Errors, b.Errors),
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
	var counted []int // places of the groups that count
	for i, g := range c.groups {
		byID[g.ID] = i
		if g.counts() {
			counted = append(counted, i)
		}
	}
	// lastBefore is the last group that counts before a place, nil when there is none.
	lastBefore := func(place int) *rollout {
		if i, _ := slices.BinarySearch(counted, place); i > 0 {
			return c.groups[counted[i-1]]
		}
		return nil
	}
	// firstAfter is the first group that counts behind the target of a rollback; where
	// the target is not known, the last one before the rollback.
	firstAfter := func(target string, rollback int) *rollout {
		start, known := byID[target]
		if !known {
			return lastBefore(rollback)
		}
		if i, _ := slices.BinarySearch(counted, start+1); i < len(counted) && counted[i] < rollback {
			return c.groups[counted[i]]
		}
		return nil
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
			if failed := finder.any(part.FixesDeployment, g.FinishedAt-1); failed != nil && failed != g && failed.FinishedAt <= g.FinishedAt {
				c.condemn(failed, g, EvidenceExplicit, Confirmed, part.FixesDeployment)
				fixed = true
			}
		}
		switch g.Kind {
		case KindRollback:
			if failed := firstAfter(g.Target, i); failed != nil && !fixed {
				c.condemn(failed, g, EvidenceRollback, Confirmed, cmp.Or(g.Version, shortSHA(g.SHA)))
			}
		case KindHotfix:
			if failed := lastBefore(i); failed != nil && !fixed {
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
}

// remedies notes which groups are confirmed to have mended another one, after all
// verdicts.
func (c *classing) remedies() {
	by := map[string]bool{}
	for _, g := range c.groups {
		for _, e := range g.Evidence {
			if e.Group != "" && e.Confidence == Confirmed {
				by[e.Group] = true
			}
		}
	}
	for _, g := range c.groups {
		g.Remedy = by[g.ID]
	}
}

var (
	revertsCommit = regexp.MustCompile(`(?i)\brevert(?:s|ed|ing)? (?:commit )?([0-9a-f]{7,64})\b`)
	revertTitle   = regexp.MustCompile(`^Revert "(.+)"`)
	revertBranch  = regexp.MustCompile(`^revert-(\d{1,9})-`) // as the source names it
	lastNumber    = regexp.MustCompile(`\(#(\d{1,9})\)$`)
)

// reverts condemn the deployment that carried what was reverted. What takes a revert
// back says nothing of how the revert did.
func (c *classing) reverts(finder *finder) {
	titles := map[string][]int{} // in order of merging
	for _, i := range c.merged {
		titles[c.all[i].Title] = append(titles[c.all[i].Title], i)
	}
	groups := map[string]*rollout{}
	for _, g := range c.groups {
		groups[g.ID] = g
	}
	for i := range c.rows {
		row := &c.rows[i]
		change := c.sources[i]
		if change == nil || !strings.HasPrefix(change.Title, "Revert") ||
			strings.HasPrefix(change.Title, `Revert "Revert `) || strings.HasPrefix(change.Title, `Revert "Reapply `) {
			continue
		}
		by := groups[row.Group]
		if failed := c.carried(change, titles, finder); failed != nil && failed != by && failed.FinishedAt < by.FinishedAt {
			c.condemn(failed, by, EvidenceRevert, Confirmed, row.Name)
		}
	}
}

// carried is the group that brought what a revert takes back.
func (c *classing) carried(revert *Change, titles map[string][]int, finder *finder) *rollout {
	for _, commit := range revert.Commits {
		if m := revertsCommit.FindStringSubmatch(commit.Message); m != nil {
			if g := finder.commit(m[1]); g != nil {
				return g
			}
		}
	}
	m := revertTitle.FindStringSubmatch(revert.Title)
	if m == nil {
		return nil
	}
	for _, n := range [][]string{revertBranch.FindStringSubmatch(revert.Head), lastNumber.FindStringSubmatch(m[1])} {
		if n == nil {
			continue
		}
		number, _ := strconv.ParseInt(n[1], 10, 64)
		if i, known := c.byNumber[number]; known {
			return c.claimed[i]
		}
	}
	// Titles repeat: it is the last one before.
	same := titles[m[1]]
	i, _ := slices.BinarySearchFunc(same, cmp.Or(revert.CreatedAt, revert.MergedAt), func(i int, at Instant) int { return cmp.Compare(c.all[i].MergedAt, at) })
	if i == 0 {
		return nil
	}
	return c.claimed[same[i-1]]
}
