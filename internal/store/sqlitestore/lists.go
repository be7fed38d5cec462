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
			err = s.read(ctx, func(tx *sql.Tx) error {
				listed, err := newLister(ctx, tx, &q)
				if err != nil {
					return err
				}
				rows, err := tx.QueryContext(ctx, issuesSQL, args...)
				return each(rows, err, func(rows *sql.Rows) error { return listed.next(rows, yield) })
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
		createdFrom, createdTo, closedFrom = -forever, q.KnownTo(q.Now), q.From
		if createdTo <= q.From {
			createdTo = -forever // nothing is known of the range
		}
	default:
		return nil, &delivery.FilterError{Param: "state", Message: "not open or closed"}
	}
	limit := q.Limit
	if limit <= 0 || q.State == delivery.ListOpen {
		limit = -1 // lister counts those that were open
	}
	return append(filterArgs(&q.Filter), ms(max(createdFrom, after.At)), ms(createdTo), ms(closedFrom), ms(closedTo), open,
		ms(after.At), after.Number, limit), nil
}

// lister hands on the issues that a query asks for.
type lister struct {
	query  *delivery.IssueQuery
	opened *openings // nil unless it is asked for open ones
	listed int
}

func newLister(ctx context.Context, tx *sql.Tx, q *delivery.IssueQuery) (*lister, error) {
	l := &lister{query: q}
	if q.State != delivery.ListOpen {
		return l, nil
	}
	g, err := scanGeneration(tx.QueryRowContext(ctx, currentGenerationSQL).Scan)
	if err != nil {
		return nil, err
	}
	statuses, err := readTerms(ctx, tx, statusTerm)
	l.opened = &openings{generation: g, status: statuses, from: q.From, to: q.KnownTo(q.Now)}
	return l, err
}

// next hands on the issue of a row of issuesSQL, or passes it over.
func (l *lister) next(rows *sql.Rows, yield func(delivery.ListedIssue, error) bool) error {
	_, i, periods, err := scanListed(rows)
	if err != nil {
		return err
	}
	if l.opened != nil && periods != nil {
		open, err := l.opened.open(i.Connection, i.Queue, periods)
		if !open || err != nil {
			return err
		}
	}
	l.listed++
	if !yield(i, nil) || l.listed == l.query.Limit {
		return errStop
	}
	return nil
}

func scanListed(rows *sql.Rows) (pk int64, i delivery.ListedIssue, periods []byte, err error) {
	err = scanIssue(rows, &i.Issue, &i.Flow.CreatedAt, &i.FirstActiveAt, &i.ClosedAt, &i.ReopenCount, &pk,
		&i.MovedAt, &i.MovedBy.ID, &i.MovedBy.Key, &i.MovedBy.Name, &periods)
	i.Cursor = delivery.Cursor{At: i.Flow.CreatedAt, Number: pk}.String()
	return pk, i, periods, err
}

// listed reads the issues of these numbers, which are all there.
func listed(ctx context.Context, tx *sql.Tx, pks []int64) (map[int64]delivery.ListedIssue, error) {
	out := make(map[int64]delivery.ListedIssue, len(pks))
	if len(pks) == 0 {
		return out, nil
	}
	rows, err := tx.QueryContext(ctx, listedSQL, jsonList(pks))
	err = each(rows, err, func(rows *sql.Rows) error {
		pk, i, _, err := scanListed(rows)
		out[pk] = i
		return err
	})
	return out, err
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
