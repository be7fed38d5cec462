package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
	"throughline/internal/inbox"
	"throughline/internal/store/sqlitestore"
)

const (
	pushToken   = "token-of-programs-that-push-0123456789"
	pushClients = 16 // connections that push at the same time
)

// pushable is the environment of a data directory with a token to push by.
func pushable(t *testing.T) []string {
	t.Helper()
	dir := t.TempDir()
	plant(t, dir, map[string]string{"provision.yaml": "tokens:\n  - {name: gitlab, scopes: [ingest], token: " + pushToken + "}\n"})
	return append(dataDir(t), "THROUGHLINE_PROVISION="+filepath.Join(dir, "provision.yaml"))
}

// pushing is a program that pushes to a site, over so many connections.
type pushing struct {
	url    string
	client *http.Client
}

func pushTo(t *testing.T, url string) *pushing {
	transport := &http.Transport{MaxConnsPerHost: pushClients, MaxIdleConnsPerHost: pushClients}
	t.Cleanup(transport.CloseIdleConnections)
	return &pushing{url, &http.Client{Transport: transport}}
}

// post sends a push; the error is the connection's.
func (p *pushing) post(x push) (status int, err error) {
	req, err := http.NewRequest(http.MethodPost, p.url+x.path, strings.NewReader(x.body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+pushToken)
	res, err := p.client.Do(req)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, errors.Join(err, res.Body.Close())
}

// push is a request, and the runs that it tells of.
type push struct {
	path, body string
	ids        []string
}

// savedRun is a push as the GitLab worker sends it.
func savedRun(id string) push {
	return push{"/save_metrics", fmt.Sprintf(`{"pipeline_id":%s,"project":"shop/web","ref":"main","created_at":"2026-03-01T09:30:00.000Z",
		"duration":363,"duration_e2e":262,"has_restarts":false,"builds":[{"build-app":95}],"jobs_failed":[],
		"jobs":[{"name":"e2e 1/2","started_at":"2026-03-01T09:31:41Z","finished_at":"2026-03-01T09:35:01Z","duration":200,"up":30,"e2e":125}]}`, id), []string{id}}
}

// listedRuns is a push of a list.
func listedRuns(ids ...string) push {
	var runs []string
	for _, id := range ids {
		runs = append(runs, fmt.Sprintf(`{"id":%q,"project":"shop/cart","status":"success","created_at":"2026-03-01T10:00:00Z"}`, id))
	}
	return push{"/api/v1/runs", "[" + strings.Join(runs, ",") + "]", ids}
}

// numbered is the n-th push of a test: one in four is a list.
func numbered(n int64) push {
	if n%4 == 0 {
		return listedRuns(fmt.Sprint(n, "a"), fmt.Sprint(n, "b"), fmt.Sprint(n, "c"))
	}
	return savedRun(fmt.Sprint(n))
}

// atOnce calls f on as many goroutines as there are connections.
func atOnce(f func()) {
	var all sync.WaitGroup
	for range pushClients {
		all.Go(f)
	}
	all.Wait()
}

// drained waits until nothing in the inbox of a running server waits.
func drained(t *testing.T, environ []string, log *screen) {
	t.Helper()
	eventually(t, "the inbox is worked off", func() bool {
		s, err := inbox.Look(t.Context(), filepath.Join(dirOf(environ), inboxFile))
		if err != nil {
			t.Fatal(err)
		}
		return s.Waiting == 0
	}, log)
}

// storedRuns are how many runs of each ID a store has.
func storedRuns(t *testing.T, store delivery.Store) map[string]int {
	t.Helper()
	got := map[string]int{}
	for run, err := range store.Runs(t.Context(), delivery.RunListQuery{RunQuery: delivery.RunQuery{AllBranches: true, To: delivery.InstantOf(moment)}}) {
		if err != nil {
			t.Fatal(err)
		}
		got[run.ID]++
	}
	return got
}

// fileRuns are the storedRuns of facts in SQLite.
func fileRuns(t *testing.T, environ []string) map[string]int {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), filepath.Join(dirOf(environ), factsFile))
	if err != nil {
		t.Fatal(err)
	}
	got := storedRuns(t, store)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	return got
}

