package control

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

var noneWritten = delivery.Written{}

func TestSync(t *testing.T) {
	db := openTest(t)
	c := db.save(t, newConnection("a"), nil)
	s, err := db.StartSync(db.ctx, c.ID, testNow)
	must(t, err)
	if want := (Sync{ID: 1, Connection: "a", StartedAt: testNow, State: Running}); !reflect.DeepEqual(s, want) {
		t.Errorf("started %+v", s)
	}
	progress := source.Progress{Phase: "history", Found: 10, Read: 4, Requests: 5}
	written := delivery.Written{Inserted: 1, Updated: 2, Unchanged: 3, Gone: 4}
	problems := []source.Problem{{Record: "A-1", Path: "$.createdAt", Message: "not a time", Phrase: source.Phrase{ID: "field.time", Args: []string{"field", "createdAt"}}}}
	must(t, db.SaveProgress(db.ctx, s.ID, source.Cursor(`{"page":2}`), progress, written, problems, testNow.Add(time.Second)))
	cursor, err := db.Cursor(db.ctx, c.ID)
	must(t, err)
	if string(cursor) != `{"page":2}` {
		t.Errorf("cursor %s", cursor)
	}
	must(t, db.SaveProgress(db.ctx, s.ID, source.Cursor(`null`), progress, written, problems, testNow.Add(2*time.Second)))
	if cursor, err = db.Cursor(db.ctx, c.ID); err != nil || cursor != nil {
		t.Errorf("cursor %s, %v", cursor, err)
	}
	down := source.Message{Text: "the source is down", Phrase: source.Phrase{ID: "network", Args: []string{"path", "/v3"}}}
	must(t, db.FinishSync(db.ctx, s.ID, Failed, down, testNow.Add(time.Minute), 3, testNow.Add(3*time.Second)))
	want := Sync{
		ID: 1, Connection: "a", StartedAt: testNow, SavedAt: testNow.Add(2 * time.Second), FinishedAt: testNow.Add(3 * time.Second),
		State: Failed, Progress: progress, Written: written, Problems: 2, Error: down, RetryAt: testNow.Add(time.Minute),
	}
	if got, err := db.Sync(db.ctx, s.ID); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("sync %+v, %v", got, err)
	}
	if got, err := db.Problems(db.ctx, s.ID, 0); err != nil || !reflect.DeepEqual(got, append(problems, problems...)) {
		t.Errorf("problems %+v, %v", got, err)
	}
	if c, err = db.Connection(db.ctx, "a"); err != nil || c.Failures != 3 || !c.NextRunAt.Equal(testNow.Add(time.Minute)) || c.Syncing {
		t.Errorf("connection %+v, %v", c, err)
	}
	wantError(t, db.SaveProgress(db.ctx, s.ID, nil, progress, written, nil, testNow), ErrSyncOver)
	wantError(t, db.FinishSync(db.ctx, s.ID, Done, source.Message{}, testNow, 0, testNow), ErrSyncOver)
	_, err = db.Sync(db.ctx, 99)
	wantError(t, err, ErrNotFound)
	_, err = db.StartSync(db.ctx, 99, testNow)
	wantError(t, err, ErrNotFound)
	_, err = db.Cursor(db.ctx, 99)
	wantError(t, err, ErrNotFound)
}

func TestFinishSyncRefusesRunning(t *testing.T) {
	db := openTest(t)
	c := db.save(t, newConnection("a"), nil)
	s, err := db.StartSync(db.ctx, c.ID, testNow)
	must(t, err)
	if err := db.FinishSync(db.ctx, s.ID, Running, source.Message{}, testNow, 0, testNow); err == nil {
		t.Error("a sync ended as running")
	}
	if err := db.FinishSync(db.ctx, s.ID, "finished", source.Message{}, testNow, 0, testNow); err == nil {
		t.Error("a sync ended in a state that there is not")
	}
}

func TestProblemsAreBounded(t *testing.T) {
	db := openTest(t)
	c := db.save(t, newConnection("a"), nil)
	s, err := db.StartSync(db.ctx, c.ID, testNow)
	must(t, err)
	many := make([]source.Problem, 700)
	for i := range many {
		many[i] = source.Problem{Record: fmt.Sprint("A-", i), Message: strings.Repeat("ы", 5000)}
	}
	for range 3 {
		must(t, db.SaveProgress(db.ctx, s.ID, nil, source.Progress{}, noneWritten, many, testNow))
	}
	if got, err := db.Sync(db.ctx, s.ID); err != nil || got.Problems != 2100 {
		t.Errorf("%d problems, %v", got.Problems, err)
	}
	kept, err := db.Problems(db.ctx, s.ID, 0)
	must(t, err)
	if len(kept) != maxProblems || kept[0].Record != "A-0" || len(kept[0].Message) > maxText {
		t.Errorf("%d kept, the first is %s with %d bytes", len(kept), kept[0].Record, len(kept[0].Message))
	}
	if few, err := db.Problems(db.ctx, s.ID, 2); err != nil || len(few) != 2 || few[1].Record != "A-1" {
		t.Errorf("%v, %v", few, err)
	}
}

