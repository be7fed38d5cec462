package upkeep_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"throughline/internal/upkeep"
)

// run runs an update on a clock of its own, which ends after a minute, and says when it
// was called, in seconds.
func run(t *testing.T, took time.Duration, fails func(call int) bool) (called []float64, failures int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 59*time.Second)
		defer cancel()
		began := time.Now()
		upkeep.New[string]().Run(ctx, func(context.Context) error {
			called = append(called, time.Since(began).Seconds())
			time.Sleep(took)
			if fails(len(called)) {
				return errors.New("no")
			}
			return nil
		}, func() bool { return true }, func(error) { failures++ })
	})
	return called, failures
}

func never(int) bool { return false }

func TestRun(t *testing.T) {
	called, failures := run(t, 0, never)
	if want := []float64{0, 10.5, 21, 31.5, 42, 52.5}; !slices.Equal(called, want) || failures != 0 {
		t.Errorf("with nothing touched: %v, %d failed", called, failures)
	}
	called, failures = run(t, 2*time.Second, func(call int) bool { return call == 1 })
	if want := []float64{0, 20, 40}; !slices.Equal(called, want) || failures != 1 {
		t.Errorf("one that fails, and takes its time: %v, %d failed", called, failures)
	}
}

func TestWoken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 12*time.Second)
		defer cancel()
		u := upkeep.New[string]()
		began := time.Now()
		var called []float64
		var taken []string
		go func() {
			time.Sleep(3 * time.Second)
			u.Touch("quiet")
			time.Sleep(time.Second)
			u.Wake("a", "b", "a")
			u.Wake()
		}()
		u.Run(ctx, func(context.Context) error {
			called = append(called, time.Since(began).Seconds())
			taken = append(taken, u.Take()...)
			return nil
		}, func() bool { return true }, nil)
		slices.Sort(taken)
		if want := []float64{0, 4}; !slices.Equal(called, want) || !slices.Equal(taken, []string{"a", "b", "quiet"}) {
			t.Errorf("called at %v, took %v", called, taken)
		}
	})
}
