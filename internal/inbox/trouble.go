package inbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Trouble is what came for a connection and is not worked in, by state: Failed and not
// yet replayed, Refused, or Waiting for too long.
type Trouble struct {
	Connection string
	State      State
	N          int
	Oldest     time.Time // when it was received, like the next one
	Last       time.Time
	Error      string // of the newest of them
}

const troublesSQL = `
SELECT t.connection, t.state, t.n, t.oldest, t.last, e.error
FROM (
    SELECT connection, state, count(*) AS n, min(received_at) AS oldest, max(received_at) AS last, max(id) AS newest
    FROM entries
    WHERE state IN ('failed', 'refused', 'waiting') AND received_at >= ?1 AND received_at < ?2
      AND (state <> 'failed' OR pruned = 0) AND (state <> 'waiting' OR received_at < ?3)
    GROUP BY connection, state
) t
JOIN entries e ON e.id = t.newest
ORDER BY t.connection, t.state`

// Troubles are those of entries received in [from, to), and of those that wait since
// before stuck, by connection and state.
func (db *DB) Troubles(ctx context.Context, from, to, stuck time.Time) (out []Trouble, err error) {
	rows, err := db.sql.Reader.QueryContext(ctx, troublesSQL, millis(from), millis(to), millis(stuck))
	if err != nil {
		return nil, fmt.Errorf("troubles of the inbox: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var t Trouble
		var oldest, last int64
		if err := rows.Scan(&t.Connection, &t.State, &t.N, &oldest, &last, &t.Error); err != nil {
			return nil, fmt.Errorf("troubles of the inbox: %w", err)
		}
		t.Oldest, t.Last = fromMillis(oldest), fromMillis(last)
		out = append(out, t)
	}
	return out, rows.Err()
}

// maxMoments is how many moments Came answers at most: of a sender who sends often,
// some of them.
const maxMoments = 500

// Came are moments since an instant at which something came for a connection that was
// not refused, in order; the last one is always among them.
func (db *DB) Came(ctx context.Context, connection string, since time.Time) (out []time.Time, err error) {
	from, to, err := db.idsSince(ctx, since)
	if err != nil || from > to {
		return nil, err
	}
	rows, err := db.sql.Reader.QueryContext(ctx, `
		WITH RECURSIVE
		came(id) AS (
		    SELECT * FROM (SELECT id FROM entries WHERE connection = ?1 AND id >= ?2 AND state <> 'refused' ORDER BY id LIMIT 1)
		    UNION ALL
		    SELECT (SELECT e.id FROM entries e WHERE e.connection = ?1 AND e.id > came.id + ?3 AND e.state <> 'refused' ORDER BY e.id LIMIT 1)
		    FROM came WHERE came.id IS NOT NULL
		),
		last(id) AS (SELECT id FROM entries WHERE connection = ?1 AND id >= ?2 AND state <> 'refused' ORDER BY id DESC LIMIT 1)
		SELECT received_at FROM entries WHERE id IN (SELECT id FROM came UNION SELECT id FROM last) ORDER BY id`,
		connection, from, (to-from)/maxMoments)
	if err != nil {
		return nil, fmt.Errorf("when things came for %s: %w", connection, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var at int64
		if err := rows.Scan(&at); err != nil {
			return nil, fmt.Errorf("when things came for %s: %w", connection, err)
		}
		out = append(out, fromMillis(at))
	}
	return out, rows.Err()
}

// idsSince are the first and the last id of entries received since an instant, found
// by halves: no index is by time.
func (db *DB) idsSince(ctx context.Context, since time.Time) (first, last int64, err error) {
	if last, err = db.Last(ctx); err != nil {
		return 0, 0, err
	}
	low, high := int64(1), last+1 // the first one is in [low, high]
	for low < high {
		middle := (low + high) / 2
		var id, at int64
		err := db.sql.Reader.QueryRowContext(ctx, `SELECT id, received_at FROM entries WHERE id >= ? ORDER BY id LIMIT 1`, middle).Scan(&id, &at)
		switch {
		case errors.Is(err, sql.ErrNoRows), err == nil && at >= millis(since):
			high = middle
		case err != nil:
			return 0, 0, fmt.Errorf("find an entry by its time: %w", err)
		default:
			low = id + 1
		}
	}
	return low, last, nil
}
