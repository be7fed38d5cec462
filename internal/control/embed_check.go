package control

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"throughline/internal/delivery"
)

// normal is an embed as it is stored, or all that is wrong with it.
func (e Embed) normal() (Embed, error) {
	e.Name = strings.TrimSpace(e.Name)
	var errs []error
	bad := func(field, code, message string) { errs = append(errs, &FieldError{field, code, message}) }
	switch {
	case e.Name == "":
		bad("name", "required", "give it a name")
	case badText(e.Name, MaxEmbedName):
		bad("name", "text", fmt.Sprintf("a name has up to %d characters on one line", MaxEmbedName))
	}
	e.Filter, errs = e.checkFilter(errs)
	sites := e.Ancestors
	e.Ancestors = []string{}
	for _, site := range sites {
		origin, err := FrameSite(site)
		if err != nil {
			bad("frame_ancestors", "invalid", err.Error())
		} else if !slices.Contains(e.Ancestors, origin) {
			e.Ancestors = append(e.Ancestors, origin)
		}
	}
	if len(e.Ancestors) > MaxEmbedSites {
		bad("frame_ancestors", "many", fmt.Sprintf("more than %d sites", MaxEmbedSites))
	}
	if !slices.Contains([]string{"light", "dark", ReadersOwn}, e.Theme) {
		bad("theme", "invalid", "not light, dark or auto")
	}
	if !slices.Contains([]string{"en", "ru", ReadersOwn}, e.Lang) {
		bad("lang", "invalid", "not en, ru or auto")
	}
	e.Drill = sorted(e.Drill, strings.Compare)
	e.Drill = slices.Compact(e.Drill)
	for _, what := range e.Drill {
		if what != DrillMarks && what != DrillLists {
			bad("drill", "invalid", "not marks or lists")
		}
	}
	if e.Width != 0 && (e.Width < MinEmbedWidth || e.Width > MaxEmbedWidth) {
		bad("width", "range", fmt.Sprintf("from %d to %d pixels, or 0 for all there is", MinEmbedWidth, MaxEmbedWidth))
	}
	if e.Height < MinEmbedHeight || e.Height > MaxEmbedHeight {
		bad("height", "range", fmt.Sprintf("from %d to %d pixels", MinEmbedHeight, MaxEmbedHeight))
	}
	return e, errors.Join(errs...)
}

// checkFilter is the filter without what is empty, and what is wrong with it.
func (e *Embed) checkFilter(errs []error) (url.Values, []error) {
	of, known := delivery.PanelSubject(e.Panel)
	if !known {
		return e.Filter, append(errs, &FieldError{"panel", "invalid", "no such panel: one of " + strings.Join(delivery.PanelSlugs(), ", ")})
	}
	filter := url.Values{}
	for name, values := range e.Filter {
		for _, v := range values {
			if v != "" {
				filter[name] = append(filter[name], v)
			}
		}
	}
	// Where days begin does not make a filter right or wrong.
	f, err := delivery.ParseFilter(filter, of, time.UTC, delivery.InstantOf(time.Now()))
	for _, e := range flatten(err) {
		if wrong, ok := errors.AsType[*delivery.FilterError](e); ok {
			errs = append(errs, &FieldError{"filter." + wrong.Param, "invalid", wrong.Message})
		} else {
			errs = append(errs, &FieldError{"filter", "invalid", e.Error()})
		}
	}
	if err == nil && of == delivery.OfSeries && len(f.Queries) == 0 {
		errs = append(errs, &FieldError{"filter.q", "required", "say which series are shown"})
	}
	if len(filter.Encode()) > maxEmbedFilter {
		errs = append(errs, &FieldError{"filter", "length", fmt.Sprintf("longer than %d bytes", maxEmbedFilter)})
	}
	return filter, errs
}

// Checked is an embed as it would be stored, or all that is wrong with it by itself.
// Errors: *FieldError, joined.
func (e Embed) Checked() (Embed, error) { return e.normal() }
