package inbox

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"throughline/internal/sqlite"
)

// Standing is what has not come to its end in an inbox.
type Standing struct {
	Waiting int
	Oldest  time.Time // when the first of those was received; zero when there is none
	Trouble string    // of the last of those that was tried in vain, "" when none was
	Failed  int       // given up, and still there to be replayed
	Fault   string    // of the last of those
}

// Look says how the inbox at path stands, beside whoever uses it and without
// leaving a trace. The inbox must be sound and of a schema that is known.
func Look(ctx context.Context, path string) (s Standing, err error) {
	var oldest int64
	err = sqlite.ReadOnly(path, func(db *sql.DB) error {
		const with = ` FROM entries WHERE state = `
		return db.QueryRowContext(ctx, `SELECT
			(SELECT count(*)`+with+`'waiting'),
			coalesce((SELECT received_at`+with+`'waiting' ORDER BY id LIMIT 1), 0),
			coalesce((SELECT error`+with+`'waiting' AND error <> '' ORDER BY id DESC LIMIT 1), ''),
			(SELECT count(*)`+with+`'failed' AND pruned = 0),
			coalesce((SELECT error`+with+`'failed' AND pruned = 0 ORDER BY id DESC LIMIT 1), '')`,
		).Scan(&s.Waiting, &oldest, &s.Trouble, &s.Failed, &s.Fault)
	})
	if err != nil {
		return Standing{}, fmt.Errorf("look into the inbox: %w", err)
	}
	s.Oldest = fromMillis(oldest)
	return s, nil
}
