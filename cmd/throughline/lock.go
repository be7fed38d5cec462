package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// dirLock keeps a second process from working on the same data directory. The
// kernel drops it with the process, however that ends.
type dirLock struct{ file *os.File }

// lockDir makes the directory, for its owner only, and locks it. The error of a
// locked one names the process.
func lockDir(dir string) (*dirLock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, dirError(err)
	}
	path := filepath.Join(dir, "throughline.lock")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, dirError(err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = fmt.Errorf("the data directory %s is in use by %s; stop it first", dir, holder(f))
		} else {
			err = fmt.Errorf("lock %s: %w", path, err)
		}
		return nil, errors.Join(err, f.Close())
	}
	if err := errors.Join(writePID(f), giveTo(dir, path)); err != nil {
		return nil, errors.Join(dirError(err), f.Close())
	}
	return &dirLock{f}, nil
}

// dirError says of an error with the data directory what to do about it.
func dirError(err error) error {
	advice := ""
	switch {
	case errors.Is(err, fs.ErrPermission):
		advice = fmt.Sprintf("; the directory and all in it must belong to user %d, who runs this program", os.Geteuid())
	case errors.Is(err, syscall.EROFS):
		advice = "; its disk is read-only, and the program has to write there"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		advice = "; the disk is full: free some space there"
	}
	return fmt.Errorf("data directory: %w%s", err, advice)
}

func writePID(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// holder names the process that wrote f.
func holder(f *os.File) string {
	text, err := io.ReadAll(io.LimitReader(f, 32))
	if pid, perr := strconv.Atoi(strings.TrimSpace(string(text))); err == nil && perr == nil {
		return fmt.Sprintf("another throughline, process %d", pid)
	}
	return "another throughline"
}

// usedBy says who works on the directory now.
func usedBy(dir string) string {
	f, err := os.Open(filepath.Join(dir, "throughline.lock"))
	if err != nil {
		return "not in use"
	}
	defer f.Close() //nolint:errcheck // read only; it unlocks, too
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB); errors.Is(err, syscall.EWOULDBLOCK) {
		return "in use by " + holder(f)
	}
	return "not in use"
}

// Close unlocks the directory. The file stays: removing it would race with
// whoever is about to lock it.
func (l *dirLock) Close() error {
	return errors.Join(l.file.Truncate(0), l.file.Close())
}
