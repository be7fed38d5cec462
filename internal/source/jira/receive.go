package jira

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"unicode"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

// payload is what is read of a hook; the rest is not looked at.
type payload struct {
	Timestamp json.RawMessage `json:"timestamp"`
	Issue     struct {
		Key    any             `json:"key"`
		Self   any             `json:"self"`
		Fields json.RawMessage `json:"fields"`
	} `json:"issue"`
}

// issueFields are those of the issue, each read for itself.
type issueFields map[string]json.RawMessage

// reader collects what is wrong with a hook.
type reader struct {
	fields issueFields
	errs   []error
}

func (r *reader) refuse(path, message string) {
	name := path[strings.LastIndexByte(path, '.')+1:]
	r.errs = append(r.errs, &source.BodyError{Path: path, Message: name + " " + message})
}

const fieldsPath = "$.issue.fields"

// named is the text of a name below a field, "" when there is none.
func (r *reader) named(field string, names ...string) string {
	raw := r.fields[field]
	for _, name := range names {
		var object map[string]json.RawMessage
		if json.Unmarshal(raw, &object) != nil {
			return ""
		}
		raw = object[name]
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return ""
	}
	return short(text)
}

// short is a text on one line that is not too long.
func short(text string) string {
	text = strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return ' '
		}
		return c
	}, strings.ToValidUTF8(text, "\ufffd"))
	text = strings.TrimSpace(text)
	if len(text) > maxName {
		text = strings.ToValidUTF8(text[:maxName], "") + "…"
	}
	return text
}

// required is named for what must be there.
func (r *reader) required(field string, names ...string) string {
	text := r.named(field, names...)
	if text == "" {
		r.refuse(strings.Join(append([]string{fieldsPath, field}, names...), "."), "is missing, or no text")
	}
	return text
}

// instant is the moment of a field, 0 when it is not said; what is said must be one.
func (r *reader) instant(field string) delivery.Instant {
	raw := r.fields[field]
	if len(raw) == 0 || string(raw) == "null" || string(raw) == `""` {
		return 0
	}
	at, ok := instantOf(raw)
	if !ok {
		r.refuse(fieldsPath+"."+field, "is not a time like 2026-01-31T12:00:00.000+0300, or milliseconds since 1970")
	}
	return at
}

// names are those of the objects of a list, by a field of each.
func (r *reader) names(field, name string) []string {
	var list []map[string]json.RawMessage
	if json.Unmarshal(r.fields[field], &list) != nil {
		return nil
	}
	var out []string
	for _, object := range list {
		var text string
		if json.Unmarshal(object[name], &text) == nil && short(text) != "" && len(out) < maxListed {
			out = append(out, short(text))
		}
	}
	return out
}

// Receive is part of source.Receiver. Of an issue that is no incident nothing is made.
func (s *Source) Receive(h source.Hook) (source.Pushed, error) {
	body := bytes.ToValidUTF8(h.Body, []byte("\ufffd"))
	var p payload
	var object map[string]json.RawMessage
	if json.Unmarshal(body, &object) != nil || object == nil {
		return source.Pushed{}, &source.BodyError{Path: "$", Message: "is not a JSON object"}
	}
	if elsewhere(object) {
		return source.Pushed{}, nil
	}
	if len(object["issue"]) == 0 || json.Unmarshal(object["issue"], &p.Issue) != nil || string(object["issue"]) == "null" {
		return source.Pushed{}, &source.BodyError{Path: "$.issue", Message: "issue is missing, or no object"}
	}
	p.Timestamp = object["timestamp"]
	r := &reader{}
	key, _ := p.Issue.Key.(string)
	if key = short(key); key == "" {
		r.refuse("$.issue.key", "is missing, or no text")
	}
	if json.Unmarshal(p.Issue.Fields, &r.fields) != nil || r.fields == nil {
		r.refuse(fieldsPath, "is missing, or no object")
		return source.Pushed{}, errors.Join(r.errs...)
	}
	told := h.ReceivedAt
	if at, ok := instantOf(p.Timestamp); ok {
		told = at
	}
	deleted, ticket := happened(object) == issueDeleted, h.Event == eventTicketNew || h.Event == eventTicketClose
	is := h.Event != eventIssue || among(s.types, r.required("issuetype", "name")) || len(r.errs) > 0
	var items []source.PushedItem
	switch {
	case ticket && deleted: // it neither began nor ended
	case ticket:
		items = append(items, s.ticket(r, key, h, told))
	case deleted && is, !is && s.wasIncident(object):
		items = append(items, goneIncident(r, key, h, told))
	case is:
		items = append(items, s.incident(r, &p, key, h, told))
	}
	if err := errors.Join(r.errs...); err != nil {
		return source.Pushed{}, err
	}
	return source.Pushed{Items: items}, nil
}

