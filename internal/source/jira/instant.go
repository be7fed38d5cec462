package jira

import (
	"encoding/json"
	"strconv"
	"time"

	"throughline/internal/delivery"
)

// Times outside these years are slips, not moments of anybody's work.
const (
	firstYear, lastYear = 2000, 2200
	// seconds are fewer than this, and milliseconds are more.
	mostSeconds = 1e11
)

var layouts = []string{
	time.RFC3339Nano, "2006-01-02T15:04:05.999999999-0700", "2006-01-02T15:04:05.999999999Z07", "2006-01-02T15:04Z07:00",
	"2006-01-02T15:04-0700", "2006-01-02 15:04:05.999999999-0700", "2006-01-02 15:04:05.999999999Z07:00",
}

// instantOf reads a moment in whatever form Jira, its automation or a script writes it:
// ISO 8601 with an offset, with or without a colon and parts of a second, or seconds
// or milliseconds since 1970, as a number or a text.
func instantOf(raw json.RawMessage) (delivery.Instant, bool) {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		text = string(raw)
	}
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		if n < mostSeconds {
			n *= 1000
		}
		if n < 1 || n > 1e14 {
			return 0, false
		}
		return within(time.UnixMilli(int64(n)))
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			return within(t)
		}
	}
	return 0, false
}

func within(t time.Time) (delivery.Instant, bool) {
	if year := t.UTC().Year(); year < firstYear || year > lastYear {
		return 0, false
	}
	return delivery.InstantOf(t), true
}
