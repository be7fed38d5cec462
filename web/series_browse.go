package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

const (
	metricsShown = 50
	valuesShown  = 12     // of a tag
	lastAsked    = 10_000 // series whose newest points are looked for
)

// browseSeries fills in what there is to ask for, and examples of how.
func (s *Server) browseSeries(ctx context.Context, v *views.SeriesView, metrics []delivery.Metric, q url.Values) error {
	kept := keptFilter(q)
	chosen := q.Get("metric")
	if chosen == "" {
		chosen = firstMetric(v.Boxes)
	}
	v.Browser = views.SeriesBrowser{Find: q.Get("find"), Query: kept.Encode(), Hidden: v.Hidden, Metrics: findMetrics(metrics, q.Get("find"), kept, chosen)}
	example := chosen
	if !slices.ContainsFunc(metrics, func(m delivery.Metric) bool { return m.Name == chosen }) {
		example, chosen = exampleOf(metrics), ""
	}
	tags, err := s.tagsOf(ctx, example, kept)
	if err != nil {
		return err
	}
	if chosen != "" {
		v.Browser.Tags = &tags
	}
	v.Examples = seriesExamples(ctx, &tags, kept)
	return nil
}

// exampleSeries is how many series a metric may have whose tags are looked at for an
// example that nobody asked for.
const exampleSeries = 1000

// exampleOf is a metric to make examples of: of many series, but not of too many.
func exampleOf(metrics []delivery.Metric) string {
	least := slices.MinFunc(metrics, func(a, b delivery.Metric) int { return cmp.Compare(a.Series, b.Series) })
	best := least
	for _, m := range metrics {
		if m.Series <= exampleSeries && m.Series > best.Series {
			best = m
		}
	}
	return best.Name
}

// firstMetric is the first that the queries fetch, as far as they can be read.
func firstMetric(boxes []views.QueryBox) string {
	for _, b := range boxes {
		if program, err := delivery.ParseSeriesQuery(b.Text); err == nil {
			return program.Metrics()[0]
		}
	}
	return ""
}

