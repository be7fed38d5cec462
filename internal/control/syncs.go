package control

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

// SyncState says how a sync stands.
type SyncState string

const (
	Running     SyncState = "running"
	Done        SyncState = "done"        // every record went in
	Problems    SyncState = "problems"    // it ended, and some records could not be taken
	Failed      SyncState = "failed"      // it is tried again at RetryAt
	Paused      SyncState = "paused"      // it cannot go on until a person does something
	Interrupted SyncState = "interrupted" // the program stopped meanwhile
)

// Sync is one run of a pull.
type Sync struct {
	ID         int64
	Connection string
	StartedAt  time.Time
	FinishedAt time.Time // zero while it runs
	SavedAt    time.Time // when Progress was last saved; zero before the first page
	State      SyncState
	Progress   source.Progress
	Written    delivery.Written
	Problems   int
	Error      source.Message
	RetryAt    time.Time // of a failed one, or of one with problems
}

const (
	maxProblems = 1000 // kept of one sync; all are counted
	keptSyncs   = 200  // of each connection
	maxText     = 2000 // bytes of a message or record name
)

const selectSync = `
SELECT s.id, c.name, s.started_at, s.finished_at, s.progress_at, s.state, s.progress,
       s.inserted, s.updated, s.unchanged, s.gone, s.problems, s.error, s.phrase, s.retry_at
FROM syncs s JOIN connections c ON c.id = s.connection_id`

func scanSync(row scanner) (Sync, error) {
	var s Sync
	var started, finished, saved, retry int64
	var progress, phrase []byte
	w := &s.Written
	err := row.Scan(&s.ID, &s.Connection, &started, &finished, &saved, &s.State, &progress,
		&w.Inserted, &w.Updated, &w.Unchanged, &w.Gone, &s.Problems, &s.Error.Text, &phrase, &retry)
	if err != nil {
		return Sync{}, err
	}
	s.StartedAt, s.FinishedAt, s.SavedAt, s.RetryAt = fromMillis(started), fromMillis(finished), fromMillis(saved), fromMillis(retry)
	if err := errors.Join(json.Unmarshal(progress, &s.Progress), json.Unmarshal(phrase, &s.Error.Phrase)); err != nil {
		return Sync{}, fmt.Errorf("sync %d: %w", s.ID, err)
	}
	return s, nil
}

// StartSync begins a sync of a connection. Errors: ErrNotFound, ErrSyncRunning,
// ErrPushed.
func (db *DB) StartSync(ctx context.Context, connectionID int64, now time.Time) (Sync, error) {
	var s Sync
	err := db.tx(ctx, func(tx *sql.Tx) error {
		c, err := connectionBy(ctx, tx, "id", connectionID)
		if err != nil {
			return err
		}
		switch {
		case c.Pushed():
			return ErrPushed
		case c.Syncing:
			return ErrSyncRunning
		}
		var id int64
		err = tx.QueryRowContext(ctx, `INSERT INTO syncs (connection_id, revision, started_at, state)
			SELECT id, revision, ?, 'running' FROM connections WHERE id = ? RETURNING id`, millis(now), connectionID).Scan(&id)
		if err != nil {
			return fmt.Errorf("start sync of %s: %w", c.Name, err)
		}
		s, err = scanSync(tx.QueryRowContext(ctx, selectSync+` WHERE s.id = ?`, id))
		return err
	})
	return s, err
}

