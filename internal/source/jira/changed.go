package jira

import (
	"encoding/json"
	"net/http"
	"strings"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

// What Jira says that happened: an issue event, or one of comments, sprints, versions
// and the like. Rules of its automation say nothing.
const (
	issueEvents  = "jira:issue_"
	issueDeleted = "jira:issue_deleted"
)

// happened is what a hook says that happened, "" when it does not.
func happened(object map[string]json.RawMessage) string {
	var name string
	if json.Unmarshal(object["webhookEvent"], &name) != nil {
		return ""
	}
	return name
}

// elsewhere reports whether a hook is of something else than an issue.
func elsewhere(object map[string]json.RawMessage) bool {
	name := happened(object)
	return name != "" && !strings.HasPrefix(name, issueEvents)
}

// wasIncident reports whether the change that a hook tells of made an issue of
// another type of an incident.
func (s *Source) wasIncident(object map[string]json.RawMessage) bool {
	var changelog struct {
		Items []struct {
			Field any `json:"field"`
			From  any `json:"fromString"`
		} `json:"items"`
	}
	if json.Unmarshal(object["changelog"], &changelog) != nil {
		return false
	}
	for _, item := range changelog.Items {
		field, _ := item.Field.(string)
		from, _ := item.From.(string)
		if strings.EqualFold(field, "issuetype") && among(s.types, from) {
			return true
		}
	}
	return false
}

// goneIncident says that an issue is no incident any more.
func goneIncident(r *reader, key string, h source.Hook, told delivery.Instant) source.PushedItem {
	i := delivery.Incident{
		ID: key, Project: projectOf(key), UpdatedAt: max(r.instant("updated"), told), ToldAt: h.ReceivedAt, Gone: true,
	}
	return source.PushedItem{
		ID:  key,
		Add: func(b *delivery.Batch) { b.Incidents = append(b.Incidents, i) },
		Told: func(*delivery.Batch) any {
			return toldFact{Kind: "incident", ID: key, Project: i.Project, Gone: true}
		},
	}
}

// eventOf is what a hook is by the address that it came to.
func eventOf(header http.Header) string {
	for path, event := range events {
		if strings.HasSuffix(header.Get(source.HookPath), path) {
			return event
		}
	}
	return eventIssue
}
