package sentry

import (
	"encoding/json"
	"strconv"
	"time"

	"throughline/internal/delivery"
)

// instant is a moment, with or without parts of a second, 0 when absent.
func (o *object) instant(name string) delivery.Instant {
	if !o.has(name) || string(o.fields[name]) == `""` {
		return 0
	}
	at, ok := instantOf(o.fields[name])
	if !ok {
		o.refuse(name, "time", "is not a time like 2026-01-31T12:00:00Z")
	}
	return at
}

// instantOf reads a moment as a text, or as seconds or milliseconds since 1970.
func instantOf(raw json.RawMessage) (delivery.Instant, bool) {
	s, ok := textOf(raw)
	if !ok {
		return 0, false
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t, err = time.Parse("2006-01-02T15:04:05.999999999", s) // in UTC, as Python writes it
	}
	if err != nil {
		n, err := strconv.ParseFloat(s, 64)
		if err != nil || !(n > 0 && n < 1e14) {
			return 0, false
		}
		if n < mostSeconds {
			n *= 1000
		}
		t = time.UnixMilli(int64(n)).UTC()
	}
	if year := t.UTC().Year(); year < firstYear || year > lastYear {
		return 0, false
	}
	return delivery.InstantOf(t), true
}

// requiredInstant is a moment that must be there.
func (o *object) requiredInstant(name string) delivery.Instant {
	at := o.instant(name)
	if !o.has(name) {
		o.refuse(name, "missing", "is missing")
	}
	return at
}
