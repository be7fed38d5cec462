package inbox

import (
	"fmt"
	"testing"
	"time"
)

func (db *testDB) bodies(t *testing.T) (n int) {
	t.Helper()
	must(t, db.sql.Reader.QueryRowContext(db.ctx, `SELECT count(*) FROM bodies`).Scan(&n))
	return n
}

func TestPrune(t *testing.T) {
	db := openTest(t)
	keys := []string{"done", "failed", "waiting", "", "", ""}
	id := make([]int64, len(keys))
	for i, key := range keys {
		id[i] = db.put(t, run(key, "body"))
	}
	// One of each state, with a key and without.
	must(t, db.Refuse(db.ctx, run("", "body")))
	for i := 0; i < len(id); i += 3 {
		must(t, db.Done(db.ctx, id[i], `{}`))
		must(t, db.GiveUp(db.ctx, id[i+1], "no use"))
		must(t, db.Failed(db.ctx, id[i+2], "not yet", testNow.Add(time.Hour)))
	}
	refused := id[len(id)-1] + 1
	for _, step := range []struct {
		age        time.Duration
		want, kept []int64 // entries, and those of them with a body
	}{
		{keepBody, []int64{refused, id[5], id[4], id[3], id[2], id[1], id[0]}, []int64{refused, id[5], id[4], id[3], id[2], id[1], id[0]}},
		{keepBody + time.Millisecond, []int64{refused, id[5], id[4], id[3], id[2], id[1], id[0]}, []int64{refused, id[5], id[4], id[2], id[1]}},
		{keepRow, []int64{refused, id[5], id[4], id[3], id[2], id[1], id[0]}, []int64{refused, id[5], id[4], id[2], id[1]}},
		{keepRow + time.Millisecond, []int64{id[5], id[2], id[1], id[0]}, []int64{id[5], id[2]}},
		{100 * keepRow, []int64{id[5], id[2], id[1], id[0]}, []int64{id[5], id[2]}},
	} {
		t.Run(step.age.String(), func(t *testing.T) {
			must(t, db.Prune(db.ctx, testNow.Add(step.age)))
			list, err := db.List(db.ctx, Query{})
			must(t, err)
			equal(t, ids(list), step.want)
			var kept []int64
			for _, e := range list {
				if !e.Pruned {
					kept = append(kept, e.ID)
				}
				if body := db.entry(t, e.ID).Body; (body == nil) != e.Pruned {
					t.Errorf("entry %d: pruned %v, body %q", e.ID, e.Pruned, body)
				}
			}
			equal(t, kept, step.kept)
			equal(t, db.bodies(t), len(step.kept))
		})
	}
	equal(t, db.entry(t, id[0]), Entry{
		ID: id[0], Connection: "gitlab", Kind: "runs", Token: "ci", Key: "done", ReceivedAt: testNow, Bytes: 4, Pruned: true,
		State: Done, Attempts: 1, Outcome: `{}`, DoneAt: testNow,
	})
	equal(t, db.counts(t), map[string]map[State]int{"gitlab": {Waiting: 2, Done: 1, Failed: 1}})
	for _, key := range keys[:3] {
		if _, fresh, err := db.Put(db.ctx, run(key, "again")); err != nil || fresh {
			t.Errorf("%s: fresh %v, %v", key, fresh, err)
		}
	}
}

// More than a transaction removes go all the same.
func TestPruneMany(t *testing.T) {
	db := openTest(t)
	const keyed = 2*pruneStep + 3
	var entries []Entry
	for i := range keyed {
		entries = append(entries, run(fmt.Sprint(i), "body"))
	}
	for range pruneStep {
		entries = append(entries, run("", "body"))
	}
	receipts, err := db.PutAll(db.ctx, entries)
	must(t, err)
	outcomes := map[int64]string{}
	for _, r := range receipts {
		outcomes[r.ID] = `{}`
	}
	must(t, db.DoneAll(db.ctx, outcomes))
	must(t, db.Prune(db.ctx, testNow.Add(2*keepRow)))
	equal(t, db.counts(t), map[string]map[State]int{"gitlab": {Done: keyed}})
	equal(t, db.bodies(t), 0)
}
