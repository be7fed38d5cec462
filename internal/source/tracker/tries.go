package tracker

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"syscall"
	"time"

	"github.com/cenkalti/backoff/v5"

	"throughline/internal/source"
)

const (
	longWait     = time.Minute // a longer Retry-After ends the pull
	maxTries     = 7
	maxSingle    = 4  // tries for one record that makes the server fail
	maxLimited   = 30 // tries when the server wants a lower rate
	maxBadBodies = 5  // tries when the answer arrives, but broken
	maxElapsed   = 5 * time.Minute
)

// do sends r until it is answered, for a while.
func (c *client) do(ctx context.Context, r request) (*answer, error) {
	wait := backoff.NewExponentialBackOff()
	wait.Multiplier = 2
	wait.MaxInterval = 30 * time.Second
	tries := uint(maxLimited)
	if r.once {
		tries = 1
	}
	failed, broken, doubtful := 0, 0, false
	a, err := backoff.Retry(ctx, func() (*answer, error) {
		a, err := c.send(ctx, r)
		if err == nil {
			return a, nil
		}
		if ctx.Err() != nil {
			return nil, backoff.Permanent(context.Cause(ctx))
		}
		var bad *answerError
		if errors.As(err, &bad) {
			broken++
		}
		after, again := c.again(r, err)
		if !isStatus(err, http.StatusTooManyRequests) {
			failed, doubtful = failed+1, true
		}
		switch {
		case !again || failed == maxTries || broken == maxBadBodies || r.single && failed >= maxSingle && !down(err):
			return nil, backoff.Permanent(err)
		case after > 0:
			// Not all at the same moment: they would only meet again.
			return nil, &source.LaterError{Err: err, After: after + rand.N(min(after, 5*time.Second)+1)}
		}
		return nil, err
	}, backoff.WithBackOff(wait), backoff.WithMaxTries(tries), backoff.WithMaxElapsedTime(maxElapsed))
	var later *source.LaterError
	if errors.As(err, &later) {
		err = later.Err
	}
	if isStatus(err, http.StatusTooManyRequests) {
		var e *statusError
		errors.As(err, &e)
		return nil, &source.RateLimitError{RetryAfter: c.now().Add(max(e.after, longWait))}
	}
	if err != nil {
		return nil, err
	}
	a.doubtful = doubtful
	return a, nil
}

// again tells whether another try may help, and when the server wants it. It
// also tells the limiter what the server thinks of the rate.
func (c *client) again(r request, err error) (after time.Duration, again bool) {
	var status *statusError
	if errors.As(err, &status) {
		switch {
		case status.status == http.StatusTooManyRequests:
			c.limits.complain(min(status.after, longWait))
			return status.after, status.after <= longWait
		case status.status == http.StatusGatewayTimeout && r.paged:
			return 0, false
		case status.status == http.StatusInternalServerError:
			return 0, true // a fault of its own, whatever the rate
		case status.status > 500 && status.status != http.StatusNotImplemented:
			c.limits.trouble()
			return min(status.after, longWait), true
		}
		return 0, false
	}
	var bad *answerError
	if errors.As(err, &bad) {
		return 0, bad.again
	}
	return 0, source.Transient(err)
}

// down tells failures of the server as a whole from those that the one thing
// asked for may have caused.
func down(err error) bool {
	return isStatus(err, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable) ||
		errors.Is(err, syscall.ECONNREFUSED)
}
