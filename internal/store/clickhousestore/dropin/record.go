package dropin

import (
	"cmp"

	"throughline/internal/delivery"
)

// Record is an issue with all that rows are made of.
type Record struct {
	delivery.IssueDetail
	Flow    delivery.Flow
	History delivery.History
	// Gone is set when the source no longer has the issue: its rows go.
	Gone bool
	// People are those of the issue's connection, by id.
	People map[string]delivery.Person
	// Calendar is that of the issue's queue.
	Calendar *delivery.Calendar
}

// formerKeys are the keys that the issue had before it moved. They are the
// source's, and those that its changelog shows.
func (r *Record) formerKeys() []string {
	keys := r.Aliases
	for _, e := range r.Events {
		for _, f := range e.Fields {
			if f.Field != "key" {
				continue
			}
			if from := scalar(f.From); from != "" {
				keys = append(keys[:len(keys):len(keys)], from)
			}
		}
	}
	var out []string
	for _, key := range keys {
		if key != "" && key != r.Key {
			out = append(out, key)
		}
	}
	return out
}

// email is that of a person, "" when there is none.
func (r *Record) email(who delivery.Ref) string {
	if who.ID == "" {
		return ""
	}
	return r.People[who.ID].Email
}

// actor is the e-mail of a person, else the name, else the id.
func (r *Record) actor(who delivery.Ref) string {
	return cmp.Or(r.email(who), who.Name, who.ID)
}
