package web

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/go-chi/chi/v5"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

// whatIfRoutes are the pages on which other definitions are tried. What is tried is
// in the query; only saving it writes anything.
func (s *Server) whatIfRoutes(r chi.Router) {
	r.Get(flowWhatIfPath, s.whatIfPage(s.flowTrial))
	r.Get(flowWhatIfPath+"/preview", s.whatIfPreview(s.flowTrial))
	r.With(s.needUser, s.needLead).Post(flowWhatIfPath, s.saveFlowTrial)
	r.Get(doraWhatIfPath, s.whatIfPage(s.doraTrial))
	r.Get(doraWhatIfPath+"/preview", s.whatIfPreview(s.doraTrial))
	r.With(s.needUser, s.needAdmin).Post(doraWhatIfPath, s.saveDoraTrial)
}

// trial is other definitions, over those that are saved.
type trial interface {
	// page is what the trial shows beside what it comes to; form is that of the query.
	page(ctx context.Context) (views.Trial, error)
	// result is what it comes to.
	result(ctx context.Context) (views.TrialResult, error)
	// address is the page with the trial, and without what is as it is saved.
	address() string
}

// readTrial reads a query that holds a filter and a trial. Whatever is wrong with the
// filter is a *delivery.FilterError; what is wrong with the trial, it says itself.
type readTrial func(ctx context.Context, q url.Values) (trial, error)

func (s *Server) whatIfPage(read readTrial) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		q, err := query(r)
		if err != nil {
			s.errorPage(w, r, http.StatusBadRequest)
			return
		}
		t, err := read(ctx, q)
		wrong := len(filterDetails(err)) > 0
		if err != nil && !wrong {
			s.fail(w, r, err)
			return
		}
		view, err := t.page(ctx)
		if err == nil && !wrong && view.Empty == nil {
			view.Result, err = t.result(ctx)
		}
		if err != nil {
			s.fail(w, r, err)
			return
		}
		view.Form.Errors = view.Result.Errors
		title, nav := view.Title, view.Nav
		view.Page = s.page(r, title, nav)
		status := http.StatusOK
		if wrong {
			status = http.StatusBadRequest
		}
		s.render(w, r, status, views.TrialPage(view))
	}
}

// whatIfPreview answers what a trial comes to as a part of its page, whose address
// goes along.
func (s *Server) whatIfPreview(read readTrial) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q, err := query(r)
		if err != nil {
			s.errorPage(w, r, http.StatusBadRequest)
			return
		}
		t, err := read(r.Context(), q)
		if len(filterDetails(err)) > 0 {
			s.errorPage(w, r, http.StatusBadRequest)
			return
		}
		var result views.TrialResult
		if err == nil {
			result, err = t.result(r.Context())
		}
		if err != nil {
			s.fail(w, r, err)
			return
		}
		if len(result.Errors) == 0 {
			w.Header().Set("HX-Replace-Url", s.base+t.address())
		}
		s.render(w, r, http.StatusOK, views.TrialResultPart(result))
	}
}

// splitQuery takes what belongs to a trial out of a query.
func splitQuery(q url.Values, own func(name string) bool) (trial, rest url.Values) {
	trial, rest = url.Values{}, url.Values{}
	for name, values := range q {
		if own(name) {
			trial[name] = slices.Clone(values)
		} else {
			rest[name] = slices.Clone(values)
		}
	}
	return trial, rest
}

// onlyOnce refuses what is given more than once, but for names of several values.
func onlyOnce(asked url.Values, several ...string) error {
	names := slices.Sorted(maps.Keys(asked))
	return single(asked, slices.DeleteFunc(names, func(name string) bool { return slices.Contains(several, name) })...)
}

// withQuery is a path with a query, if there is any.
func withQuery(path string, parts ...url.Values) string {
	all := joinedQuery(parts...)
	if len(all) == 0 {
		return path
	}
	return path + "?" + all.Encode()
}

func joinedQuery(parts ...url.Values) url.Values {
	all := url.Values{}
	for _, q := range parts {
		for name, values := range q {
			all[name] = append(all[name], values...)
		}
	}
	return all
}

// hiddenFields are a query as fields of a form.
func hiddenFields(parts ...url.Values) (out []views.Option) {
	for _, q := range parts {
		for _, name := range slices.Sorted(maps.Keys(q)) {
			for _, value := range q[name] {
				out = append(out, views.Option{Label: name, Value: value})
			}
		}
	}
	return out
}

// choicesOf are values found in the data, and those chosen that are not, as far as
// only says.
func choicesOf(found []delivery.Facet, chosen []string, only func(key string) bool) (out []views.TrialChoice) {
	for _, f := range filterGroup("", found, chosen).Choices {
		if only(f.Key) {
			out = append(out, views.TrialChoice{Key: f.Key, Name: f.Name, Count: f.Count, On: f.Chosen})
		}
	}
	return out
}

// saidTrial is what a trial comes to in a sentence: the first figure that differs, else the
// first, and how many items do.
func saidTrial(p *i18n.Printer, r *views.TrialResult, items int) string {
	if len(r.Tried) == 0 {
		return p.T("whatif.nothing")
	}
	said := r.Rows[0]
	for _, row := range r.Rows {
		if row.Difference != "" {
			said = row
			break
		}
	}
	count := p.T("whatif.flips.none." + r.Of)
	if items > 0 {
		count = p.T("whatif.said."+r.Of, "n", items)
	}
	if said.Difference == "" {
		return p.T("whatif.said.same", "label", said.Label, "value", said.Before, "count", count)
	}
	return p.T("whatif.said", "label", said.Label, "before", said.Before, "after", said.After, "count", count)
}

// signed is a number with its sign.
func signed(v float64, text func(float64) string) string {
	if v < 0 {
		return "−" + text(-v)
	}
	return "+" + text(v)
}

// compareFigures completes a row by how much a figure differs, and by how much of what
// it is; it says nothing when it does not.
func compareFigures(p *i18n.Printer, row *views.TrialRow, before, after *float64, text func(difference float64) string) {
	switch {
	case before == nil && after == nil:
		return
	case before == nil || after == nil:
		row.Difference = p.T("whatif.incomparable")
		return
	case *before == *after:
		return
	}
	row.Difference = signed(*after-*before, text)
	if *before != 0 {
		if share := (*after - *before) / *before; share >= 0.005 || share <= -0.005 {
			row.Share = signed(share, func(v float64) string { return p.Percent(v, 0) })
		}
	}
}
