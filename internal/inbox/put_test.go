package inbox

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestPut(t *testing.T) {
	db := openTest(t)
	received := testNow.Add(-time.Minute)
	id := db.put(t, Entry{
		ID: 77, Connection: "gitlab", Kind: "runs", Token: "ci", Key: "shop/cart 1", ReceivedAt: received, Body: []byte(`{"id":1}`),
		Bytes: 5, Pruned: true, State: Done, Attempts: 3, RetryAt: testNow, Outcome: "{}", Error: "none", DoneAt: testNow,
	})
	equal(t, db.entry(t, id), Entry{
		ID: id, Connection: "gitlab", Kind: "runs", Token: "ci", Key: "shop/cart 1", ReceivedAt: received, Body: []byte(`{"id":1}`),
		Bytes: 8, State: Waiting,
	})
	unstamped := db.put(t, run("", "x"))
	if got := db.entry(t, unstamped).ReceivedAt; !got.Equal(testNow) {
		t.Errorf("received at %v", got)
	}
	if unstamped <= id {
		t.Errorf("entry %d after %d", unstamped, id)
	}
}

func TestPutDuplicates(t *testing.T) {
	db := openTest(t)
	first := db.put(t, run("1", "first"))
	again, fresh, err := db.Put(db.ctx, run("1", "second"))
	must(t, err)
	if again != first || fresh {
		t.Errorf("entry %d, fresh %v; the first is %d", again, fresh, first)
	}
	if body := string(db.entry(t, first).Body); body != "first" {
		t.Errorf("body %q", body)
	}
	others := []Entry{
		{Connection: "gitlab", Kind: "save_metrics", Key: "1"},
		{Connection: "github", Kind: "runs", Key: "1"},
		run("1\x00", ""), run("1 ", ""), run("\xff1", ""), run("", ""), run("", ""),
	}
	for _, e := range others {
		db.put(t, e)
	}
	equal(t, db.counts(t), map[string]map[State]int{"gitlab": {Waiting: 7}, "github": {Waiting: 1}})
}

func TestPutAll(t *testing.T) {
	db := openTest(t)
	first := db.put(t, run("b", ""))
	receipts, err := db.PutAll(db.ctx, []Entry{run("a", "1"), run("b", "2"), run("", "3"), run("a", "4"), run("", "5")})
	must(t, err)
	a, third, fifth := receipts[0].ID, receipts[2].ID, receipts[4].ID
	equal(t, receipts, []Receipt{{a, true}, {first, false}, {third, true}, {a, false}, {fifth, true}})
	if first >= a || a >= third || third >= fifth {
		t.Errorf("receipts %v after %d", receipts, first)
	}
	for id, body := range map[int64]string{a: "1", third: "3", fifth: "5"} {
		if got := string(db.entry(t, id).Body); got != body {
			t.Errorf("body %q, want %q", got, body)
		}
	}
	none, err := db.PutAll(db.ctx, nil)
	must(t, err)
	equal(t, none, []Receipt{})
}

func TestBodies(t *testing.T) {
	random := make([]byte, 5<<20)
	source := rand.New(rand.NewPCG(1, 2))
	for i := range random {
		random[i] = byte(source.Uint32())
	}
	for name, body := range map[string][]byte{
		"nil": nil, "empty": {}, "one byte": {0}, "invalid UTF-8": []byte("a\xff\x00\xc3\x28z"),
		"5 MiB of the same": bytes.Repeat([]byte("0123456789abcdef"), 5<<16), "5 MiB of noise": random,
	} {
		t.Run(name, func(t *testing.T) {
			db := openTest(t)
			e := db.entry(t, db.put(t, Entry{Body: body}))
			if e.Body == nil || !bytes.Equal(e.Body, body) || e.Bytes != len(body) {
				t.Errorf("a body of %d bytes came back as one of %d, said to have %d", len(body), len(e.Body), e.Bytes)
			}
			waiting, err := db.Waiting(db.ctx, 10, 1)
			must(t, err)
			if len(waiting) != 1 || !bytes.Equal(waiting[0].Body, body) {
				t.Errorf("%d entries wait", len(waiting))
			}
		})
	}
}

// Of those who send the same at once exactly one is told that it is fresh.
func TestPutSameAtOnce(t *testing.T) {
	db := openTest(t)
	const callers, keys = 64, 20
	var fresh [keys]atomic.Int64
	var stored [keys][callers]int64
	var all sync.WaitGroup
	for caller := range callers {
		all.Go(func() {
			for k := range keys {
				id, isFresh, err := db.Put(db.ctx, run(fmt.Sprint(k), fmt.Sprint(caller)))
				if err != nil {
					t.Error(err)
				}
				stored[k][caller] = id
				if isFresh {
					fresh[k].Add(1)
				}
			}
		})
	}
	all.Wait()
	for k := range keys {
		if n := fresh[k].Load(); n != 1 {
			t.Errorf("key %d: %d are fresh", k, n)
		}
		for caller, id := range stored[k] {
			if id != stored[k][0] {
				t.Errorf("key %d: caller %d was told %d, another %d", k, caller, id, stored[k][0])
			}
		}
	}
	equal(t, db.counts(t), map[string]map[State]int{"gitlab": {Waiting: keys}})
}

func TestPutContext(t *testing.T) {
	db := openTest(t)
	ctx, cancel := context.WithCancel(db.ctx)
	begun, release := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		must(t, db.write(db.ctx, func(*writer) error { close(begun); <-release; return nil }))
	})
	<-begun
	all.Go(func() {
		id, fresh, err := db.Put(ctx, run("a", ""))
		wantError(t, err, context.Canceled)
		if id != 0 || fresh {
			t.Errorf("entry %d, fresh %v", id, fresh)
		}
		close(release)
	})
	cancel()
	all.Wait()
}

func TestAdded(t *testing.T) {
	db := openTest(t)
	woken := func() bool {
		select {
		case <-db.Added():
			return true
		default:
			return false
		}
	}
	if woken() {
		t.Error("woken by nothing")
	}
	id := db.put(t, run("a", ""))
	db.put(t, run("b", ""))
	if !woken() || woken() {
		t.Error("two entries wake once")
	}
	if _, _, err := db.Put(db.ctx, run("a", "")); err != nil || woken() {
		t.Errorf("woken by a duplicate, or %v", err)
	}
	must(t, db.Refuse(db.ctx, run("c", "")))
	must(t, db.Done(db.ctx, id, ""))
	if woken() {
		t.Error("woken by what does not wait")
	}
	must(t, db.Replay(db.ctx, id))
	if !woken() {
		t.Error("not woken by a replay")
	}
}
