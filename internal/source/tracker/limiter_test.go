package tracker

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
)

// flood sends requests of a length by so many workers for a while and counts
// them by second.
func flood(t *testing.T, l *limiter, workers int, length, while time.Duration, each func(second, n int)) []int {
	t.Helper()
	began := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), while)
	defer cancel()
	counts := make([]int, int(while/time.Second)+1)
	var mu sync.Mutex
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			for l.wait(ctx) == nil {
				second := int(time.Since(began) / time.Second)
				mu.Lock()
				counts[second]++
				n := counts[second]
				mu.Unlock()
				if each != nil {
					each(second, n)
				}
				time.Sleep(length)
				l.done()
			}
		})
	}
	wait.Wait()
	return counts[:int(while/time.Second)]
}

func TestLimiter(t *testing.T) {
	bubbled("doubles until the workers are the limit", t, func(t *testing.T) {
		got := flood(t, newLimiter(), parallel, 20*time.Millisecond, 10*time.Second, nil)
		for second, want := range []int{7, 14, 29, 58, 115, 231, 385, 400, 400, 400} {
			if n := got[second]; n < want*7/10 || n > want*12/10+3 {
				t.Errorf("second %d: %d requests, want about %d (%v)", second, n, want, got)
			}
		}
	})
	bubbled("halves on a complaint, then adds one a second", t, func(t *testing.T) {
		l := newLimiter()
		got := flood(t, l, parallel, 20*time.Millisecond, 15*time.Second, func(second, n int) {
			if second == 3 && n == 20 {
				l.complain(0)
				l.complain(0) // the same moment counts once
			}
		})
		if got[4] < 24 || got[4] > 32 || got[14] < got[4]+8 || got[14] > got[4]+12 {
			t.Errorf("%v", got)
		}
	})
	bubbled("a complaint at full speed halves what was sent", t, func(t *testing.T) {
		l := newLimiter()
		got := flood(t, l, parallel, 20*time.Millisecond, 14*time.Second, func(second, n int) {
			if second == 11 && n == 100 {
				l.complain(0)
			}
		})
		if got[10] < 350 || got[12] < 150 || got[12] > 230 {
			t.Errorf("%v", got)
		}
	})
	bubbled("trouble ends the doubling", t, func(t *testing.T) {
		l := newLimiter()
		got := flood(t, l, parallel, 20*time.Millisecond, 8*time.Second, func(second, n int) {
			if second == 2 && n == 5 {
				l.trouble()
			}
		})
		if got[7] > 30 || got[7] < 22 {
			t.Errorf("%v", got)
		}
	})
	bubbled("keeps silent for as long as it is told", t, func(t *testing.T) {
		l := newLimiter()
		l.complain(7 * time.Second)
		got := flood(t, l, parallel, time.Millisecond, 10*time.Second, nil)
		for second, n := range got {
			if (second < 7) != (n == 0) {
				t.Errorf("second %d: %d requests", second, n)
			}
		}
	})
	bubbled("never slower than one in two seconds", t, func(t *testing.T) {
		l := newLimiter()
		for range 50 {
			l.complain(0)
			time.Sleep(2 * time.Second)
		}
		if l.limit != minRate {
			t.Errorf("limit %v", l.limit)
		}
	})
	bubbled("gives up with its context", t, func(t *testing.T) {
		l := newLimiter()
		l.complain(time.Hour)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if err := l.wait(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 2*time.Second {
			t.Errorf("%v after %s", err, time.Since(began))
		}
	})
}
