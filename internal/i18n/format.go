package i18n

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// nbsp keeps a number and its unit on one line.
const nbsp = "\u00a0"

// Number writes v with at most maxFrac decimals, without trailing zeros, and
// with thousands set apart.
func (p *Printer) Number(v float64, maxFrac int) string {
	point, group := ".", ","
	if p.lang == "ru" {
		point, group = ",", nbsp
	}
	text := strconv.FormatFloat(math.Abs(v), 'f', maxFrac, 64)
	whole, frac, _ := strings.Cut(text, ".")
	frac = strings.TrimRight(frac, "0")
	var b strings.Builder
	if v < 0 && strings.Trim(whole+frac, "0") != "" {
		b.WriteString("−")
	}
	for i, digit := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteString(group)
		}
		b.WriteRune(digit)
	}
	if frac != "" {
		b.WriteString(point + frac)
	}
	return b.String()
}

// Percent writes a rate between 0 and 1.
func (p *Printer) Percent(rate float64, maxFrac int) string {
	return p.Number(rate*100, maxFrac) + nbsp + "%"
}

// Date writes the day of t in t's zone: 2 Jan 2026, 02.01.2026.
func (p *Printer) Date(t time.Time) string {
	if p.lang == "ru" {
		return t.Format("02.01.2006")
	}
	return strings.ReplaceAll(t.Format("2 Jan 2006"), " ", nbsp)
}

// DateSpan writes the days from a to b, both included, in their zone: 1 Jan –
// 31 Mar 2026. A year that is common to both is written once.
func (p *Printer) DateSpan(a, b time.Time) string {
	last := p.Date(b)
	switch {
	case p.Date(a) == last:
		return last
	case a.Year() != b.Year():
		return p.Date(a) + " – " + last
	case p.lang == "ru":
		return a.Format("02.01") + " – " + last
	}
	return strings.ReplaceAll(a.Format("2 Jan"), " ", nbsp) + " – " + last
}

// Time writes hours and minutes of t in t's zone.
func (p *Printer) Time(t time.Time) string { return t.Format("15:04") }

// DateTime writes day, hour and minute of t in t's zone.
func (p *Printer) DateTime(t time.Time) string { return p.Date(t) + " " + p.Time(t) }

// Duration writes seconds in at most two steps: 3 d 4 h, 5 h 20 min. A day has
// dayHours, 24 by the clock or the calendar's working day; with 0 there are no
// days. Beyond 30 days hours say nothing and are left out.
func (p *Printer) Duration(seconds, dayHours float64) string {
	sign := ""
	if seconds < 0 {
		sign, seconds = "−", -seconds
	}
	day := dayHours * 3600
	switch {
	case day > 0 && seconds >= 30*day:
		return sign + p.unit("d", math.Round(seconds/day))
	case day > 0 && seconds >= day-1800:
		days, hours := split(seconds, day, 3600)
		return sign + p.steps("d", days, "h", hours)
	case seconds >= 3600-30:
		hours, minutes := split(seconds, 3600, 60)
		return sign + p.steps("h", hours, "min", minutes)
	case seconds >= 60-0.5:
		minutes, rest := split(seconds, 60, 1)
		return sign + p.steps("min", minutes, "s", rest)
	}
	return sign + p.unit("s", math.Round(seconds))
}

// Days writes seconds as one figure in the largest unit that fits once it is
// rounded: 6.2 d, 3.5 h, 40 min; a minute less than a day is a day, not 24 h.
func (p *Printer) Days(seconds, dayHours float64) string {
	day := dayHours * 3600
	size := math.Abs(seconds)
	tenths := func(unit float64) float64 { return math.Round(size/unit*10) / 10 }
	switch {
	case day > 0 && (size >= day || tenths(3600)*3600 >= day):
		return p.figure("d", seconds/day)
	case size >= 3600 || tenths(60) >= 60:
		return p.figure("h", seconds/3600)
	case math.Round(size) >= 60:
		return p.figure("min", seconds/60)
	}
	return p.unit("s", math.Round(seconds))
}

// split is seconds as wholes of unit and the rest in parts of it, rounded.
func split(seconds, unit, part float64) (wholes, parts float64) {
	wholes = math.Floor(seconds / unit)
	parts = math.Round((seconds - wholes*unit) / part)
	if parts*part >= unit {
		return wholes + 1, 0
	}
	return wholes, parts
}

func (p *Printer) steps(unit string, wholes float64, part string, parts float64) string {
	switch {
	case parts == 0:
		return p.unit(unit, wholes)
	case wholes == 0:
		return p.unit(part, parts)
	}
	return p.unit(unit, wholes) + nbsp + p.unit(part, parts)
}

func (p *Printer) unit(unit string, v float64) string {
	return p.Number(v, 0) + nbsp + p.T("unit."+unit)
}

func (p *Printer) figure(unit string, v float64) string {
	frac := 1
	if math.Abs(v) >= 99.95 {
		frac = 0
	}
	return p.Number(v, frac) + nbsp + p.T("unit."+unit)
}

// Ago writes how long before or after now t is: 5 minutes ago, in 2 days.
func (p *Printer) Ago(t, now time.Time) string {
	past := now.Sub(t)
	prefix, size := "time.ago.", past
	if past < 0 {
		prefix, size = "time.in.", -past
	}
	switch {
	case size < 45*time.Second:
		return p.T(prefix + "now")
	case size < 90*time.Minute:
		return p.T(prefix+"minutes", "n", rounded(size, time.Minute))
	case size < 36*time.Hour:
		return p.T(prefix+"hours", "n", rounded(size, time.Hour))
	case size < 60*24*time.Hour:
		return p.T(prefix+"days", "n", rounded(size, 24*time.Hour))
	case size < 700*24*time.Hour:
		return p.T(prefix+"months", "n", rounded(size, 730*time.Hour))
	}
	return p.T(prefix+"years", "n", rounded(size, 8766*time.Hour))
}

func rounded(d, unit time.Duration) int { return max(1, int((d+unit/2)/unit)) }
