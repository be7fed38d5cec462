// Package holidays knows the days off and the working days of countries. It
// knows nothing of weekends: a holiday on a Sunday is listed like any other.
package holidays

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/rickar/cal/v2"
)

// None is the code of the calendar without holidays.
const None = "none"

// russia has a table of its own, because its working days move every year.
const russia = "RU"

// ErrUnknown is returned for a code that Codes does not list.
var ErrUnknown = errors.New("unknown country code")

// Date is a day.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// Days are dated exceptions to a working week.
type Days struct {
	Off     map[Date]bool // not worked, though the weekday may be
	Working map[Date]bool // worked, though the weekday is not
}

// Codes are the known codes: ISO 3166 alpha-2 in order, then None.
func Codes() []string {
	return append(slices.Sorted(maps.Keys(countries())), None)
}

// Known reports whether For takes the code.
func Known(code string) bool { return slices.Contains(Codes(), code) }

// For lists the exceptions from firstYear to lastYear, both included. The error
// wraps ErrUnknown.
func For(code string, firstYear, lastYear int) (Days, error) {
	days := Days{Off: map[Date]bool{}, Working: map[Date]bool{}}
	if code == None {
		return days, nil
	}
	if code == russia {
		return days, addRussia(days, firstYear, lastYear)
	}
	list, ok := countries()[code]
	if !ok {
		return Days{}, fmt.Errorf("holidays of %.20q: %w", code, ErrUnknown)
	}
	addHolidays(days, list, firstYear, lastYear)
	return days, nil
}

// addHolidays adds the days on which holidays are kept. One that is kept on
// another day than its own, because that is a weekend, can be kept in the year
// before or after.
func addHolidays(days Days, list []*cal.Holiday, firstYear, lastYear int) {
	inUTC()
	for _, h := range list {
		for year := firstYear - 1; year <= lastYear+1; year++ {
			for _, t := range kept(h, year) {
				if y := t.Year(); y >= firstYear && y <= lastYear {
					days.Off[Date{y, t.Month(), t.Day()}] = true
				}
			}
		}
	}
}

// inUTC has the library count in UTC. In the machine's zone it is wrong by a day
// where a clock change skips midnight.
var inUTC = sync.OnceFunc(func() { cal.DefaultLoc = time.UTC })

// kept are the day of a holiday and the day it is observed on. Both are off: a
// holiday is observed elsewhere when its day is on a weekend, or taken by the
// observance of another.
func kept(h *cal.Holiday, year int) []time.Time {
	actual, observed := h.Calc(year)
	if actual.IsZero() {
		return nil
	}
	return []time.Time{actual, observed}
}
