package inbox

import (
	"context"
	"fmt"
)

// maxRefused is how many refused entries are kept of each connection.
const maxRefused = 1000

// Refuse keeps note of a request that was not accepted: as Put, with Error in
// addition and without Key, for it must not stand in the way of a better one.
// Of the body the first 64 KiB are kept; Bytes may say that it was larger than
// Body is. The oldest of more than 1,000 refused entries of the connection goes.
func (db *DB) Refuse(ctx context.Context, e Entry) error {
	packed := db.codec.pack(e.Body[:min(len(e.Body), maxRefusedBody)])
	now := millis(db.now())
	received := now
	if !e.ReceivedAt.IsZero() {
		received = millis(e.ReceivedAt)
	}
	err := db.write(ctx, func(w *writer) error {
		res, err := w.exec(`INSERT INTO entries (connection, kind, token, key, received_at, bytes, state, error, done_at)
			VALUES (?, ?, ?, '', ?, ?, 'refused', ?, ?)`,
			e.Connection, e.Kind, e.Token, received, max(e.Bytes, len(e.Body)), cutError(e.Error), now)
		if err != nil {
			return err
		}
		id, err := res.LastInsertId()
		if err != nil {
			return err
		}
		if _, err := w.exec(`INSERT INTO bodies (entry_id, body) VALUES (?, ?)`, id, packed); err != nil {
			return err
		}
		_, err = w.exec(`DELETE FROM entries WHERE id IN (
			SELECT id FROM entries WHERE connection = ?1 AND state = 'refused' ORDER BY id
			LIMIT max(0, (SELECT n FROM counts WHERE connection = ?1 AND state = 'refused') - ?2))`, e.Connection, maxRefused)
		return err
	})
	if err != nil {
		return fmt.Errorf("note a refused request: %w", err)
	}
	return nil
}
