package sentry

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/cenkalti/backoff/v5"

	"throughline/internal/source"
)

const (
	maxTries   = 4
	maxLimited = 5 // tries when Sentry asks for pauses
	maxElapsed = 5 * time.Minute
)

// do sends r until it is answered, for a while. Its errors are *source.AuthError,
// *source.RateLimitError, *statusError, *answerError and *source.NetworkError.
func (c *client) do(ctx context.Context, r request) (*answer, error) {
	wait := backoff.NewExponentialBackOff()
	wait.Multiplier, wait.MaxInterval = 2, 30*time.Second
	tries := uint(maxTries + maxLimited)
	if r.once {
		tries = 1
	}
	failed, paused := 0, 0
	a, err := backoff.Retry(ctx, func() (*answer, error) {
		a, err := c.send(ctx, r)
		if err == nil {
			return a, nil
		}
		if ctx.Err() != nil {
			return nil, backoff.Permanent(context.Cause(ctx))
		}
		if limit, ok := errors.AsType[*source.RateLimitError](err); ok {
			paused++
			after := limit.RetryAfter.Sub(c.now())
			if after > longWait {
				return nil, backoff.Permanent(err)
			}
			if paused >= maxLimited || r.once {
				return nil, backoff.Permanent(&source.RateLimitError{RetryAfter: c.now().Add(longWait)})
			}
			// Not all at the same moment: they would only meet again.
			return nil, &source.LaterError{Err: err, After: after + rand.N(50*time.Millisecond)}
		}
		if errors.Is(err, context.DeadlineExceeded) { // it cost enough
			failed++
		}
		if failed++; failed >= maxTries || !again(err) {
			return nil, backoff.Permanent(err)
		}
		return nil, err
	}, backoff.WithBackOff(wait), backoff.WithMaxTries(tries), backoff.WithMaxElapsedTime(maxElapsed))
	if later, ok := errors.AsType[*source.LaterError](err); ok {
		err = later.Err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err == nil || refused(err):
		clear(c.trouble)
	case ofServer(err):
		c.trouble[r.to] = true
	}
	return a, err
}

// down reports whether Sentry as a whole has failed, not what was asked for.
func (c *client) down() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.trouble) >= maxTrouble
}

// again tells whether another try may help.
func again(err error) bool {
	if e, ok := errors.AsType[*statusError](err); ok {
		return e.status >= 500
	}
	if e, ok := errors.AsType[*answerError](err); ok {
		return e.again
	}
	return source.Transient(err)
}

// ofServer reports whether an error is none of what was asked for: Sentry failed, or
// is not there.
func ofServer(err error) bool {
	if e, ok := errors.AsType[*statusError](err); ok {
		return e.status >= 500
	}
	_, ok := errors.AsType[*source.NetworkError](err)
	return ok || errors.Is(err, context.DeadlineExceeded)
}
