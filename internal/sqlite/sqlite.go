// Package sqlite opens SQLite databases the one way this program uses them: a
// single writer and several read-only connections on a file in WAL mode,
// migrated to the newest schema.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"time"

	"github.com/pressly/goose/v3"
)

// DB is one database file.
type DB struct {
	// Writer has one connection, whose transactions are immediate. Code that
	// holds a transaction of it must not use it otherwise.
	Writer *sql.DB
	// Reader has several connections, which cannot write.
	Reader *sql.DB

	path string
}

const pragmas = "&_busy_timeout=5000&_journal_mode=WAL&_foreign_keys=1"

// Open opens or creates the file at path, readable by its owner only, and
// applies the migrations that it lacks. A file that a newer program has migrated
// is left alone: the error is a *NewerError. synchronous is NORMAL or FULL.
func Open(ctx context.Context, path, synchronous string, migrations fs.FS) (*DB, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := refuse(ctx, path, migrations); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, explain(path, err))
	}
	file := fileURL(path) + "?_txlock=immediate"
	if err := registerScan(); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	db := &DB{path: path}
	if db.Writer, err = sql.Open("sqlite", file+pragmas+"&_synchronous="+synchronous); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	db.Writer.SetMaxOpenConns(1)
	if err := migrate(ctx, db.Writer, migrations); err != nil {
		return nil, errors.Join(fmt.Errorf("migrate %s: %w", path, explain(path, err)), db.Writer.Close())
	}
	if db.Reader, err = sql.Open("sqlite", file+pragmas+"&_query_only=1"); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), db.Writer.Close())
	}
	readers := max(4, runtime.NumCPU())
	db.Reader.SetMaxOpenConns(readers)
	db.Reader.SetMaxIdleConns(readers)
	db.Reader.SetConnMaxIdleTime(readerIdle)
	return db, nil
}

// readerIdle is how long a reader's connection is kept unused: each holds up to 2 MB
// of pages, and opens in a millisecond.
const readerIdle = 15 * time.Second

func migrate(ctx context.Context, db *sql.DB, migrations fs.FS) error {
	p, err := goose.NewProvider(goose.DialectSQLite3, db, migrations, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	_, err = p.Up(ctx)
	return err
}

// Ping reports whether the file can still be read.
func (db *DB) Ping(ctx context.Context) error {
	var one int
	return db.Reader.QueryRowContext(ctx, "SELECT 1 FROM sqlite_schema LIMIT 1").Scan(&one)
}

// Close closes readers before the writer, so that the last connection to leave
// can fold the write-ahead log into the file.
func (db *DB) Close() error { return errors.Join(db.Reader.Close(), db.Writer.Close()) }
