package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// A restore is prepared in restore.staging. Renaming that to restore.ready is the
// step that decides: before it nothing has changed, after it the restore is
// carried to its end, by this process or by the next one that locks the data
// directory, however often they are killed.
const (
	stagingName = "restore.staging"
	readyName   = "restore.ready"
	planName    = "restore.json"
)

// swapPlan is kept with the files of a restore that is ready.
type swapPlan struct {
	Aside string   `json:"aside"` // name of the directory that takes what was there
	Files []string `json:"files"`
}

// swap puts the files of a restore in their place.
type swap struct {
	dir    string // the data directory
	rename func(from, to string) error
}

// settled refuses a data directory in which a restore was cut off: what is there
// is partly from before and partly from after.
func settled(dir string) error {
	_, err := os.Stat(filepath.Join(dir, readyName))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	return fmt.Errorf("a restore in %s was cut off; start the server, which finishes it, and then try again", dir)
}

// finish carries a restore that is ready to its end, and removes one that never
// became ready. It returns the directory with what was there before, "" when
// there was nothing to finish. The data directory must be locked.
func (s swap) finish() (aside string, err error) {
	if err := os.RemoveAll(filepath.Join(s.dir, stagingName)); err != nil {
		return "", fmt.Errorf("restore: %w", err)
	}
	ready := filepath.Join(s.dir, readyName)
	text, err := os.ReadFile(filepath.Join(ready, planName))
	if errors.Is(err, fs.ErrNotExist) {
		// All was moved, and only the removal was cut off; or there is none.
		return "", removeEmpty(ready)
	}
	if err != nil {
		return "", fmt.Errorf("restore: %w", err)
	}
	var plan swapPlan
	if err := json.Unmarshal(text, &plan); err != nil {
		return "", fmt.Errorf("restore: read %s: %w", filepath.Join(ready, planName), err)
	}
	aside = filepath.Join(s.dir, filepath.Base(plan.Aside))
	if err := os.Mkdir(aside, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("restore: %w", err)
	}
	if err := giveTo(s.dir, aside); err != nil {
		return "", fmt.Errorf("restore: %w", err)
	}
	for _, name := range plan.Files {
		if err := s.replace(filepath.Base(name), ready, aside); err != nil {
			return "", fmt.Errorf("restore: %w; what is restored waits in %s", err, ready)
		}
	}
	err = errors.Join(syncDir(aside), syncDir(s.dir))
	if err == nil {
		err = os.Remove(filepath.Join(ready, planName))
	}
	if err == nil {
		err = removeEmpty(ready)
	}
	if err != nil {
		return "", fmt.Errorf("restore: %w", err)
	}
	return aside, syncDir(s.dir)
}

// replace moves what is called name aside, with SQLite's files beside it, and the
// restored file into its place. That the latter is still in ready says that this
// was not done yet.
func (s swap) replace(name, ready, aside string) error {
	restored := filepath.Join(ready, name)
	if _, err := os.Stat(restored); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	for _, old := range []string{name + "-wal", name + "-shm", name + "-journal", name} {
		err := s.rename(filepath.Join(s.dir, old), filepath.Join(aside, old))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return s.rename(restored, filepath.Join(s.dir, name))
}

func removeEmpty(dir string) error {
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
