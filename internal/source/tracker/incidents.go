package tracker

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

var fieldIncidents = source.Field{Name: "incidents", Type: source.List}

// incidentRule says which issues are incidents: those that match one of each kind of
// which there are any. Without any, none is.
type incidentRule struct {
	queues, types, tags []string
}

// readIncidents reads rules such as queue:OPS, type:incident and tag:outage.
func readIncidents(s source.Settings, refuse refusal) (r incidentRule) {
	list, _ := s.List(fieldIncidents) // Validate has said what cannot be read
	for _, text := range list {
		kind, value, _ := strings.Cut(text, ":")
		value = strings.TrimSpace(value)
		into := map[string]*[]string{"queue": &r.queues, "type": &r.types, "tag": &r.tags}[strings.ToLower(strings.TrimSpace(kind))]
		if into == nil || value == "" {
			refuse(fieldIncidents, "incident_rule", fmt.Sprintf("not a rule like queue:OPS, type:incident or tag:outage: %q", text), "value", text)
			continue
		}
		*into = append(*into, value)
	}
	return r
}

func (r *incidentRule) none() bool { return len(r.queues)+len(r.types)+len(r.tags) == 0 }

// digest tells rules apart; "" of none.
func (r *incidentRule) digest() string {
	if r.none() {
		return ""
	}
	text := fmt.Sprintf("%q", [][]string{r.queues, r.types, r.tags})
	return strconv.FormatUint(digest([]byte(text)), 36)
}

func (r *incidentRule) match(i *delivery.Issue) bool {
	return !r.none() && matches(r.queues, i.Queue) && matches(r.types, i.Type.Key, i.Type.Name) && matches(r.tags, i.Tags...)
}

// matches reports whether one of the values is wanted, whatever its case; where
// nothing is wanted, any will do.
func matches(wanted []string, values ...string) bool {
	if len(wanted) == 0 {
		return true
	}
	return slices.ContainsFunc(wanted, func(want string) bool {
		return slices.ContainsFunc(values, func(v string) bool { return strings.EqualFold(want, v) })
	})
}

// The fingerprints of incidents end in incidentMark, and no others: so an issue that
// is one no more is recognised by what is stored of it.
const (
	incidentMark = 0x1c1d
	markBits     = 0xffff
)

// mark is a fingerprint that says whether its issue is an incident.
func mark(stamp uint64, incident bool) uint64 {
	switch {
	case incident:
		return stamp&^markBits | incidentMark
	case isMarked(stamp):
		return stamp ^ 1
	}
	return stamp
}

func isMarked(stamp uint64) bool { return stamp&markBits == incidentMark }

// incident is what an issue says of one; false when it is none and was none.
func (p *pull) incident(t task) (delivery.Incident, bool) {
	is := isMarked(t.stamp)
	if !is && !isMarked(t.state.Fingerprint) {
		return delivery.Incident{}, false
	}
	i := &t.issue
	resolved := i.ResolvedAt
	if !resolved.Known() && p.closed[i.Status.Key] {
		resolved = i.StatusStartedAt
	}
	return delivery.Incident{
		Connection: p.connection, ID: i.ID, Project: i.Queue, Title: i.Title, URL: i.URL,
		Severity: cmp.Or(i.Priority.Key, i.Priority.Name), StartedAt: i.CreatedAt, ResolvedAt: resolved,
		UpdatedAt: i.UpdatedAt, ToldAt: delivery.InstantOf(p.began), Gone: !is,
	}, true
}

// goneIncident is that of an issue that the source no longer has; false when it was
// none.
func (p *pull) goneIncident(st delivery.IssueState) (delivery.Incident, bool) {
	return delivery.Incident{
		Connection: p.connection, ID: st.ID, Project: st.Queue, UpdatedAt: st.UpdatedAt,
		ToldAt: delivery.InstantOf(p.began), Gone: true,
	}, isMarked(st.Fingerprint)
}

// rulesChanged begins the walk again when other issues are incidents now: what is
// stored and has not changed costs no more than the pages that it is seen on.
func (p *pull) rulesChanged() {
	now := p.incidents.digest()
	if p.cursor.Incidents == now {
		return
	}
	if p.cursor.Since.Known() || p.cursor.Walk != nil {
		p.cursor.Since, p.cursor.Walk = 0, nil
	}
	p.cursor.Incidents = now
}
