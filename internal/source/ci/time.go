package ci

import (
	"strings"
	"time"

	"throughline/internal/delivery"
)

const wrongTime = "must be a time like 2026-01-31T09:30:00Z"

// timeForms are RFC 3339 up to the fraction of the second, and what may follow that:
// the offset without its colon, too. A 0 stands for any digit, a t for what is between
// date and time. time.Parse alone takes more: hours of one digit, a comma before the
// fraction.
const timeForm = "0000-00-00t00:00:00"

var zoneForms = []string{"z", "+00:00", "+0000"}

// isTime reports whether a text has the form of a time.
func isTime(s string) bool {
	if len(s) < len(timeForm) || !hasForm(s[:len(timeForm)], timeForm) {
		return false
	}
	rest := s[len(timeForm):]
	if fraction, ok := strings.CutPrefix(rest, "."); ok {
		rest = strings.TrimLeft(fraction, "0123456789")
		if n := len(fraction) - len(rest); n == 0 || n > 9 {
			return false
		}
	}
	for _, form := range zoneForms {
		if hasForm(rest, form) {
			return true
		}
	}
	return false
}

func hasForm(s, form string) bool {
	if len(s) != len(form) {
		return false
	}
	for i := range len(s) {
		c := s[i]
		var ok bool
		switch form[i] {
		case '0':
			ok = c >= '0' && c <= '9'
		case 't':
			ok = c == 'T' || c == 't' || c == ' '
		case 'z':
			ok = c == 'Z' || c == 'z'
		case '+':
			ok = c == '+' || c == '-'
		default:
			ok = c == form[i]
		}
		if !ok {
			return false
		}
	}
	return true
}

// parseTime reads a time from 1970 to 2200, truncated to the millisecond. The first
// millisecond of all is not taken: as an Instant it is not known.
func parseTime(s string) (at delivery.Instant, message string) {
	if !isTime(s) {
		return 0, wrongTime
	}
	s = strings.Replace(strings.ToUpper(s), " ", "T", 1)
	layout := time.RFC3339
	if zone := s[len(s)-5]; zone == '+' || zone == '-' {
		layout = "2006-01-02T15:04:05Z0700"
	}
	t, err := time.Parse(layout, s)
	if err != nil {
		return 0, wrongTime
	}
	if at := delivery.InstantOf(t); at > 0 && t.UTC().Year() <= 2200 {
		return at, ""
	}
	return 0, "must be a time from 1970 to 2200"
}
