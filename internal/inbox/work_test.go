package inbox

import (
	"strings"
	"testing"
	"time"
)

func (db *testDB) waiting(t *testing.T, limit int, maxBytes int64) []int64 {
	t.Helper()
	entries, err := db.Waiting(db.ctx, limit, maxBytes)
	must(t, err)
	return ids(entries)
}

func TestWaiting(t *testing.T) {
	db := openTest(t)
	equal(t, db.waiting(t, 10, 100), []int64{})
	a, b, c := db.put(t, run("a", "12345")), db.put(t, run("b", "12345")), db.put(t, run("c", "1"))
	for _, test := range []struct {
		name     string
		limit    int
		maxBytes int64
		want     []int64
	}{
		{"all", 10, 100, []int64{a, b, c}},
		{"as many as fit", 10, 11, []int64{a, b, c}},
		{"the third does not fit", 10, 10, []int64{a, b}},
		{"the second does not fit, and the third does not pass it", 10, 6, []int64{a}},
		{"one at least", 10, 1, []int64{a}},
		{"limit", 2, 100, []int64{a, b}},
	} {
		t.Run(test.name, func(t *testing.T) { equal(t, db.waiting(t, test.limit, test.maxBytes), test.want) })
	}
}

func TestRetry(t *testing.T) {
	db := openTest(t)
	a, b := db.put(t, run("a", "A")), db.put(t, run("b", "B"))
	retry := testNow.Add(time.Minute)
	must(t, db.Failed(db.ctx, a, "no answer", retry))
	equal(t, db.waiting(t, 10, 100), []int64{b})
	db.clock = retry.Add(-time.Millisecond)
	equal(t, db.waiting(t, 10, 100), []int64{b})
	db.clock = retry
	equal(t, db.waiting(t, 10, 100), []int64{a, b})

	want := Entry{
		ID: a, Connection: "gitlab", Kind: "runs", Token: "ci", Key: "a", ReceivedAt: testNow, Body: []byte("A"), Bytes: 1,
		State: Waiting, Attempts: 1, RetryAt: retry, Error: "no answer",
	}
	equal(t, db.entry(t, a), want)
	must(t, db.Failed(db.ctx, a, "still none", time.Time{}))
	want.Attempts, want.RetryAt, want.Error = 2, time.Time{}, "still none"
	equal(t, db.entry(t, a), want)
	equal(t, db.waiting(t, 10, 100), []int64{a, b})

	must(t, db.Done(db.ctx, a, `{"runs":1}`))
	want.State, want.Attempts, want.Error, want.Outcome, want.DoneAt = Done, 3, "", `{"runs":1}`, retry
	equal(t, db.entry(t, a), want)
	equal(t, db.waiting(t, 10, 100), []int64{b})
}

func TestGiveUp(t *testing.T) {
	db := openTest(t)
	id := db.put(t, run("a", "A"))
	must(t, db.GiveUp(db.ctx, id, "\xffno use"+strings.Repeat("!", 3000)))
	equal(t, db.entry(t, id), Entry{
		ID: id, Connection: "gitlab", Kind: "runs", Token: "ci", Key: "a", ReceivedAt: testNow, Body: []byte("A"), Bytes: 1,
		State: Failed, Attempts: 1, Error: "no use" + strings.Repeat("!", maxError-7), DoneAt: testNow,
	})
	equal(t, db.waiting(t, 10, 100), []int64{})
	equal(t, db.counts(t), map[string]map[State]int{"gitlab": {Failed: 1}})
}

func TestSettleErrors(t *testing.T) {
	db := openTest(t)
	done, waits := db.put(t, run("a", "")), db.put(t, run("b", ""))
	must(t, db.Done(db.ctx, done, ""))
	for id, want := range map[int64]error{99: ErrNotFound, done: ErrNotWaiting} {
		wantError(t, db.Done(db.ctx, id, ""), want)
		wantError(t, db.Failed(db.ctx, id, "", testNow), want)
		wantError(t, db.GiveUp(db.ctx, id, ""), want)
		wantError(t, db.DoneAll(db.ctx, map[int64]string{waits: "", id: ""}), want)
	}
	long := strings.Repeat("x", MaxOutcome)
	wantError(t, db.Done(db.ctx, waits, long+"x"), ErrOutcomeSize)
	equal(t, db.waiting(t, 10, 100), []int64{waits})
	must(t, db.Done(db.ctx, waits, long))
	if got := db.entry(t, waits).Outcome; got != long {
		t.Errorf("an outcome of %d bytes", len(got))
	}
}

func TestDoneAll(t *testing.T) {
	db := openTest(t)
	a, b, c := db.put(t, run("a", "")), db.put(t, run("b", "")), db.put(t, run("c", ""))
	must(t, db.DoneAll(db.ctx, map[int64]string{a: `"A"`, c: `"C"`}))
	for id, want := range map[int64]string{a: `"A"`, b: "", c: `"C"`} {
		if got := db.entry(t, id).Outcome; got != want {
			t.Errorf("entry %d: outcome %q, want %q", id, got, want)
		}
	}
	equal(t, db.counts(t), map[string]map[State]int{"gitlab": {Waiting: 1, Done: 2}})
}

func TestReplay(t *testing.T) {
	db := openTest(t)
	done, failed, later := db.put(t, run("a", "A")), db.put(t, run("b", "B")), db.put(t, run("c", "C"))
	must(t, db.Done(db.ctx, done, `{}`))
	must(t, db.GiveUp(db.ctx, failed, "no use"))
	must(t, db.Failed(db.ctx, later, "not yet", testNow.Add(time.Hour)))
	equal(t, db.waiting(t, 10, 100), []int64{})
	for i, id := range []int64{later, failed, done} {
		must(t, db.Replay(db.ctx, id))
		if got := db.waiting(t, 10, 100); len(got) != i+1 || got[0] != id {
			t.Errorf("entries %v wait after the replay of %d", got, id)
		}
	}
	equal(t, db.entry(t, done), Entry{
		ID: done, Connection: "gitlab", Kind: "runs", Token: "ci", Key: "a", ReceivedAt: testNow, Body: []byte("A"), Bytes: 1,
		State: Waiting, Attempts: 1, Outcome: `{}`,
	})
	equal(t, db.counts(t), map[string]map[State]int{"gitlab": {Waiting: 3}})

	must(t, db.Done(db.ctx, done, `{}`))
	must(t, db.Prune(db.ctx, testNow.Add(keepBody+time.Millisecond)))
	wantError(t, db.Replay(db.ctx, done), ErrPruned)
	wantError(t, db.Replay(db.ctx, 99), ErrNotFound)
	must(t, db.Refuse(db.ctx, run("", "")))
	refused, err := db.List(db.ctx, Query{State: Refused})
	must(t, err)
	wantError(t, db.Replay(db.ctx, refused[0].ID), ErrRefused)
	equal(t, db.counts(t), map[string]map[State]int{"gitlab": {Waiting: 2, Done: 1, Refused: 1}})
}
