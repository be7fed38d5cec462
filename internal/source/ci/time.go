package ci

import (
	"regexp"
	"strings"
	"time"

	"throughline/internal/delivery"
)

const wrongTime = "must be a time like 2026-01-31T09:30:00Z"

// RFC 3339, and the offset without its colon. time.Parse alone takes more: hours of
// one digit, a comma before the fraction.
var timeForm = regexp.MustCompile(`^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:?\d\d)$`)

// parseTime reads a time from 1970 to 2200, truncated to the millisecond. The first
// millisecond of all is not taken: as an Instant it is not known.
func parseTime(s string) (at delivery.Instant, message string) {
	if !timeForm.MatchString(s) {
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
