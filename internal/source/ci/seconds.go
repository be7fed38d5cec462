package ci

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"

	"throughline/internal/delivery"
)

// maxSeconds is longer than from the first time that is taken to the last.
const maxSeconds = 10_000_000_000

var decimalText = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)

// seconds is a duration in milliseconds; NotSaid when it is null or not there.
func (f fields) seconds(name string) int64 {
	return f.duration(name, false)
}

// secondsOrText takes decimal text, too.
func (f fields) secondsOrText(name string) int64 {
	return f.duration(name, true)
}

func (f fields) duration(name string, text bool) int64 {
	switch v := f.value(name).(type) {
	case nil:
		return delivery.NotSaid
	case json.Number:
		if ms, ok := milliseconds(v.String()); ok {
			return ms
		}
	case string:
		if text && decimalText.MatchString(v) {
			if ms, ok := milliseconds(v); ok {
				return ms
			}
		}
	}
	f.reject(name, fmt.Sprintf("must be a number of seconds from 0 to %d", int64(maxSeconds)))
	return delivery.NotSaid
}

// milliseconds rounds to the nearest. A float64 holds every millisecond in range.
func milliseconds(seconds string) (int64, bool) {
	s, err := strconv.ParseFloat(seconds, 64)
	if err != nil || s < 0 || s > maxSeconds {
		return 0, false
	}
	return int64(math.Round(s * 1000)), true
}

// seconds writes milliseconds as seconds, or null for NotSaid.
type seconds int64

// MarshalJSON writes no more decimals than are needed.
func (s seconds) MarshalJSON() ([]byte, error) {
	if s < 0 {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, float64(s)/1000, 'f', -1, 64), nil
}

// between is the time from one instant to another, NotSaid unless both are known.
func between(from, to delivery.Instant) int64 {
	if !from.Known() || !to.Known() {
		return delivery.NotSaid
	}
	return int64(to - from)
}

// spanE2E is the time from the start of the first e2e job to the end of the last:
// NotSaid when none has started, or one has not ended.
func spanE2E(jobs []delivery.Job) int64 {
	var first, last delivery.Instant
	for _, job := range jobs {
		if !job.E2E || !job.StartedAt.Known() {
			continue
		}
		if !job.FinishedAt.Known() {
			return delivery.NotSaid
		}
		if !first.Known() || job.StartedAt < first {
			first = job.StartedAt
		}
		last = max(last, job.FinishedAt)
	}
	return between(first, last)
}
