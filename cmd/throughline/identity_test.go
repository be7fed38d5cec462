package main

import (
	"os"
	"path/filepath"
	"testing"

	"throughline/internal/simulator"
)

// lose removes facts.db, with the files beside it.
func lose(t *testing.T, environ []string) {
	t.Helper()
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(filepath.Join(dirOf(environ), "facts.db"+suffix)); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
}

// With facts that are lost or another installation's, a cursor would fetch only
// what changed since: everything is fetched again.
func TestFactsAndCursorsGoTogether(t *testing.T) {
	const warning = "the fact store is not the one that was synced into"
	_, api := company(t, simulator.Options{Issues: 20})
	environ := connected(t, api.URL)
	control := filepath.Join(dirOf(environ), "control.db")
	code, stdout, stderr := cli(t, environ, "sync")
	expect(t, code, exitDone, stdout+stderr, " 20 new, ")

	lose(t, environ)
	code, stdout, stderr = cli(t, environ, "check")
	expect(t, code, exitError, stdout+stderr, "✗ facts.db is missing: everything will be fetched again")
	code, stdout, stderr = cli(t, environ, "sync")
	expect(t, code, exitDone, stdout+stderr, warning, "tracker: done in ", " 20 new, ")
	code, stdout, stderr = cli(t, environ, "check")
	expect(t, code, exitDone, stdout+stderr, "✓ facts.db: ")

	// Put in the place of another's.
	other := elsewhere(t, environ)
	code, stdout, stderr = cli(t, other, "sync")
	expect(t, code, exitDone, stdout+stderr, " 20 new, ")
	lose(t, environ)
	plant(t, dirOf(environ), map[string]string{"facts.db": read(t, filepath.Join(dirOf(other), "facts.db"))})
	code, stdout, stderr = cli(t, environ, "sync")
	expect(t, code, exitDone, stdout+stderr, warning, " 20 read, 0 new, ")

	// An earlier version remembered none: the facts that are there count, if any.
	execIn(t, control, "DELETE FROM facts")
	code, stdout, stderr = cli(t, environ, "sync")
	expect(t, code, exitDone, stdout+stderr, "nothing is due\n")
	execIn(t, control, "DELETE FROM facts")
	lose(t, environ)
	code, stdout, stderr = cli(t, environ, "sync")
	expect(t, code, exitDone, stdout+stderr, warning, " 20 new, ")
}
