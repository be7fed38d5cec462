package inbox

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"throughline/internal/sqlite"
)

// grouped makes each of calls wait behind a commit under way, in their order,
// so that all of them go into the next.
func grouped(t *testing.T, f func(db *testDB), calls ...func(db *testDB)) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "inbox.db")
	synctest.Test(t, func(t *testing.T) {
		db := openAt(t, path)
		var all sync.WaitGroup
		release := make(chan struct{})
		all.Go(func() { must(t, db.write(db.ctx, func(*writer) error { <-release; return nil })) })
		for _, call := range calls {
			synctest.Wait()
			all.Go(func() { call(db) })
		}
		synctest.Wait()
		close(release)
		all.Wait()
		f(db)
	})
}

func TestGroupOrder(t *testing.T) {
	const n = 30
	var stored [n]int64
	var calls []func(*testDB)
	for i := range n {
		calls = append(calls, func(db *testDB) { stored[i] = db.put(t, run(fmt.Sprint(i), fmt.Sprint(i))) })
	}
	grouped(t, func(db *testDB) {
		waiting, err := db.Waiting(db.ctx, n, 1<<20)
		must(t, err)
		for i, e := range waiting {
			if string(e.Body) != fmt.Sprint(i) {
				t.Errorf("entry %d is %s", i, e.Body)
			}
		}
		if len(waiting) != n || !slices.IsSorted(stored[:]) {
			t.Errorf("%d entries: %v", len(waiting), stored)
		}
	}, calls...)
}

// What waits together is committed together, and nobody is answered before.
func TestGroupIsOneTransaction(t *testing.T) {
	var answered atomic.Int64
	var inside, outside int
	var early int64
	grouped(t, func(db *testDB) {
		if inside != 2 || outside != 0 || early != 0 || answered.Load() != 2 {
			t.Errorf("%d entries inside the transaction, %d outside, %d early of %d answers", inside, outside, early, answered.Load())
		}
	},
		func(db *testDB) { db.put(t, run("a", "")); answered.Add(1) },
		func(db *testDB) { db.put(t, run("b", "")); answered.Add(1) },
		func(db *testDB) {
			must(t, db.write(db.ctx, func(w *writer) error {
				outside, early = db.counts(t)["gitlab"][Waiting], answered.Load()
				return w.row(`SELECT count(*) FROM entries`, nil, &inside)
			}))
		})
}

// One change that fails takes nothing of the others with it, and leaves
// nothing of its own.
func TestGroupWithAFailure(t *testing.T) {
	errOdd := errors.New("odd")
	grouped(t, func(db *testDB) {
		equal(t, db.counts(t), map[string]map[State]int{"gitlab": {Waiting: 2}})
		list, err := db.List(db.ctx, Query{})
		must(t, err)
		if len(list) != 2 || list[0].Key != "c" || list[1].Key != "a" {
			t.Errorf("entries %+v", list)
		}
	},
		func(db *testDB) { db.put(t, run("a", "")) },
		func(db *testDB) {
			wantError(t, db.write(db.ctx, func(w *writer) error {
				_, err := w.put(run("b", ""), []byte{}, 1)
				return errors.Join(err, errOdd)
			}), errOdd)
		},
		func(db *testDB) { wantError(t, db.Done(db.ctx, 99, ""), ErrNotFound) },
		func(db *testDB) { db.put(t, run("c", "")) })
}

func TestFullDisk(t *testing.T) {
	db := openTest(t)
	limit := func(pages int) {
		must(t, db.write(db.ctx, func(w *writer) error {
			return w.row(fmt.Sprintf(`PRAGMA max_page_count = %d`, pages), nil, new(int))
		}))
	}
	noise := make([]byte, 1<<20)
	for i := range noise {
		noise[i] = byte(rand.Uint32())
	}
	id := db.put(t, run("before", "kept"))
	limit(100)
	both := []Entry{run("small", "x"), {Connection: "gitlab", Key: "large", Body: noise}}
	_, err := db.PutAll(db.ctx, both)
	var disk *sqlite.DiskError
	if !errors.As(err, &disk) || !disk.NoSpace() {
		t.Fatalf("error %v", err)
	}
	equal(t, db.counts(t), map[string]map[State]int{"gitlab": {Waiting: 1}})
	must(t, db.Done(db.ctx, id, `{}`)) // what fits is still taken
	limit(10000)
	receipts, err := db.PutAll(db.ctx, both)
	must(t, err)
	if !receipts[0].Fresh || !receipts[1].Fresh {
		t.Errorf("receipts %v", receipts)
	}
	equal(t, db.counts(t), map[string]map[State]int{"gitlab": {Waiting: 2, Done: 1}})
}
