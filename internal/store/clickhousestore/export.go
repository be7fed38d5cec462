package clickhousestore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"throughline/internal/delivery"
)

// Export reads issues in the order of their numbers.
func (s *Store) Export(ctx context.Context, after string, limit int) (b delivery.Batch, next string, err error) {
	last, err := delivery.ParseExported(after)
	step := int64(max(limit, 1))
	if err == nil {
		err = s.read(ctx, func(st *state) error {
			// Numbers without an issue are few: those of a write that was cut off.
			for ; len(b.Issues) == 0 && last < st.issues; last += step {
				n, err := s.exportRange(ctx, last, last+step, &b)
				if err != nil {
					return err
				}
				next = strconv.FormatInt(n, 10)
			}
			if len(b.Issues) == 0 {
				next = ""
			}
			return nil
		})
	}
	if err != nil {
		return delivery.Batch{}, "", fmt.Errorf("export: %w", err)
	}
	return b, next, nil
}

// exportRange reads the issues behind a number up to another one, as far as they
// are of one connection and not too large, and returns the last one's.
func (s *Store) exportRange(ctx context.Context, after, until int64, b *delivery.Batch) (last int64, err error) {
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