// incident is an issue that is one: started when it was created, and resolved while
// its status is a done one. Its root cause is analysed once it is over: where that does
// not say how it stands, it is resolved by then.
func (s *Source) incident(r *reader, p *payload, key string, h source.Hook, told delivery.Instant) source.PushedItem {
	i := delivery.Incident{
		ID: key, Project: cmp.Or(r.named("project", "key"), projectOf(key)), Title: r.named("summary"), Severity: r.named("priority", "name"),
		StartedAt: r.instant("created"), UpdatedAt: cmp.Or(r.instant("updated"), told), ToldAt: h.ReceivedAt,
		URL: browse(p.Issue.Self, key), SHA: rootCause(r.fields["description"]), Teams: r.names("customfield_10792", "value"),
	}
	if i.StartedAt == 0 && len(r.errs) == 0 {
		r.refuse(fieldsPath+".created", "is missing")
	}
	i.DetectedAt = i.StartedAt
	if versions := r.names("versions", "name"); len(versions) == 1 {
		i.Version = versions[0]
	}
	analysed := h.Event == eventRCA && len(r.fields["status"]) == 0
	if s.isDone(r) || analysed {
		i.ResolvedAt = cmp.Or(r.instant("resolutiondate"), r.instant("statuscategorychangedate"), i.UpdatedAt)
	}
	return source.PushedItem{
		ID:  key,
		Add: func(b *delivery.Batch) { b.Incidents = append(b.Incidents, i) },
		Told: func(*delivery.Batch) any {
			return toldFact{"incident", key, i.Project, i.StartedAt.String(), i.ResolvedAt.String(), false}
		},
	}
}

// ticket is an issue that is counted: when it was made, or when it ended.
func (s *Source) ticket(r *reader, key string, h source.Hook, told delivery.Instant) source.PushedItem {
	t := delivery.Ticket{
		ID: key, Project: cmp.Or(r.named("project", "key"), projectOf(key)), Type: r.named("issuetype", "name"), ToldAt: h.ReceivedAt,
		CreatedAt: r.instant("created"),
	}
	if h.Event == eventTicketNew {
		t.CreatedAt = cmp.Or(t.CreatedAt, told)
	} else {
		t.ClosedAt = cmp.Or(r.instant("resolutiondate"), told)
	}
	return source.PushedItem{
		ID:  key,
		Add: func(b *delivery.Batch) { b.Tickets = append(b.Tickets, t) },
		Told: func(*delivery.Batch) any {
			return toldFact{"ticket", key, t.Project, t.CreatedAt.String(), t.ClosedAt.String(), false}
		},
	}
}

// toldFact is what a hook comes to, for people.
type toldFact struct {
	Kind    string `json:"kind"`
	ID      string `json:"id"`
	Project string `json:"project"`
	From    string `json:"from,omitempty"`
	Until   string `json:"until,omitempty"`
	Gone    bool   `json:"gone,omitempty"` // it is none any more
}

func (s *Source) isDone(r *reader) bool {
	if len(s.done) > 0 {
		return among(s.done, r.named("status", "name"))
	}
	category := r.named("status", "statusCategory", "key")
	if category == "" {
		category = r.named("status", "statusCategory", "name")
	}
	return strings.EqualFold(category, "done")
}

// projectOf is what a key begins with.
func projectOf(key string) string {
	project, _, _ := strings.Cut(key, "-")
	return project
}

// browse is the page of an issue, given its address in the API; "" without.
func browse(self any, key string) string {
	text, _ := self.(string)
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return ""
	}
	path, _, ok := strings.Cut(u.Path, "/rest/")
	if !ok {
		return ""
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: path + "/browse/" + key}).String()
}
