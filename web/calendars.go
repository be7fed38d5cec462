package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
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
	r.Get("/calendars/delete", s.deleteCalendarVersionPage)
	r.Post("/calendars/delete", s.deleteCalendar)
}

// calendarEdit is a version of a calendar as it is stored, to be changed.
type calendarEdit struct {
	control.Calendar                    // the version
	versions         []control.Calendar // all of this calendar, none of one that is not saved yet
	names            []string           // of all calendars
	isNew            bool               // to be given a name
	may              rights
}

func (e calendarEdit) editable() bool { return e.may.admin || !e.isNew && e.may.calendar(e.Name) }

// calendarOf finds what a query or form is about: a calendar by name, the
// default one for "", or a new one; and its version by day, the newest unless
// said.
func (s *Server) calendarOf(ctx context.Context, q url.Values) (e calendarEdit, err error) {
	if e.may, err = s.rights(ctx); err != nil {
		return e, err
	}
	all, err := s.db.Calendars(ctx)
	if err != nil {
		return e, err
	}
	e.names = calendarNames(all)
	name := q.Get("name")
	if e.isNew = q.Get("new") != ""; e.isNew {
		e.Calendar = control.BuiltinCalendar()
		e.Name = strings.TrimSpace(name)
		e.Zone = s.zone(ctx).String()
		return e, nil
	}
	if name == "" && len(e.names) > 0 {
		name = e.names[0] // the first by name is the default one, where none is called so
		if slices.Contains(e.names, control.DefaultCalendarName) {
			name = control.DefaultCalendarName
		}
	}
	for _, c := range all {
		if c.Name == name {
			e.versions = append(e.versions, c)
		}
	}
	if len(e.versions) == 0 {
		e.Calendar = control.BuiltinCalendar()
		if name != "" && name != e.Name || len(all) > 0 {
			return e, fmt.Errorf("calendar %q: %w", name, control.ErrNotFound)
		}
		return e, nil
	}
	e.Calendar = e.versions[len(e.versions)-1]
	if q.Has("version") {
		i := slices.IndexFunc(e.versions, func(c control.Calendar) bool { return c.From.String() == q.Get("version") })
		if i < 0 {
			return e, fmt.Errorf("version %q: %w", q.Get("version"), control.ErrNotFound)
		}
		e.Calendar = e.versions[i]
	}
	return e, nil
}

// calendarPath is the page of a calendar, "" for the default one, and of one of
// its versions, "" for the newest.
func calendarPath(name, version string) string {
	q := url.Values{}
	if name != "" {
		q.Set("name", name)
	}
	if version != "" {
		q.Set("version", version)
	}
	if len(q) == 0 {
		return "/settings/calendars"
	}
	return "/settings/calendars?" + q.Encode()
}

func (s *Server) calendarsPage(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	e, err := s.calendarOf(r.Context(), q)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if e.isNew && !e.editable() {
		s.errorPage(w, r, http.StatusForbidden)
		return
	}
	c := e.Calendar
	if p, ok := presetByName(q.Get("preset")); ok && !c.Provisioned {
		c = p.apply(c)
	}
	s.showCalendar(w, r, http.StatusOK, s.calendarForm(r.Context(), e, c, q.Get("preset")))
}

func (s *Server) showCalendar(w http.ResponseWriter, r *http.Request, status int, f views.CalendarForm) {
	r = r.WithContext(views.WithLookOnly(r.Context(), f.Disabled && !f.Provisioned))
	title := i18n.T(r.Context(), "settings.calendars")
	switch {
	case f.New:
		title = i18n.T(r.Context(), "calendar.new")
	case !f.Default:
		title = f.Name + " · " + title
	}
	s.render(w, r, status, views.CalendarsPage(s.page(r, versionTitle(r.Context(), title, f.Versions), "settings"), f))
}

func (s *Server) saveCalendar(w http.ResponseWriter, r *http.Request) {
	if !s.parseForm(w, r) {
		return
	}
	ctx := r.Context()
	e, err := s.calendarOf(ctx, r.PostForm)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if !e.editable() {
		s.errorPage(w, r, http.StatusForbidden)
		return
	}
	c, err := readCalendar(r.PostForm, e, s.today(ctx))
	var audit int64
	if err == nil {
		audit, err = s.db.ChangeCalendar(ctx, c.Name, func(stored []control.Calendar) ([]control.Calendar, error) {
			return versionsWith(e, c, stored)
		})
	} else {
		_, more := c.Compile()
		err = errors.Join(err, more)
	}
	errs, isForm := fieldErrors(ctx, err)
	switch {
	case errors.Is(err, control.ErrProvisioned):
		s.errorPage(w, r, http.StatusForbidden)
	case isForm:
		f := s.calendarForm(ctx, e, c, "")
		f.Errors = errs
		for _, name := range []string{"name", "timezone", "hours", "holidays", "days_off", "working_days", "when", "from"} {
			f.Values[name] = r.PostFormValue(name)
		}
		s.showCalendar(w, r, http.StatusUnprocessableEntity, f)
	case err != nil:
		s.fail(w, r, err)
	default:
		s.changed(w, r, audit, s.savedCalendar(ctx, c), "calendar.saved")
	}
}

