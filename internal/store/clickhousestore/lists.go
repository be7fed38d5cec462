package clickhousestore

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"throughline/internal/delivery"
)

// errStop ends a listing that nobody reads on.
var errStop = errors.New("stop")

// Issues lists issues by (CreatedAt, store id). The issues of one call are those
// of one state of the store: they are read by one statement.
func (s *Store) Issues(ctx context.Context, q delivery.IssueQuery) iter.Seq2[delivery.ListedIssue, error] {
	return func(yield func(delivery.ListedIssue, error) bool) {
		err := s.read(ctx, func(st *state) error {
			data, err := listOf(st, &q)
			if err != nil || data.State == "" {
				return err
			}
			return scanRows(ctx, s.conn, s.sql("issues", data), func(rows driver.Rows) error {
				_, i, err := scanListed(rows)
				if err == nil && !yield(i, nil) {
					return errStop
				}
				return err
			}, data.args...)
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(delivery.ListedIssue{}, fmt.Errorf("issues: %w", err))
		}
	}
}

type listData struct {
	*asked
	State string // the condition, "" when no issue can meet it
	After bool
	Limit int
}

// listOf is what issues.sql needs to list what a query asks for.
func listOf(st *state, q *delivery.IssueQuery) (*listData, error) {
	d := &listData{asked: filtered(st, &q.Filter), Limit: q.Limit}
	d.bind("from", int64(q.From))
	switch q.State {
	case delivery.ListCreated:
		d.State = "created_at >= @from AND created_at < @to"
		d.bind("to", int64(q.To))
	case delivery.ListClosed:
		d.State = "closed_at > 0 AND closed_at >= @from AND closed_at < @to"
		d.bind("to", int64(q.To))
	case delivery.ListOpen:
		known := q.KnownTo(q.Now)
		d.bind("known", int64(known))
		if known > q.From {
			d.State = openState
		}
	default:
		return nil, &delivery.FilterError{Param: "state", Message: "not open or closed"}
	}
	if q.After == "" {
		return d, nil
	}
	after, err := delivery.ParseCursor(q.After)
	d.After = true
	d.bind("after_at", int64(after.At))
	d.bind("after_issue", after.Number)
	return d, err
}

// openState is the condition of opened.sql.
const openState = `created_at < @known AND (closed_at = 0 OR closed_at >= @from)
      AND arrayExists((started, ended, class) -> class != 2 AND started < @known AND (ended = 0 OR ended > @from OR started >= @from),
                      starts, arrayPushBack(arrayPopFront(starts), 0), classes)`

// scanListed reads a row of issues.sql.
func scanListed(rows driver.Rows) (issue int64, i delivery.ListedIssue, err error) {
	var reopened uint32
	r, err := scanIssueRow(rows, false, (*int64)(&i.Flow.CreatedAt), (*int64)(&i.FirstActiveAt), (*int64)(&i.ClosedAt), &reopened)
	if err != nil {
		return 0, i, err
	}
	i.ReopenCount, i.MovedAt, i.MovedBy = int(reopened), r.movedAt, r.movedBy
	i.Cursor = delivery.Cursor{At: i.Flow.CreatedAt, Number: r.issue}.String()
	return r.issue, i, r.into(&i.Issue)
}

// Issue returns the issue that has the key, or had it before.
func (s *Store) Issue(ctx context.Context, keyOrAlias string) (delivery.IssueDetail, error) {
	var d delivery.IssueDetail
	err := s.read(ctx, func(*state) error {
		var found *issueRow
		err := scanRows(ctx, s.conn, s.sql("issue_by_key", nil), func(rows driver.Rows) (err error) {
			found, err = scanIssueRow(rows, true)
			return err
		}, clickhouse.Named("key", keyOrAlias))
		if err != nil {
			return err
		}
		if found == nil {
			return delivery.ErrNotFound
		}
		d, err = found.detail()
		return err
	})
	if err != nil {
		return delivery.IssueDetail{}, fmt.Errorf("issue %q: %w", keyOrAlias, err)
	}
	return d, nil
}

// detail is the row as an issue with its changelog.
func (r *issueRow) detail() (delivery.IssueDetail, error) {
	d := delivery.IssueDetail{Full: r.full}
	if err := r.into(&d.Issue); err != nil {
		return d, err
	}
	var err error
	d.Events, err = r.changes()
	return d, err
}

// changes are the row's changelog.
func (r *issueRow) changes() ([]delivery.Event, error) {
	docs, err := decodeEvents(r.key, r.events)
	if err != nil {
		return nil, err
	}
	var events []delivery.Event
	for i := range docs {
		e, err := docs[i].whole()
		if err != nil {
			return nil, err
		}
		events = append(events, e)
	}
	return events, nil
}

// IssueStates returns what is stored of those of ids that are stored.
func (s *Store) IssueStates(ctx context.Context, connection string, ids []string) (map[string]delivery.IssueState, error) {
	out := make(map[string]delivery.IssueState, len(ids))
	err := s.read(ctx, func(*state) error {
		return inChunks(ids, func(ids []string) error {
			return scanRows(ctx, s.conn, s.sql("issue_states", nil), func(rows driver.Rows) error {
				var st delivery.IssueState
				var events uint32
				var ordinal int64
				err := rows.Scan(&st.ID, &st.Key, &st.Queue, &st.Version, (*int64)(&st.UpdatedAt), (*int64)(&st.StatusStartedAt), &st.StatusKey,
					&st.Fingerprint, &st.Full, &st.Gone, &events, &st.LastEventID, &ordinal)
				st.Events, st.LastOrdinal = int(events), int(ordinal)
				out[st.ID] = st
				return err
			}, clickhouse.Named("connection", connection), clickhouse.Named("ids", ids))
		})
	})
	if err != nil {
		return nil, fmt.Errorf("issue states: %w", err)
	}
	return out, nil
}

// IssueIDs yields id and key of every issue that is not gone, by id.
func (s *Store) IssueIDs(ctx context.Context, connection string) iter.Seq2[delivery.IssueState, error] {
	return func(yield func(delivery.IssueState, error) bool) {
		err := s.read(ctx, func(*state) error {
			return scanRows(ctx, s.conn, s.sql("issue_ids", nil), func(rows driver.Rows) error {
				var st delivery.IssueState
				err := rows.Scan(&st.ID, &st.Key)
				if err == nil && !yield(st, nil) {
					return errStop
				}
				return err
			}, clickhouse.Named("connection", connection))
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(delivery.IssueState{}, fmt.Errorf("issue ids: %w", err))
		}
	}
}
