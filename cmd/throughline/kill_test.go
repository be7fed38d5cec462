package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
	"throughline/internal/simulator"
	"throughline/internal/store/sqlitestore"
)

// facts is all that a store knows of issues.
type facts struct {
	Issues   []delivery.IssueDetail
	Listed   []delivery.ListedIssue
	States   map[string]delivery.IssueState
	Statuses []delivery.StatusInUse
	Facets   delivery.Facets
}

func readFacts(t *testing.T, environ []string) facts {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), filepath.Join(dirOf(environ), "facts.db"))
	if err != nil {
		t.Fatal(err)
	}
	f := factsOf(t, store)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	return f
}

func factsOf(t *testing.T, store delivery.Store) facts {
	t.Helper()
	ctx := t.Context()
	var f facts
	var ids []string
	for listed, err := range store.Issues(ctx, delivery.IssueQuery{Filter: delivery.Filter{From: 1, To: delivery.InstantOf(moment)}}) {
		if err != nil {
			t.Fatal(err)
		}
		issue, err := store.Issue(ctx, listed.Key)
		if err != nil {
			t.Fatal(err)
		}
		listed.Cursor = "" // holds the store's own numbers
		ids = append(ids, listed.ID)
		f.Issues, f.Listed = append(f.Issues, issue), append(f.Listed, listed)
	}
	var err1, err2, err3 error
	f.States, err1 = store.IssueStates(ctx, "tracker", ids)
	f.Statuses, err2 = store.StatusesInUse(ctx)
	f.Facets, err3 = store.Facets(ctx)
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	return f
}

// TestKilledSync: however often a sync is killed, in the end the facts are
// those of an undisturbed one.
func TestKilledSync(t *testing.T) {
	t.Parallel() // mostly waits
	binary := filepath.Join(t.TempDir(), "throughline")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	c, server := company(t, simulator.Options{Issues: 80})
	calm := connected(t, server.URL)
	if code, stdout, stderr := cli(t, calm, "sync"); code != exitDone {
		t.Fatalf("%d: %s%s", code, stdout, stderr)
	}
	want := readFacts(t, calm)
	if len(want.Issues) != 80 {
		t.Fatalf("%d issues", len(want.Issues))
	}

	environ := connected(t, server.URL)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	const kills = 6
	for killed := range kills {
		if !killAfter(t, c, binary, environ, 1+dice.IntN(20)) {
			t.Logf("the sync was over after %d kills", killed)
			break
		}
	}
	code, stdout, stderr := cli(t, environ, "sync", "--connection", "tracker")
	expect(t, code, exitDone, stdout+stderr, "tracker: done in ")
	if d := cmp.Diff(want, readFacts(t, environ)); d != "" {
		t.Errorf("facts (-undisturbed +killed):\n%s", d)
	}
}

// killAfter starts a sync and kills it once it has sent so many requests; it
// reports whether the sync was under way then.
func killAfter(t *testing.T, c *simulator.Company, binary string, environ []string, requests int) bool {
	t.Helper()
	ctx, kill := context.WithCancel(t.Context())
	defer kill()
	log := &screen{}
	cmd := exec.CommandContext(ctx, binary, "sync") // killed by SIGKILL
	cmd.Env = append(os.Environ(), environ...)
	cmd.Stdout, cmd.Stderr = log, log
	target := c.Faults().Requests("") + requests
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	over := false
	eventually(t, "requests", func() bool {
		select {
		case err := <-ended:
			ended <- err
			over = true
		default:
		}
		return over || c.Faults().Requests("") >= target
	}, log)
	kill()
	if err := <-ended; over && err != nil {
		t.Fatalf("sync failed by itself: %v\n%s", err, log)
	}
	return !over
}
