package delivery

import "encoding/json"

// Ref names something in a source. Key (or ID, where there is no key) is
// stable; Name is for display and follows the language the source was asked in.
type Ref struct {
	ID   string `json:"id,omitempty"`
	Key  string `json:"key,omitempty"`
	Name string `json:"name,omitempty"`
}

// IsZero reports whether r names nothing.
func (r Ref) IsZero() bool { return r == Ref{} }

// Issue is what a source says of an issue now. Its identity is (Connection,
// ID): the key changes when an issue moves to another queue.
type Issue struct {
	Connection string
	ID         string
	Key        string
	Aliases    []string // former keys
	Queue      string   // key of the queue

	Title      string
	Type       Ref
	Priority   Ref
	Status     Ref
	Resolution Ref // zero when there is none
	Project    Ref
	Assignee   Ref
	Author     Ref
	QAEngineer Ref

	Tags       []string
	Components []string
	Sprints    []string

	StoryPoints *float64
	Deadline    Date
	StartDate   Date
	EndDate     Date

	ParentKey string
	EpicKey   string
	Comments  int
	URL       string // the issue in its source, for people

	// Custom holds the custom fields chosen in the connection's settings, by
	// field key, as the source's JSON.
	Custom map[string]json.RawMessage

	Version         int64 // the source's version; 0 when it gives none
	CreatedAt       Instant
	UpdatedAt       Instant
	ResolvedAt      Instant // may be stale: only valid with a Resolution
	StatusStartedAt Instant // when Status was entered, 0 when not said
}

// Event is one entry of an issue's changelog. Its identity is (issue, ID).
type Event struct {
	ID        string
	Ordinal   int // 0-based position among all events of the issue, by At, equal ones in the source's order
	At        Instant
	Type      string // the source's name: IssueWorkflow, IssueMoved, …
	Transport string
	Actor     Ref

	// Transition is set when the event changed the status, whatever its type.
	Transition *Transition
	// Moved is set when the event moved the issue to another queue.
	Moved bool
	// Fields are the changed fields; nil unless the full changelog is kept.
	Fields []FieldChange
}

// Transition is a change of status within an Event.
type Transition struct {
	From Ref // zero when the source gave none (an issue's creation)
	To   Ref
	// FromStartedAt and ToStartedAt are the source's own instants at which
	// From and To were entered; 0 when not said.
	FromStartedAt Instant
	ToStartedAt   Instant
}

// FieldChange is a changed field of an Event; From and To are the source's
// JSON, null when there was none, and bounded in size by the source.
type FieldChange struct {
	Field string          `json:"field"`
	From  json.RawMessage `json:"from"`
	To    json.RawMessage `json:"to"`
}

// Status is an entry of a source's dictionary of statuses.
type Status struct {
	Connection string
	Key        string
	Name       string
	Type       string // new, inProgress, paused, done, cancelled; "" when not said
	Order      int
}
