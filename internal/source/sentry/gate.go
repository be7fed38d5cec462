package sentry

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"throughline/internal/source"
)

const (
	maxFlying = 3 // requests at once
	// longWait is the longest pause that is waited for; a longer one ends the pull.
	longWait = 90 * time.Second
	maxWait  = 24 * time.Hour // the longest that is believed
	margin   = 20 * time.Millisecond
	// maxRefused is how often in a row an endpoint may refuse, each time after the pause
	// that it asked for: then it is left alone until the next pull.
	maxRefused = 3
)

// gate lets requests to one endpoint through as its limit allows: a number of them in
// a window of time that begins anew at Reset.
type gate struct {
	mu      sync.Mutex
	told    bool // some answer came
	limit   int  // 0: none
	left    int  // in the window, without those in flight
	reset   time.Time
	fresh   bool      // the window is a new one, of which the end is not known
	paused  time.Time // nothing is sent before
	flying  int
	refused int           // in a row
	at      time.Time     // of the last refusal
	changed chan struct{} // closed when any of this changes
}

func (c *client) gate(to endpoint) *gate {
	c.mu.Lock()
	defer c.mu.Unlock()
	g := c.gates[to]
	if g == nil {
		g = &gate{changed: make(chan struct{})}
		c.gates[to] = g
	}
	return g
}

// enter returns when a request may be sent; leave must be called after it.
func (g *gate) enter(ctx context.Context, c *client) error {
	for {
		g.mu.Lock()
		if g.refused >= maxRefused {
			later := c.now().Add(longWait + time.Second) // not to be waited for
			if g.paused.After(later) {
				later = g.paused
			}
			g.mu.Unlock()
			return &source.RateLimitError{RetryAfter: later}
		}
		wait := g.wait(c)
		if wait == 0 && ctx.Err() == nil {
			g.left--
			g.flying++
			g.mu.Unlock()
			return nil
		}
		changed := g.changed
		g.mu.Unlock()
		if wait > longWait && wait != forChange {
			return &source.RateLimitError{RetryAfter: c.now().Add(wait)}
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-changed:
		case <-ctx.Done():
		}
		timer.Stop()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
}

// forChange is to wait for another request.
const forChange = time.Duration(math.MaxInt64)

// wait is how long nothing may be sent, 0 when something may.
func (g *gate) wait(c *client) time.Duration {
	now := c.now()
	if now.Before(g.paused) {
		return g.paused.Sub(now)
	}
	if (!g.told || g.refused > 0) && g.flying > 0 || g.flying >= maxFlying { // the first tells the limit
		return forChange
	}
	if g.limit == 0 {
		return 0
	}
	if !g.fresh {
		if end := c.skew.local(g.reset); now.Before(end) {
			if g.left > 0 {
				return 0
			}
			return end.Sub(now)
		}
		g.fresh, g.left = true, g.limit-g.flying
	}
	if g.left > 0 {
		return 0
	}
	return forChange
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.flying--
	g.told = true
	if g.fresh && g.flying == 0 && g.left <= 0 { // no answer told of the window
		g.left = 1
	}
	g.wake()
}

func (g *gate) wake() {
	close(g.changed)
	g.changed = make(chan struct{})
}

// note takes what an answer says of the limit.
func (g *gate) note(c *client, res *http.Response, sent time.Time) {
	c.skew.note(res.Header, sent, c.now())
	limit, err1 := strconv.Atoi(res.Header.Get("X-Sentry-Rate-Limit-Limit"))
	left, err2 := strconv.Atoi(res.Header.Get("X-Sentry-Rate-Limit-Remaining"))
	reset, ok := resetOf(res.Header)
	g.mu.Lock()
	defer g.mu.Unlock()
	defer g.wake()
	if res.StatusCode != http.StatusTooManyRequests {
		g.refused = 0
	} else {
		if sent.After(g.at) {
			g.refused++
		}
		g.at = c.now()
		if ok {
			c.skew.before(reset, sent)
		}
		if wait, ok := c.pauseOf(res.Header); ok {
			g.paused = c.now().Add(wait)
			if res.Header.Get("Retry-After") != "" { // of whatever is before Sentry: its own limits are an endpoint's
				c.stop(wait)
			}
		}
		left = 0
	}
	if err1 != nil || err2 != nil || !ok {
		return
	}
	g.limit = max(limit, 0)
	switch {
	case res.StatusCode == http.StatusTooManyRequests && g.fresh && reset.Equal(g.reset): // it is the old one still
		g.fresh, g.left = false, 0
	case reset.Equal(g.reset) && !g.fresh:
		g.left = min(g.left, left)
	case g.fresh && reset.After(g.reset):
		g.reset, g.fresh, g.left = reset, false, min(g.left, left)
	case reset.After(g.reset):
		g.reset, g.left = reset, left-(g.flying-1)
	}
}

func resetOf(h http.Header) (time.Time, bool) {
	seconds, err := strconv.ParseFloat(strings.TrimSpace(h.Get("X-Sentry-Rate-Limit-Reset")), 64)
	if err != nil || !(seconds > 0 && seconds < 1e11) {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(seconds * 1000)), true
}

// pauseOf is how long Sentry wants to be left alone after an answer of 429, false
// when it does not say.
func (c *client) pauseOf(h http.Header) (time.Duration, bool) {
	now := c.now()
	text := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(text, 10, 32); err == nil {
		return min(max(time.Duration(seconds)*time.Second, time.Second), maxWait), true
	}
	if t, err := http.ParseTime(text); err == nil {
		return min(max(c.skew.local(t).Sub(now), time.Second), maxWait), true
	}
	if reset, ok := resetOf(h); ok {
		return min(max(c.skew.local(reset).Sub(now), 100*time.Millisecond), maxWait), true
	}
	return 0, false
}

// skew is by how much Sentry's clock is ahead of ours: between low and high, as its
// Date says whole seconds only.
type skew struct {
	mu        sync.Mutex
	known     bool
	low, high time.Duration
}

func (s *skew) note(h http.Header, sent, received time.Time) {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return
	}
	low, high := date.Sub(received), date.Add(time.Second).Sub(sent)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.known || low > s.high || high < s.low { // the first, or a clock was set
		s.known, s.low, s.high = true, low, high
		return
	}
	s.low, s.high = max(s.low, low), min(s.high, high)
}

// before notes that by Sentry's clock reset had not come when a request was sent.
func (s *skew) before(reset, sent time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known {
		s.high = max(min(s.high, reset.Sub(sent)), s.low)
	}
}

// local is a moment of Sentry's clock by ours; rather too late than too early where
// the clocks differ.
func (s *skew) local(at time.Time) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.known || s.low <= 0 && s.high >= 0 {
		return at.Add(margin)
	}
	return at.Add(margin - s.low)
}
