package delivery

import (
	"cmp"
	"context"
	"iter"
	"strings"
)

// ErrorStore keeps what sources tell of errors.
type ErrorStore interface {
	// ErrorGroups lists groups that are not gone, those first seen last first.
	ErrorGroups(ctx context.Context, q ErrorQuery) iter.Seq2[ListedErrorGroup, error]
	// ErrorGroup is one by Seq; ErrNotFound. It may be gone.
	ErrorGroup(ctx context.Context, seq int64) (ListedErrorGroup, error)
	// EventDays, SessionDays and Releases are those of [From, To), by their day or At,
	// the last first.
	EventDays(ctx context.Context, q ErrorQuery) iter.Seq2[EventDay, error]
	SessionDays(ctx context.Context, q ErrorQuery) iter.Seq2[SessionDay, error]
	Releases(ctx context.Context, q ErrorQuery) iter.Seq2[Release, error]
	// ErrorProjects are all there are, gone ones too, by (Connection, ID).
	ErrorProjects(ctx context.Context) ([]ErrorProject, error)
}

// ErrorQuery asks for facts of errors: of groups those first seen in [From, To).
type ErrorQuery struct {
	From, To    Instant // To 0: no end
	Connections []string
	Projects    []string // slugs; nil: all, empty: none
	Limit       int      // 0: all
	After       string   // a Cursor
}

// ListedErrorGroup is a group with its number, FactNumber, and the cursor behind it.
type ListedErrorGroup struct {
	ErrorGroup
	Seq    int64
	Cursor string
}

// List is the query as of any list of facts; false when it asks for nothing.
func (q *ErrorQuery) List() (list DoraListQuery, any bool) {
	return DoraListQuery{
		From: q.From, To: q.To, Connections: q.Connections, Projects: q.Projects, Limit: q.Limit, After: q.After,
	}, q.Projects == nil || len(q.Projects) > 0
}

// CompareErrorProjects orders by (Connection, ID).
func CompareErrorProjects(a, b ErrorProject) int {
	return cmp.Or(strings.Compare(a.Connection, b.Connection), strings.Compare(a.ID, b.ID))
}
