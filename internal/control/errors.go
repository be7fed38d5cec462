package control

import "errors"

// What callers tell apart.
var (
	ErrNotFound    = errors.New("not found")
	ErrSetupDone   = errors.New("set-up is done: there are users already")
	ErrBadToken    = errors.New("the set-up link is not valid")
	ErrCredentials = errors.New("wrong e-mail or password")
	ErrProvisioned = errors.New("declared in the provisioning file")
	ErrNameTaken   = errors.New("the name is taken")
	ErrInUse       = errors.New("something else needs it")
	ErrBuiltIn     = errors.New("it is always there")
	ErrPushed      = errors.New("nothing is pulled from this connection: it takes what is pushed")
	ErrLastVersion = errors.New("the last version cannot be deleted")
	ErrNoUndo      = errors.New("this change cannot be undone")
	ErrChanged     = errors.New("it was changed since")
	ErrSyncRunning = errors.New("a sync of this connection is running")
	ErrLastAdmin   = errors.New("somebody must stay admin")
	ErrNoAdmin     = errors.New("the first user must be an admin")
	// Why a link by which a password is chosen is of no use; an unknown one is
	// ErrNotFound.
	ErrLinkUsed    = errors.New("the link has been used")
	ErrLinkExpired = errors.New("the link has expired")
	ErrLinkRevoked = errors.New("the link was withdrawn")
	// ErrSyncOver is returned for a sync that has ended.
	ErrSyncOver = errors.New("the sync is over")
	// ErrSuperseded is returned to a sync whose connection was changed since it
	// began. What it read is stored; it should end, and the next one is due.
	ErrSuperseded = errors.New("the connection was changed during the sync")
)

// FieldError says what is wrong with one field of what was to be saved. Code is
// a stable word for the kind of mistake, Message a plain sentence in English.
type FieldError struct {
	Field   string
	Code    string // required, invalid, reserved, immutable, length, range, overlap, duplicate, conflict
	Message string
}

func (e *FieldError) Error() string { return e.Field + ": " + e.Message }
