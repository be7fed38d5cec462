package inbox

import (
	"bytes"
	"fmt"
	"testing"
)

func TestRefuse(t *testing.T) {
	db := openTest(t)
	body := bytes.Repeat([]byte("body"), maxRefusedBody)
	e := Entry{Connection: "gitlab", Kind: "runs", Token: "ci", Key: "a", Body: body, Error: "status is missing"}
	must(t, db.Refuse(db.ctx, e))
	e.Body, e.Bytes = []byte("as far as it was read"), 1<<30
	must(t, db.Refuse(db.ctx, e))

	list, err := db.List(db.ctx, Query{})
	must(t, err)
	want := Entry{
		ID: list[1].ID, Connection: "gitlab", Kind: "runs", Token: "ci", ReceivedAt: testNow, Body: body[:maxRefusedBody], Bytes: len(body),
		State: Refused, Error: "status is missing", DoneAt: testNow,
	}
	equal(t, db.entry(t, want.ID), want)
	want.ID, want.Body, want.Bytes = list[0].ID, e.Body, e.Bytes
	equal(t, db.entry(t, want.ID), want)

	equal(t, db.waiting(t, 10, 100), []int64{})
	db.put(t, run("a", "")) // the key is still free
}

func TestRefusedAreBounded(t *testing.T) {
	db := openTest(t)
	waits := db.put(t, run("a", ""))
	must(t, db.Refuse(db.ctx, Entry{Connection: "github", Error: "other"}))
	for i := range maxRefused + 5 {
		must(t, db.Refuse(db.ctx, Entry{Connection: "gitlab", Error: fmt.Sprint(i)}))
	}
	equal(t, db.counts(t), map[string]map[State]int{"gitlab": {Waiting: 1, Refused: maxRefused}, "github": {Refused: 1}})
	list, err := db.List(db.ctx, Query{Connection: "gitlab", State: Refused, Limit: 2 * maxRefused})
	must(t, err)
	if newest, oldest := list[0].Error, list[len(list)-1].Error; newest != fmt.Sprint(maxRefused+4) || oldest != "5" {
		t.Errorf("kept %s to %s", oldest, newest)
	}
	equal(t, db.waiting(t, 10, 100), []int64{waits})
	equal(t, db.bodies(t), maxRefused+2)
}

// Ignored ones are noted as refused ones are, and bounded for themselves.
func TestIgnore(t *testing.T) {
	db := openTest(t)
	e := Entry{Connection: "github", Kind: "github.push", Key: "a", Body: []byte("{}"), Bytes: 2}
	must(t, db.Refuse(db.ctx, e))
	for range maxRefused + 2 {
		must(t, db.Ignore(db.ctx, e))
	}
	equal(t, db.counts(t), map[string]map[State]int{"github": {Refused: 1, Ignored: maxRefused}})
	list, err := db.List(db.ctx, Query{State: Ignored, Limit: 1})
	must(t, err)
	want := Entry{
		ID: list[0].ID, Connection: "github", Kind: "github.push", ReceivedAt: testNow, Body: e.Body, Bytes: 2, State: Ignored, DoneAt: testNow,
	}
	equal(t, db.entry(t, want.ID), want)
	equal(t, db.waiting(t, 10, 100), []int64{})
	wantError(t, db.Replay(db.ctx, want.ID), ErrRefused)
	must(t, db.Prune(db.ctx, testNow.Add(keepRow+1e9)))
	equal(t, db.counts(t), map[string]map[State]int{})
}
