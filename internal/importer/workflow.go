package importer

import (
	"slices"
	"strings"
	"unicode"

	"throughline/internal/control"
)

// statusKeys are the keys of statuses by the names that tracker-exporter made
// of what Tracker displays: small letters, underscores for spaces.
func statusKeys() map[string]string {
	return map[string]string{
		"closed": "closed", "rejected": "rejected", "resolved": "resolved", "cancelled": "cancelled", "canceled": "cancelled",
		"released": "released", "done": "done", "in_progress": "inProgress", "need_info": "needInfo", "in_review": "inReview",
		"закрыт": "closed", "закрыта": "closed", "решен": "resolved", "решён": "resolved", "решена": "resolved",
		"отменен": "cancelled", "отменён": "cancelled", "отменена": "cancelled",
		"отклонен": "rejected", "отклонён": "rejected", "отклонена": "rejected",
	}
}

// workflow makes the list of closed statuses.
func (p *planner) workflow() {
	const name = "CLOSED_ISSUE_STATUSES"
	names := p.texts(name, "closed,rejected,resolved,cancelled,released")
	if p.skips(PartWorkflow) {
		p.notNeeded("the workflow was skipped", name)
		return
	}
	var keys, guessed, unknown []string
	for _, display := range names {
		snake := strings.ReplaceAll(strings.ToLower(display), " ", "_")
		if key, ok := statusKeys()[snake]; ok {
			keys = append(keys, key)
		} else if key, ok := camel(snake); ok {
			keys, guessed = append(keys, key), append(guessed, snake+" → "+key)
		} else {
			unknown = append(unknown, display)
		}
	}
	if len(unknown) > 0 {
		p.notTaken(name, "the keys of %s are not known: choose these statuses as closed under Settings → Statuses after the first sync", strings.Join(unknown, ", "))
	}
	if len(guessed) > 0 {
		p.notTaken(name, "keys that are guesses: %s; see under Settings → Statuses after the first sync whether there are such statuses", strings.Join(guessed, ", "))
	}
	slices.Sort(keys)
	if keys = slices.Compact(keys); len(keys) == 0 {
		return // what Tracker says of each status decides
	}
	var w control.Workflow
	w.Closed = keys
	p.plan.Imported.Workflow = &w.Workflow
	p.taken(name, "closed are the statuses with the keys %s%s; tracker-exporter compared displayed names. "+
		"Only these are closed now: check under Settings → Statuses that none is missing", strings.Join(keys, ", "), p.suffix(name))
}

// camel is the key that Tracker makes of an English name.
func camel(snake string) (string, bool) {
	var b strings.Builder
	upper := false
	for _, r := range snake {
		switch {
		case r == '_' || r == '-':
			upper = b.Len() > 0
			continue
		case r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r):
			return "", false
		case upper:
			r = unicode.ToUpper(r)
		}
		upper = false
		b.WriteRune(r)
	}
	return b.String(), b.Len() > 0
}
