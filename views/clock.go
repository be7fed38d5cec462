package views

import (
	"context"
	"time"

	"throughline/internal/i18n"
)

// Clock is what moments are written by.
type Clock struct {
	Now  time.Time
	Zone *time.Location
}

type clockKey struct{}

// WithClock returns ctx carrying the clock of the page.
func WithClock(ctx context.Context, c Clock) context.Context {
	return context.WithValue(ctx, clockKey{}, c)
}

func clockOf(ctx context.Context) Clock {
	c, ok := ctx.Value(clockKey{}).(Clock)
	if !ok || c.Zone == nil {
		c.Zone = time.UTC
	}
	return c
}

func dateTime(ctx context.Context, t time.Time) string {
	return i18n.From(ctx).DateTime(t.In(clockOf(ctx).Zone))
}

func number(ctx context.Context, n int) string { return i18n.From(ctx).Number(float64(n), 0) }
