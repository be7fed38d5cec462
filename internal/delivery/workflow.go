package delivery

import (
	"fmt"
	"slices"
)

// Class is what a status means for the flow of work.
type Class uint8

const (
	Waiting Class = iota
	Active
	Closed
)

// String is the class as it is written in settings and answers.
func (c Class) String() string {
	switch c {
	case Active:
		return "active"
	case Closed:
		return "closed"
	default:
		return "waiting"
	}
}

// StatusLists sorts status keys into classes. A nil list leaves its class to
// the default by status type; an empty one says that no status is of it.
type StatusLists struct {
	Waiting []string `json:"waiting,omitzero" yaml:"waiting"`
	Active  []string `json:"active,omitzero" yaml:"active"`
	Closed  []string `json:"closed,omitzero" yaml:"closed"`
}

// Workflow says what statuses and resolutions mean.
type Workflow struct {
	StatusLists
	// ExcludedResolutions are the keys of resolutions left out of cycle time.
	ExcludedResolutions []string `json:"excluded_resolutions,omitempty"`
	// Teams override the common lists, by the name of the one team that maps a
	// queue; Queues override both, by queue key.
	Teams  map[string]StatusLists `json:"teams,omitempty"`
	Queues map[string]StatusLists `json:"queues,omitempty"`
}

// Class is the class of a status in a queue: the one configured for the queue,
// else for its team ("" when it has none), else for all, else by the status's
// type (done and cancelled are closed, inProgress and paused active), else
// waiting. A list that is given replaces the default by type for its class.
func (w *Workflow) Class(queue, team, key, statusType string) Class {
	rules := w.rules(queue, team)
	for _, l := range rules {
		if c, ok := l.listed(key); ok {
			return c
		}
	}
	given := func(keys func(*StatusLists) []string) bool {
		return keys(&rules[0]) != nil || keys(&rules[1]) != nil || keys(&rules[2]) != nil
	}
	switch statusType {
	case "done", "cancelled":
		if !given(func(l *StatusLists) []string { return l.Closed }) {
			return Closed
		}
	case "inProgress", "paused":
		if !given(func(l *StatusLists) []string { return l.Active }) {
			return Active
		}
	}
	return Waiting
}

// rules are the lists that speak for a queue of a team, the strongest first.
func (w *Workflow) rules(queue, team string) [3]StatusLists {
	rules := [3]StatusLists{w.Queues[queue], {}, w.StatusLists}
	if team != "" {
		rules[1] = w.Teams[team]
	}
	return rules
}

// Mapped reports whether some list names the status for the queue of a team,
// rather than its class coming from its type or from nothing.
func (w *Workflow) Mapped(queue, team, key string) bool {
	for _, l := range w.rules(queue, team) {
		if _, ok := l.listed(key); ok {
			return true
		}
	}
	return false
}

// Unmapped reports whether a status counts as waiting because nothing says otherwise:
// no list names it for the queue of a team, and its type is none that is known, or one
// whose class has a list that leaves the status out.
func (w *Workflow) Unmapped(queue, team, key, statusType string) bool {
	return statusType != "new" && !w.Mapped(queue, team, key) && w.Class(queue, team, key, statusType) == Waiting
}

// Excludes reports whether issues with this resolution are left out of cycle
// time.
func (w *Workflow) Excludes(resolution string) bool {
	return resolution != "" && slices.Contains(w.ExcludedResolutions, resolution)
}

func (l StatusLists) listed(key string) (Class, bool) {
	switch {
	case slices.Contains(l.Closed, key):
		return Closed, true
	case slices.Contains(l.Active, key):
		return Active, true
	case slices.Contains(l.Waiting, key):
		return Waiting, true
	}
	return Waiting, false
}

// Validate names the first status that stands in two classes.
func (w *Workflow) Validate() error {
	if err := w.validate(); err != nil {
		return err
	}
	for team, lists := range w.Teams {
		if err := lists.validate(); err != nil {
			return fmt.Errorf("team %s: %w", team, err)
		}
	}
	for queue, lists := range w.Queues {
		if err := lists.validate(); err != nil {
			return fmt.Errorf("queue %s: %w", queue, err)
		}
	}
	return nil
}

func (l StatusLists) validate() error {
	seen := map[string]Class{}
	for _, c := range []struct {
		class Class
		keys  []string
	}{{Waiting, l.Waiting}, {Active, l.Active}, {Closed, l.Closed}} {
		for _, key := range c.keys {
			if other, ok := seen[key]; ok && other != c.class {
				return fmt.Errorf("status %q is both %s and %s", key, other, c.class)
			}
			seen[key] = c.class
		}
	}
	return nil
}
