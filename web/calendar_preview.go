package web

import (
	"cmp"
	"errors"
	"maps"
	"net/http"
	"slices"
	"time"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/views"
)

// previewCalendar says what the hours in the form come to, and on demand what
// that does to numbers; nothing is saved.
func (s *Server) previewCalendar(w http.ResponseWriter, r *http.Request) {
	if !s.parseForm(w, r) {
		return
	}
	e, err := s.calendarOf(r.Context(), r.PostForm)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if !e.editable() {
		s.errorPage(w, r, http.StatusForbidden)
		return
	}
	preview, err := s.formPreview(r, e)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.render(w, r, http.StatusOK, views.CalendarPreviewPart(preview))
}

// formPreview is what the hours in a form come to, or what is wrong with them.
func (s *Server) formPreview(r *http.Request, e calendarEdit) (views.CalendarPreview, error) {
	ctx := r.Context()
	c, err := readCalendar(r.PostForm, e, s.today(ctx))
	named := c
	if e.isNew {
		named.Name = cmp.Or(c.Name, "new") // asked for when it is saved
	}
	_, more := named.Compile()
	if errs, isForm := fieldErrors(ctx, errors.Join(err, more)); isForm {
		return views.CalendarPreview{Mistakes: slices.Sorted(maps.Values(errs))}, nil
	}
	preview := s.preview(named)
	preview.WasWeekHours = s.preview(e.Calendar).WeekHours
	if r.PostFormValue("numbers") == "" {
		return preview, nil
	}
	versions, err := versionsWith(e, named, e.versions)
	if err == nil {
		preview.Asked = true
		preview.Numbers, err = s.calendarNumbers(ctx, named.Name, versions)
	}
	if errs, isForm := fieldErrors(ctx, err); isForm {
		return views.CalendarPreview{Mistakes: slices.Sorted(maps.Values(errs))}, nil
	}
	return preview, err
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
	p.DayHours = calendar.Day(delivery.InstantOf(s.now())).Hours()
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
