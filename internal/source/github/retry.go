package github

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/cenkalti/backoff/v5"

	"throughline/internal/source"
)

const (
	maxTries   = 6
	maxLimited = 10 // tries when GitHub asks for short pauses
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
			if after > shortWait || paused > maxLimited {
				return nil, backoff.Permanent(err)
			}
			// Not all at the same moment: they would only meet again.
			return nil, &source.LaterError{Err: err, After: after + rand.N(time.Second)}
		}
		if failed++; failed == maxTries || r.soft || !again(err) {
			return nil, backoff.Permanent(err)
		}
		return nil, err
	}, backoff.WithBackOff(wait), backoff.WithMaxTries(tries), backoff.WithMaxElapsedTime(maxElapsed))
	if later, ok := errors.AsType[*source.LaterError](err); ok {
		err = later.Err
	}
	return a, err
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
