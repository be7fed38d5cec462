package web

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// counted asks for a value that says how often it was computed.
func counted(g generation, key string, expires, now time.Time, calls *atomic.Int64) question {
	return question{
		generation: g, key: key, expires: expires, now: now, deadline: time.Minute,
		answer: func(context.Context) (any, int, error) { return calls.Add(1), 10, nil },
	}
}

func TestCacheKeepsUntilSomethingChanges(t *testing.T) {
	var c cache
	var calls atomic.Int64
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	first := generation{1, 1}
	steps := []struct {
		name    string
		g       generation
		key     string
		expires time.Time
		now     time.Time
		want    int64
	}{
		{"computed", first, "a", time.Time{}, now, 1},
		{"kept", first, "a", time.Time{}, now.Add(time.Hour), 1},
		{"another question", first, "b", now.Add(time.Minute), now, 2},
		{"kept for a minute", first, "b", now.Add(time.Minute), now.Add(59 * time.Second), 2},
		{"expired", first, "b", now.Add(2 * time.Minute), now.Add(time.Minute), 3},
		{"new data", generation{2, 1}, "a", time.Time{}, now, 4},
		{"new settings", generation{2, 2}, "a", time.Time{}, now, 5},
		{"what was kept before is gone", first, "a", time.Time{}, now, 6},
	}
	for _, s := range steps {
		got, err := c.get(t.Context(), counted(s.g, s.key, s.expires, s.now, &calls))
		if err != nil || got != s.want {
			t.Errorf("%s: %v, %v, want %d", s.name, got, err, s.want)
		}
	}
}

func TestCacheIsBounded(t *testing.T) {
	var c cache
	ask := func(key string, bytes int) {
		q := question{key: key, deadline: time.Minute, answer: func(context.Context) (any, int, error) { return key, bytes, nil }}
		if _, err := c.get(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 2 * cacheEntries {
		ask(fmt.Sprint(i), 1)
		ask("0", 1) // always in use
	}
	if len(c.entries) != cacheEntries {
		t.Errorf("%d entries, want %d", len(c.entries), cacheEntries)
	}
	if _, ok := c.entries["0"]; !ok {
		t.Error("the entry in use was dropped")
	}
	ask("big", cacheBytes)
	if len(c.entries) != 1 || c.bytes != cacheBytes {
		t.Errorf("%d entries of %d bytes beside one that fills the cache", len(c.entries), c.bytes)
	}
	ask("too big", cacheBytes+1)
	if _, ok := c.entries["too big"]; ok {
		t.Error("an answer larger than the cache was kept")
	}
}

func TestCacheComputesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c cache
		var calls atomic.Int64
		q := question{key: "a", deadline: time.Minute, answer: func(context.Context) (any, int, error) {
			time.Sleep(time.Second)
			return calls.Add(1), 1, nil
		}}
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if got, err := c.get(t.Context(), q); err != nil || got != int64(1) {
					t.Errorf("%v, %v", got, err)
				}
			})
		}
		wg.Wait()
		if calls.Load() != 1 {
			t.Errorf("computed %d times", calls.Load())
		}
	})
}

// Who asked first may leave: the others still get their answer.
func TestCacheOutlivesWhoAskedFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c cache
		q := question{key: "a", deadline: time.Minute, answer: func(ctx context.Context) (any, int, error) {
			time.Sleep(time.Second)
			return "answer", 1, ctx.Err()
		}}
		leaving, leave := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := c.get(leaving, q); !errors.Is(err, context.Canceled) {
				t.Errorf("who left got %v", err)
			}
		})
		synctest.Wait()
		wg.Go(func() {
			if got, err := c.get(t.Context(), q); err != nil || got != "answer" {
				t.Errorf("who stayed got %v, %v", got, err)
			}
		})
		synctest.Wait()
		leave()
		wg.Wait()
	})
}

func TestCacheErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c cache
		slow := question{key: "slow", deadline: 15 * time.Second, answer: func(ctx context.Context) (any, int, error) {
			<-ctx.Done()
			return nil, 0, ctx.Err()
		}}
		start := time.Now()
		if _, err := c.get(t.Context(), slow); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 15*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		broken := question{key: "broken", deadline: time.Second, answer: func(context.Context) (any, int, error) { panic("oh") }}
		if _, err := c.get(t.Context(), broken); err == nil || !strings.Contains(err.Error(), "oh") {
			t.Errorf("a panic came out as %v", err)
		}
		if len(c.entries) != 0 {
			t.Error("a failure was kept")
		}
	})
}

// A dear answer of data before is given for a while, and computed anew for the
// next who asks; a cheap one never is.
func TestCacheWhileDataComesIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c cache
		var calls atomic.Int64
		ask := func(data, settings int64, cost time.Duration) any {
			got, err := c.get(t.Context(), question{
				generation: generation{data, settings}, key: fmt.Sprint("costs ", cost), now: time.Now(), stale: 10 * time.Second, deadline: time.Minute,
				answer: func(context.Context) (any, int, error) { time.Sleep(cost); return calls.Add(1), 10, nil },
			})
			if err != nil {
				t.Error(err)
			}
			return got
		}
		const cheap, costly = dear - 1, 100 * time.Millisecond
		steps := []struct {
			name           string
			after          time.Duration
			data, settings int64
			cost           time.Duration
			want           int64
		}{
			{"computed", 0, 1, 1, costly, 1},
			{"new data, young", time.Second, 2, 1, costly, 1},
			{"new data, older: given once more, and computed behind", 2 * time.Second, 3, 1, costly, 1},
			{"what was computed behind", time.Second, 4, 1, costly, 2},
			{"too old", 10 * time.Second, 5, 1, costly, 3},
			{"new settings", 0, 5, 2, costly, 4},
			{"cheap", 0, 5, 2, cheap, 5},
			{"cheap, new data", 0, 6, 2, cheap, 6},
			{"young still, whatever else was computed", 0, 6, 2, costly, 4},
		}
		for _, s := range steps {
			time.Sleep(s.after)
			exact := question{generation: generation{s.data, s.settings}, key: "exact", now: time.Now(), deadline: time.Minute, answer: func(context.Context) (any, int, error) { return 0, 1, nil }}
			if _, err := c.get(t.Context(), exact); err != nil {
				t.Error(err)
			}
			if got := ask(s.data, s.settings, s.cost); got != s.want {
				t.Errorf("%s: %v, want %d", s.name, got, s.want)
			}
		}
	})
}

// Of many different questions no more are computed at once than are of use.
func TestCacheComputesFewAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c cache
		var now, most atomic.Int64
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				_, err := c.get(t.Context(), question{key: fmt.Sprint(i), deadline: time.Minute, answer: func(context.Context) (any, int, error) {
					most.Store(max(most.Load(), now.Add(1)))
					time.Sleep(time.Second)
					now.Add(-1)
					return i, 1, nil
				}})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := most.Load(); got != int64(computing()) {
			t.Errorf("%d at once, want %d", got, computing())
		}
	})
}

// An answer that needs another one does not wait for somebody who waits for its place.
func TestCacheAnswersWithinAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c cache
		var calls atomic.Int64
		now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
		enough := make(chan struct{})
		var all sync.WaitGroup
		for n := range computing() { // all places are taken
			outer := question{key: fmt.Sprint("outer ", n), now: now, deadline: time.Minute, answer: func(ctx context.Context) (any, int, error) {
				<-enough
				value, err := c.get(ctx, counted(generation{}, "inner", time.Time{}, now, &calls))
				return value, 10, err
			}}
			all.Go(func() {
				if _, err := c.get(t.Context(), outer); err != nil {
					t.Errorf("%s: %v", outer.key, err)
				}
			})
		}
		synctest.Wait()
		all.Go(func() { // one without a place asks for the inner one first
			if _, err := c.get(t.Context(), counted(generation{}, "inner", time.Time{}, now, &calls)); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		began := time.Now()
		close(enough)
		all.Wait()
		if took := time.Since(began); took > 0 {
			t.Errorf("they waited for each other for %s", took)
		}
	})
}
