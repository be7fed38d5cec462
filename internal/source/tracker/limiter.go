package tracker

import (
	"context"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	startRate = 5   // requests a second
	minRate   = 0.5 // however often the server complains
	parallel  = 8   // changelogs asked for at once
)

// limiter finds the rate that a server bears: it doubles every second until
// the first complaint, or until the requests in flight are what limits; then
// it halves on a complaint and adds one request a second every second.
type limiter struct {
	tokens *rate.Limiter

	mu       sync.Mutex
	limit    float64
	doubling bool
	free     bool // no limit: the requests in flight are one
	moved    time.Time
	cut      time.Time
	paused   time.Time
	flying   int

	// Of the second under way.
	began   time.Time
	sent    int
	delayed bool // some request had to wait for a token
	full    bool // all workers were busy at some time
}

func newLimiter() *limiter {
	return &limiter{tokens: rate.NewLimiter(startRate, 1), limit: startRate, doubling: true}
}

// wait returns when the next request may be sent; done must be called when it
// has been answered.
func (l *limiter) wait(ctx context.Context) error {
	if err := l.waitPause(ctx); err != nil {
		return err
	}
	l.mu.Lock()
	l.move(time.Now())
	l.sent++
	l.full = l.full || l.flying >= parallel-1
	r := l.tokens.Reserve()
	delay := r.Delay()
	l.delayed = l.delayed || delay > 0
	l.mu.Unlock()
	if err := pause(ctx, delay); err != nil {
		r.Cancel()
		return err
	}
	l.mu.Lock()
	l.flying++
	l.mu.Unlock()
	return nil
}

func (l *limiter) done() {
	l.mu.Lock()
	l.flying--
	l.mu.Unlock()
}

func (l *limiter) waitPause(ctx context.Context) error {
	for {
		l.mu.Lock()
		left := time.Until(l.paused)
		l.mu.Unlock()
		if left <= 0 {
			return ctx.Err()
		}
		if err := pause(ctx, left); err != nil {
			return err
		}
	}
}

// move lets the rate grow with the time that has passed, of which idle seconds
// count once.
func (l *limiter) move(now time.Time) {
	if l.moved.IsZero() {
		l.moved, l.began = now, now
	}
	passed := min(now.Sub(l.moved).Seconds(), 1)
	l.moved = now
	switch {
	case l.free:
	case l.doubling:
		l.set(l.limit * math.Exp2(passed))
	default:
		l.set(l.limit + passed)
	}
	if now.Sub(l.began) < time.Second {
		return
	}
	if l.doubling && l.full && !l.delayed {
		l.free = true
		l.tokens.SetLimit(rate.Inf)
	}
	if !l.free {
		l.count(now)
	}
}

// count begins another second.
func (l *limiter) count(now time.Time) {
	l.began, l.sent, l.delayed, l.full = now, 0, false, false
}

func (l *limiter) set(limit float64) {
	l.limit = max(limit, minRate)
	l.tokens.SetLimit(rate.Limit(l.limit))
	l.tokens.SetBurst(max(1, int(l.limit/10)))
}

// complain halves the rate, at most once a second, and sends nothing for
// after: 0 when the server did not say.
func (l *limiter) complain(after time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if until := now.Add(after); until.After(l.paused) {
		l.paused = until
	}
	l.settle(now)
	if now.Sub(l.cut) < time.Second {
		return
	}
	l.cut = now
	l.set(l.limit / 2)
	l.count(now)
}

// trouble ends the doubling: the server has failed.
func (l *limiter) trouble() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settle(time.Now())
}

// settle ends the search for the rate; one without limit becomes what it was
// in truth.
func (l *limiter) settle(now time.Time) {
	if l.free {
		l.free = false
		seconds := max(now.Sub(l.began).Seconds(), 1)
		l.set(max(float64(l.sent)/seconds, startRate))
		l.count(now)
	}
	l.doubling = false
}

// pause waits for d or the end of ctx.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
