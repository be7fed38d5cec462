package sentry

import (
	"encoding/json"
	"strings"

	"throughline/internal/delivery"
)

// seen is what an answer says of a group in what was asked for: an environment, or
// all of them.
type seen struct {
	group         delivery.ErrorGroup
	project       string // its number
	events, users int64
	first, last   delivery.Instant
	going         bool // it is being deleted
	told          delivery.Instant
}

// readGroup reads a group as the API and hooks tell it.
func readGroup(o *object) seen {
	s := seen{
		events: o.count("count"), users: o.count("userCount"),
		first: o.requiredInstant("firstSeen"), last: o.instant("lastSeen"),
	}
	project := o.object("project")
	s.project = project.text("id")
	life := &object{path: o.path + ".lifetime", wrong: o.wrong}
	if o.has("lifetime") {
		life = o.object("lifetime")
	}
	s.group = delivery.ErrorGroup{
		ID: o.id("id"), Project: project.id("slug"), ShortID: o.text("shortId"), Title: o.cut("title", maxTitle),
		Culprit: o.text("culprit"), Level: strings.ToLower(o.text("level")), Substatus: o.text("substatus"),
		Logger: o.optionalText("logger"), Platform: o.optionalText("platform"), Unhandled: o.optionalBool("isUnhandled"),
		Events: max(s.events, life.count("count")), Users: max(s.users, life.count("userCount")),
		FirstSeen: earliest(s.first, life.instant("firstSeen")), LastSeen: max(s.last, life.instant("lastSeen")),
		FirstRelease: o.release("firstRelease"), LastRelease: o.release("lastRelease"),
	}
	for _, name := range [...]string{"permalink", "web_url"} {
		if s.group.URL == "" {
			s.group.URL = o.link(name)
		}
	}
	s.group.Status, s.going = o.status()
	return s
}

func earliest(a, b delivery.Instant) delivery.Instant {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// status is how the group stands; the words of old and new servers.
func (o *object) status() (status delivery.GroupStatus, going bool) {
	switch word := o.text("status"); strings.ToLower(word) {
	case "unresolved", "reprocessing":
		return delivery.GroupUnresolved, false
	case "resolved", "resolvedinnextrelease", "autoresolved":
		return delivery.GroupResolved, false
	case "ignored", "muted", "archived":
		return delivery.GroupIgnored, false
	case "pending_deletion", "deletion_in_progress", "pending_merge":
		return "", true
	case "":
		o.refuse("status", "missing", "is missing")
	default:
		o.refuse("status", "status", "is no status of a group")
	}
	return "", false
}

// release is the version of a release that is given as an object or as a text, ""
// when it is not.
func (o *object) release(name string) string {
	if !o.has(name) {
		return ""
	}
	var text string
	if json.Unmarshal(o.fields[name], &text) == nil {
		return o.text(name)
	}
	return o.optional(name).text("version")
}

// activities are what became of the group's status, by Sentry's words for it.
var activities = map[string]delivery.GroupState{
	"set_resolved":                 {Status: delivery.GroupResolved},
	"set_resolved_by_age":          {Status: delivery.GroupResolved},
	"set_resolved_in_release":      {Status: delivery.GroupResolved},
	"set_resolved_in_commit":       {Status: delivery.GroupResolved},
	"set_resolved_in_pull_request": {Status: delivery.GroupResolved},
	"set_ignored":                  {Status: delivery.GroupIgnored},
	"set_regression":               {Status: delivery.GroupUnresolved, Regressed: true},
	"set_unresolved":               {Status: delivery.GroupUnresolved},
}

// readActivity takes the states that a group told alone says it came to.
func readActivity(o *object, g *delivery.ErrorGroup) {
	var list []json.RawMessage
	if !o.has("activity") || json.Unmarshal(o.fields["activity"], &list) != nil {
		return
	}
	var states []delivery.GroupState
	for _, raw := range list {
		var ignored faults // it is not worth refusing the group for
		a := openObject(raw, "$", &ignored)
		state, ok := activities[a.text("type")]
		state.At = a.instant("dateCreated")
		if !ok || state.At == 0 {
			continue
		}
		if state.Regressed {
			state.Release = a.optional("data").text("version")
		}
		states = append(states, state)
	}
	if len(states) == 0 {
		return
	}
	sortStates(states)
	last := states[len(states)-1]
	if last.Status == g.Status {
		g.ChangedAt = last.At
	}
	if first := states[0]; g.FirstSeen < first.At {
		states = append([]delivery.GroupState{{Status: delivery.GroupUnresolved, At: g.FirstSeen}}, states...)
	}
	if last.Status == g.Status {
		g.States = states
	}
}
