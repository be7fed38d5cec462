package inbox

import "errors"

// What callers tell apart, beside a *sqlite.DiskError.
var (
	ErrNotFound = errors.New("no such entry")
	// ErrNotWaiting is returned for an entry that was settled before.
	ErrNotWaiting = errors.New("the entry does not wait")
	// ErrPruned is returned for an entry whose body is no longer there.
	ErrPruned = errors.New("the body is no longer kept")
	// ErrRefused is returned for an entry that was never accepted, or ignored.
	ErrRefused = errors.New("the request was not accepted")
	// ErrOutcomeSize is returned for an outcome of more than MaxOutcome bytes.
	ErrOutcomeSize = errors.New("the outcome is too long")
	ErrClosed      = errors.New("the inbox is closed")
)
