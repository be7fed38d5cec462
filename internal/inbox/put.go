package inbox

import (
	"context"
	"fmt"
)

// Receipt says where an entry is.
type Receipt struct {
	ID    int64
	Fresh bool // else it was there before, and ID is that of the first
}

// Put stores an entry unless one of its kind, connection and key is there, and
// returns once it is on disk. Connection, Kind, Token, Key, Body and ReceivedAt
// (now, when it is zero) are stored; it waits. When the context ends first its
// error is returned, and the entry may be stored or not.
func (db *DB) Put(ctx context.Context, e Entry) (id int64, fresh bool, err error) {
	receipts, err := db.PutAll(ctx, []Entry{e})
	if err != nil {
		return 0, false, err
	}
	return receipts[0].ID, receipts[0].Fresh, nil
}

// PutAll is Put for several entries, all of them or none. An entry whose key
// an earlier one of them has is not fresh.
func (db *DB) PutAll(ctx context.Context, entries []Entry) ([]Receipt, error) {
	packed := make([][]byte, len(entries))
	for i, e := range entries {
		packed[i] = db.codec.pack(e.Body)
	}
	now := millis(db.now())
	receipts := make([]Receipt, len(entries))
	err := db.write(ctx, func(w *writer) (err error) {
		for i, e := range entries {
			if receipts[i], err = w.put(e, packed[i], now); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("store %d entries: %w", len(entries), err)
	}
	return receipts, nil
}

func (w *writer) put(e Entry, packed []byte, now int64) (Receipt, error) {
	received := now
	if !e.ReceivedAt.IsZero() {
		received = millis(e.ReceivedAt)
	}
	res, err := w.exec(`INSERT INTO entries (connection, kind, token, key, received_at, bytes, state)
		VALUES (?, ?, ?, ?, ?, ?, 'waiting') ON CONFLICT DO NOTHING`, e.Connection, e.Kind, e.Token, e.Key, received, len(e.Body))
	if err != nil {
		return Receipt{}, err
	}
	n, err := res.RowsAffected()
	if err != nil {
		return Receipt{}, err
	}
	if n == 0 {
		var first Receipt
		err := w.row(`SELECT id FROM entries WHERE kind = ? AND connection = ? AND key = ? AND key <> ''`,
			[]any{e.Kind, e.Connection, e.Key}, &first.ID)
		return first, err
	}
	id, err := res.LastInsertId()
	if err != nil {
		return Receipt{}, err
	}
	w.added = true
	_, err = w.exec(`INSERT INTO bodies (entry_id, body) VALUES (?, ?)`, id, packed)
	return Receipt{ID: id, Fresh: true}, err
}
