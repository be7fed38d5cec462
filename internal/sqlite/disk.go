package sqlite

import (
	"errors"
	"fmt"
	"path/filepath"

	modernc "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// DiskError says that a directory takes no more, or nothing at all. What was
// stored before is safe, and writing works again as soon as the cause is gone.
type DiskError struct {
	Dir  string
	Full bool // else it cannot be written to for another reason
	err  error
}

func (e *DiskError) Error() string {
	if e.Full {
		return fmt.Sprintf("the disk that holds %s is full: free some space there; what was stored is safe. Then a server that runs goes on by itself, and one that could not start has to be started again (%v)", e.Dir, e.err)
	}
	return fmt.Sprintf("%s cannot be written to: see that its disk works, is not mounted read-only and has no quota that is used up, "+
		"and that the directory and its files belong to the user who runs this program (%v)", e.Dir, e.err)
}

func (e *DiskError) Unwrap() error { return e.err }

// NoSpace reports whether the disk is full.
func (e *DiskError) NoSpace() bool { return e.Full }

// Explain turns what SQLite says when a disk is full or read-only into a
// *DiskError that names the directory; other errors stay as they are.
func (db *DB) Explain(err error) error { return explain(db.path, err) }

func explain(path string, err error) error {
	var failed *modernc.Error
	var known *DiskError
	if errors.As(err, &known) || !errors.As(err, &failed) {
		return err
	}
	dir := filepath.Dir(path)
	switch code := failed.Code(); {
	case code&0xff == sqlite3.SQLITE_FULL, code == sqlite3.SQLITE_IOERR_SHMSIZE:
		return &DiskError{dir, true, err}
	case code&0xff == sqlite3.SQLITE_READONLY, code&0xff == sqlite3.SQLITE_CANTOPEN:
		return &DiskError{dir, false, err}
	case code == sqlite3.SQLITE_IOERR_WRITE, code == sqlite3.SQLITE_IOERR_FSYNC, code == sqlite3.SQLITE_IOERR_DIR_FSYNC,
		code == sqlite3.SQLITE_IOERR_TRUNCATE, code == sqlite3.SQLITE_IOERR_SHMOPEN, code == sqlite3.SQLITE_IOERR_SHMMAP:
		return &DiskError{dir, false, err}
	}
	return err
}
