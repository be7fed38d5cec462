package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"

	"throughline/internal/delivery"
)

// errStop ends a listing that nobody reads on.
var errStop = errors.New("stop")

// Issues lists issues by (CreatedAt, store id). The issues of one call are
// those of one state of the store, however long reading them takes.
func (s *Store) Issues(ctx context.Context, q delivery.IssueQuery) iter.Seq2[delivery.ListedIssue, error] {
	return func(yield func(delivery.ListedIssue, error) bool) {
		args, err := issuesArgs(&q)
		if err == nil {
			rows, qerr := s.db.Reader.QueryContext(ctx, issuesSQL, args...)
			err = each(rows, qerr, func(rows *sql.Rows) error {
				i, err := scanListed(rows)
				if err == nil && !yield(i, nil) {
					return errStop
				}
				return err
			})
		}
		if err != nil && !errors.Is(err, errStop) {
			yield(delivery.ListedIssue{}, fmt.Errorf("issues: %w", err))
		}
	}
}

// issuesArgs binds ?1 to ?11 of issuesSQL.
func issuesArgs(q *delivery.IssueQuery) ([]any, error) {
	after, err := parseCursor(q.After)
	if err != nil {
		return nil, err
	}
	createdFrom, createdTo := q.From, q.To
	closedFrom, closedTo, open := delivery.Instant(1), forever, true
	switch q.State {
	case delivery.ListCreated:
	case delivery.ListClosed:
		createdFrom, createdTo = -forever, forever
		closedFrom, closedTo, open = max(q.From, 1), q.To, false
	case delivery.ListOpen:
		createdFrom, closedFrom = -forever, q.From+1
	default:
		return nil, &delivery.FilterError{Param: "state", Message: "not open or closed"}
	}
	limit := q.Limit
	if limit <= 0 {
		limit = -1
	}
	return append(filterArgs(&q.Filter), ms(max(createdFrom, after.createdAt)), ms(createdTo), ms(closedFrom), ms(closedTo), open,
		ms(after.createdAt), after.pk, limit), nil
}

func scanListed(rows *sql.Rows) (delivery.ListedIssue, error) {
	var i delivery.ListedIssue
	var pk int64
	err := scanIssue(rows, &i.Issue, &i.Flow.CreatedAt, &i.FirstActiveAt, &i.ClosedAt, &i.ReopenCount, &pk,
		&i.MovedAt, &i.MovedBy.ID, &i.MovedBy.Key, &i.MovedBy.Name)
	i.Cursor = cursor{i.Flow.CreatedAt, pk}.String()
	return i, err
}

// IssueStates returns what is stored of those of ids that are stored.
func (s *Store) IssueStates(ctx context.Context, connection string, ids []string) (map[string]delivery.IssueState, error) {
	out := make(map[string]delivery.IssueState, len(ids))
	rows, err := s.db.Reader.QueryContext(ctx, issueStatesSQL, connection, jsonList(ids))
	err = each(rows, err, func(rows *sql.Rows) error {
		var st delivery.IssueState
		var fingerprint int64
		err := rows.Scan(&st.ID, &st.Key, &st.Queue, &st.Version, &st.UpdatedAt, &st.StatusStartedAt, &st.StatusKey,
			&fingerprint, &st.Full, &st.Gone, &st.Events, &st.LastEventID, &st.LastOrdinal)
		st.Fingerprint = uint64(fingerprint)
		out[st.ID] = st
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("issue states: %w", err)
	}
	return out, nil
}

// IssueIDs yields id and key of every issue that is not gone, by id.
func (s *Store) IssueIDs(ctx context.Context, connection string) iter.Seq2[delivery.IssueState, error] {
	return func(yield func(delivery.IssueState, error) bool) {
		rows, err := s.db.Reader.QueryContext(ctx, issueIDsSQL, connection)
		err = each(rows, err, func(rows *sql.Rows) error {
			var st delivery.IssueState
			err := rows.Scan(&st.ID, &st.Key)
			if err == nil && !yield(st, nil) {
				return errStop
			}
			return err
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(delivery.IssueState{}, fmt.Errorf("issue ids: %w", err))
		}
	}
}
