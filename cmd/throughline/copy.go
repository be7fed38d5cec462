package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"throughline/internal/control"
	"throughline/internal/secret"
	"throughline/internal/sqlite"
)

var errNoCopy = errors.New("there is no place for a copy of the control database")

// withCopy calls f with a copy of the control database at path, migrated to
// today's schema, in a directory that is removed afterwards: below the first of
// temps that takes it. Without a file at path the copy is a new database.
func withCopy(ctx context.Context, path string, temps []string, key []byte, f func(*control.DB) error) (err error) {
	var dir string
	for _, temp := range temps {
		if dir, err = os.MkdirTemp(temp, "throughline-copy-"); err == nil {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errNoCopy, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	box, err := secret.NewBox(key)
	if err != nil {
		return err
	}
	copied := filepath.Join(dir, "control.db")
	if _, serr := os.Stat(path); !errors.Is(serr, fs.ErrNotExist) {
		if err := sqlite.Peek(ctx, path, copied); err != nil {
			return err
		}
	}
	db, err := control.Open(ctx, copied, box)
	if err != nil {
		return err
	}
	return errors.Join(f(db), db.Close())
}
