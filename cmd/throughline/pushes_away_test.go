package main

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/store/clickhousestore/chtest"
)

// TestPushesWithoutStore: while the fact store is away, from the start or later,
// pushes are taken all the same, and stored once it is back.
func TestPushesWithoutStore(t *testing.T) {
	t.Parallel() // mostly waits
	folder := t.TempDir()
	engine := chtest.Start(t, folder, "127.0.0.1:0")
	dsn, addr := engine.DSN(), engine.Addr()
	engine.Stop()
	environ := within(pushable(t), dsn)
	s := launch(t, environ, "serve")
	s.logged(`the fact store does not answer: starting without it`)
	p := pushTo(t, s.url)
	want := map[string]int{}
	send := func(pushes ...push) {
		t.Helper()
		for _, x := range pushes {
			if status, err := p.post(x); status != http.StatusOK || err != nil {
				t.Errorf("%s without a store: %d, %v", x.ids, status, err)
			}
			for _, id := range x.ids {
				want[id] = 1
			}
		}
	}
	send(savedRun("1"), savedRun("2"), listedRuns("3", "4"), listedRuns("4", "5"))
	if status, err := p.post(savedRun("2")); status != http.StatusAlreadyReported || err != nil {
		t.Errorf("the same again without a store: %d, %v", status, err)
	}
	code, stdout, _ := cli(t, environ, "check")
	expect(t, code, exitError, stdout, "– inbox: received and not stored yet: 4, the first at ", "a running server stores them by itself")

	engine = chtest.Start(t, folder, addr)
	drained(t, environ, s.log)
	engine.Stop()
	send(savedRun("6"), listedRuns("7"))
	s.logged(`msg="the fact store does not answer, waiting for it"`)
	chtest.Start(t, folder, addr)
	drained(t, environ, s.log)
	if code := s.stop(); code != exitDone {
		t.Errorf("exit code %d", code)
	}
	if d := cmp.Diff(want, storedRuns(t, clickHouseOf(t, append(environ, "TARGET="+dsn)))); d != "" {
		t.Errorf("stored runs (-want +got):\n%s", d)
	}
}
