package simulator

import (
	"context"
	"sync"
	"time"
)

// limiter is a token bucket that holds a second's worth.
type limiter struct {
	rate  float64 // per second; 0: no limit
	clock func() time.Time

	mu     sync.Mutex
	tokens float64
	last   time.Time
}

func (l *limiter) allow() bool {
	if l.rate <= 0 {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock()
	full := max(l.rate, 1)
	if l.last.IsZero() {
		l.tokens = full
	} else {
		l.tokens = min(full, l.tokens+now.Sub(l.last).Seconds()*l.rate)
	}
	l.last = now
	if l.tokens < 1 {
		return false
	}
	l.tokens--
	return true
}

// pause waits and reports whether it was let wait to the end.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