// savedCalendar is the page of the version that holds from c's day on.
func (s *Server) savedCalendar(ctx context.Context, c control.Calendar) string {
	name := c.Name
	if name == control.DefaultCalendarName {
		name = ""
	}
	e, err := s.calendarOf(ctx, url.Values{"name": {c.Name}})
	if err != nil || len(e.versions) == 0 || !c.From.Before(e.From) {
		return calendarPath(name, "") // the newest
	}
	at := e.versions[0]
	for _, v := range e.versions {
		if !c.From.Before(v.From) {
			at = v
		}
	}
	return versionPath(at)
}

// versionPath is the page of a version of a calendar.
func versionPath(c control.Calendar) string {
	if c.From.IsZero() {
		return calendarPath(c.Name, "") + "&version="
	}
	return calendarPath(c.Name, c.From.String())
}

// versionsWith are the versions of a calendar with c among them, from its day
// up to the version that was edited.
func versionsWith(e calendarEdit, c control.Calendar, stored []control.Calendar) ([]control.Calendar, error) {
	if e.isNew && (len(stored) > 0 || slices.ContainsFunc(e.names, func(name string) bool { return strings.EqualFold(name, c.Name) })) {
		return nil, &control.FieldError{Field: "name", Code: "other", Message: "another calendar has this name"}
	}
	if len(stored) == 0 && !c.From.IsZero() && !e.isNew {
		stored = []control.Calendar{control.BuiltinCalendar()} // what held until now
	}
	return control.CalendarFrom(stored, c, e.From), nil
}

// deleteCalendar deletes a calendar, or one of its versions.
func (s *Server) deleteCalendar(w http.ResponseWriter, r *http.Request) {
	if !s.parseForm(w, r) {
		return
	}
	ctx := r.Context()
	e, err := s.calendarOf(ctx, r.PostForm)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	one := r.PostForm.Has("version")
	if !e.editable() || !one && !e.may.admin {
		s.errorPage(w, r, http.StatusForbidden)
		return
	}
	var audit int64
	path, said := calendarPath("", ""), "calendar.deleted"
	if one {
		path, said = calendarPath(e.Name, ""), "definitions.version_deleted"
		audit, err = s.db.ChangeCalendar(ctx, e.Name, func(stored []control.Calendar) ([]control.Calendar, error) {
			return slices.DeleteFunc(stored, func(c control.Calendar) bool { return c.From == e.From }), nil
		})
	} else {
		audit, err = s.db.DeleteCalendar(ctx, e.Name)
	}
	switch {
	case s.notDeleted(w, r, err, calendarPath(e.Name, "")):
	case err != nil:
		s.fail(w, r, err)
	default:
		s.changed(w, r, audit, path, said)
	}
}

// weekdays are the days of the week from Monday, as forms name them.
type weekday struct {
	name string
	day  time.Weekday
}

func weekdays() []weekday {
	return []weekday{
		{"mon", time.Monday},
		{"tue", time.Tuesday},
		{"wed", time.Wednesday},
		{"thu", time.Thursday},
		{"fri", time.Friday},
		{"sat", time.Saturday},
		{"sun", time.Sunday},
	}
}

// readCalendar reads the form over the stored version. Dates that cannot be
// read are *control.FieldError, joined.
func readCalendar(form url.Values, e calendarEdit, today delivery.Date) (control.Calendar, error) {
	c := control.Calendar{Name: e.Name, Zone: strings.TrimSpace(form.Get("timezone")), Holidays: form.Get("holidays")}
	for _, day := range weekdays() {
		if slices.Contains(form["workdays"], day.name) {
			c.Workdays = append(c.Workdays, day.day)
		}
	}
	separator := func(r rune) bool { return strings.ContainsRune(",;\n\r", r) }
	for hours := range strings.FieldsFuncSeq(form.Get("hours"), separator) {
		if hours = plainHours(hours); hours != "" {
			c.Hours = append(c.Hours, hours)
		}
	}
	var errs [3]error
	c.DaysOff, errs[0] = readDates("days_off", form.Get("days_off"))
	c.WorkingDays, errs[1] = readDates("working_days", form.Get("working_days"))
	if !e.isNew {
		c.From, errs[2] = readFrom(form, e.From, today)
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
	seen := map[delivery.Date]bool{}
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" ,;\t\n\r", r) }) {
		d, err := delivery.ParseDate(word)
		if err != nil {
			t, err := time.Parse("02.01.2006", word)
			if err != nil {
				return nil, &control.FieldError{Field: field, Code: "date", Message: "not a day like 2026-11-03"}
			}
			d = delivery.DateOf(t)
		}
		if !seen[d] {
			out = append(out, d)
		}
		seen[d] = true
	}
	return out, nil
}
