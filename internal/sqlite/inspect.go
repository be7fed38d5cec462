package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"

	"github.com/pressly/goose/v3"
	modernc "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// NewerError is returned for a file whose schema a newer program made. Nothing
// was changed.
type NewerError struct {
	Path       string
	Has, Knows int64 // versions of the schema
}

func (e *NewerError) Error() string {
	return fmt.Sprintf("%s was written by a newer version of Throughline (its schema is %d, this version knows up to %d): "+
		"run that version again, or restore a backup that was made before the upgrade", e.Path, e.Has, e.Knows)
}

// DamagedError is returned for a file that does not pass SQLite's own check.
type DamagedError struct {
	Path  string
	Fault string // SQLite's words
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("%s is damaged (%s): restore a backup", e.Path, e.Fault)
}

// Newest is the version that the migrations lead to.
func Newest(migrations fs.FS) (int64, error) {
	names, err := fs.Glob(migrations, "*.sql")
	if err != nil {
		return 0, err
	}
	var newest int64
	for _, name := range names {
		v, err := goose.NumericComponent(name)
		if err != nil {
			return 0, fmt.Errorf("migration %s: %w", name, err)
		}
		newest = max(newest, v)
	}
	return newest, nil
}

// Verify reads the whole file at path, beside whoever uses it and without
// changing anything, and returns the version of its schema. The error is a
// *NewerError when the migrations do not know it, a *DamagedError when the file
// is not sound.
func Verify(ctx context.Context, path string, migrations fs.FS) (version int64, err error) {
	err = ReadOnly(path, func(db *sql.DB) error {
		var fault string
		if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&fault); err != nil {
			return damage(path, fmt.Errorf("check %s: %w", path, err))
		}
		if fault != "ok" {
			return &DamagedError{path, strings.Join(strings.Fields(fault), " ")}
		}
		version, err = schemaVersion(ctx, db)
		return damage(path, err)
	})
	if err != nil {
		return 0, err
	}
	return version, refuseNewer(path, version, migrations)
}

// damage recognises a file that SQLite cannot read at all.
func damage(path string, err error) error {
	var failed *modernc.Error
	if errors.As(err, &failed) && (failed.Code()&0xff == sqlite3.SQLITE_CORRUPT || failed.Code()&0xff == sqlite3.SQLITE_NOTADB) {
		return &DamagedError{path, failed.Error()}
	}
	return err
}

// refuse reports a schema that the migrations do not know, before anything is
// written to the file.
func refuse(ctx context.Context, path string, migrations fs.FS) error {
	var version int64
	err := ReadOnly(path, func(db *sql.DB) (err error) {
		version, err = schemaVersion(ctx, db)
		return err
	})
	if err != nil {
		return err
	}
	return refuseNewer(path, version, migrations)
}

func refuseNewer(path string, version int64, migrations fs.FS) error {
	newest, err := Newest(migrations)
	if err != nil {
		return err
	}
	if version > newest {
		return &NewerError{path, version, newest}
	}
	return nil
}

// schemaVersion is 0 for a file that no migration has seen.
func schemaVersion(ctx context.Context, db *sql.DB) (version int64, err error) {
	var tables int
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE name = ?", goose.DefaultTablename).Scan(&tables); err != nil {
		return 0, fmt.Errorf("read the schema: %w", err)
	}
	if tables == 0 {
		return 0, nil
	}
	err = db.QueryRowContext(ctx, "SELECT coalesce(max(version_id), 0) FROM "+goose.DefaultTablename+" WHERE is_applied").Scan(&version)
	if err != nil {
		return 0, fmt.Errorf("read the version of the schema: %w", err)
	}
	return version, nil
}

// Snapshot copies the file at path, as it is at this moment, to a new file,
// beside whoever uses it. Deleted rows are not in the copy.
func Snapshot(ctx context.Context, path, to string) error {
	return with(fileURL(path)+"?mode=rw&_busy_timeout=5000", func(db *sql.DB) error { return vacuumInto(ctx, db, path, to) })
}

// Peek is a Snapshot that leaves no trace beside the file: it may fail when
// somebody begins to use it at the same time.
func Peek(ctx context.Context, path, to string) error {
	return ReadOnly(path, func(db *sql.DB) error { return vacuumInto(ctx, db, path, to) })
}

func vacuumInto(ctx context.Context, db *sql.DB, path, to string) error {
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", to); err != nil {
		return fmt.Errorf("copy %s: %w", path, explain(to, err))
	}
	return nil
}

// ReadOnly calls f with a database that cannot write, nor leave files of its
// own: without a write-ahead log the file is read as it stands. Should somebody
// open it meanwhile, f is called again.
func ReadOnly(path string, f func(*sql.DB) error) error {
	file := fileURL(path) + "?mode=ro&_busy_timeout=5000"
	if !exists(path + "-wal") {
		if err := with(file+"&immutable=1", f); err == nil || !exists(path+"-wal") {
			return err
		}
	}
	return with(file, f)
}

func with(file string, f func(*sql.DB) error) error {
	db, err := sql.Open("sqlite", file)
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	return errors.Join(f(db), db.Close())
}

func fileURL(path string) string { return "file:" + (&url.URL{Path: path}).EscapedPath() }

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Purge empties tables of a file that nobody else uses, those of them that it
// has, so that nothing of their rows is left in it.
func Purge(ctx context.Context, path string, tables ...string) error {
	return with(fileURL(path)+"?mode=rw&_pragma=secure_delete(1)", func(db *sql.DB) error {
		for _, table := range tables {
			var there int
			if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?", table).Scan(&there); err != nil {
				return fmt.Errorf("read the schema: %w", err)
			}
			if there == 0 {
				continue
			}
			if _, err := db.ExecContext(ctx, `DELETE FROM "`+table+`"`); err != nil {
				return fmt.Errorf("empty %s: %w", table, explain(path, err))
			}
		}
		return nil
	})
}
