package sentry

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

// incidentRule says which alerts are incidents: those that match one of each kind of
// which there are any. Without any, none is.
type incidentRule struct {
	alerts   []*regexp.Regexp
	projects []string
	levels   []string
}

// readIncidents reads rules such as alert:Payments*, project:pay-api and level:fatal.
func readIncidents(s source.Settings, errs *settingErrors) (r incidentRule) {
	list, _ := s.List(fieldIncidents)
	for _, text := range list {
		kind, value, _ := strings.Cut(text, ":")
		value = strings.TrimSpace(value)
		kind = strings.ToLower(strings.TrimSpace(kind))
		switch {
		case value == "" || len(value) > maxName:
			kind = ""
		case kind == "alert":
			r.alerts = append(r.alerts, wildcard(value))
		case kind == "project":
			r.projects = append(r.projects, strings.ToLower(value))
		case kind == "level":
			level := strings.ToLower(value)
			if !slices.Contains(incidentLevels(), level) {
				errs.refuse(fieldIncidents, "incident_level", fmt.Sprintf("not a level, which are %s: %.100q", strings.Join(incidentLevels(), ", "), text),
					"levels", strings.Join(incidentLevels(), ", "), "value", text)
			}
			r.levels = append(r.levels, level)
		default:
			kind = ""
		}
		if kind == "" {
			errs.refuse(fieldIncidents, "incident_rule", fmt.Sprintf("not a rule like alert:Payments*, project:pay-api or level:fatal: %.100q", text), "value", text)
		}
	}
	return r
}

// incidentLevels are those of groups, and of metric alerts: critical and warning.
func incidentLevels() []string {
	return append(delivery.ErrorLevels(), "critical")
}

// wildcard is a pattern in which * stands for any characters and ? for one,
// whatever the case.
func wildcard(pattern string) *regexp.Regexp {
	text := regexp.QuoteMeta(pattern)
	text = strings.ReplaceAll(strings.ReplaceAll(text, `\*`, `.*`), `\?`, `.`)
	return regexp.MustCompile(`(?is)^` + text + `$`)
}

func (r *incidentRule) none() bool { return len(r.alerts)+len(r.projects)+len(r.levels) == 0 }

// match reports whether an alert is an incident.
func (r *incidentRule) match(alert, level string, projects ...string) bool {
	return !r.none() && r.mayMatch(level, projects...) &&
		(len(r.alerts) == 0 || slices.ContainsFunc(r.alerts, func(p *regexp.Regexp) bool { return p.MatchString(alert) }))
}

// mayMatch is match for some alert or other.
func (r *incidentRule) mayMatch(level string, projects ...string) bool {
	named := func(slug string) bool { return slices.Contains(r.projects, strings.ToLower(slug)) }
	return !r.none() && (len(r.projects) == 0 || slices.ContainsFunc(projects, named)) &&
		(len(r.levels) == 0 || slices.Contains(r.levels, strings.ToLower(level)))
}

// incidentOf is the incident that alerts about a group are.
func incidentOf(group string) string { return "group:" + group }

// end is the end of the incident that a resolved group may have been.
func end(g *delivery.ErrorGroup, at delivery.Instant) delivery.Incident {
	return delivery.Incident{
		ID: incidentOf(g.ID), Project: g.Project, ResolvedAt: at, UpdatedAt: at, ToldAt: g.ToldAt, Repeated: true,
	}
}

// ended are the incidents of groups that were open when they were last told: not
// everybody sends hooks of groups beside those of alerts.
func (p *pull) ended(groups []delivery.ErrorGroup) (out []delivery.Incident) {
	for i := range groups {
		g := &groups[i]
		stored, known := p.stored[g.ID]
		if !known || g.Status != delivery.GroupResolved || stored.Status == delivery.GroupResolved || !p.incidents.mayMatch(g.Level, g.Project) {
			continue
		}
		out = append(out, end(g, cmp.Or(g.ChangedAt, g.ToldAt)))
		stored.Status = g.Status
		p.stored[g.ID] = stored
	}
	return out
}
