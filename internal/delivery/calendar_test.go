package delivery_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"throughline/internal/delivery"
)

func at(t testing.TB, s string) delivery.Instant {
	t.Helper()
	when, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return delivery.InstantOf(when)
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func shifts(t testing.TB, hours ...string) []delivery.Shift {
	t.Helper()
	var out []delivery.Shift
	for _, h := range hours {
		s, err := delivery.ParseShift(h)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	return out
}

// week is a version with the same hours from Monday to Friday.
func week(t testing.TB, zoneName string, hours ...string) delivery.CalendarVersion {
	s := shifts(t, hours...)
	v := delivery.CalendarVersion{Zone: zone(t, zoneName), Hours: s}
	for d := time.Monday; d <= time.Friday; d++ {
		v.Week[d] = s
	}
	return v
}

// always is a version that works around the clock.
func always(t testing.TB, zoneName string) delivery.CalendarVersion {
	v := week(t, zoneName, "00:00-24:00")
	v.Week[time.Saturday], v.Week[time.Sunday] = v.Hours, v.Hours
	return v
}

func TestCalendarOverAWeekend(t *testing.T) {
	// 2024-03-08 is a Friday.
	friday, monday := at(t, "2024-03-08T17:00:00Z"), at(t, "2024-03-11T11:00:00Z")
	day := func(s string) map[delivery.Date]bool { return dates(t, []string{s}) }

	plain := week(t, "UTC", "09:00-18:00")
	mondayOff, saturdayOn := plain, plain
	mondayOff.Off = day("2024-03-11")
	saturdayOn.Working = day("2024-03-09")
	short := plain
	short.Short = map[delivery.Date][]delivery.Shift{{Year: 2024, Month: time.March, Day: 8}: shifts(t, "09:00-17:30")}

	for name, c := range map[string]struct {
		version delivery.CalendarVersion
		hours   float64
	}{
		"plain":            {plain, 3},
		"Monday off":       {mondayOff, 1},
		"working Saturday": {saturdayOn, 12},
		"short Friday":     {short, 2.5},
	} {
		t.Run(name, func(t *testing.T) {
			got := delivery.SpanOf(friday, monday, delivery.NewCalendar(c.version))
			if want := (delivery.Span{Seconds: 66 * 3600, BusinessSeconds: int64(c.hours * 3600)}); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestCalendarAcrossClockChanges(t *testing.T) {
	for name, c := range map[string]struct {
		version  delivery.CalendarVersion
		from, to string
		seconds  int64
		business int64
	}{
		"spring night, no work":           {week(t, "Europe/Berlin", "09:00-18:00"), "2024-03-30T23:00:00Z", "2024-03-31T22:00:00Z", 23 * 3600, 0},
		"spring night, around the clock":  {always(t, "Europe/Berlin"), "2024-03-30T23:00:00Z", "2024-03-31T22:00:00Z", 23 * 3600, 23 * 3600},
		"autumn night, around the clock":  {always(t, "Europe/Berlin"), "2024-10-26T22:00:00Z", "2024-10-27T23:00:00Z", 25 * 3600, 25 * 3600},
		"hours move with the clock":       {week(t, "Europe/Berlin", "09:00-18:00"), "2024-03-29T00:00:00Z", "2024-04-02T00:00:00Z", 96 * 3600, 18 * 3600},
		"midnight that does not exist":    {always(t, "Africa/Cairo"), "2024-04-25T22:00:00Z", "2024-04-26T21:00:00Z", 23 * 3600, 23 * 3600},
		"a shift in the skipped hour":     {allDays(t, "Europe/Berlin", "02:00-03:00"), "2024-03-31T00:00:00Z", "2024-03-31T12:00:00Z", 12 * 3600, 0},
		"a shift that ends in that hour":  {allDays(t, "Europe/Berlin", "01:00-02:30"), "2024-03-30T12:00:00Z", "2024-03-31T12:00:00Z", 24 * 3600, 3600},
		"a night shift over spring":       {allDays(t, "Europe/Berlin", "22:00-06:00"), "2024-03-30T20:00:00Z", "2024-03-31T12:00:00Z", 16 * 3600, 7 * 3600},
		"a half-hour change (Lord Howe)":  {always(t, "Australia/Lord_Howe"), "2024-10-05T13:30:00Z", "2024-10-06T13:00:00Z", 23*3600 + 1800, 23*3600 + 1800},
		"an interval that runs backwards": {always(t, "UTC"), "2024-03-31T12:00:00Z", "2024-03-31T00:00:00Z", 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got := delivery.SpanOf(at(t, c.from), at(t, c.to), delivery.NewCalendar(c.version))
			if want := (delivery.Span{Seconds: c.seconds, BusinessSeconds: c.business}); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func allDays(t testing.TB, zoneName string, hours ...string) delivery.CalendarVersion {
	v := week(t, zoneName, hours...)
	v.Week[time.Saturday], v.Week[time.Sunday] = v.Hours, v.Hours
	return v
}

func TestCalendarVersions(t *testing.T) {
	before, after := week(t, "UTC", "09:00-18:00"), week(t, "Europe/Moscow", "10:00-14:00", "15:00-17:00")
	before.From = delivery.Date{Year: 2020, Month: time.January, Day: 1}
	after.From = delivery.Date{Year: 2024, Month: time.March, Day: 6}
	c := delivery.NewCalendar(after, before)

	// Monday and Tuesday by the first version, Wednesday to Friday by the second.
	if got := c.Between(at(t, "2024-03-04T00:00:00Z"), at(t, "2024-03-09T00:00:00Z")); got != (2*9+3*6)*3600_000 {
		t.Errorf("got %v", time.Duration(got)*time.Millisecond)
	}
	// The first version covers all before it.
	if got := c.Between(at(t, "2019-12-30T00:00:00Z"), at(t, "2019-12-31T00:00:00Z")); got != 9*3600_000 {
		t.Errorf("before the first version: got %v", time.Duration(got)*time.Millisecond)
	}
	// A day is as long as it was at the time.
	for when, want := range map[string]time.Duration{
		"2019-12-30T00:00:00Z": 9 * time.Hour, "2024-03-05T23:59:59.999+03:00": 9 * time.Hour,
		"2024-03-06T00:00:00+03:00": 6 * time.Hour, "2030-01-01T00:00:00Z": 6 * time.Hour,
	} {
		if got := c.Day(at(t, when)); got != want {
			t.Errorf("at %s a day is %s long, want %s", when, got, want)
		}
	}
	if c.Zone().String() != "Europe/Moscow" {
		t.Errorf("zone %s", c.Zone())
	}
}

func TestCalendarWithoutWork(t *testing.T) {
	c := delivery.NewCalendar(delivery.CalendarVersion{Zone: time.UTC})
	if got := c.Between(at(t, "2024-03-04T00:00:00Z"), at(t, "2025-03-04T00:00:00Z")); got != 0 || c.Day(0) != 0 {
		t.Errorf("got %d ms, a day of %s", got, c.Day(0))
	}
}

// walked is the working time counted second by second, as an oracle.
func walked(v delivery.CalendarVersion, a, b delivery.Instant) (seconds int64) {
	for ms := int64(a); ms < int64(b); ms += 1000 {
		local := time.UnixMilli(ms).In(v.Zone)
		day := delivery.DateOf(local)
		s := local.Hour()*3600 + local.Minute()*60 + local.Second()
		for _, offset := range []int{0, 1} { // today's shifts, and last night's
			d := day.AddDays(-offset)
			week := v.Week[d.Weekday()]
			if v.Off[d] {
				week = nil
			}
			for _, shift := range week {
				end := shift.End
				if end <= shift.Start {
					end += 86400
				}
				if x := s + offset*86400; shift.Start <= x && x < end {
					seconds++
				}
			}
		}
	}
	return seconds
}

func TestCalendarAgainstWalk(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, hours := range [][]string{{"09:00-18:00"}, {"22:00-06:00"}, {"08:30-12:15", "13:00-17:45:30"}, {"00:00-24:00"}} {
		v := week(t, "Asia/Yekaterinburg", hours...) // no clock changes: the walk is right
		v.Off = dates(t, []string{"2024-03-06", "2024-03-15"})
		c := delivery.NewCalendar(v)
		for range 20 {
			a := at(t, "2024-03-01T00:00:00Z") + delivery.Instant(rnd.IntN(14*86400))*1000
			b := a + delivery.Instant(rnd.IntN(4*86400))*1000
			if got, want := c.Between(a, b)/1000, walked(v, a, b); got != want {
				t.Errorf("%v from %s to %s: got %d, walked %d", hours, a, b, got, want)
			}
		}
	}
}

func TestParseShift(t *testing.T) {
	for in, want := range map[string]string{
		"09:00-18:00": "09:00-18:00", " 22:00-06:00 ": "22:00-06:00", "00:00-24:00": "00:00-24:00",
		"09:00:30-18:00:05": "09:00:30-18:00:05", "00:00-00:00": "00:00-00:00",
	} {
		if got, err := delivery.ParseShift(in); err != nil || got.String() != want {
			t.Errorf("%q: got %s, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "9-18", "9:00-18:00", "09:00", "25:00-26:00", "24:00-25:00", "24:00-08:00", "09:60-10:00", "24:01-25:00", "09:00-24:00:01", "-1:00-02:00", "09:00–18:00"} {
		if got, err := delivery.ParseShift(in); err == nil {
			t.Errorf("%q: accepted as %s", in, got)
		}
	}
}

func BenchmarkCalendarBetween(b *testing.B) {
	c := delivery.NewCalendar(week(b, "Europe/Moscow", "09:00-18:00"))
	from, to := at(b, "2024-03-08T17:00:00Z"), at(b, "2025-06-11T11:00:00Z")
	for b.Loop() {
		c.Between(from, to)
	}
}

func BenchmarkNewCalendar(b *testing.B) {
	v := week(b, "Europe/Moscow", "09:00-18:00")
	for b.Loop() {
		delivery.NewCalendar(v)
	}
}

// A night shift works on the day it starts, not on the one it ends.
func TestCalendarVersionWorks(t *testing.T) {
	v := week(t, "UTC", "22:00-06:00")
	day := func(s string) delivery.Date {
		d, err := delivery.ParseDate(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	v.Off = map[delivery.Date]bool{day("2024-03-06"): true}
	v.Working = map[delivery.Date]bool{day("2024-03-16"): true}
	v.Short = map[delivery.Date][]delivery.Shift{day("2024-03-07"): shifts(t, "22:00-24:00")}
	for date, want := range map[string]bool{
		"2024-03-08": true,  // Friday
		"2024-03-09": false, // Saturday, though Friday's shift ends on it
		"2024-03-06": false, "2024-03-16": true, "2024-03-07": true,
	} {
		if got := v.Works(day(date)); got != want {
			t.Errorf("%s: %t", date, got)
		}
	}
}
