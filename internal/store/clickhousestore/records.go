package clickhousestore

import (
	"context"
	"fmt"
	"math"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"throughline/internal/delivery"
)

// Records lists the issues behind a panel or a mark of it.
func (s *Store) Records(ctx context.Context, q delivery.RecordsQuery) (delivery.Records, error) {
	if err := q.Validate(); err != nil {
		return delivery.Records{}, fmt.Errorf("records: %w", err)
	}
	var out delivery.Records
	err := s.read(ctx, func(st *state) error {
		if q.FromLives() {
			return s.recordsOfLives(ctx, st, &q, &out)
		}
		a, err := s.ask(ctx, st, &q.FlowQuery)
		if err != nil {
			return err
		}
		data := recordsData{asked: a, ByKey: q.Sort == delivery.ByKey, Order: orderOf(&q), Limit: q.Limit, Offset: q.Offset}
		if q.Limit == 0 {
			data.Limit = math.MaxInt32
		}
		statement := "cycle_records"
		if q.Panel == "time-in-status" {
			statement = "status_records"
			out.Sample, err = s.statusSample(ctx, a, &q)
		} else {
			var measured delivery.CycleSample
			measured, err = s.measure(ctx, a, q.Now)
			out.Sample = measured.Sample
		}
		if err != nil {
			return err
		}
		data.Wanted, out.Total = wanted(&q, &out.Sample)
		if out.Total == 0 {
			out.Items = []delivery.Record{}
			return nil
		}
		marks, err := s.marks(ctx, statement, &data)
		if err != nil {
			return err
		}
		out.Items, err = s.records(ctx, st, marks)
		return err
	})
	if err != nil {
		return delivery.Records{}, fmt.Errorf("records: %w", err)
	}
	return out, nil
}

// recordsOfLives are the records that delivery finds.
func (s *Store) recordsOfLives(ctx context.Context, st *state, q *delivery.RecordsQuery, out *delivery.Records) error {
	lives := &lives{s, st, &q.FlowQuery}
	marks, sample, err := delivery.RecordMarks(ctx, lives, q)
	if err != nil {
		return err
	}
	out.Sample, out.Total = sample, len(marks)
	if q.Sort == delivery.ByKey {
		if err := lives.keys(ctx, marks); err != nil {
			return err
		}
	}
	page := q.Page(marks)
	if out.Items, err = s.records(ctx, st, page); err != nil || q.Supposed == nil {
		return err
	}
	return delivery.SupposeFlows(ctx, lives, page, out.Items)
}

// keys adds the keys of marks.
func (ls *lives) keys(ctx context.Context, marks []delivery.RecordMark) error {
	ids := make([]int64, len(marks))
	for i := range marks {
		ids[i] = marks[i].ID
	}
	named, err := ls.Marks(ctx, ids)
	for i := range marks {
		marks[i].Key = named[ids[i]].Key
	}
	return err
}

type recordsData struct {
	*asked
	ByKey         bool
	Wanted, Order string
	Limit, Offset int
}

// wanted is which records a query asks for, and how many they are.
func wanted(q *delivery.RecordsQuery, s *delivery.Sample) (condition string, total int) {
	switch q.Excluded {
	case "":
		return "reason = ''", s.N
	case delivery.AnyReason:
		return "reason != ''", s.Left()
	}
	return "reason = '" + q.Excluded + "'", s.Excluded[q.Excluded] // Validate knows it
}

// orderOf is the order of records; delivery.RecordsQuery says what it means. A
// key is ordered by queue, then by number.
func orderOf(q *delivery.RecordsQuery) string {
	switch q.Sort {
	case delivery.ShortestFirst:
		return "seconds, issue"
	case delivery.NewestFirst:
		return "closed_at DESC, issue"
	case delivery.OldestFirst:
		return "closed_at = 0, closed_at, issue"
	case delivery.ByKey:
		return `if(match(key, '-[0-9]+$'), replaceRegexpOne(key, '-[0-9]+$', ''), key), toUInt64OrZero(extract(key, '-([0-9]+)$')), key, issue`
	}
	return "seconds DESC, issue"
}

// statusSample is what the records of a status are made from.
func (s *Store) statusSample(ctx context.Context, a *asked, q *delivery.RecordsQuery) (delivery.Sample, error) {
	sample := delivery.Sample{Excluded: map[string]int{}, AsOf: q.Now}
	a.Status = true
	a.bind("status", q.Status)
	if q.KnownTo(q.Now) <= q.From {
		return sample, nil
	}
	var n uint64
	err := s.conn.QueryRow(ctx, s.sql("status_records_count", a), a.args...).Scan(&n)
	sample.N = int(n)
	return sample, err
}

// marks are the records asked for, in order.
func (s *Store) marks(ctx context.Context, statement string, data *recordsData) ([]delivery.RecordMark, error) {
	var marks []delivery.RecordMark
	err := scanRows(ctx, s.conn, s.sql(statement, data), func(rows driver.Rows) error {
		var m delivery.RecordMark
		err := rows.Scan(&m.ID, (*int64)(&m.ClosedAt), &m.Seconds, &m.Reason)
		marks = append(marks, m)
		return err
	}, data.args...)
	return marks, err
}

// records reads the issues of marks, in their order.
func (s *Store) records(ctx context.Context, st *state, marks []delivery.RecordMark) ([]delivery.Record, error) {
	ids := make([]int64, len(marks))
	for i := range marks {
		ids[i] = marks[i].ID
	}
	issues, err := s.listed(ctx, st, ids)
	if err != nil {
		return nil, err
	}
	out := make([]delivery.Record, len(marks))
	for i := range marks {
		out[i] = delivery.Record{ListedIssue: issues[marks[i].ID], Value: marks[i].Value(), Reason: marks[i].Reason}
	}
	return out, nil
}

// listed reads the issues of these numbers.
func (s *Store) listed(ctx context.Context, st *state, ids []int64) (map[int64]delivery.ListedIssue, error) {
	out := make(map[int64]delivery.ListedIssue, len(ids))
	err := inChunks(ids, func(ids []int64) error {
		return scanRows(ctx, s.conn, s.sql("listed", nil), func(rows driver.Rows) error {
			issue, i, err := scanListed(rows)
			out[issue] = i
			return err
		}, clickhouse.Named("generation", st.current().id), clickhouse.Named("issues", ids))
	})
	return out, err
}
