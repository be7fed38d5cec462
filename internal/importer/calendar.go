package importer

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"throughline/internal/control"
)

var clock = regexp.MustCompile(`^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$`)

// calendar makes the default calendar of working days, hours and time zone,
// with the holidays that tracker-exporter had built in.
func (p *planner) calendar() {
	const days, start, end, zone = "WORKDAYS", "BUSINESS_HOURS_START", "BUSINESS_HOURS_END", "TRACKER__TIMEZONE"
	week := p.workdays(days)
	from, to := p.hour(start, "09:00"), p.hour(end, "22:00")
	if p.zone == nil || from == "" || to == "" || week == nil {
		return
	}
	if p.skips(PartCalendar) {
		p.notNeeded("the calendar was skipped", days, start, end, zone)
		return
	}
	c := control.Calendar{Name: control.DefaultCalendarName, Zone: p.zone.String(), Workdays: week, Hours: []string{from + "-" + to}, Holidays: "RU"}
	v, err := c.Compile()
	if err != nil {
		var field *control.FieldError
		if errors.As(err, &field) {
			p.fail(start, "%s", field.Message)
			return
		}
		p.wrong(err.Error())
		return
	}
	p.plan.Imported.Calendar = &c
	var names []string
	for _, d := range week {
		names = append(names, d.String())
	}
	p.taken(days, "working days %s%s; Russian holidays, as tracker-exporter had them built in, here with moved days and working Saturdays", strings.Join(names, ", "), p.suffix(days))
	hours := v.Hours[0].String()
	note := ""
	if v.Hours[0].End <= v.Hours[0].Start {
		note = "; the end is on the next day, for which tracker-exporter counted nothing"
	}
	p.taken(start, "working hours %s in %s%s; tracker-exporter took them for hours in UTC%s, so numbers in working time differ%s",
		hours, p.zone, p.suffix(start), p.inZone(from, to), note)
	p.taken(end, "as above%s", p.suffix(end))
	p.taken(zone, "time zone %s of the calendar%s", p.zone, p.suffix(zone))
}

// inZone says what hours in UTC were in the calendar's zone.
func (p *planner) inZone(from, to string) string {
	var out []string
	for _, text := range []string{from, to} {
		t, err := time.Parse("15:04", text[:5])
		if err != nil {
			return ""
		}
		out = append(out, time.Date(p.o.Now.Year(), p.o.Now.Month(), p.o.Now.Day(), t.Hour(), t.Minute(), 0, 0, time.UTC).In(p.zone).Format("15:04"))
	}
	if out[0] == from[:5] {
		return ""
	}
	return fmt.Sprintf(" (%s-%s there)", out[0], out[1])
}

// workdays are numbers from 0, Monday, on; nil when they are wrong.
func (p *planner) workdays(name string) []time.Weekday {
	var out []time.Weekday
	items := p.json(name, p.text(name, "[0, 1, 2, 3, 4]"))
	for _, item := range items {
		n, err := strconv.Atoi(item)
		if err != nil || n < 0 || n > 6 {
			p.fail(name, "not numbers from 0, Monday, to 6, Sunday")
			return nil
		}
		if day := time.Weekday((n + 1) % 7); !slices.Contains(out, day) {
			out = append(out, day)
		}
	}
	if len(out) == 0 && !p.told[name] {
		p.fail(name, "names no day")
	}
	return out
}

// hour is a time of day as HH:MM or HH:MM:SS; "" when it is wrong.
func (p *planner) hour(name, fallback string) string {
	text := p.text(name, fallback)
	if !clock.MatchString(text) {
		p.fail(name, "not a time of day like 09:00 or 09:00:00")
		return ""
	}
	return text
}
