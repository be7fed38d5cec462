package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"

	"throughline/internal/delivery"
	"throughline/internal/sqlite"
)

// Records lists the issues behind a panel or a mark of it.
func (s *Store) Records(ctx context.Context, q delivery.RecordsQuery) (delivery.Records, error) {
	if err := q.Validate(); err != nil {
		return delivery.Records{}, fmt.Errorf("records: %w", err)
	}
	var out delivery.Records
	err := s.read(ctx, func(tx *sql.Tx) (err error) {
		var marks []delivery.RecordMark
		var lives *lives
		switch {
		case q.FromLives():
			if lives, err = s.readLives(ctx, tx, &q.FlowQuery); err == nil {
				marks, out.Sample, err = delivery.RecordMarks(ctx, lives, &q)
			}
		case q.Panel == "time-in-status":
			marks, out.Sample, err = statusMarks(ctx, tx, &q)
		default:
			marks, out.Sample, err = cycleMarks(ctx, tx, &q)
		}
		if err != nil {
			return err
		}
		if q.Sort == delivery.ByKey {
			if err := markKeys(ctx, tx, marks); err != nil {
				return err
			}
		}
		out.Total = len(marks)
		page := q.Page(marks)
		out.Items, err = records(ctx, tx, page)
		if err == nil && q.Supposed != nil {
			err = delivery.SupposeFlows(ctx, lives, page, out.Items)
		}
		return err
	})
	if err != nil {
		return delivery.Records{}, fmt.Errorf("records: %w", err)
	}
	return out, nil
}

// cycleMarks are the issues behind cycle time.
func cycleMarks(ctx context.Context, tx *sql.Tx, q *delivery.RecordsQuery) ([]delivery.RecordMark, delivery.Sample, error) {
	var marks []delivery.RecordMark
	add := func(i delivery.FinishedIssue, seconds int64, reason string) {
		if q.Wants(reason) {
			marks = append(marks, delivery.RecordMark{ID: i.ID, ClosedAt: i.ClosedAt, Seconds: seconds, Reason: reason})
		}
	}
	sample, err := finished(ctx, tx, &q.FlowQuery,
		func(i delivery.FinishedIssue, seconds int64) { add(i, seconds, "") },
		func(i delivery.FinishedIssue, reason string) { add(i, 0, reason) })
	return marks, sample, err
}

// statusMarks are the issues behind the time in one status.
func statusMarks(ctx context.Context, tx *sql.Tx, q *delivery.RecordsQuery) ([]delivery.RecordMark, delivery.Sample, error) {
	sample := delivery.Sample{Excluded: map[string]int{}, AsOf: q.Now}
	n, err := readNamer(ctx, tx)
	if err != nil {
		return nil, sample, err
	}
	asked := int64(-1)
	for id, t := range n.status {
		if t.key == q.Status {
			asked = id
		}
	}
	var marks []delivery.RecordMark
	err = eachOpen(ctx, tx, &q.FlowQuery, n, func(i *openIssue) error {
		visits, sum := 0, int64(0)
		err := i.measure(&q.FlowQuery, func(status, millis int64) {
			if status == asked {
				visits++
				sum += millis
			}
		})
		if visits == 0 || err != nil {
			return err
		}
		sample.N++
		if q.Wants("") {
			marks = append(marks, delivery.RecordMark{ID: i.pk, ClosedAt: i.closedAt, Seconds: sum / 1000})
		}
		return nil
	})
	return marks, sample, err
}

// markKeys adds the keys of all marks. The index of keys holds nothing else, so
// that reading all of it is faster than looking each up.
func markKeys(ctx context.Context, tx *sql.Tx, marks []delivery.RecordMark) error {
	places := make(map[int64]int, len(marks))
	for i := range marks {
		places[marks[i].ID] = i
	}
	return sqlite.Scan(ctx, tx, func(row sqlite.Row) error {
		if i, ok := places[row.Int(0)]; ok {
			marks[i].Key = row.Text(1)
		}
		return nil
	}, keysSQL)
}

// records reads the issues of marks, in their order.
func records(ctx context.Context, tx *sql.Tx, marks []delivery.RecordMark) ([]delivery.Record, error) {
	pks := make([]int64, len(marks))
	for i := range marks {
		pks[i] = marks[i].ID
	}
	issues, err := listed(ctx, tx, pks)
	if err != nil {
		return nil, err
	}
	out := make([]delivery.Record, len(marks))
	for i := range marks {
		out[i] = delivery.Record{ListedIssue: issues[marks[i].ID], Value: marks[i].Value(), Reason: marks[i].Reason}
	}
	return out, nil
}
