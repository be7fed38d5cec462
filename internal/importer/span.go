package importer

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// span is a range as tracker-exporter reads one: 1w, 2h, 1mo 2d.
var span = regexp.MustCompile(`^(?:\d{1,6}(?:y|mo|w|d|h|m|s)\s*)+$`)

var spanPart = regexp.MustCompile(`(\d+)(y|mo|w|d|h|m|s)`)

// rangeDays is a span in whole days, rounded up, as settings have it: 7d.
func rangeDays(text string) (string, bool) {
	text = strings.ToLower(strings.TrimSpace(text))
	if !span.MatchString(text) {
		return "", false
	}
	const day = 24 * time.Hour
	units := map[string]time.Duration{
		"y": 360 * day, "mo": 30 * day, "w": 7 * day, "d": day, "h": time.Hour, "m": time.Minute, "s": time.Second,
	}
	const most = 36500 // days; a hundred years
	var sum time.Duration
	for _, part := range spanPart.FindAllStringSubmatch(text, -1) {
		n, err := strconv.Atoi(part[1])
		if err != nil || time.Duration(n) > most*day/units[part[2]] {
			return "", false
		}
		if sum += time.Duration(n) * units[part[2]]; sum > most*day {
			return "", false
		}
	}
	if sum == 0 {
		return "", false
	}
	return strconv.Itoa(int((sum+day-1)/day)) + "d", true
}
