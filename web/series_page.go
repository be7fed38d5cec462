package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

// seriesExtra are what the page reads besides the filter: what is searched for, the
// metric whose tags are shown, and whether there is to be one box more.
var seriesExtra = []string{"find", "metric", "more"}

// seriesRanges are the periods to choose from.
var seriesRanges = []string{"1d", "7d", "30d", "90d", "12m"}

func (s *Server) seriesPage(w http.ResponseWriter, r *http.Request) {
	_, q, err := s.pageFilter(r, delivery.OfSeries, seriesExtra...)
	if err != nil && len(filterDetails(err)) == 0 {
		s.fail(w, r, err)
		return
	}
	s.showSeries(w, r, http.StatusOK, q, err, views.Form{})
}

// showSeries answers the page for a query that was read, and what is wrong with it;
// save is the form to keep a panel as it was filled in.
func (s *Server) showSeries(w http.ResponseWriter, r *http.Request, status int, q url.Values, wrong error, save views.Form) {
	ctx := r.Context()
	if q == nil {
		q = url.Values{"range": {seriesRange}}
	}
	v := views.SeriesView{Page: s.page(r, i18n.T(ctx, "nav.series"), "series"), MaySave: isLead(ctx)}
	v.Scripts = []string{"vendor/echarts.common.min.js", "charts.js"}
	own := without(q, seriesExtra...)
	if r.Method != http.MethodGet {
		v.Path = seriesPath + "?" + own.Encode()
	}
	metrics, err := s.store.Metrics(ctx)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if v.Filter, err = s.seriesFilter(ctx, own, wrong); err != nil {
		s.fail(w, r, err)
		return
	}
	if len(filterDetails(wrong)) > 0 {
		status = http.StatusBadRequest
	} else {
		p := panelView(ctx, seriesPanel(), own)
		v.Panel = &p
	}
	v.Boxes = queryBoxes(ctx, q, wrong)
	v.Full = len(v.Boxes) >= delivery.MaxQueries
	v.Hidden = hiddenFilter(own)
	if len(metrics) == 0 {
		v.Start = &views.SeriesStart{URL: s.siteURL(r), Tokens: isAdmin(ctx)}
	} else if err := s.browseSeries(ctx, &v, metrics, q); err != nil {
		s.fail(w, r, err)
		return
	}
	if queries := boxTexts(v.Boxes); v.MaySave && len(queries) > 0 && v.Panel != nil {
		v.Save = &views.SeriesSave{Form: save, Queries: queries, Range: savedRange(own)}
	}
	if v.Saved, err = s.savedSeries(ctx); err != nil {
		s.fail(w, r, err)
		return
	}
	s.render(w, r, status, views.SeriesPage(v))
}

// savedRange is the period that a panel is kept with: one that goes on.
func savedRange(q url.Values) string {
	if span := q.Get("range"); span != "" {
		return span
	}
	return seriesRange
}

// seriesFilter is the filter bar of the page: of teams and services only the
// deployments and incidents are chosen that are marked, and nothing is cut in buckets.
func (s *Server) seriesFilter(ctx context.Context, q url.Values, wrong error) (views.FlowFilter, error) {
	f, err := s.filterBar(ctx, delivery.OfSeries, seriesPath, q, nil, "q", "connection", "lang")
	if err != nil {
		return f, err
	}
	f.Bucket, f.Clock, f.Ranges = "", "", seriesRanges
	if f.Range != "" && !slices.Contains(f.Ranges, f.Range) {
		f.Ranges = append(slices.Clone(f.Ranges), f.Range)
	}
	f.Dirty = f.Range != seriesRange || slices.ContainsFunc(f.Groups, func(g views.FilterGroup) bool { return g.Chosen > 0 })
	for _, detail := range filterDetails(wrong) {
		if detail.query == nil { // those are said under their boxes
			f.Problems = append(f.Problems, views.FilterProblem{Param: detail.Path, Message: mistakeText(ctx, &detail)})
		}
	}
	return f, nil
}

// filterNames are the parameters that the queries do not change.
var filterNames = []string{"team", "service", "environment", "connection", "from", "to", "range", "lang"}

// keptFilter is the part of a query that narrows and says the period.
func keptFilter(q url.Values) url.Values {
	out := url.Values{}
	for _, name := range filterNames {
		if len(q[name]) > 0 {
			out[name] = q[name]
		}
	}
	return out
}

func hiddenFilter(q url.Values) []views.Option {
	var out []views.Option
	for _, name := range filterNames {
		for _, value := range q[name] {
			out = append(out, views.Option{Label: name, Value: value})
		}
	}
	return out
}

