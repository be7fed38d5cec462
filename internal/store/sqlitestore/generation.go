package sqlitestore

import (
	"database/sql"
	"encoding/json"
	"fmt"

	"throughline/internal/delivery"
)

// generation is the meaning of statuses that a set of flow rows is, or is
// being, derived with.
type generation struct {
	id        int64
	workflows delivery.Workflows
	types     statusTypes
	next      int64 // issues before it have been derived
	// found are the classes of a connection's queues, once asked for.
	found map[[2]string]delivery.Classes
}

// statusTypes are the types of statuses, by connection and status key.
type statusTypes map[string]map[string]string

// with is a copy of t in which a connection's statuses have other types.
func (t statusTypes) with(connection string, changes map[string]string) statusTypes {
	out := make(statusTypes, len(t)+1)
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

// classes gives the class of each status of a connection's queue.
func (g *generation) classes(connection, queue string) delivery.Classes {
	at := [2]string{connection, queue}
	c, ok := g.found[at]
	if !ok {
		if g.found == nil {
			g.found = map[[2]string]delivery.Classes{}
		}
		c = g.workflows.Classes(queue, g.types[connection])
		g.found[at] = c
	}
	return c
}

// scanGeneration reads id, workflow, types and next_issue.
func scanGeneration(scan func(dest ...any) error) (*generation, error) {
	var g generation
	var workflow, types string
	if err := scan(&g.id, &workflow, &types, &g.next); err != nil {
		return nil, err
	}
	var err error
	if g.workflows, err = readWorkflows([]byte(workflow)); err != nil {
		return nil, fmt.Errorf("stored workflow: %w", err)
	}
	if err := json.Unmarshal([]byte(types), &g.types); err != nil {
		return nil, fmt.Errorf("stored status types: %w", err)
	}
	return &g, nil
}

// storedWorkflows is how workflows are stored: of teams, what a class depends on.
type storedWorkflows struct {
	Versions []delivery.WorkflowVersion `json:"versions"`
	Teams    []storedTeam               `json:"teams,omitempty"`
}

type storedTeam struct {
	Name   string            `json:"name"`
	Queues delivery.Patterns `json:"queues"`
}

// readWorkflows also reads the one workflow for all time that stores of before
// there were versions hold.
func readWorkflows(text []byte) (delivery.Workflows, error) {
	var stored storedWorkflows
	var kind struct {
		Versions json.RawMessage `json:"versions"`
	}
	if err := json.Unmarshal(text, &kind); err != nil {
		return delivery.Workflows{}, err
	}
	if kind.Versions == nil {
		var one delivery.Workflow
		err := json.Unmarshal(text, &one)
		return delivery.OneWorkflow(one), err
	}
	if err := json.Unmarshal(text, &stored); err != nil {
		return delivery.Workflows{}, err
	}
	w := delivery.Workflows{Versions: stored.Versions}
	for _, t := range stored.Teams {
		w.Teams = append(w.Teams, delivery.Team{Name: t.Name, Queues: t.Queues})
	}
	return w, nil
}

func (w *writer) loadGenerations() error {
	w.generations = nil
	return w.rows(func(rows *sql.Rows) error {
		g, err := scanGeneration(rows.Scan)
		w.generations = append(w.generations, g)
		return err
	}, generationsSQL)
}

// current is the generation that answers come from.
func (w *writer) current() *generation { return w.generations[0] }

// filling is the generation being filled, nil when there is none.
func (w *writer) filling() *generation {
	if len(w.generations) < 2 {
		return nil
	}
	return w.generations[1]
}

// target is the newest generation.
func (w *writer) target() *generation { return w.generations[len(w.generations)-1] }

// storedJSON are a generation's columns.
func (g *generation) storedJSON() (workflow, types string, err error) {
	stored := storedWorkflows{Versions: g.workflows.Versions}
	for _, t := range g.workflows.Teams {
		stored.Teams = append(stored.Teams, storedTeam{t.Name, t.Queues})
	}
	if len(stored.Versions) == 0 {
		stored.Versions = delivery.OneWorkflow(delivery.Workflow{}).Versions
	}
	if workflow, err = toJSON(&stored); err != nil {
		return "", "", err
	}
	types, err = toJSON(g.types)
	return workflow, types, err
}

// replaceInputs gives a generation other inputs that make the same classes.
func (w *writer) replaceInputs(id int64, inputs *generation) error {
	workflow, types, err := inputs.storedJSON()
	if err != nil {
		return err
	}
	_, err = w.exec(setGenerationSQL, id, workflow, types)
	return err
}

// open begins a generation, to be filled by Rebuild.
func (w *writer) open(inputs *generation) error {
	workflow, types, err := inputs.storedJSON()
	if err != nil {
		return err
	}
	_, err = w.exec(addGenerationSQL, workflow, types)
	return err
}
