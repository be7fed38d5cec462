package delivery

import "fmt"

// NameKind is a kind of things that issues are filtered and grouped by.
type NameKind string

// Kinds of things whose names stores remember.
const (
	QueueName      NameKind = "queue"
	TypeName       NameKind = "type"
	StatusName     NameKind = "status"
	ResolutionName NameKind = "resolution"
)

// Name is what a store has learned of a thing from the records that it was in:
// no issue need be in it any more.
type Name struct {
	Kind NameKind
	Key  string
	Name string  // the newest, "" when nothing is known but the key
	At   Instant // when the source said it
}

// Validate reports a name that no store can keep.
func (n Name) Validate() error {
	switch n.Kind {
	case QueueName, TypeName, StatusName, ResolutionName:
		if n.Key == "" {
			return fmt.Errorf("name of a %s without a key", n.Kind)
		}
		return nil
	}
	return fmt.Errorf("there are no names of kind %q", n.Kind)
}
