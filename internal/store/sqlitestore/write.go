package sqlitestore

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"throughline/internal/delivery"
)

// Write stores a batch in one transaction.
func (s *Store) Write(ctx context.Context, b delivery.Batch) (delivery.Written, error) {
	var out delivery.Written
	err := s.update(ctx, func(w *writer) error {
		if err := w.statuses(b.Connection, b.Statuses); err != nil {
			return fmt.Errorf("statuses: %w", err)
		}
		if err := w.people(b.Connection, b.People); err != nil {
			return fmt.Errorf("people: %w", err)
		}
		if err := w.learn(b.Names); err != nil {
			return fmt.Errorf("names: %w", err)
		}
		if !b.OnlySeries() {
			if _, err := w.exec(setMarkSQL, b.Mark); err != nil {
				return fmt.Errorf("mark: %w", err)
			}
		}
		for i := range b.Issues {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := w.record(b.Connection, &b.Issues[i], &out); err != nil {
				return fmt.Errorf("issue %s: %w", b.Issues[i].Key, err)
			}
		}
		if err := w.gone(b.Connection, b.Gone, &out); err != nil {
			return err
		}
		if err := w.ciRuns(ctx, b.Connection, b.Runs, &out); err != nil {
			return err
		}
		if err := w.facts(ctx, &b, &out); err != nil {
			return err
		}
		if err := w.points(ctx, &b, &out); err != nil {
			return err
		}
		return w.sealedHours(ctx, &b, &out)
	})
	if err != nil {
		return delivery.Written{}, fmt.Errorf("write: %w", err)
	}
	return out, nil
}

// record stores one issue with its events and derives what follows from them.
func (w *writer) record(connection string, rec *delivery.IssueRecord, out *delivery.Written) error {
	conn, err := w.term(connectionTerm, connection)
	if err != nil {
		return err
	}
	row, err := w.issueRow(conn, rec)
	if err != nil {
		return err
	}
	old, found, err := w.storedIssue(conn, rec.ID)
	if err != nil {
		return err
	}
	if found && !rec.Replace {
		// A tail is full only if what it is appended to was, and no tail
		// leaves it as it was.
		row.full = old.full && (rec.Full || len(rec.Events) == 0)
	}
	same := found && old.gone == rec.Gone && old.issueRow == row
	if same && len(rec.Former) > 0 {
		if same, err = w.knowsKeys(old.pk, rec); err != nil {
			return err
		}
	}
	if same && !rec.Replace && len(rec.Events) == 0 {
		out.Unchanged++
		return nil
	}
	log, err := w.changelog(old.pk, rec)
	if err != nil {
		return err
	}
	switch {
	case same && !log.changed():
		out.Unchanged++
		return nil
	case found:
		out.Updated++
	default:
		out.Inserted++
	}
	w.changed = true
	return w.store(connection, rec, &row, &old, log)
}

// store writes what changed of an issue and derives what follows.
func (w *writer) store(connection string, rec *delivery.IssueRecord, row *issueRow, old *storedIssue, log *changelog) error {
	events, err := w.events(log)
	if err != nil {
		return err
	}
	if err := w.putIssue(row, rec.Gone); err != nil {
		return err
	}
	pk := old.pk
	if pk == 0 {
		if _, err := w.row(issuePKSQL, []any{row.connection, row.id}, []any{&pk}); err != nil {
			return err
		}
	}
	if err := w.storeEvents(pk, log); err != nil {
		return err
	}
	if err := w.aliases(pk, row.key, cmp.Or(old.key, row.key), slices.Concat(rec.Aliases, rec.Former)); err != nil {
		return err
	}
	if rec.Gone {
		return w.underive(pk)
	}
	return w.derive(pk, connection, rec, row, events)
}

// knowsKeys reports whether all former keys of a record are remembered.
func (w *writer) knowsKeys(issue int64, rec *delivery.IssueRecord) (bool, error) {
	for _, key := range rec.Former {
		var known bool
		if _, err := w.row(hasAliasSQL, []any{key, issue}, []any{&known}); err != nil {
			return false, err
		}
		if !known && key != rec.Key {
			return false, nil
		}
	}
	return true, nil
}

// aliases remembers former keys: the source's, and the one stored before.
func (w *writer) aliases(issue int64, key, before string, aliases []string) error {
	if before != key {
		if _, err := w.exec(addAliasSQL, before, issue); err != nil {
			return err
		}
	}
	for _, a := range aliases {
		if a == key {
			continue
		}
		if _, err := w.exec(addAliasSQL, a, issue); err != nil {
			return err
		}
	}
	return nil
}

// gone keeps the facts of issues that the source no longer has, and drops what
// answers are made from.
func (w *writer) gone(connection string, ids []string, out *delivery.Written) error {
	conn, err := w.knownTerm(connectionTerm, connection)
	if err != nil || conn == 0 {
		return err
	}
	for _, id := range ids {
		var pk int64
		found, err := w.row(goneSQL, []any{conn, id}, []any{&pk})
		if err != nil {
			return fmt.Errorf("gone %s: %w", id, err)
		}
		if !found {
			continue
		}
		out.Gone++
		w.changed = true
		if err := w.underive(pk); err != nil {
			return fmt.Errorf("gone %s: %w", id, err)
		}
	}
	return nil
}