// findMetrics are the metrics whose names hold a text, those that begin with it first.
func findMetrics(metrics []delivery.Metric, find string, kept url.Values, chosen string) views.SeriesMetrics {
	find = strings.ToLower(strings.TrimSpace(find))
	var found []delivery.Metric
	for _, m := range metrics {
		if strings.Contains(strings.ToLower(m.Name), find) {
			found = append(found, m)
		}
	}
	begins := func(m delivery.Metric) int {
		if strings.HasPrefix(strings.ToLower(m.Name), find) {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(found, func(a, b delivery.Metric) int { return cmp.Compare(begins(a), begins(b)) })
	out := views.SeriesMetrics{Total: len(found), Find: find}
	for _, m := range found[:min(len(found), metricsShown)] {
		of := url.Values{"metric": {m.Name}}
		for name, values := range kept {
			of[name] = values
		}
		out.Rows = append(out.Rows, views.SeriesMetric{
			Name: m.Name, Series: m.Series, Fetch: fetchOf(m.Name), Href: seriesHref(kept, fetchOf(m.Name)+")", m.Name),
			Tags: seriesPath + "/tags?" + of.Encode(), Chosen: m.Name == chosen,
		})
	}
	return out
}

// seriesHref is the page with one query.
func seriesHref(kept url.Values, query, metric string) string {
	q := url.Values{"q": {query}}
	if metric != "" {
		q.Set("metric", metric)
	}
	for name, values := range kept {
		q[name] = values
	}
	return seriesPath + "?" + q.Encode()
}

// inQuotes is a text as a query for series has it.
func inQuotes(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

func fetchOf(metric string) string { return "fetch(" + inQuotes(metric) }

// bareTag are names of tags that need no quotes.
var bareTag = regexp.MustCompile(`^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$`)

func tagName(key string) string {
	if bareTag.MatchString(key) {
		return key
	}
	return inQuotes(key)
}

// seriesMetrics answers a search for metrics.
func (s *Server) seriesMetrics(w http.ResponseWriter, r *http.Request) {
	q, err := query(r)
	if err == nil {
		err = onlyParams(without(q, filterNames...), "find")
	}
	if err != nil {
		s.errorPage(w, r, http.StatusBadRequest)
		return
	}
	metrics, err := s.store.Metrics(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.render(w, r, http.StatusOK, views.SeriesMetricList(findMetrics(metrics, q.Get("find"), keptFilter(q), "")))
}

// seriesTags answers the tags of a metric.
func (s *Server) seriesTags(w http.ResponseWriter, r *http.Request) {
	q, err := query(r)
	if err == nil {
		err = onlyParams(without(q, filterNames...), "metric")
	}
	if err != nil {
		s.errorPage(w, r, http.StatusBadRequest)
		return
	}
	tags, err := s.tagsOf(r.Context(), q.Get("metric"), keptFilter(q))
	switch {
	case err != nil:
		s.fail(w, r, err)
	case tags.Series == 0:
		s.errorPage(w, r, http.StatusNotFound)
	default:
		s.render(w, r, http.StatusOK, views.SeriesTagList(tags))
	}
}

// tagsOf are the tags of a metric with their values, and when its newest point was.
func (s *Server) tagsOf(ctx context.Context, metric string, kept url.Values) (views.SeriesTags, error) {
	out := views.SeriesTags{Metric: metric, Fetch: fetchOf(metric)}
	all, err := s.store.SeriesOf(ctx, metric)
	if err != nil {
		return out, err
	}
	out.Series = len(all)
	counts := map[string]map[string]int{}
	ids := make([]int64, 0, min(len(all), lastAsked))
	for i := range all {
		if len(ids) < lastAsked {
			ids = append(ids, all[i].ID)
		}
		for _, t := range all[i].Tags {
			if counts[t.Key] == nil {
				counts[t.Key] = map[string]int{}
			}
			counts[t.Key][t.Value]++
		}
	}
	last, err := s.store.LastPoints(ctx, ids)
	if err != nil {
		return out, err
	}
	var newest delivery.Instant
	for _, at := range last {
		newest = max(newest, at)
	}
	if newest.Known() {
		out.Last = newest.Time()
	}
	for key, values := range counts {
		out.Keys = append(out.Keys, tagOf(key, values, metric, kept))
	}
	slices.SortFunc(out.Keys, func(a, b views.SeriesTag) int { return strings.Compare(a.Key, b.Key) })
	return out, nil
}

func tagOf(key string, values map[string]int, metric string, kept url.Values) views.SeriesTag {
	tag := views.SeriesTag{Key: key, Term: tagName(key) + "=", Group: ".avg_by(" + inQuotes(key) + ")"}
	for value, n := range values {
		term := tag.Term + inQuotes(value)
		tag.Values = append(tag.Values, views.SeriesTagValue{
			Value: value, Series: n, Term: term, Href: seriesHref(kept, fetchOf(metric)+", "+term+")", metric),
		})
	}
	slices.SortFunc(tag.Values, func(a, b views.SeriesTagValue) int {
		return cmp.Or(cmp.Compare(b.Series, a.Series), strings.Compare(a.Value, b.Value))
	})
	if tag.More = len(tag.Values) - valuesShown; tag.More > 0 {
		tag.Values = tag.Values[:valuesShown]
	}
	return tag
}

// seriesExamples are queries of a metric that there is.
func seriesExamples(ctx context.Context, tags *views.SeriesTags, kept url.Values) []views.SeriesExample {
	by := ".avg_by()"
	if len(tags.Keys) > 0 {
		by = tags.Keys[0].Group
	}
	var out []views.SeriesExample
	for _, e := range []struct{ id, steps string }{
		{"mean", ".downsample('auto', 'avg')"},
		{"p95", ".downsample('1h', 'p95')"},
		{"apart", ".downsample('auto', 'avg')" + by},
		{"rate", ".rate().downsample('auto', 'avg')"},
	} {
		text := fmt.Sprintf("%s)%s", tags.Fetch, e.steps)
		out = append(out, views.SeriesExample{Label: i18n.T(ctx, "series.example."+e.id), Query: text, Href: seriesHref(kept, text, "")})
	}
	return out
}

// savedSeries are the saved panels for the list of them.
func (s *Server) savedSeries(ctx context.Context) ([]views.SavedSeries, error) {
	all, err := s.db.SeriesPanels(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]views.SavedSeries, len(all))
	for i := range all {
		p := &all[i]
		out[i] = views.SavedSeries{
			ID: p.ID, Name: p.Name, Href: seriesPath + "?" + savedQuery(p).Encode(), Queries: p.Queries, Range: p.Range, By: p.CreatedBy, At: p.CreatedAt,
		}
	}
	return out, nil
}

func seriesPanelOf(name string, queries []string, span string) control.SeriesPanel {
	return control.SeriesPanel{Name: name, Queries: queries, Range: span}
}

func savedQuery(p *control.SeriesPanel) url.Values {
	return url.Values{"q": p.Queries, "range": {p.Range}}
}

// savedView is a saved panel as pages show it.
func savedView(ctx context.Context, p *control.SeriesPanel) views.Panel {
	view := panelView(ctx, seriesPanel(), savedQuery(p))
	view.Under = true
	view.Title, view.Key = i18n.T(ctx, "overview.saved", "name", p.Name, "range", views.RangeWords(ctx, p.Range)), fmt.Sprintf("series-%d", p.ID)
	view.Path, view.Href = fmt.Sprintf("%s/panels/%d", seriesPath, p.ID), seriesPath+"?"+view.Query
	return view
}