// queryBoxes are the queries as they were written, each with what is wrong with it; an
// empty one where there is none, or one more is asked for.
func queryBoxes(ctx context.Context, q url.Values, wrong error) []views.QueryBox {
	var boxes []views.QueryBox
	add := func(text string) {
		boxes = append(boxes, views.QueryBox{Letter: delivery.QueryLetter(len(boxes)), Text: text})
	}
	for _, text := range q["q"] {
		text = delivery.NormalQuery(text)
		known := slices.ContainsFunc(boxes, func(b views.QueryBox) bool { return b.Text == text })
		if text != "" && !known && len(boxes) < delivery.MaxQueries {
			add(text)
		}
	}
	if len(boxes) == 0 || q.Get("more") != "" && len(boxes) < delivery.MaxQueries {
		add("")
	}
	for _, detail := range filterDetails(wrong) {
		if n := detail.query; n != nil && n.Query < len(boxes) {
			boxes[n.Query].Problem = queryProblem(ctx, boxes[n.Query].Text, n)
		}
	}
	return boxes
}

func boxTexts(boxes []views.QueryBox) []string {
	var out []string
	for _, b := range boxes {
		if b.Text != "" {
			out = append(out, b.Text)
		}
	}
	return out
}

// queryProblem marks the place in the line that is wrong.
func queryProblem(ctx context.Context, text string, n *delivery.QueryNote) *views.QueryProblem {
	p := &views.QueryProblem{Place: queryPlace(ctx, n), Message: queryText(ctx, n), Line: n.Line, Column: n.Column, At: "\u00a0"}
	lines := strings.Split(text, "\n")
	line := []rune(lines[min(max(n.Line, 1), len(lines))-1])
	at := min(max(n.Column-1, 0), len(line))
	p.Before = string(line[:at])
	if at < len(line) {
		p.At, p.After = string(line[at:at+1]), string(line[at+1:])
	}
	return p
}

// saveSeriesPanel keeps the queries of the page as a panel.
func (s *Server) saveSeriesPanel(w http.ResponseWriter, r *http.Request) {
	if !s.parseForm(w, r) {
		return
	}
	ctx := r.Context()
	q := url.Values{"q": r.PostForm["q"], "range": {savedRange(r.PostForm)}}
	f, _, err := s.filter(ctx, delivery.OfSeries, q)
	name := r.PostFormValue("panel_name")
	if err == nil {
		err = s.db.SaveSeriesPanel(ctx, seriesPanelOf(name, f.Queries, q.Get("range")))
	}
	errs, isForm := fieldErrors(ctx, err)
	switch {
	case len(filterDetails(err)) > 0:
		s.showSeries(w, r, http.StatusBadRequest, q, err, views.Form{})
	case isForm:
		s.showSeries(w, r, http.StatusUnprocessableEntity, q, nil, views.Form{Values: map[string]string{"panel_name": name}, Errors: errs})
	case err != nil:
		s.fail(w, r, err)
	default:
		s.flash(r, "series.saved.said", "name", strings.TrimSpace(name))
		s.redirect(w, r, seriesPath+"?"+q.Encode())
	}
}

func (s *Server) deleteSeriesPanel(w http.ResponseWriter, r *http.Request) {
	id, ok := s.pathID(w, r)
	if !ok {
		return
	}
	p, err := s.db.DeleteSeriesPanel(r.Context(), id)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.flash(r, "series.deleted.said", "name", p.Name)
	s.redirect(w, r, seriesPath)
}

// savedSeriesPanel answers a saved panel as a part of a page.
func (s *Server) savedSeriesPanel(w http.ResponseWriter, r *http.Request) {
	id, ok := s.pathID(w, r)
	if !ok {
		return
	}
	ctx := r.Context()
	saved, err := s.db.SeriesPanel(ctx, id)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	p, view := seriesPanel(), savedView(ctx, &saved)
	f, _, err := s.filter(ctx, delivery.OfSeries, savedQuery(&saved))
	var d delivery.PanelData
	if err == nil {
		d, err = s.loadPanel(ctx, p, f)
	}
	if err != nil {
		s.failPanel(w, r, view, err)
		return
	}
	s.writeChart(w, r, p, view, d)
}

// loadedAtOnce is how many saved panels the first page asks for before they are in sight.
const loadedAtOnce = 8

// overviewSeries are the saved panels as places on the first page.
func (s *Server) overviewSeries(ctx context.Context) ([]views.Panel, error) {
	all, err := s.db.SeriesPanels(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]views.Panel, len(all))
	for i := range all {
		out[i] = savedView(ctx, &all[i])
		out[i].Lazy = i >= loadedAtOnce
	}
	return out, nil
}
