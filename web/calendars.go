package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

func (s *Server) calendarRoutes(r chi.Router) {
	r.Get("/calendars", s.calendarsPage)
	r.Post("/calendars", s.saveCalendar)
	r.Post("/calendars/preview", s.previewCalendar)
}

// currentCalendar is the newest version of the default calendar, the built-in
// one while none is set; versions are all of its versions.
func (s *Server) currentCalendar(ctx context.Context) (c control.Calendar, versions []control.Calendar, err error) {
	all, err := s.db.Calendars(ctx)
	if err != nil {
		return c, nil, err
	}
	for _, v := range all {
		if v.Name == control.DefaultCalendarName {
			versions = append(versions, v)
		}
	}
	if len(versions) == 0 && len(all) > 0 { // the first by name is the default then
		versions = slices.DeleteFunc(all, func(v control.Calendar) bool { return v.Name != all[0].Name })
	}
	if len(versions) == 0 {
		return control.BuiltinCalendar(), nil, nil
	}
	return versions[len(versions)-1], versions, nil
}

func (s *Server) calendarsPage(w http.ResponseWriter, r *http.Request) {
	c, versions, err := s.currentCalendar(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	preset := r.URL.Query().Get("preset")
	if p, ok := presetByName(preset); ok && !c.Provisioned {
		c = p.apply(c)
	}
	f := s.calendarForm(r.Context(), c, versions)
	for i := range f.Presets {
		f.Presets[i].Current = f.Presets[i].Path == presetPath(preset)
	}
	s.render(w, r, http.StatusOK, views.CalendarsPage(s.page(r, i18n.T(r.Context(), "settings.calendars"), "settings"), f))
}

func (s *Server) saveCalendar(w http.ResponseWriter, r *http.Request) {
	if !s.parseForm(w, r) {
		return
	}
	ctx := r.Context()
	stored, versions, err := s.currentCalendar(ctx)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	c, err := readCalendar(r, stored)
	if err == nil {
		err = s.db.SaveCalendar(ctx, c)
	} else {
		_, more := c.Compile()
		err = errors.Join(err, more)
	}
	errs, isForm := fieldErrors(ctx, err)
	switch {
	case errors.Is(err, control.ErrProvisioned):
		s.errorPage(w, r, http.StatusForbidden)
	case isForm:
		f := s.calendarForm(ctx, c, versions)
		f.Errors = errs
		for _, name := range []string{"timezone", "hours", "holidays", "days_off", "working_days", "from"} {
			f.Values[name] = r.PostFormValue(name)
		}
		s.render(w, r, http.StatusUnprocessableEntity, views.CalendarsPage(s.page(r, i18n.T(ctx, "settings.calendars"), "settings"), f))
	case err != nil:
		s.fail(w, r, err)
	default:
		s.flash(r, "calendar.saved")
		s.redirect(w, r, "/settings/calendars")
	}
}

// previewCalendar says what the hours in the form come to; nothing is saved.
func (s *Server) previewCalendar(w http.ResponseWriter, r *http.Request) {
	if !s.parseForm(w, r) {
		return
	}
	stored, _, err := s.currentCalendar(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	c, err := readCalendar(r, stored)
	preview := views.CalendarPreview{}
	if err == nil {
		preview = s.preview(c)
	}
	s.render(w, r, http.StatusOK, views.CalendarPreviewPart(preview))
}

// preview computes what a calendar comes to in this and the next year; an
// invalid one comes to nothing.
func (s *Server) preview(c control.Calendar) views.CalendarPreview {
	c.From = delivery.Date{}
	version, err := c.Compile()
	if err != nil {
		return views.CalendarPreview{}
	}
	calendar := delivery.NewCalendar(version)
	var p views.CalendarPreview
	p.DayHours = calendar.Day().Hours()
	p.WeekHours = p.DayHours * float64(len(c.Workdays))
	year := s.now().In(version.Zone).Year()
	for _, y := range []int{year, year + 1} {
		p.Years = append(p.Years, yearOf(c, &version, calendar, y))
	}
	return p
}

// yearOf counts the days on which a shift starts: a night shift works on two
// dates and is one day of work.
func yearOf(c control.Calendar, version *delivery.CalendarVersion, calendar *delivery.Calendar, year int) views.CalendarYear {
	out := views.CalendarYear{Year: year, Undecreed: c.Undecreed(year)}
	day := delivery.Date{Year: year, Month: time.January, Day: 1}
	begin := day.In(calendar.Zone())
	for ; day.Year == year; day = day.AddDays(1) {
		if version.Works(day) {
			out.Days++
		}
	}
	out.Hours = float64(calendar.Between(begin, day.In(calendar.Zone()))) / float64(time.Hour.Milliseconds())
	return out
}

// weekdays are the days of the week from Monday, as forms name them.
func weekdays() []struct {
	name string
	day  time.Weekday
} {
	return []struct {
		name string
		day  time.Weekday
	}{
		{"mon", time.Monday},
		{"tue", time.Tuesday},
		{"wed", time.Wednesday},
		{"thu", time.Thursday},
		{"fri", time.Friday},
		{"sat", time.Saturday},
		{"sun", time.Sunday},
	}
}

// readCalendar reads the form over the stored calendar. Dates that cannot be
// read are *control.FieldError, joined.
func readCalendar(r *http.Request, stored control.Calendar) (control.Calendar, error) {
	c := control.Calendar{Name: stored.Name, Zone: strings.TrimSpace(r.PostFormValue("timezone")), Holidays: r.PostFormValue("holidays"), From: stored.From}
	for _, day := range weekdays() {
		if slices.Contains(r.PostForm["workdays"], day.name) {
			c.Workdays = append(c.Workdays, day.day)
		}
	}
	separator := func(r rune) bool { return strings.ContainsRune(",;\n\r", r) }
	for hours := range strings.FieldsFuncSeq(r.PostFormValue("hours"), separator) {
		if hours = plainHours(hours); hours != "" {
			c.Hours = append(c.Hours, hours)
		}
	}
	var errs [3]error
	c.DaysOff, errs[0] = readDates("days_off", r.PostFormValue("days_off"))
	c.WorkingDays, errs[1] = readDates("working_days", r.PostFormValue("working_days"))
	if text := strings.TrimSpace(r.PostFormValue("from")); text != "" {
		var from []delivery.Date
		if from, errs[2] = readDates("from", text); len(from) == 1 {
			c.From = from[0]
		}
	}
	return c, errors.Join(errs[:]...)
}

// plainHours takes dashes and spaces as people type them.
func plainHours(s string) string {
	return strings.NewReplacer("–", "-", "—", "-", " ", "", "\u00a0", "").Replace(s)
}

// readDates reads days like 2026-11-03 or 03.11.2026, apart by spaces, commas
// or lines.
func readDates(field, text string) ([]delivery.Date, error) {
	var out []delivery.Date
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" ,;\t\n\r", r) }) {
		d, err := delivery.ParseDate(word)
		if err != nil {
			t, err := time.Parse("02.01.2006", word)
			if err != nil {
				return nil, &control.FieldError{Field: field, Code: "date", Message: "not a day like 2026-11-03"}
			}
			d = delivery.DateOf(t)
		}
		out = append(out, d)
	}
	return out, nil
}
