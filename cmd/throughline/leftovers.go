package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// backupTemp begins the names of directories in which backups are made; the
// process that does follows.
const backupTemp = ".throughline-backup-"

// leftoverAge is when a directory that nobody holds is a leftover, though there
// is a process of its number: in a container that is often the same one.
const leftoverAge = time.Minute

// makeTemp makes a directory in dir for a backup and holds it until release
// removes it.
func makeTemp(dir string) (temp string, release func() error, err error) {
	temp, err = os.MkdirTemp(dir, fmt.Sprintf("%s%d-", backupTemp, os.Getpid()))
	if err != nil {
		return "", nil, err
	}
	held, err := os.Open(temp)
	if err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(temp))
	}
	// Where there are no locks, the number of the process has to do.
	_ = syscall.Flock(int(held.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	return temp, func() error { return errors.Join(os.RemoveAll(temp), held.Close()) }, nil
}

// removeLeftovers removes what backups that were killed left in dir. What cannot
// be removed stays: it is in nobody's way.
func removeLeftovers(dir string, now time.Time) {
	found, err := filepath.Glob(filepath.Join(escapeGlob(dir), backupTemp+"*"))
	if err != nil {
		return
	}
	for _, temp := range found {
		if leftover(temp, now) {
			_ = os.RemoveAll(temp)
		}
	}
}

// escapeGlob makes a path match itself only.
func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// leftover reports whether nobody works in temp.
func leftover(temp string, now time.Time) bool {
	number, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(temp), backupTemp), "-")
	pid, err := strconv.Atoi(number)
	if err != nil || pid <= 0 {
		return false // not named by this version
	}
	f, err := os.Open(temp)
	if err != nil {
		return false
	}
	defer f.Close() //nolint:errcheck // read only; it unlocks, too
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		return false
	}
	info, err := f.Stat()
	if err != nil || !info.IsDir() {
		return false
	}
	dead := errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
	return dead || now.Sub(info.ModTime()) > leftoverAge
}
