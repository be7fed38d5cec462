package web

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

// calendarForm is the form of c, which may differ from the version it is to
// change.
func (s *Server) calendarForm(ctx context.Context, e calendarEdit, c control.Calendar, chosen string) views.CalendarForm {
	p := i18n.From(ctx)
	f := views.CalendarForm{
		Form: views.Form{Values: map[string]string{
			"name": c.Name, "timezone": c.Zone, "hours": strings.Join(c.Hours, ", "), "holidays": c.Holidays,
			"days_off": dateLines(c.DaysOff), "working_days": dateLines(c.WorkingDays), "from": s.today(ctx).String(),
		}},
		Name: e.Name, New: e.isNew, Version: e.From.String(), Versioned: len(e.versions) > 0 && e.versions[0].From != e.From,
		Provisioned: e.Provisioned, Disabled: e.Provisioned || !e.editable(), Admin: e.may.admin,
		Chosen: len(e.names) > 0, Zones: zones(), Preview: s.preview(c),
	}
	isDefault := e.Name == control.DefaultCalendarName || len(e.names) > 0 && !slices.Contains(e.names, control.DefaultCalendarName) && e.names[0] == e.Name
	for _, t := range e.may.all {
		if t.Calendar == e.Name || t.Calendar == "" && isDefault {
			f.Teams = append(f.Teams, t.Name)
		}
	}
	f.Default = isDefault
	f.Deletable = e.may.admin && !e.isNew && !isDefault && !e.Provisioned && len(f.Teams) == 0
	for _, name := range e.names {
		f.Calendars = append(f.Calendars, views.Tab{Label: name, Path: calendarPath(name, ""), Current: !e.isNew && name == e.Name})
	}
	f.Days = dayChoices(p, c.Workdays)
	f.Countries = countries(p)
	for _, preset := range presets() {
		f.Presets = append(f.Presets, views.Tab{
			Label: p.T("calendar.preset." + preset.name), Path: e.presetPath(preset.name), Current: preset.name == chosen,
		})
	}
	for i, v := range e.versions {
		view := views.Version{
			Path: versionPath(v), Value: v.From.String(), Current: v.From == e.From,
			Text: v.Zone + ", " + strings.Join(v.Hours, ", "), Deletable: len(e.versions) > 1 && !f.Disabled,
		}
		if i > 0 {
			view.From = dayText(p, v.From)
		}
		view.Flow = flowBy(v.From, i+1 < len(e.versions), func() delivery.Date { return e.versions[i+1].From }, nil)
		f.Versions = append(f.Versions, view)
	}
	return f
}

// countries are those whose holidays are known, by name, behind none.
func countries(p *i18n.Printer) []views.Option {
	var out []views.Option
	for _, code := range control.HolidayCountries() {
		out = append(out, views.Option{Value: code, Label: p.T("country." + code)})
	}
	none, rest := out[len(out)-1], out[:len(out)-1]
	slices.SortFunc(rest, func(a, b views.Option) int { return strings.Compare(a.Label, b.Label) })
	return append([]views.Option{none}, rest...)
}

// dayChoices are the days of the week, on those that are worked.
func dayChoices(p *i18n.Printer, workdays []time.Weekday) []views.DayChoice {
	var out []views.DayChoice
	for _, day := range weekdays() {
		out = append(out, views.DayChoice{Value: day.name, Label: p.T("day." + day.name), On: slices.Contains(workdays, day.day)})
	}
	return out
}

func dateLines(dates []delivery.Date) string {
	lines := make([]string, len(dates))
	for i, d := range dates {
		lines[i] = d.String()
	}
	return strings.Join(lines, "\n")
}

// preset is a week to begin with; the time zone stays as it is.
type preset struct {
	name     string
	days     int // from Monday
	hours    []string
	holidays string // "" leaves them as they are
}

func presets() []preset {
	return []preset{
		{"office", 5, []string{"09:00-18:00"}, ""},
		{"lunch", 5, []string{"09:00-13:00", "14:00-18:00"}, ""},
		{"long", 5, []string{"09:00-22:00"}, ""},
		{"always", 7, []string{"00:00-24:00"}, "none"},
	}
}

// presetPath is the same form with the week of a preset.
func (e calendarEdit) presetPath(name string) string {
	q := url.Values{"preset": {name}}
	switch {
	case e.isNew:
		q.Set("new", "1")
	case len(e.versions) > 0:
		q.Set("name", e.Name)
		q.Set("version", e.From.String())
	}
	return "/settings/calendars?" + q.Encode()
}

func presetByName(name string) (preset, bool) {
	all := presets()
	i := slices.IndexFunc(all, func(p preset) bool { return p.name == name })
	if i < 0 {
		return preset{}, false
	}
	return all[i], true
}

func (p preset) apply(c control.Calendar) control.Calendar {
	c.Workdays, c.Hours = nil, p.hours
	for _, day := range weekdays()[:p.days] {
		c.Workdays = append(c.Workdays, day.day)
	}
	if p.holidays != "" {
		c.Holidays = p.holidays
	}
	return c
}

// zones are proposed while typing; any other IANA name is taken too, and
// browsers add those they know.
func zones() []string {
	return []string{
		"UTC",
		"Europe/Moscow", "Europe/Kaliningrad", "Europe/Samara", "Asia/Yekaterinburg", "Asia/Omsk", "Asia/Novosibirsk", "Asia/Krasnoyarsk",
		"Asia/Irkutsk", "Asia/Yakutsk", "Asia/Vladivostok", "Asia/Magadan", "Asia/Kamchatka",
		"Europe/London", "Europe/Lisbon", "Europe/Berlin", "Europe/Paris", "Europe/Madrid", "Europe/Rome", "Europe/Amsterdam", "Europe/Warsaw",
		"Europe/Prague", "Europe/Belgrade", "Europe/Athens", "Europe/Helsinki", "Europe/Kyiv", "Europe/Minsk", "Europe/Istanbul",
		"Asia/Tbilisi", "Asia/Yerevan", "Asia/Baku", "Asia/Dubai", "Asia/Tashkent", "Asia/Almaty", "Asia/Bishkek", "Asia/Kolkata",
		"Asia/Bangkok", "Asia/Singapore", "Asia/Hong_Kong", "Asia/Shanghai", "Asia/Tokyo", "Asia/Seoul", "Asia/Jerusalem",
		"America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Toronto", "America/Sao_Paulo",
		"America/Argentina/Buenos_Aires", "Africa/Cairo", "Africa/Johannesburg", "Australia/Sydney", "Pacific/Auckland",
	}
}
