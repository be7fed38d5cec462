package picture

import (
	"math"
	"time"
)

const (
	hour  = int64(time.Hour / time.Millisecond)
	day   = 24 * hour
	thurs = 4 // the first day of 1970 is four behind Sunday
)

// manyMonths is the length of an axis from which on months are told, not days.
const manyMonths = 200 * day

// timeTicks are Mondays, or the first of months where there would be too many, or days or
// hours where there would be too few, at most limit of them. They are wall clocks.
func timeTicks(from, to int64, limit int) (ticks []int64, months bool) {
	if to-from <= 15*day {
		length := fineStep(from, to, limit)
		for at := ceilTo(from, length); at < to; at += length {
			ticks = append(ticks, at)
		}
		return ticks, false
	}
	months = to-from > manyMonths
	at := firstMonday(from)
	if months {
		at = nextMonth(from - 1)
	}
	for at < to {
		ticks = append(ticks, at)
		if months {
			at = nextMonth(at)
		} else {
			at += 7 * day
		}
	}
	return every(ticks, limit), months
}

// fineStep is the length between ticks of hours or days.
func fineStep(from, to int64, limit int) int64 {
	fits := func(hours []int64) int64 {
		for _, h := range hours {
			if to-from <= h*hour*int64(limit) {
				return h * hour
			}
		}
		return 0
	}
	if to-from <= 2*day {
		if step := fits([]int64{1, 2, 3, 6, 12}); step > 0 {
			return step
		}
	}
	if step := fits([]int64{24, 48, 72, 168}); step > 0 {
		return step
	}
	return 7 * day
}

func ceilTo(v, step int64) int64 { return int64(math.Ceil(float64(v)/float64(step))) * step }

// firstMonday is the first midnight from an instant on that begins a week.
func firstMonday(from int64) int64 {
	n := ceilTo(from, day) / day
	return (n + ((thurs-n)%7+7)%7) * day
}

func nextMonth(at int64) int64 {
	t := time.UnixMilli(at).UTC()
	return time.Date(t.Year(), t.Month()+1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
}

// every is every so manieth of a list, from the first on, at most limit of them.
func every[T any](all []T, limit int) []T {
	step := (len(all) + max(1, limit) - 1) / max(1, limit)
	if step <= 1 {
		return all
	}
	var out []T
	for i := 0; i < len(all); i += step {
		out = append(out, all[i])
	}
	return out
}
