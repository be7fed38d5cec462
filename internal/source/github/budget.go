package github

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

const (
	// reserve is what is left of the hour's requests to others with the same token.
	reserve = 50
	// shortWait is what is waited for; a longer pause ends the pull.
	shortWait = 5 * time.Second
	// secondaryWait is GitHub's own advice where it does not say how long.
	secondaryWait = time.Minute
	maxWait       = 24 * time.Hour // the longest that is believed
)

// budget is what GitHub said of the requests that are left.
type budget struct {
	mu    sync.Mutex
	known bool
	limit int
	left  int
	reset time.Time
}

// note takes the figures of an answer, if they are those of a resource.
func (b *budget) note(h http.Header, of string) {
	limit, err1 := strconv.Atoi(h.Get("X-RateLimit-Limit"))
	left, err2 := strconv.Atoi(h.Get("X-RateLimit-Remaining"))
	reset, err3 := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64)
	if err1 != nil || err2 != nil || err3 != nil {
		return
	}
	if resource := h.Get("X-RateLimit-Resource"); resource != "" && resource != of {
		return
	}
	b.say(limit, left, time.Unix(reset, 0))
}

// say is note with the figures themselves.
func (b *budget) say(limit, left int, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	// Answers may overtake each other: of one hour, the fewest left is right.
	if !b.known || !at.Equal(b.reset) || left < b.left {
		b.known, b.limit, b.left, b.reset = true, limit, left, at
	}
}

// said is the budget for people to see, nothing when it is not known.
func (b *budget) said() source.Budget {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.known {
		return source.Budget{}
	}
	return source.Budget{Limit: b.limit, Left: b.left, ResetAt: delivery.InstantOf(b.reset)}
}

// check ends the pull before the last requests of the hour are used up.
func (b *budget) check(now time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.known || b.left > min(reserve, b.limit/10) || !b.reset.After(now) {
		return nil
	}
	return &source.RateLimitError{RetryAfter: until(now, b.reset)}
}

// until is a moment to go on at, a second after the source's and not too far ahead.
func until(now, at time.Time) time.Time {
	wait := min(max(at.Sub(now), 0)+time.Second, maxWait)
	return now.Add(wait)
}

// limited is how long GitHub wants to be left alone after an answer, 0 when that is
// not what the answer says.
func limited(status int, h http.Header, said string, now time.Time) time.Duration {
	if status != http.StatusForbidden && status != http.StatusTooManyRequests {
		return 0
	}
	if after, ok := retryAfter(h, now); ok {
		return after
	}
	if h.Get("X-RateLimit-Remaining") == "0" {
		if reset, err := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64); err == nil {
			return until(now, time.Unix(reset, 0)).Sub(now)
		}
		return secondaryWait
	}
	// Nothing but its words tells this 403 from one that forbids.
	said = strings.ToLower(said)
	if status == http.StatusTooManyRequests || strings.Contains(said, "secondary rate limit") || strings.Contains(said, "abuse detection") {
		return secondaryWait
	}
	return 0
}

// retryAfter reads Retry-After: seconds or a date.
func retryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(text, 10, 32); err == nil {
		return min(max(time.Duration(seconds)*time.Second, time.Second), maxWait), true
	}
	if t, err := http.ParseTime(text); err == nil {
		return min(max(t.Sub(now), time.Second), maxWait), true
	}
	return 0, false
}
