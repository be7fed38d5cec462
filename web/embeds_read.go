package web

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"strings"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// embedAsked is an embed as its form asks for it, and what is wrong with it.
type embedAsked struct {
	embed  control.Embed
	panel  panel
	values url.Values        // of the form
	filter error             // what is wrong with the filter
	errs   map[string]string // in words, by field
}

// readEmbed reads the fields of the form. What the subject of the panel does not know
// is left out.
func (s *Server) readEmbed(ctx context.Context, v url.Values) (embedAsked, error) {
	a := embedAsked{values: v, errs: map[string]string{}}
	p, known := panelBySlug(v.Get("panel"))
	if !known {
		p = panels()[0]
		a.errs["panel"] = i18n.T(ctx, "mistake.embeds.panel")
	}
	a.panel = p
	a.embed = control.Embed{
		Name: v.Get("name"), Panel: p.slug, Filter: filterOf(v, p.of), Ancestors: siteLines(v.Get("sites")),
		Theme: v.Get("theme"), Lang: v.Get("lang"), Titled: v.Get("title") == "on", Named: v.Get("names") == "on",
	}
	for _, what := range drills(p) {
		for _, asked := range v["drill"] {
			if asked == what {
				a.embed.Drill = append(a.embed.Drill, what)
			}
		}
	}
	a.readNumbers(ctx)
	a.readDays(ctx)
	if _, _, a.filter = s.filter(ctx, p.of, a.embed.Filter); a.filter != nil && len(filterDetails(a.filter)) == 0 {
		return a, a.filter
	}
	for _, detail := range filterDetails(a.filter) {
		a.wrong(a.field(detail.Path), mistakeText(ctx, &detail))
	}
	checked, err := a.embed.Checked()
	if err == nil {
		a.embed = checked
	}
	return a, a.take(ctx, err)
}

// field is the field of the form that a parameter of the filter is read from.
func (a *embedAsked) field(param string) string {
	if param == "range" && a.values.Get("range") == ownRange {
		return "span"
	}
	return param
}

// wrong says what is wrong with a field, which has been said if something was.
func (a *embedAsked) wrong(field, text string) {
	if a.errs[field] == "" {
		a.errs[field] = text
	}
}

func (a *embedAsked) readNumbers(ctx context.Context) {
	whole := func(name string, usual int) int {
		text := strings.TrimSpace(a.values.Get(name))
		if text == "" {
			return usual
		}
		n, err := strconv.Atoi(text)
		if err != nil {
			a.wrong(name, i18n.T(ctx, "mistake.embeds."+name+".range"))
			return usual
		}
		return n
	}
	a.embed.Width, a.embed.Height = whole("width", 0), whole("height", control.UsualEmbedHeight(a.panel.slug))
}

func (a *embedAsked) readDays(ctx context.Context) {
	switch v := a.values; {
	case v.Get("range") == ownRange && a.embed.Filter.Get("range") == "":
		a.wrong("span", i18n.T(ctx, "mistake.embeds.span"))
	case v.Get("range") == fixedDates && a.embed.Filter.Get("from")+a.embed.Filter.Get("to") == "":
		a.wrong("from", i18n.T(ctx, "mistake.embeds.dates"))
	}
	text := strings.TrimSpace(a.values.Get("expires"))
	if text == "" {
		return
	}
	day, err := delivery.ParseDate(text)
	if err != nil {
		a.wrong("expires", i18n.T(ctx, "mistake.embeds.expires"))
		return
	}
	a.embed.Expires = day
}

// mustLast refuses a day on which an embed would have ended already, but for the one
// that it had before.
func (a *embedAsked) mustLast(ctx context.Context, today, before delivery.Date) {
	if a.embed.Over(today) && a.embed.Expires != before {
		a.wrong("expires", i18n.T(ctx, "mistake.embeds.over"))
	}
}

// take adds what the settings say is wrong; anything else is returned.
func (a *embedAsked) take(ctx context.Context, err error) error {
	return eachFieldError(err, func(e *control.FieldError) {
		field, ok := strings.CutPrefix(e.Field, "filter.")
		switch {
		case ok:
			field = a.field(field)
		case e.Field == "frame_ancestors":
			field = "sites"
		}
		a.wrong(field, embedMistake(ctx, a, field, e))
	})
}

// embedMistake says a mistake in words about embeds.
func embedMistake(ctx context.Context, a *embedAsked, field string, e *control.FieldError) string {
	p := i18n.From(ctx)
	if field == "sites" && e.Code == "invalid" {
		for _, site := range a.embed.Ancestors {
			if _, err := control.FrameSite(site); err != nil {
				return p.T("mistake.embeds.sites.invalid", "site", cut(site, 80))
			}
		}
	}
	if id := "mistake.embeds." + field + "." + e.Code; p.Has(id) {
		return p.T(id)
	}
	return fieldMessage(ctx, e)
}

// eachFieldError calls f for every *control.FieldError joined in err; anything else is
// returned.
func eachFieldError(err error, f func(*control.FieldError)) error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // the tree is walked here
		var others []error
		for _, e := range joined.Unwrap() {
			others = append(others, eachFieldError(e, f))
		}
		return errors.Join(others...)
	}
	if e, ok := errors.AsType[*control.FieldError](err); ok {
		f(e)
		return nil
	}
	return err
}

// cut is the beginning of a text that may be long.
func cut(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

// drills are what readers of a panel's embed may open in the app: what it draws has
// records of its own, a list for each bucket or row, or neither.
func drills(p panel) []string {
	switch p.slug {
	case "cycle-time", "control-chart", agingSlug:
		return []string{control.DrillMarks}
	case "cycle-time-histogram", forecastSlug, "series", "pipeline-jobs", "pipeline-jobs-total", "build-times", "job-failure-rate":
		return nil
	}
	return []string{control.DrillLists}
}
