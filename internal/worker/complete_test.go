package worker

import (
	"testing"
	"time"
)

func TestCompletions(t *testing.T) {
	var c completions
	now := time.Unix(1_700_000_000, 0)
	for _, step := range []struct {
		after time.Duration
		id    int64
		at    time.Duration // 0: asked for already
	}{
		{0, 1, 2 * time.Second},
		{time.Second, 1, 0},
		{time.Second, 2, 3 * time.Second},
		{10 * time.Second, 1, 62 * time.Second},
		{61 * time.Second, 1, 0},
		{5 * time.Minute, 1, 5*time.Minute + 2*time.Second},
	} {
		at, ok := c.next(step.id, now.Add(step.after))
		if ok != (step.at != 0) || ok && at.Sub(now) != step.at {
			t.Errorf("after %s: at %s, %t", step.after, at.Sub(now), ok)
		}
	}
}