// A connection that is changed during a sync starts over, whatever the sync
// still reports.
func TestSupersededSync(t *testing.T) {
	db := openTest(t)
	c := db.save(t, newConnection("a"), map[string]string{"token": "x"})
	s, err := db.StartSync(db.ctx, c.ID, testNow)
	must(t, err)
	must(t, db.SaveProgress(db.ctx, s.ID, source.Cursor(`1`), source.Progress{}, noneWritten, nil, testNow))
	c.Settings = settings("queues", `["OPS"]`)
	db.save(t, c, nil)
	wantError(t, db.SaveProgress(db.ctx, s.ID, source.Cursor(`2`), source.Progress{Read: 9}, noneWritten, nil, testNow), ErrSuperseded)
	if got, err := db.Sync(db.ctx, s.ID); err != nil || got.Progress.Read != 9 {
		t.Errorf("%+v, %v", got, err)
	}
	must(t, db.PauseAfter(db.ctx, s.ID, "expired", "of the old settings", testNow))
	must(t, db.FinishSync(db.ctx, s.ID, Failed, source.Message{}, testNow.Add(time.Hour), 5, testNow))
	if cursor, err := db.Cursor(db.ctx, c.ID); err != nil || cursor != nil {
		t.Errorf("cursor %s, %v", cursor, err)
	}
	due, err := db.Due(db.ctx, testNow)
	must(t, err)
	if len(due) != 1 || due[0].Failures != 0 || due[0].Paused != nil {
		t.Errorf("due %+v", due)
	}
}

func TestInterruptRunning(t *testing.T) {
	db := openTest(t)
	a, b := db.save(t, newConnection("a"), nil), db.save(t, newConnection("b"), nil)
	for _, c := range []Connection{a, b} {
		s, err := db.StartSync(db.ctx, c.ID, testNow)
		must(t, err)
		must(t, db.FinishSync(db.ctx, s.ID, Done, source.Message{}, testNow.Add(time.Hour), 0, testNow))
	}
	s, err := db.StartSync(db.ctx, a.ID, testNow)
	must(t, err)
	must(t, db.SaveProgress(db.ctx, s.ID, source.Cursor(`3`), source.Progress{Read: 3}, noneWritten, nil, testNow))
	must(t, db.InterruptRunning(db.ctx, testNow.Add(time.Minute)))
	got, err := db.Sync(db.ctx, s.ID)
	must(t, err)
	if got.State != Interrupted || !got.FinishedAt.Equal(testNow.Add(time.Minute)) || got.Progress.Read != 3 {
		t.Errorf("sync %+v", got)
	}
	due, err := db.Due(db.ctx, testNow.Add(time.Minute))
	must(t, err)
	if len(due) != 1 || due[0].Name != "a" {
		t.Errorf("due %+v", due)
	}
	if cursor, err := db.Cursor(db.ctx, a.ID); err != nil || string(cursor) != "3" {
		t.Errorf("cursor %s, %v", cursor, err)
	}
}

func TestSyncsAndPruning(t *testing.T) {
	db := openTest(t)
	a, b := db.save(t, newConnection("a"), nil), db.save(t, newConnection("b"), nil)
	run := func(c Connection) int64 {
		s, err := db.StartSync(db.ctx, c.ID, testNow)
		must(t, err)
		must(t, db.FinishSync(db.ctx, s.ID, Done, source.Message{}, testNow, 0, testNow))
		return s.ID
	}
	first := run(b)
	for range keptSyncs + 3 {
		run(a)
	}
	of := func(q SyncQuery) []int64 {
		t.Helper()
		syncs, err := db.Syncs(db.ctx, q)
		must(t, err)
		var ids []int64
		for _, s := range syncs {
			ids = append(ids, s.ID)
		}
		return ids
	}
	if ids := of(SyncQuery{Connection: "a", Limit: 1000}); len(ids) != keptSyncs || ids[0] != keptSyncs+4 || ids[keptSyncs-1] != 5 {
		t.Errorf("%d syncs, %v", len(ids), ids)
	}
	if ids := of(SyncQuery{}); len(ids) != 100 {
		t.Errorf("%d syncs", len(ids))
	}
	if ids := of(SyncQuery{Limit: 2, Before: 6}); !reflect.DeepEqual(ids, []int64{5, first}) {
		t.Errorf("syncs %v", ids)
	}
	if ids := of(SyncQuery{Connection: "nobody"}); ids != nil {
		t.Errorf("syncs %v", ids)
	}
}

// A reader sees a page's cursor, progress and problems together or not at all.
func TestSaveProgressIsOneTransaction(t *testing.T) {
	db := openTest(t)
	c := db.save(t, newConnection("a"), nil)
	s, err := db.StartSync(db.ctx, c.ID, testNow)
	must(t, err)
	_, err = db.sql.Writer.Exec(`CREATE TRIGGER refuse BEFORE UPDATE OF cursor ON connections BEGIN SELECT raise(ABORT, 'refused'); END`)
	must(t, err)
	err = db.SaveProgress(db.ctx, s.ID, source.Cursor(`1`), source.Progress{Read: 1}, noneWritten, []source.Problem{{Record: "A"}}, testNow)
	if err == nil || errors.Is(err, ErrSuperseded) {
		t.Fatalf("error %v", err)
	}
	got, err := db.Sync(db.ctx, s.ID)
	must(t, err)
	problems, err := db.Problems(db.ctx, s.ID, 0)
	must(t, err)
	if got.Progress.Read != 0 || got.Problems != 0 || len(problems) != 0 {
		t.Errorf("half a page was saved: %+v, %v", got, problems)
	}
}
