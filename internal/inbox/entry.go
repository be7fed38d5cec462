package inbox

import (
	"database/sql"
	"errors"
	"strings"
	"time"
)

// State says how an entry stands.
type State string

const (
	Waiting State = "waiting" // to be worked in, perhaps once more
	Done    State = "done"
	Failed  State = "failed"  // given up
	Refused State = "refused" // never accepted, only noted
	Ignored State = "ignored" // nothing is made of it, only noted
)

const (
	// MaxOutcome is the size of the longest outcome, in bytes.
	MaxOutcome = 64 << 10

	maxRefusedBody = 64 << 10 // bytes kept of a body that is only noted
	maxError       = 2000     // bytes kept of an error
)

// Entry is one received hook or push.
type Entry struct {
	ID         int64 // later entries have larger ones
	Connection string
	Kind       string // "save_metrics", "runs", "github.workflow_run", …
	Token      string // name of the token it came with
	// Key is its natural key among entries of its kind and connection, kept
	// for ever; "" means that it has none. Its length is for callers to bound.
	Key        string
	ReceivedAt time.Time
	Body       []byte // nil in lists and when Pruned
	Bytes      int    // of the body as it was received
	Pruned     bool   // the body is no longer kept
	State      State
	Attempts   int       // that have ended
	RetryAt    time.Time // of one that waits: not before; zero for at once
	Outcome    string    // JSON text of what it changed, at most MaxOutcome bytes
	Error      string    // of the last attempt, or why it was refused; cut after 2,000 bytes
	DoneAt     time.Time // when it was done, given up or noted; zero while it waits
}

const columns = `id, connection, kind, token, key, received_at, bytes, pruned, state, attempts, retry_at, outcome, error, done_at`

// scanner is a *sql.Row or *sql.Rows.
type scanner interface{ Scan(dest ...any) error }

// scan reads columns, and into more what was selected after them.
func scan(row scanner, more ...any) (Entry, error) {
	var e Entry
	var received, retry, done int64
	err := row.Scan(append([]any{
		&e.ID, &e.Connection, &e.Kind, &e.Token, &e.Key, &received, &e.Bytes, &e.Pruned,
		&e.State, &e.Attempts, &retry, &e.Outcome, &e.Error, &done,
	}, more...)...)
	if err != nil {
		return Entry{}, notFound(err)
	}
	e.ReceivedAt, e.RetryAt, e.DoneAt = fromMillis(received), fromMillis(retry), fromMillis(done)
	return e, nil
}

// notFound turns the driver's word for "no such row" into ours.
func notFound(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	return err
}

// millis is t as it is stored; the zero time is 0.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// fromMillis is the time stored as ms.
func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// cutError is valid UTF-8 of at most maxError bytes from the start of s.
func cutError(s string) string {
	return strings.ToValidUTF8(s[:min(len(s), maxError)], "")
}
