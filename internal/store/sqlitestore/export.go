package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"throughline/internal/delivery"
)

// Export reads issues in the order of their numbers, then runs, then other facts, then
// points and sealed hours.
func (s *Store) Export(ctx context.Context, after string, limit int) (b delivery.Batch, next string, err error) {
	last, err := delivery.ParseExported(after)
	if err == nil {
		err = s.read(ctx, func(tx *sql.Tx) error {
			last, err := exportFrom(ctx, tx, last, max(limit, 1), &b)
			next = last.String()
			return err
		})
	}
	if err != nil {
		return delivery.Batch{}, "", fmt.Errorf("export: %w", err)
	}
	return b, next, nil
}

// exportFrom reads what is behind a place, and returns the one that it stopped at.
func exportFrom(ctx context.Context, tx *sql.Tx, last delivery.Exported, limit int, b *delivery.Batch) (delivery.Exported, error) {
	if last.Series() {
		return exportSeries(ctx, tx, last, limit, b)
	}
	if !last.Runs && !last.Facts {
		number, err := exportWhole(ctx, tx, last.Number, limit, b)
		if err != nil || len(b.Issues) > 0 {
			return delivery.Exported{Number: number}, err
		}
		last.Number = 0
	}
	if !last.Facts {
		number, err := exportRuns(ctx, tx, last.Number, limit, b)
		if err != nil || len(b.Runs) > 0 {
			return delivery.Exported{Runs: true, Number: number}, err
		}
		last = delivery.Exported{Number: 0}
	}
	next, err := exportFacts(ctx, tx, last, limit, b)
	if err != nil || b.Len() > 0 {
		return next, err
	}
	return exportSeries(ctx, tx, delivery.Exported{Points: true}, limit, b)
}

// exportWhole reads the next issues of one connection with their changelogs, and
// the number of the last of them, 0 when there are no more.
func exportWhole(ctx context.Context, tx *sql.Tx, last int64, limit int, b *delivery.Batch) (next int64, err error) {
	pks, err := exportIssues(ctx, tx, last, limit, b)
	if err != nil || len(pks) == 0 {
		return 0, err
	}
	whole, err := exportEvents(ctx, tx, pks, b.Issues)
	b.Issues = b.Issues[:whole]
	return pks[whole-1], err
}

// exportIssues reads the next issues of one connection, and their numbers.
func exportIssues(ctx context.Context, tx *sql.Tx, last int64, limit int, b *delivery.Batch) (pks []int64, err error) {
	rows, err := tx.QueryContext(ctx, exportIssuesSQL, last, limit)
	err = each(rows, err, func(rows *sql.Rows) error {
		rec := delivery.IssueRecord{Replace: true}
		var pk, fingerprint int64
		former, err := scanFormer(rows, &rec.Issue, &pk, &fingerprint, &rec.Full, &rec.Gone)
		if err != nil {
			return err
		}
		if len(pks) > 0 && rec.Connection != b.Connection {
			return errStop
		}
		rec.Former, rec.Fingerprint = former, uint64(fingerprint)
		b.Connection, b.Issues, pks = rec.Connection, append(b.Issues, rec), append(pks, pk)
		return nil
	})
	if errors.Is(err, errStop) {
		err = nil
	}
	return pks, err
}

// exportEvents reads the changelogs of issues, whose numbers are in order, and
// returns how many of them are whole.
func exportEvents(ctx context.Context, tx *sql.Tx, pks []int64, issues []delivery.IssueRecord) (whole int, err error) {
	n, size := 0, 0
	rows, err := tx.QueryContext(ctx, exportEventsSQL, pks[0], pks[len(pks)-1])
	err = each(rows, err, func(rows *sql.Rows) error {
		var issue int64
		e, err := scanEvent(rows, &issue)
		if err != nil {
			return err
		}
		for ; pks[n] < issue; n++ {
			if size += sizeOf(&issues[n]); size >= delivery.ExportBytes {
				whole = n + 1
				return errStop
			}
		}
		if pks[n] != issue {
			return fmt.Errorf("event %s belongs to no issue", e.ID)
		}
		issues[n].Events = append(issues[n].Events, e)
		return nil
	})
	if errors.Is(err, errStop) {
		return whole, nil
	}
	return len(pks), err
}

// sizeOf is about the size of what may be large of an issue.
func sizeOf(rec *delivery.IssueRecord) int {
	size := len(rec.Title)
	for _, value := range rec.Custom {
		size += len(value)
	}
	for i := range rec.Events {
		for _, f := range rec.Events[i].Fields {
			size += len(f.From) + len(f.To)
		}
	}
	return size
}

// Words are the dictionaries of statuses, and the names that were learned.
func (s *Store) Words(ctx context.Context) ([]delivery.Batch, error) {
	var out []delivery.Batch
	err := s.read(ctx, func(tx *sql.Tx) error {
		known, err := readDictionaries(ctx, tx)
		if err != nil {
			return err
		}
		out = known.Batches()
		everybody, err := readEverybody(ctx, tx)
		if err != nil {
			return err
		}
		out = append(out, everybody...)
		names, err := learned(ctx, tx)
		if len(names) > 0 {
			out = append(out, delivery.Batch{Names: names})
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("words: %w", err)
	}
	return out, nil
}

// readEverybody are all people, a batch for each connection.
func readEverybody(ctx context.Context, tx *sql.Tx) ([]delivery.Batch, error) {
	var out []delivery.Batch
	rows, err := tx.QueryContext(ctx, everybodySQL)
	err = each(rows, err, func(rows *sql.Rows) error {
		var connection string
		var p delivery.Person
		err := rows.Scan(&connection, &p.ID, &p.Login, &p.Email, &p.Name)
		out = delivery.AddPerson(out, connection, p)
		return err
	})
	return out, err
}

func learned(ctx context.Context, tx *sql.Tx) ([]delivery.Name, error) {
	var out []delivery.Name
	rows, err := tx.QueryContext(ctx, learnedSQL)
	err = each(rows, err, func(rows *sql.Rows) error {
		var n delivery.Name
		err := rows.Scan(&n.Kind, &n.Key, &n.Name, &n.At)
		out = append(out, n)
		return err
	})
	return out, err
}

// Mark is that of the last batch.
func (s *Store) Mark(ctx context.Context) (string, error) {
	var mark string
	if err := s.db.Reader.QueryRowContext(ctx, markSQL).Scan(&mark); err != nil {
		return "", fmt.Errorf("mark: %w", err)
	}
	return mark, nil
}

// Adopt gives the file another identity.
func (s *Store) Adopt(ctx context.Context, identity string) error {
	err := s.update(ctx, func(w *writer) error {
		if identity == "" {
			return errors.New("no identity is given")
		}
		_, err1 := w.exec(adoptSQL, identity)
		_, err2 := w.exec(setMarkSQL, "")
		return errors.Join(err1, err2)
	})
	if err != nil {
		return fmt.Errorf("adopt: %w", err)
	}
	return nil
}
