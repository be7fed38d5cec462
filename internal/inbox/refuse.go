package inbox

import (
	"context"
	"fmt"
)

// maxRefused is how many refused entries are kept of each connection, and how many
// ignored ones.
const maxRefused = 1000

// Refuse keeps note of a request that was not accepted: as Put, with Error in
// addition and without Key, for it must not stand in the way of a better one.
// Of the body the first 64 KiB are kept; Bytes may say that it was larger than
// Body is. The oldest of more than 1,000 refused entries of the connection goes.
func (db *DB) Refuse(ctx context.Context, e Entry) error {
	if err := db.note(ctx, e, Refused); err != nil {
		return fmt.Errorf("note a refused request: %w", err)
	}
	return nil
}

// Ignore keeps note of a request that nothing is made of, as Refuse does: the
// oldest of more than 1,000 ignored entries of the connection goes.
func (db *DB) Ignore(ctx context.Context, e Entry) error {
	if err := db.note(ctx, e, Ignored); err != nil {
		return fmt.Errorf("note an ignored request: %w", err)
	}
	return nil
}

func (db *DB) note(ctx context.Context, e Entry, state State) error {
	packed := db.codec.pack(e.Body[:min(len(e.Body), maxRefusedBody)])
	now := millis(db.now())
	received := now
	if !e.ReceivedAt.IsZero() {
		received = millis(e.ReceivedAt)
	}
	return db.write(ctx, func(w *writer) error {
		res, err := w.exec(`INSERT INTO entries (connection, kind, token, key, received_at, bytes, state, error, done_at)
			VALUES (?, ?, ?, '', ?, ?, ?, ?, ?)`,
			e.Connection, e.Kind, e.Token, received, max(e.Bytes, len(e.Body)), state, cutError(e.Error), now)
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
			SELECT id FROM entries WHERE connection = ?1 AND state = ?2 ORDER BY id
			LIMIT max(0, (SELECT n FROM counts WHERE connection = ?1 AND state = ?2) - ?3))`, e.Connection, state, maxRefused)
		return err
	})
}