// SyncRunning reports whether any sync is at work.
func (db *DB) SyncRunning(ctx context.Context) (bool, error) {
	var running bool
	err := db.sql.Reader.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM syncs WHERE state = 'running')`).Scan(&running)
	if err != nil {
		return false, fmt.Errorf("look for running syncs: %w", err)
	}
	return running, nil
}

// running is what a sync at work needs to know of itself.
type running struct {
	connection int64
	current    bool // the connection was not changed since the sync began
	problems   int
}

func runningSync(ctx context.Context, tx *sql.Tx, id int64) (running, error) {
	var r running
	var state SyncState
	err := tx.QueryRowContext(ctx, `SELECT s.connection_id, s.state, s.revision = c.revision, s.problems
		FROM syncs s JOIN connections c ON c.id = s.connection_id WHERE s.id = ?`, id).Scan(&r.connection, &state, &r.current, &r.problems)
	if err != nil {
		return running{}, fmt.Errorf("sync %d: %w", id, notFound(err))
	}
	if state != Running {
		return running{}, fmt.Errorf("sync %d: %w", id, ErrSyncOver)
	}
	return r, nil
}

// SaveProgress notes, in one transaction, that a page is stored: where to go
// on, what was read and written so far, and the problems that are new. The
// error wraps ErrSuperseded when the connection was changed meanwhile; then
// all is saved but the cursor. ErrNotFound: the connection was deleted.
func (db *DB) SaveProgress(ctx context.Context, syncID int64, cursor source.Cursor, p source.Progress, w delivery.Written, problems []source.Problem, now time.Time) error {
	progress, err := toJSON(p)
	if err != nil {
		return err
	}
	var current bool
	err = db.tx(ctx, func(tx *sql.Tx) error {
		r, err := runningSync(ctx, tx, syncID)
		if err != nil {
			return err
		}
		current = r.current
		_, err = tx.ExecContext(ctx, `UPDATE syncs SET progress = ?, progress_at = ?, inserted = ?, updated = ?, unchanged = ?, gone = ?,
			problems = problems + ? WHERE id = ?`, progress, millis(now), w.Inserted, w.Updated, w.Unchanged, w.Gone, len(problems), syncID)
		if err != nil {
			return fmt.Errorf("save progress: %w", err)
		}
		if err := saveProblems(ctx, tx, syncID, problems[:min(len(problems), max(0, maxProblems-r.problems))]); err != nil {
			return err
		}
		if !current {
			return nil
		}
		return saveCursor(ctx, tx, r.connection, cursor)
	})
	if err == nil && !current {
		return fmt.Errorf("sync %d: %w", syncID, ErrSuperseded)
	}
	return err
}

func saveCursor(ctx context.Context, tx *sql.Tx, connection int64, cursor source.Cursor) error {
	var value any
	if len(cursor) > 0 && string(cursor) != "null" {
		value = string(cursor)
	}
	if _, err := tx.ExecContext(ctx, `UPDATE connections SET cursor = ? WHERE id = ?`, value, connection); err != nil {
		return fmt.Errorf("save cursor: %w", err)
	}
	return nil
}

func saveProblems(ctx context.Context, tx *sql.Tx, syncID int64, problems []source.Problem) error {
	for _, p := range problems {
		_, err := tx.ExecContext(ctx, `INSERT INTO sync_problems (sync_id, record, path, message, phrase) VALUES (?, ?, ?, ?, ?)`,
			syncID, cut(p.Record, maxText), cut(p.Path, maxText), cut(p.Message, maxText), phraseJSON(p.Phrase))
		if err != nil {
			return fmt.Errorf("save problem: %w", err)
		}
	}
	return nil
}

// phraseJSON is a phrase as it is stored: with bounded arguments.
func phraseJSON(p source.Phrase) string {
	bounded := source.Phrase{ID: cut(p.ID, maxText)}
	for _, a := range p.Args {
		bounded.Args = append(bounded.Args, cut(a, maxText))
	}
	b, err := json.Marshal(bounded)
	if err != nil {
		return "{}" // texts always marshal
	}
	return string(b)
}

// cut is valid UTF-8 of at most n bytes from the start of s.
func cut(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return strings.ToValidUTF8(s, "")
}

// FinishSync ends a sync and says when the connection's next one is due and how
// many failed in a row. A connection that was changed meanwhile stays due.
func (db *DB) FinishSync(ctx context.Context, syncID int64, state SyncState, fault source.Message, nextRunAt time.Time, failures int, now time.Time) error {
	if state == Running {
		return fmt.Errorf("finish sync %d: it cannot end as %s", syncID, state)
	}
	var retry int64
	if state == Failed || state == Problems {
		retry = millis(nextRunAt)
	}
	return db.tx(ctx, func(tx *sql.Tx) error {
		r, err := runningSync(ctx, tx, syncID)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE syncs SET state = ?, error = ?, phrase = ?, finished_at = ?, retry_at = ? WHERE id = ?`,
			state, cut(fault.Text, maxText), phraseJSON(fault.Phrase), millis(now), retry, syncID)
		if err != nil {
			return fmt.Errorf("finish sync: %w", err)
		}
		if r.current {
			// One that was asked for since the sync began comes before the regular one.
			asked := state == Done || state == Problems
			_, err := tx.ExecContext(ctx, `UPDATE connections SET failures = ?1,
				next_run_at = CASE WHEN ?2 AND next_run_at > (SELECT started_at FROM syncs WHERE id = ?3) THEN min(next_run_at, ?4) ELSE ?4 END
				WHERE id = ?5`, failures, asked, syncID, millis(nextRunAt), r.connection)
			if err != nil {
				return fmt.Errorf("schedule next sync: %w", err)
			}
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM syncs WHERE connection_id = ? AND id <=
			(SELECT id FROM syncs WHERE connection_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?)`, r.connection, r.connection, keptSyncs)
		if err != nil {
			return fmt.Errorf("prune syncs: %w", err)
		}
		return nil
	})
}

// InterruptRunning ends the syncs that a stopped process left running, and
// makes their connections due.
func (db *DB) InterruptRunning(ctx context.Context, now time.Time) error {
	err := db.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE connections SET next_run_at = min(next_run_at, ?)
			WHERE id IN (SELECT connection_id FROM syncs WHERE state = 'running')`, millis(now))
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE syncs SET state = 'interrupted', finished_at = ? WHERE state = 'running'`, millis(now))
		return err
	})
	if err != nil {
		return fmt.Errorf("interrupt running syncs: %w", err)
	}
	return nil
}

// SyncQuery asks for syncs, newest first.
type SyncQuery struct {
	Connection string // "" for all
	Limit      int    // 0: 100
	Before     int64  // id of the last sync of the page before, 0 for the first
}

// Syncs answers a SyncQuery.
func (db *DB) Syncs(ctx context.Context, q SyncQuery) ([]Sync, error) {
	if q.Limit <= 0 {
		q.Limit = 100
	}
	syncs, err := list(ctx, db.sql.Reader, scanSync, selectSync+`
		WHERE (? = '' OR c.name = ?) AND (? = 0 OR s.id < ?) ORDER BY s.id DESC LIMIT ?`,
		q.Connection, q.Connection, q.Before, q.Before, q.Limit)
	if err != nil {
		return nil, fmt.Errorf("syncs: %w", err)
	}
	return syncs, nil
}

// Sync is the sync with this id, or ErrNotFound.
func (db *DB) Sync(ctx context.Context, id int64) (Sync, error) {
	s, err := scanSync(db.sql.Reader.QueryRowContext(ctx, selectSync+` WHERE s.id = ?`, id))
	if err != nil {
		return Sync{}, fmt.Errorf("sync %d: %w", id, notFound(err))
	}
	return s, nil
}

// Problems are the records that a sync could not take, in the order they were
// met: up to limit of those kept, or all of them when it is 0.
func (db *DB) Problems(ctx context.Context, syncID int64, limit int) ([]source.Problem, error) {
	if limit <= 0 {
		limit = maxProblems
	}
	problems, err := list(ctx, db.sql.Reader, func(row scanner) (p source.Problem, err error) {
		var phrase []byte
		if err = row.Scan(&p.Record, &p.Path, &p.Message, &phrase); err == nil {
			err = json.Unmarshal(phrase, &p.Phrase)
		}
		return p, err
	}, `SELECT record, path, message, phrase FROM sync_problems WHERE sync_id = ? ORDER BY id LIMIT ?`, syncID, limit)
	if err != nil {
		return nil, fmt.Errorf("problems of sync %d: %w", syncID, err)
	}
	return problems, nil
}
