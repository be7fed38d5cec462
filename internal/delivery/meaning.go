package delivery

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Meaning is what a store derives flow with: workflows, and the types of
// statuses for those that no workflow lists. Not for several goroutines.
type Meaning struct {
	Workflows Workflows
	Types     StatusTypes
	// found are the classes of a connection's queues, once asked for.
	found map[[2]string]Classes
}

// StatusTypes are the types of statuses, by connection and status key.
type StatusTypes map[string]map[string]string

// With is a copy of t in which a connection's statuses have other types; ""
// takes a type away.
func (t StatusTypes) With(connection string, changes map[string]string) StatusTypes {
	out := make(StatusTypes, len(t)+1)
	for c, types := range t {
		out[c] = types
	}
	own := make(map[string]string, len(t[connection])+len(changes))
	for key, typ := range t[connection] {
		own[key] = typ
	}
	for key, typ := range changes {
		own[key] = typ
		if typ == "" {
			delete(own, key)
		}
	}
	out[connection] = own
	return out
}

// Classes gives the class of each status of a connection's queue.
func (m *Meaning) Classes(connection, queue string) Classes {
	at := [2]string{connection, queue}
	c, ok := m.found[at]
	if !ok {
		if m.found == nil {
			m.found = map[[2]string]Classes{}
		}
		c = m.Workflows.Classes(queue, m.Types[connection])
		m.found[at] = c
	}
	return c
}

// storedWorkflows is how workflows are stored: of teams, what a class depends on.
type storedWorkflows struct {
	Versions []WorkflowVersion `json:"versions"`
	Teams    []storedTeam      `json:"teams,omitempty"`
}

type storedTeam struct {
	Name   string   `json:"name"`
	Queues Patterns `json:"queues"`
}

// Encode is the meaning as JSON, for stores; meanings that are the same have
// the same texts.
func (m *Meaning) Encode() (workflow, types string, err error) {
	stored := storedWorkflows{Versions: m.Workflows.Versions}
	for _, t := range m.Workflows.Teams {
		stored.Teams = append(stored.Teams, storedTeam{t.Name, t.Queues})
	}
	if len(stored.Versions) == 0 {
		stored.Versions = OneWorkflow(Workflow{}).Versions
	}
	if workflow, err = PlainJSON(&stored); err != nil {
		return "", "", err
	}
	types, err = PlainJSON(m.Types)
	return workflow, types, err
}

// Same reports whether two meanings are the same in every respect.
func (m *Meaning) Same(other *Meaning) (bool, error) {
	mw, mt, err := m.Encode()
	if err != nil {
		return false, err
	}
	ow, ot, err := other.Encode()
	return mw == ow && mt == ot, err
}

// DecodeMeaning reads what Encode wrote, and the one workflow for all time that
// stores of before there were versions hold.
func DecodeMeaning(workflow, types []byte) (Meaning, error) {
	var m Meaning
	var err error
	if m.Workflows, err = decodeWorkflows(workflow); err != nil {
		return m, fmt.Errorf("stored workflow: %w", err)
	}
	if err := json.Unmarshal(types, &m.Types); err != nil {
		return m, fmt.Errorf("stored status types: %w", err)
	}
	return m, nil
}

func decodeWorkflows(text []byte) (Workflows, error) {
	var stored storedWorkflows
	var kind struct {
		Versions json.RawMessage `json:"versions"`
	}
	if err := json.Unmarshal(text, &kind); err != nil {
		return Workflows{}, err
	}
	if kind.Versions == nil {
		var one Workflow
		err := json.Unmarshal(text, &one)
		return OneWorkflow(one), err
	}
	if err := json.Unmarshal(text, &stored); err != nil {
		return Workflows{}, err
	}
	w := Workflows{Versions: stored.Versions}
	for _, t := range stored.Teams {
		w.Teams = append(w.Teams, Team{Name: t.Name, Queues: t.Queues})
	}
	return w, nil
}

// Boundaries are the instants at which any of the meanings goes over to another
// version, in order.
func Boundaries(meanings ...*Meaning) []Instant {
	var all []Instant
	for _, m := range meanings {
		all = append(all, m.Workflows.Boundaries()...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// StatusUse is a status found in a queue of a connection, by the stays that
// began between two boundaries.
type StatusUse struct {
	Connection, Queue, Key string
	Since                  Instant // an instant between the boundaries
	Issues, Visits         int     // issues that are in it now; periods in it
}

// SameClasses reports whether two meanings give every status in use the same
// class.
func SameClasses(used []StatusUse, a, b *Meaning) bool {
	for _, u := range used {
		if a.Classes(u.Connection, u.Queue)(u.Key, u.Since) != b.Classes(u.Connection, u.Queue)(u.Key, u.Since) {
			return false
		}
	}
	return true
}

// PlainJSON is v as JSON that keeps the source's own text, HTML in it too.
func PlainJSON(v any) (string, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "", err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}
