package control

import (
	"context"
	"fmt"
	"time"
)

// LastSuccesses are, by connection, when the last sync ended that reached its
// end, with problems or without. A connection that has none on record is not
// among them.
func (db *DB) LastSuccesses(ctx context.Context) (map[string]time.Time, error) {
	rows, err := db.sql.Reader.QueryContext(ctx, `SELECT c.name, MAX(s.finished_at) FROM syncs s
		JOIN connections c ON c.id = s.connection_id WHERE s.state IN ('done', 'problems') GROUP BY c.id`)
	if err != nil {
		return nil, fmt.Errorf("last successful syncs: %w", err)
	}
	defer func() { _ = rows.Close() }() // read to its end, or given up
	out := map[string]time.Time{}
	for rows.Next() {
		var name string
		var at int64
		if err := rows.Scan(&name, &at); err != nil {
			return nil, fmt.Errorf("last successful syncs: %w", err)
		}
		out[name] = fromMillis(at)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("last successful syncs: %w", err)
	}
	return out, nil
}

// LastOutcomes are how the last sync of each connection ended that was not interrupted,
// by connection.
func (db *DB) LastOutcomes(ctx context.Context) (map[string]SyncState, error) {
	rows, err := db.sql.Reader.QueryContext(ctx, `SELECT c.name, s.state FROM syncs s
		JOIN connections c ON c.id = s.connection_id
		WHERE s.id IN (SELECT MAX(id) FROM syncs WHERE state NOT IN ('running', 'interrupted') GROUP BY connection_id)`)
	if err != nil {
		return nil, fmt.Errorf("how syncs ended: %w", err)
	}
	defer func() { _ = rows.Close() }() // read to its end, or given up
	out := map[string]SyncState{}
	for rows.Next() {
		var name string
		var state SyncState
		if err := rows.Scan(&name, &state); err != nil {
			return nil, fmt.Errorf("how syncs ended: %w", err)
		}
		out[name] = state
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("how syncs ended: %w", err)
	}
	return out, nil
}
