package delivery

import (
	"fmt"
	"slices"
	"sort"
)

// WorkflowVersion is a workflow from an instant on. The first version also
// covers all before.
type WorkflowVersion struct {
	From     Instant  `json:"from"`
	Workflow Workflow `json:"workflow"`
}

// Workflows is what statuses and resolutions mean over time, and which queues
// are whose. A stay is of the class that its status had when the stay began, and
// a resolution is left out by what was in force when the issue was closed: a new
// version changes nothing that happened before it.
type Workflows struct {
	Versions []WorkflowVersion // by From; none is one that says nothing
	Teams    Teams             // Name and Queues matter; whose queue is whose has no history
}

// Classes is the class of a status key at an instant, in one queue.
type Classes func(key string, at Instant) Class

// OneWorkflow is w for all time, without teams.
func OneWorkflow(w Workflow) Workflows {
	return Workflows{Versions: []WorkflowVersion{{Workflow: w}}}
}

// At is the workflow in force at an instant.
func (w *Workflows) At(at Instant) *Workflow {
	if len(w.Versions) == 0 {
		return &Workflow{}
	}
	return &w.Versions[w.version(at)].Workflow
}

// version is the index of the version in force.
func (w *Workflows) version(at Instant) int {
	if len(w.Versions) < 2 || at < w.Versions[1].From {
		return 0
	}
	return sort.Search(len(w.Versions), func(i int) bool { return w.Versions[i].From > at }) - 1
}

// Class is the class of a status in a queue at an instant. See Workflow.Class.
func (w *Workflows) Class(at Instant, queue, key, statusType string) Class {
	return w.At(at).Class(queue, w.team(queue), key, statusType)
}

// team is the name of the one team that maps a queue, "" when there is none.
func (w *Workflows) team(queue string) string {
	team, _ := w.Teams.Only(queue)
	return team.Name
}

// Classes are the classes of a queue whose statuses have these types, by key.
// They are found out once each; the function is not for several goroutines.
func (w *Workflows) Classes(queue string, types map[string]string) Classes {
	team := w.team(queue)
	found := make([]map[string]Class, max(1, len(w.Versions)))
	for i := range found {
		found[i] = map[string]Class{}
	}
	return func(key string, at Instant) Class {
		known := found[w.version(at)]
		c, ok := known[key]
		if !ok {
			c = w.At(at).Class(queue, team, key, types[key])
			known[key] = c
		}
		return c
	}
}

// Excludes reports whether issues closed at an instant with this resolution are
// left out of cycle time. No workflows exclude nothing.
func (w *Workflows) Excludes(resolution string, closedAt Instant) bool {
	return w != nil && resolution != "" && w.At(closedAt).Excludes(resolution)
}

// Validate reports versions that are out of order.
func (w *Workflows) Validate() error {
	for i := 2; i < len(w.Versions); i++ {
		if w.Versions[i].From < w.Versions[i-1].From {
			return fmt.Errorf("workflow version %d begins before the one before it", i+1)
		}
	}
	return nil
}

// Boundaries are the instants from which another version is in force.
func (w *Workflows) Boundaries() []Instant {
	var out []Instant
	for _, v := range w.Versions[min(1, len(w.Versions)):] {
		out = append(out, v.From)
	}
	return slices.Compact(out)
}
