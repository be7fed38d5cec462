package inbox

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Waiting are up to limit entries that wait and whose time for another attempt
// has come, oldest first, with their bodies: as many as have maxBytes together,
// but one at least.
func (db *DB) Waiting(ctx context.Context, limit int, maxBytes int64) (entries []Entry, err error) {
	rows, err := db.sql.Reader.QueryContext(ctx, `SELECT `+columns+`, body FROM entries JOIN bodies ON entry_id = id
		WHERE state = 'waiting' AND retry_at <= ? ORDER BY id LIMIT ?`, millis(db.now()), limit)
	if err != nil {
		return nil, fmt.Errorf("waiting entries: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var total int64
	for rows.Next() {
		e, err := db.scanWithBody(rows)
		if err != nil {
			return nil, fmt.Errorf("waiting entries: %w", err)
		}
		if total += int64(e.Bytes); total > maxBytes && len(entries) > 0 {
			break
		}
		entries = append(entries, e)
	}
	return entries, rows.Err()
}

// Done settles an entry that waits. The outcome, JSON text of what it changed,
// is kept with it. Errors: ErrNotFound, ErrNotWaiting, ErrOutcomeSize.
func (db *DB) Done(ctx context.Context, id int64, outcome string) error {
	return db.DoneAll(ctx, map[int64]string{id: outcome})
}

// DoneAll is Done for several entries at once, by id; all of them or none.
func (db *DB) DoneAll(ctx context.Context, outcomes map[int64]string) error {
	for id, outcome := range outcomes {
		if len(outcome) > MaxOutcome {
			return fmt.Errorf("entry %d: %w (%d bytes)", id, ErrOutcomeSize, len(outcome))
		}
	}
	now := millis(db.now())
	return db.write(ctx, func(w *writer) error {
		for id, outcome := range outcomes {
			if err := w.settle(id, `UPDATE entries SET state = 'done', attempts = attempts + 1, retry_at = 0, outcome = ?, error = '', done_at = ?
				WHERE id = ? AND state = 'waiting'`, outcome, now, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// Failed notes an attempt that did not succeed; the entry waits for another,
// not before retryAt. Errors: ErrNotFound, ErrNotWaiting.
func (db *DB) Failed(ctx context.Context, id int64, fault string, retryAt time.Time) error {
	return db.write(ctx, func(w *writer) error {
		return w.settle(id, `UPDATE entries SET attempts = attempts + 1, retry_at = ?, error = ?
			WHERE id = ? AND state = 'waiting'`, millis(retryAt), cutError(fault), id)
	})
}

// GiveUp notes an attempt that did not succeed and that no other follows.
// Errors: ErrNotFound, ErrNotWaiting.
func (db *DB) GiveUp(ctx context.Context, id int64, fault string) error {
	now := millis(db.now())
	return db.write(ctx, func(w *writer) error {
		return w.settle(id, `UPDATE entries SET state = 'failed', attempts = attempts + 1, retry_at = 0, error = ?, done_at = ?
			WHERE id = ? AND state = 'waiting'`, cutError(fault), now, id)
	})
}

// settle runs an update of an entry that waits.
func (w *writer) settle(id int64, query string, args ...any) error {
	n, err := w.affected(query, args...)
	if err == nil && n == 0 {
		var state State
		if err = w.row(`SELECT state FROM entries WHERE id = ?`, []any{id}, &state); err == nil {
			err = ErrNotWaiting
		}
	}
	if err != nil {
		return fmt.Errorf("entry %d: %w", id, err)
	}
	return nil
}

// Replay makes an entry wait that is done or was given up, and one that waits
// for its time come at once. What it changed before stays in Outcome until it
// is done again. Errors: ErrNotFound, ErrPruned, ErrRefused.
func (db *DB) Replay(ctx context.Context, id int64) error {
	err := db.write(ctx, func(w *writer) error {
		var state State
		var pruned bool
		if err := w.row(`SELECT state, pruned FROM entries WHERE id = ?`, []any{id}, &state, &pruned); err != nil {
			return err
		}
		switch {
		case state == Refused, state == Ignored:
			return ErrRefused
		case pruned:
			return ErrPruned
		}
		w.added = true
		_, err := w.exec(`UPDATE entries SET state = 'waiting', retry_at = 0, done_at = 0 WHERE id = ?`, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("replay entry %d: %w", id, err)
	}
	return nil
}

// Drop forgets entries that are done, and that nothing is to be kept of; those that
// are not there are none of its business.
func (db *DB) Drop(ctx context.Context, ids []int64) error {
	return db.write(ctx, func(w *writer) error {
		for _, id := range ids {
			if _, err := w.exec(`DELETE FROM entries WHERE id = ?`, id); err != nil {
				return fmt.Errorf("entry %d: %w", id, err)
			}
		}
		return nil
	})
}

// Last is the number of the entry that was put last, 0 when there is none.
func (db *DB) Last(ctx context.Context) (id int64, err error) {
	err = db.sql.Reader.QueryRowContext(ctx, `SELECT coalesce(max(id), 0) FROM entries`).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("last entry: %w", err)
	}
	return id, nil
}

// Pending reports whether an entry of a kind up to one waits that was not tried yet.
func (db *DB) Pending(ctx context.Context, kind string, upTo int64) (pending bool, err error) {
	err = db.sql.Reader.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM entries
		WHERE state = 'waiting' AND id <= ? AND retry_at = 0 AND kind = ?)`, upTo, kind).Scan(&pending)
	if err != nil {
		return false, fmt.Errorf("pending entries: %w", err)
	}
	return pending, nil
}
