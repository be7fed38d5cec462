package simulator

import (
	"strconv"
	"strings"
	"time"

	"throughline/internal/delivery"
)

// moment is what a time in a query stands for: a day from first to last
// millisecond, or one instant.
type moment struct {
	first, last delivery.Instant
}

func atTime(of func(*state) delivery.Instant) searchField {
	return func(p *parser, v valued) (predicate, error) {
		m, ok, err := emptiness(v, func(s *state) bool { return !of(s).Known() })
		if ok || err != nil {
			return m, err
		}
		from, err := p.moment(v.from)
		if err != nil {
			return nil, err
		}
		if v.isFar {
			to, err := p.moment(v.to)
			if err != nil {
				return nil, err
			}
			return func(s *state) bool { return of(s) >= from.first && of(s) <= to.last }, nil
		}
		switch v.sign {
		case ">", "<=":
			return func(s *state) bool { return of(s).Known() && compares(v.sign, of(s), from.last) }, nil
		case ">=", "<":
			return func(s *state) bool { return of(s).Known() && compares(v.sign, of(s), from.first) }, nil
		}
		if from.first == from.last {
			from.last += delivery.Instant(second) - 1 // the second that was written
		}
		return func(s *state) bool { return of(s) >= from.first && of(s) <= from.last }, nil
	}
}

// timeLayouts are the forms of a time in a query. There is none with a zone:
// times are the organisation's own, Europe/Moscow here.
var timeLayouts = []string{
	"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02T15:04",
	"02-01-2006 15:04:05", "02-01-2006 15:04",
}

func (p *parser) moment(o operand) (moment, error) {
	if o.call {
		return p.called(o)
	}
	for _, layout := range []string{time.DateOnly, "02-01-2006", "02.01.2006"} {
		if t, err := time.ParseInLocation(layout, o.text, moscow); err == nil {
			return dayOf(t), nil
		}
	}
	for _, layout := range timeLayouts {
		if t, err := time.ParseInLocation(layout, o.text, moscow); err == nil {
			at := delivery.InstantOf(t)
			return moment{at, at}, nil
		}
	}
	return moment{}, queryErrorf(o.at, "not a date or time: %q", o.text)
}

func dayOf(t time.Time) moment {
	y, m, d := t.Date()
	first := time.Date(y, m, d, 0, 0, 0, 0, moscow)
	return moment{delivery.InstantOf(first), delivery.InstantOf(first.AddDate(0, 0, 1)) - 1}
}

// called is now() or today() with an offset such as -1w or "-2d 3h".
func (p *parser) called(o operand) (moment, error) {
	ms, ok := offset(o.offset)
	if !ok {
		return moment{}, queryErrorf(o.at, "not an offset like -2h or -1w: %q", o.offset)
	}
	at := p.now + delivery.Instant(ms)
	switch strings.ToLower(o.text) {
	case "now":
		return moment{at, at}, nil
	case "today":
		return dayOf(at.Time().In(moscow)), nil
	}
	return moment{}, queryErrorf(o.at, "unknown function %s()", o.text)
}

// offset reads a signed sum such as -2d3h or "- 1w 2d", in milliseconds.
func offset(s string) (ms int64, ok bool) {
	if s == "" {
		return 0, true
	}
	factor := int64(1)
	if s[0] == '-' {
		factor = -1
	}
	s = strings.ReplaceAll(strings.TrimLeft(s, "+-"), " ", "")
	for s != "" {
		digits := len(s) - len(strings.TrimLeft(s, "0123456789"))
		n, err := strconv.ParseUint(s[:digits], 10, 24)
		if err != nil || digits == len(s) {
			return 0, false
		}
		unit, known := map[byte]int64{'w': 7 * day, 'd': day, 'h': hour, 'm': minute, 's': second}[s[digits]]
		if !known {
			return 0, false
		}
		ms += factor * int64(n) * unit
		s = s[digits+1:]
	}
	return ms, true
}