// TestKilledWhilePushed: what was answered 200 is stored, once, however often the
// program is killed.
func TestKilledWhilePushed(t *testing.T) {
	t.Parallel()
	binary, environ := buildProgram(t), pushable(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	var next atomic.Int64
	var mu sync.Mutex
	var kept, cut []push // answered 200, and not answered at all
	for range 3 {
		s := spawn(t, binary, environ, "serve")
		p := pushTo(t, s.url)
		left := atomic.Int64{}
		left.Store(100 + dice.Int64N(900))
		atOnce(func() {
			for {
				x := numbered(next.Add(1))
				status, err := p.post(x)
				mu.Lock()
				if err != nil {
					cut = append(cut, x)
					mu.Unlock()
					return
				}
				kept = append(kept, x)
				mu.Unlock()
				if status != http.StatusOK {
					t.Errorf("%s is answered %d", x.ids, status)
				}
				if left.Add(-1) == 0 {
					if err := s.cmd.Process.Kill(); err != nil {
						t.Error(err)
					}
				}
			}
		})
		_ = s.cmd.Wait() // killed
	}
	t.Logf("%d pushes answered, %d cut off", len(kept), len(cut))

	s := spawn(t, binary, environ, "serve")
	drained(t, environ, s.log)
	again(t, pushTo(t, s.url), kept, cut)
	drained(t, environ, s.log)
	if code := s.stop(); code != exitDone {
		t.Errorf("exit code %d:\n%s", code, s.log)
	}
	want := map[string]int{}
	for _, x := range append(kept, cut...) {
		for _, id := range x.ids {
			want[id] = 1
		}
	}
	if d := cmp.Diff(want, fileRuns(t, environ)); d != "" {
		t.Errorf("stored runs (-want +got):\n%s", d)
	}
}

// again sends everything a second time: of what was kept it is known that it is
// there, of what was cut off nobody knew.
func again(t *testing.T, p *pushing, kept, cut []push) {
	t.Helper()
	all := append(append([]push{}, kept...), cut...)
	var next atomic.Int64
	atOnce(func() {
		for n := next.Add(1); n <= int64(len(all)); n = next.Add(1) {
			x := all[n-1]
			status, err := p.post(x)
			want := http.StatusAlreadyReported
			if x.path != "/save_metrics" {
				want = http.StatusOK
			}
			unknown := int(n) > len(kept) && status == http.StatusOK
			if err != nil || status != want && !unknown {
				t.Errorf("%s, sent again: %d, %v", x.ids, status, err)
			}
		}
	})
}

// TestSamePushAtOnce: of the same push over many connections one is new.
func TestSamePushAtOnce(t *testing.T) {
	t.Parallel()
	environ := pushable(t)
	s := spawn(t, buildProgram(t), environ, "serve")
	p := pushTo(t, s.url)
	want := map[string]int{}
	for n := range 20 {
		x := savedRun(fmt.Sprint(n))
		var fresh, there atomic.Int64
		atOnce(func() {
			switch status, err := p.post(x); {
			case err != nil:
				t.Error(err)
			case status == http.StatusOK:
				fresh.Add(1)
			case status == http.StatusAlreadyReported:
				there.Add(1)
			}
		})
		if fresh.Load() != 1 || there.Load() != pushClients-1 {
			t.Errorf("run %d: 200 %d times, 208 %d times", n, fresh.Load(), there.Load())
		}
		want[x.ids[0]] = 1
	}
	drained(t, environ, s.log)
	s.stop()
	if d := cmp.Diff(want, fileRuns(t, environ)); d != "" {
		t.Errorf("stored runs (-want +got):\n%s", d)
	}
}
