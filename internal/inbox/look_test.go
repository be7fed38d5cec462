package inbox

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestLook(t *testing.T) {
	path := filepath.Join(t.TempDir(), "inbox.db")
	db := openAt(t, path)
	look := func() Standing {
		t.Helper()
		s, err := Look(db.ctx, path)
		must(t, err)
		return s
	}
	equal(t, look(), Standing{})
	var ids []int64
	for _, key := range []string{"a", "b", "c", "d", "e"} {
		ids = append(ids, db.put(t, run(key, key)))
		db.clock = db.clock.Add(time.Minute)
	}
	equal(t, look(), Standing{Waiting: 5, Oldest: testNow})
	must(t, db.Done(db.ctx, ids[0], `{}`))
	must(t, db.Failed(db.ctx, ids[1], "not this one", db.clock))
	must(t, db.Failed(db.ctx, ids[2], "nor this one", db.clock))
	must(t, db.GiveUp(db.ctx, ids[3], "never"))
	must(t, db.GiveUp(db.ctx, ids[4], "no more"))
	_, err := db.PutAll(db.ctx, []Entry{run("f", "f")})
	must(t, err)
	want := Standing{Waiting: 3, Oldest: testNow.Add(time.Minute), Trouble: "nor this one", Failed: 2, Fault: "no more"}
	equal(t, look(), want)
	must(t, db.Close())
	equal(t, look(), want)
	if names, err := os.ReadDir(filepath.Dir(path)); err != nil || len(names) != 1 {
		t.Errorf("left behind: %v, %v", names, err)
	}

	// What cannot be replayed needs nobody any more.
	again := openAt(t, path)
	must(t, again.Prune(again.ctx, testNow.Add(100*24*time.Hour)))
	want.Failed, want.Fault = 0, ""
	equal(t, look(), want)

	if _, err := Look(db.ctx, filepath.Join(t.TempDir(), "none.db")); err == nil {
		t.Error("an inbox that is not there can be looked into")
	}
}
