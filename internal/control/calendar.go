package control

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"throughline/internal/delivery"
	"throughline/internal/holidays"
)

// Calendar is a work calendar from a day on. Calendars of one name are versions
// of one.
type Calendar struct {
	Name        string
	Zone        string // IANA name
	Workdays    []time.Weekday
	Hours       []string // shifts of each workday, as delivery.ParseShift reads them
	Holidays    string   // country code, or none
	DaysOff     []delivery.Date
	WorkingDays []delivery.Date
	From        delivery.Date // the earliest version also covers all before it
	Provisioned bool
}

// DefaultCalendarName is the name of the calendar that holds where no other does.
const DefaultCalendarName = "default"

// BuiltinCalendar holds until one is set: Monday to Friday, 09:00 to 18:00 UTC,
// no holidays.
func BuiltinCalendar() Calendar {
	return Calendar{
		Name: DefaultCalendarName, Zone: "UTC", Holidays: holidays.None, Hours: []string{"09:00-18:00"},
		Workdays: []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday},
	}
}

// calendarYears are those that delivery's calendars cover.
const firstCalendarYear, lastCalendarYear = 1970, 2060

// normal is c in the form it is stored in.
func (c Calendar) normal() Calendar {
	c.Name, c.Zone = strings.TrimSpace(c.Name), strings.TrimSpace(c.Zone)
	if c.Holidays = strings.TrimSpace(c.Holidays); c.Holidays == "" {
		c.Holidays = holidays.None
	}
	c.Hours = slices.Clone(c.Hours)
	for i, h := range c.Hours {
		if s, err := delivery.ParseShift(h); err == nil {
			c.Hours[i] = s.String()
		}
	}
	c.Workdays = sorted(c.Workdays, cmp.Compare[time.Weekday])
	c.DaysOff, c.WorkingDays = sorted(c.DaysOff, compareDates), sorted(c.WorkingDays, compareDates)
	return c
}

// sorted is a sorted copy without repetitions, never nil.
func sorted[T comparable](in []T, compare func(a, b T) int) []T {
	out := append([]T{}, in...)
	slices.SortFunc(out, compare)
	return slices.Compact(out)
}

func compareDates(a, b delivery.Date) int {
	if a.Before(b) {
		return -1
	}
	if b.Before(a) {
		return 1
	}
	return 0
}

// Compile turns c into what business time is computed with. All that is wrong
// is reported joined, each a *FieldError for name, timezone, workdays, hours,
// holidays, days_off, working_days or from.
func (c Calendar) Compile() (delivery.CalendarVersion, error) {
	c = c.normal()
	errs := []error{c.checkName(), c.checkDates()}
	v := delivery.CalendarVersion{From: c.From}
	var err error
	v.Zone, err = loadZone(c.Zone)
	errs = append(errs, err)
	v.Hours, err = c.shifts()
	errs = append(errs, err)
	if len(c.Workdays) == 0 {
		errs = append(errs, &FieldError{"workdays", "required", "choose at least one working day of the week"})
	}
	for _, d := range c.Workdays {
		if d < time.Sunday || d > time.Saturday {
			errs = append(errs, &FieldError{"workdays", "invalid", "not a day of the week"})
			continue
		}
		v.Week[d] = v.Hours
	}
	v.Off, v.Working, err = c.exceptions()
	errs = append(errs, err)
	if err := errors.Join(errs...); err != nil {
		return delivery.CalendarVersion{}, err
	}
	return v, nil
}

func (c Calendar) checkName() error {
	if c.Name == "" {
		return &FieldError{"name", "required", "give the calendar a name"}
	}
	if utf8.RuneCountInString(c.Name) > 60 || !utf8.ValidString(c.Name) || strings.ContainsFunc(c.Name, unicode.IsControl) {
		return &FieldError{"name", "text", "a name has up to 60 characters on one line"}
	}
	return nil
}

func (c Calendar) checkDates() error {
	var errs []error
	check := func(field string, dates ...delivery.Date) {
		for _, d := range dates {
			if d.Year < firstCalendarYear || d.Year > lastCalendarYear {
				errs = append(errs, &FieldError{field, "range", fmt.Sprintf("%s is not between %d and %d", d, firstCalendarYear, lastCalendarYear)})
			}
		}
	}
	check("days_off", c.DaysOff...)
	check("working_days", c.WorkingDays...)
	if !c.From.IsZero() {
		check("from", c.From)
	}
	return errors.Join(errs...)
}

func loadZone(name string) (*time.Location, error) {
	if name == "" {
		return nil, &FieldError{"timezone", "required", "choose a time zone"}
	}
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" { // Local would mean another zone on another machine
		return nil, &FieldError{"timezone", "invalid", fmt.Sprintf("not a time zone like Europe/Moscow: %q", cut(name, 60))}
	}
	return zone, nil
}

// shifts reads the hours. They must not overlap, also not with those of the
// day after.
func (c Calendar) shifts() ([]delivery.Shift, error) {
	if len(c.Hours) == 0 {
		return nil, &FieldError{"hours", "required", "give hours like 09:00-18:00"}
	}
	var errs []error
	var out []delivery.Shift
	for _, h := range c.Hours {
		s, err := delivery.ParseShift(h)
		if err != nil {
			errs = append(errs, &FieldError{"hours", "invalid", fmt.Sprintf("not hours like 09:00-18:00: %q", cut(h, 40))})
			continue
		}
		for _, other := range out {
			if overlap(s, other) {
				errs = append(errs, &FieldError{"hours", "overlap", fmt.Sprintf("%s and %s overlap", other, s)})
			}
		}
		out = append(out, s)
	}
	return out, errors.Join(errs...)
}

const daySeconds = 86400

func overlap(a, b delivery.Shift) bool {
	aEnd, bEnd := a.End, b.End
	if aEnd <= a.Start {
		aEnd += daySeconds
	}
	if bEnd <= b.Start {
		bEnd += daySeconds
	}
	for _, shift := range []int{-daySeconds, 0, daySeconds} {
		if a.Start < bEnd+shift && b.Start+shift < aEnd {
			return true
		}
	}
	return false
}

// exceptions are the days off and the days worked against the week. The
// calendar's own dates overrule the country's, and working days overrule days
// off: a whole list of holidays may be given with the moved days beside it.
func (c Calendar) exceptions() (off, working map[delivery.Date]bool, err error) {
	days, err := holidays.For(c.Holidays, firstCalendarYear, lastCalendarYear)
	if err != nil {
		return nil, nil, &FieldError{"holidays", "invalid", fmt.Sprintf("not a known country code like RU, nor none: %q", cut(c.Holidays, 40))}
	}
	off, working = map[delivery.Date]bool{}, map[delivery.Date]bool{}
	for d := range days.Off {
		off[delivery.Date(d)] = true
	}
	for d := range days.Working {
		working[delivery.Date(d)] = true
	}
	for _, d := range c.DaysOff {
		off[d] = true
		delete(working, d)
	}
	for _, d := range c.WorkingDays {
		working[d] = true
		delete(off, d)
	}
	return off, working, nil
}
