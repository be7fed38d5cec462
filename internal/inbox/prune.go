package inbox

import (
	"context"
	"fmt"
	"time"
)

const (
	keepBody = 30 * 24 * time.Hour // of an entry that is done
	keepRow  = 90 * 24 * time.Hour // without a natural key; and the body of one given up

	pruneStep = 200 // entries in a transaction, for which senders wait
)

// Prune removes what has been kept long enough at now: bodies 30 days after
// their entry was done and 90 after it was given up; entries without a natural
// key, refused and ignored ones among them, 90 days after they were settled. Keys stay, and
// what waits stays whole.
func (db *DB) Prune(ctx context.Context, now time.Time) error {
	old, older := millis(now.Add(-keepBody)), millis(now.Add(-keepRow))
	for _, step := range []func(w *writer) (int64, error){
		func(w *writer) (int64, error) { return w.pruneBodies(Done, old) },
		func(w *writer) (int64, error) { return w.pruneBodies(Failed, older) },
		func(w *writer) (int64, error) {
			return w.affected(`DELETE FROM entries WHERE id IN (
				SELECT id FROM entries WHERE key = '' AND done_at > 0 AND done_at < ? LIMIT ?)`, older, pruneStep)
		},
	} {
		for more := true; more; {
			n := new(int64)
			err := db.write(ctx, func(w *writer) (err error) { *n, err = step(w); return err })
			if err != nil {
				return fmt.Errorf("prune: %w", err)
			}
			more = *n == pruneStep
		}
	}
	return nil
}

// pruneBodies returns how many bodies it removed.
func (w *writer) pruneBodies(state State, before int64) (int64, error) {
	const old = `SELECT id FROM entries WHERE state = ?1 AND done_at > 0 AND done_at < ?2 AND pruned = 0 ORDER BY done_at, id LIMIT ?3`
	if _, err := w.exec(`DELETE FROM bodies WHERE entry_id IN (`+old+`)`, state, before, pruneStep); err != nil {
		return 0, err
	}
	return w.affected(`UPDATE entries SET pruned = 1 WHERE id IN (`+old+`)`, state, before, pruneStep)
}
