package clickhousestore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"throughline/internal/delivery"
)

// Export reads issues in the order of their numbers, then runs, then other facts, then
// points and sealed hours.
func (s *Store) Export(ctx context.Context, after string, limit int) (b delivery.Batch, next string, err error) {
	p, err := delivery.ParseExported(after)
	if err == nil {
		err = s.read(ctx, func(st *state) (err error) {
			p, err = s.exportFrom(ctx, st, p, int64(max(limit, 1)), &b)
			if b.Len() > 0 {
				next = p.String()
			}
			return err
		})
	}
	if err != nil {
		return delivery.Batch{}, "", fmt.Errorf("export: %w", err)
	}
	return b, next, nil
}

// exportFrom reads what is behind a place, and returns the one that it stopped at.
func (s *Store) exportFrom(ctx context.Context, st *state, p delivery.Exported, limit int64, b *delivery.Batch) (delivery.Exported, error) {
	if p.Series() {
		return s.exportSeries(ctx, p, limit, b)
	}
	// Numbers without an issue or a run are few: those of a write that was cut off.
	for from := p.Number; !p.Runs && !p.Facts && from < st.issues; from += limit {
		last, err := s.exportIssues(ctx, from, from+limit, b)
		if err != nil || len(b.Issues) > 0 {
			return delivery.Exported{Number: last}, err
		}
	}
	from := int64(0)
	if p.Runs {
		from = p.Number
	}
	for ; !p.Facts && from < st.runs; from += limit {
		last, err := s.exportRuns(ctx, from, from+limit, b)
		if err != nil || len(b.Runs) > 0 {
			return delivery.Exported{Runs: true, Number: last}, err
		}
	}
	if !p.Facts {
		p = delivery.Exported{}
	}
	if p, err := s.exportFacts(ctx, p, limit, b); err != nil || b.Len() > 0 {
		return p, err
	}
	return s.exportSeries(ctx, delivery.Exported{Points: true}, limit, b)
}

// exportIssues reads the issues behind a number up to another one, as far as they
// are of one connection and not too large, and returns the last one's.
func (s *Store) exportIssues(ctx context.Context, after, until int64, b *delivery.Batch) (last int64, err error) {
	size := 0
	err = scanRows(ctx, s.conn, s.sql("export", nil), func(rows driver.Rows) error {
		r, err := scanIssueRow(rows, true)
		if err != nil {
			return err
		}
		if len(b.Issues) > 0 && (r.connection != b.Connection || size >= delivery.ExportBytes) {
			return errStop
		}
		size += len(r.title) + len(r.details) + len(r.events)
		rec, err := r.record()
		b.Connection, b.Issues, last = r.connection, append(b.Issues, rec), r.issue
		return err
	}, clickhouse.Named("after", after), clickhouse.Named("until", until))
	if errors.Is(err, errStop) {
		err = nil
	}
	return last, err
}

// exportRuns does for runs what exportIssues does for issues.
func (s *Store) exportRuns(ctx context.Context, after, until int64, b *delivery.Batch) (last int64, err error) {
	size := 0
	err = scanRows(ctx, s.conn, s.sql("run_export", nil), func(rows driver.Rows) error {
		r, err := scanRunRow(rows, true)
		if err != nil {
			return err
		}
		if len(b.Runs) > 0 && (r.connection != b.Connection || size >= delivery.ExportBytes) {
			return errStop
		}
		size += len(r.details) + len(r.parts)
		var run delivery.Run
		err = r.into(&run)
		b.Connection, b.Runs, last = r.connection, append(b.Runs, run), r.run
		return err
	}, clickhouse.Named("after", after), clickhouse.Named("until", until))
	if errors.Is(err, errStop) {
		err = nil
	}
	return last, err
}

// record is the row as a record that makes the same elsewhere.
func (r *issueRow) record() (delivery.IssueRecord, error) {
	rec := delivery.IssueRecord{Fingerprint: r.fingerprint, Replace: true, Full: r.full, Gone: r.gone}
	if len(r.former) > 0 {
		rec.Former = r.former
	}
	if err := r.asTold(&rec.Issue); err != nil {
		return rec, err
	}
	var err error
	rec.Events, err = r.changes()
	return rec, err
}

// Words are the dictionaries of statuses, and the names that were learned.
func (s *Store) Words(ctx context.Context) ([]delivery.Batch, error) {
	st, err := s.open(ctx)
	if err != nil {
		return nil, fmt.Errorf("words: %w", err)
	}
	out := st.known.Batches()
	err = scanRows(ctx, s.conn, s.sql("everybody", nil), func(rows driver.Rows) error {
		var connection string
		var p delivery.Person
		err := rows.Scan(&connection, &p.ID, &p.Login, &p.Email, &p.Name)
		out = delivery.AddPerson(out, connection, p)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("words: %w", s.explain(ctx, err))
	}
	var names []delivery.Name
	for k, t := range st.terms {
		names = append(names, delivery.Name{Kind: delivery.NameKind(k.kind), Key: k.key, Name: t.name, At: t.seen})
	}
	slices.SortFunc(names, func(a, b delivery.Name) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Key, b.Key))
	})
	if len(names) > 0 {
		out = append(out, delivery.Batch{Names: names})
	}
	return out, nil
}

// Mark is that of the last batch.
func (s *Store) Mark(ctx context.Context) (string, error) {
	st, err := s.open(ctx)
	if err != nil {
		return "", fmt.Errorf("mark: %w", err)
	}
	return st.mark, nil
}

// Adopt gives the database another identity.
func (s *Store) Adopt(ctx context.Context, identity string) error {
	err := s.update(ctx, func(w *writer) error {
		if identity == "" {
			return errors.New("no identity is given")
		}
		w.st.identity, w.st.mark = identity, ""
		w.changed, w.quiet = true, true
		return nil
	})
	if err != nil {
		return fmt.Errorf("adopt: %w", err)
	}
	return nil
}
