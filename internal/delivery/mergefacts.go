package delivery

import (
	"cmp"
	"slices"
)

// newer is which of two tellings of a fact goes before where they contradict each
// other: positive for the first, negative for the second. At 0 neither does, and
// what they say decides, so that the order in which they came never does.
type newer int

// text is a field's text: what is not said is as the other one says it.
func (n newer) text(a, b string) string {
	switch {
	case a == "" || b == "":
		return cmp.Or(a, b)
	case n > 0:
		return a
	case n < 0:
		return b
	}
	return max(a, b)
}

// pick is text for a field of any kind; known and compare are as of its texts.
func pick[T any](n newer, a, b T, known func(T) bool, compare func(a, b T) int) T {
	switch {
	case !known(b):
		return a
	case !known(a):
		return b
	case n > 0 || n == 0 && compare(a, b) >= 0:
		return a
	}
	return b
}

// texts is text for lists, of which nil is not said.
func (n newer) texts(a, b []string) []string {
	return pick(n, a, b, func(s []string) bool { return s != nil }, slices.Compare)
}

// commits is texts for commits. Of two lists of one age the longer one is kept:
// sources cut them.
func (n newer) commits(a, b []Commit) []Commit {
	return pick(n, a, b, func(c []Commit) bool { return c != nil }, compareCommits)
}

func compareCommits(a, b []Commit) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), slices.CompareFunc(a, b, func(a, b Commit) int {
		return cmp.Or(
			cmp.Compare(a.SHA, b.SHA), cmp.Compare(a.AuthoredAt, b.AuthoredAt),
			cmp.Compare(a.Message, b.Message), cmp.Compare(a.Author, b.Author),
		)
	}))
}

// MergeTicket is MergeDeployment for a ticket: the first creation and the last end
// are kept.
func MergeTicket(stored, said Ticket) Ticket {
	n := newer(cmp.Compare(stored.ToldAt, said.ToldAt))
	return Ticket{
		Connection: said.Connection, ID: said.ID,
		Project:   n.text(stored.Project, said.Project),
		Type:      n.text(stored.Type, said.Type),
		CreatedAt: earliest(stored.CreatedAt, said.CreatedAt),
		ClosedAt:  max(stored.ClosedAt, said.ClosedAt),
		ToldAt:    max(stored.ToldAt, said.ToldAt),
	}
}
