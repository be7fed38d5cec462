package sentry

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

// Receive is part of source.Receiver. A hook tells how a group stands now, or of an
// alert, which is an incident if the settings take it for one. Of an ignored one
// nothing is made.
func (s *Source) Receive(h source.Hook) (source.Pushed, error) {
	resource, action := split(h.Event)
	if !taken[resource][action] {
		return source.Pushed{}, nil
	}
	var wrong faults
	var fields map[string]json.RawMessage
	if json.Unmarshal(bytes.ToValidUTF8(h.Body, []byte("\ufffd")), &fields) != nil || fields == nil {
		return source.Pushed{}, wrongBody("is not a JSON object")
	}
	data := (&object{fields: fields, path: "$", wrong: &wrong}).object("data")
	told := facts{told: sentAt(fields, h.ReceivedAt)}
	switch resource {
	case ofIssue:
		s.issueHook(data, action, &told)
	case ofEvent:
		s.eventAlert(data, &told)
	case ofMetric:
		s.metricAlert(data, action, &told)
	}
	if err := wrong.bodyError(); err != nil {
		return source.Pushed{}, err
	}
	return source.Pushed{Items: told.items()}, nil
}

// facts are what a hook comes to.
type facts struct {
	told      delivery.Instant
	groups    []delivery.ErrorGroup
	incidents []delivery.Incident
}

// issueHook is an action on a group: it stands as it is told from when the hook came,
// as the body does not say when the action was.
func (s *Source) issueHook(data *object, action string, to *facts) {
	o := data.object("issue")
	seen := readGroup(o)
	g := seen.group
	if !s.chooses(g.Project) || seen.going {
		return
	}
	g.Part, g.ToldAt = true, to.told
	switch action {
	case "resolved", "ignored", "archived", "unresolved":
		g.ChangedAt = to.told
	}
	to.groups = append(to.groups, g)
	if g.Status == delivery.GroupResolved && action == "resolved" && s.incidents.mayMatch(g.Level, g.Project) {
		to.incidents = append(to.incidents, end(&g, to.told))
	}
}

// projectPath is where an event's address in the API names its project.
var projectPath = regexp.MustCompile(`/projects/[^/]+/([A-Za-z0-9_][A-Za-z0-9_-]{0,99})/events/`)

// eventAlert is an alert about a group: it was seen, and may be an incident.
func (s *Source) eventAlert(data *object, to *facts) {
	o := data.object("event")
	group := o.id("issue_id")
	at := o.instant("datetime")
	if at == 0 {
		at = o.instant("timestamp")
	}
	if at == 0 || at > to.told && to.told.Known() { // of a client whose clock is wrong
		at = to.told
	}
	project := ""
	if m := projectPath.FindStringSubmatch(o.text("url")); m != nil {
		project = m[1]
	}
	level, version := strings.ToLower(o.text("level")), o.release("release")
	title := o.cut("title", maxTitle)
	rule := data.text("triggered_rule")
	if rule == "" {
		rule = data.optional("issue_alert").text("title")
	}
	if len(s.projects) > 0 && !s.chooses(project) {
		return
	}
	page := o.link("web_url")
	to.groups = append(to.groups, delivery.ErrorGroup{
		ID: group, Project: project, Title: title, Culprit: o.text("culprit"), Level: level,
		Platform: o.optionalText("platform"), Logger: o.optionalText("logger"), LastSeen: at, LastRelease: version,
		Part: true, ToldAt: to.told,
	})
	if s.incidents.match(rule, level, project) {
		to.incidents = append(to.incidents, delivery.Incident{
			ID: incidentOf(group), Project: project, Title: joined(rule, title), Severity: level, StartedAt: at, DetectedAt: at,
			UpdatedAt: at, ToldAt: to.told, URL: page, Repeated: true,
		})
	}
}

// metricAlert is an alert about a number: it is critical, a warning, or over.
func (s *Source) metricAlert(data *object, action string, to *facts) {
	o := data.object("metric_alert")
	id := o.id("id")
	rule := o.optional("alert_rule")
	started := o.instant("date_started")
	if started == 0 {
		started = o.instant("date_created")
	}
	detected := o.instant("date_detected")
	closed := o.instant("date_closed")
	projects := o.slugs("projects")
	if len(projects) == 0 {
		projects = rule.slugs("projects")
	}
	i := delivery.Incident{
		ID: "metric:" + id, Title: joined(rule.text("name"), o.cut("title", maxTitle)), UpdatedAt: to.told, ToldAt: to.told,
		StartedAt: started, DetectedAt: detected, URL: data.link("web_url"),
	}
	if i.StartedAt == 0 {
		i.StartedAt, i.Repeated = to.told, true
	}
	if i.DetectedAt == 0 {
		i.DetectedAt = i.StartedAt
	}
	if len(projects) == 1 {
		i.Project = projects[0]
	}
	chosen := len(s.projects) == 0
	for _, slug := range projects {
		chosen = chosen || s.chooses(slug)
	}
	if action == "resolved" {
		if i.ResolvedAt = closed; closed == 0 {
			i.ResolvedAt = to.told
		}
	} else {
		i.Severity = action
	}
	// What it was before it was over is not told again.
	matches := s.incidents.match(rule.text("name"), action, projects...)
	if action == "resolved" {
		matches = s.incidents.match(rule.text("name"), "critical", projects...) || s.incidents.match(rule.text("name"), "warning", projects...)
	}
	if chosen && matches {
		to.incidents = append(to.incidents, i)
	}
}

// joined is a rule's name and what it is about.
func joined(rule, title string) string {
	switch {
	case rule == "" || rule == title:
		return title
	case title == "":
		return rule
	}
	return rule + ": " + title
}

// slugs are the projects of a list, as texts or objects.
func (o *object) slugs(name string) (out []string) {
	var list []json.RawMessage
	if !o.has(name) || json.Unmarshal(o.fields[name], &list) != nil {
		return nil
	}
	for _, raw := range list[:min(len(list), maxListed)] {
		text, ok := textOf(raw)
		if !ok {
			var ignored faults
			text = openObject(raw, "$", &ignored).text("slug")
		}
		if slugText.MatchString(text) {
			out = append(out, text)
		}
	}
	return out
}

// toldFact is what a hook comes to, for people.
type toldFact struct {
	Kind    string `json:"kind"`
	ID      string `json:"id"`
	Project string `json:"project,omitempty"`
	Status  string `json:"status,omitempty"`
	From    string `json:"from,omitempty"`
	Until   string `json:"until,omitempty"`
}

func (f *facts) items() (out []source.PushedItem) {
	for _, g := range f.groups {
		out = append(out, source.PushedItem{
			ID:  g.ID,
			Add: func(b *delivery.Batch) { b.ErrorGroups = append(b.ErrorGroups, g) },
			Told: func(*delivery.Batch) any {
				return toldFact{"error group", g.ID, g.Project, string(g.Status), g.FirstSeen.String(), g.LastSeen.String()}
			},
		})
	}
	for _, i := range f.incidents {
		out = append(out, source.PushedItem{
			ID:  i.ID,
			Add: func(b *delivery.Batch) { b.Incidents = append(b.Incidents, i) },
			Told: func(*delivery.Batch) any {
				return toldFact{"incident", i.ID, i.Project, i.Standing(), i.StartedAt.String(), i.ResolvedAt.String()}
			},
		})
	}
	return out
}
