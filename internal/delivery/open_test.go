package delivery_test

import (
	"testing"

	"throughline/internal/delivery"
)

func TestOpenDuring(t *testing.T) {
	class := func(key string, _ delivery.Instant) delivery.Class {
		return map[string]delivery.Class{"active": delivery.Active, "closed": delivery.Closed}[key]
	}
	period := func(key string, start, end delivery.Instant) delivery.Period {
		return delivery.Period{Status: delivery.Ref{Key: key}, Start: start, End: end}
	}
	open := []delivery.Period{period("new", 100, 200), period("active", 200, 0)}
	closed := []delivery.Period{period("new", 100, 200), period("closed", 200, 0)}
	reopened := []delivery.Period{period("new", 100, 200), period("closed", 200, 300), period("active", 300, 0)}
	again := []delivery.Period{period("new", 100, 200), period("closed", 200, 300), period("active", 300, 400), period("closed", 400, 0)}
	born := []delivery.Period{period("closed", 100, 0)}
	moment := []delivery.Period{period("closed", 100, 200), period("new", 200, 200), period("closed", 200, 0)}
	for _, c := range []struct {
		name     string
		periods  []delivery.Period
		from, to delivery.Instant
		want     bool
	}{
		{"nothing", nil, 1, 1000, false},
		{"open: before", open, 1, 100, false},
		{"open: first instant", open, 1, 101, true},
		{"open: later", open, 900, 1000, true},
		{"open: empty range", open, 150, 150, false},
		{"open: range that ends before it begins", open, 300, 150, false},
		{"closed: last instant", closed, 199, 1000, true},
		{"closed: after", closed, 200, 1000, false},
		{"reopened: the gap", reopened, 200, 300, false},
		{"reopened: up to the first stay", reopened, 199, 300, true},
		{"reopened: up to the second stay", reopened, 200, 301, true},
		{"reopened: later", reopened, 900, 1000, true},
		{"closed again: the gap", again, 200, 300, false},
		{"closed again: last instant", again, 399, 1000, true},
		{"closed again: after", again, 400, 1000, false},
		{"closed again: around the gap", again, 1, 1000, true},
		{"born closed", born, 1, 1000, false},
		{"a moment: range begins at it", moment, 200, 201, true},
		{"a moment: range ends at it", moment, 1, 200, false},
		{"a moment: range after it", moment, 201, 1000, false},
	} {
		if got := delivery.OpenDuring(c.periods, class, c.from, c.to); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestKnownTo(t *testing.T) {
	f := delivery.Filter{From: 100, To: 200}
	for now, want := range map[delivery.Instant]delivery.Instant{0: 200, 50: 50, 150: 150, 200: 200, 300: 200} {
		if got := f.KnownTo(now); got != want {
			t.Errorf("at %d: %d, want %d", now, got, want)
		}
	}
}
