package web

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/go-chi/chi/v5"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

const (
	seriesPath = "/series"
	// seriesRange is the period that the page of series begins with.
	seriesRange = "7d"
)

func (s *Server) seriesPages(r chi.Router) {
	r.Get(seriesPath, s.seriesPage)
	r.Get(seriesPath+"/metrics", s.seriesMetrics)
	r.Get(seriesPath+"/tags", s.seriesTags)
	r.Get(seriesPath+"/panels/{id}", s.savedSeriesPanel)
	lead := r.With(s.needUser, s.needLead)
	lead.Post(seriesPath+"/panels", s.saveSeriesPanel)
	lead.Post(seriesPath+"/panels/{id}/delete", s.deleteSeriesPanel)
}

// seriesPanel is what queries for custom series come to, with the deployments and
// incidents of the services asked for. Points come all the time and do not raise the
// store's version, so its answers are not kept.
func seriesPanel() panel {
	return panel{
		slug: "series", page: seriesPath, of: delivery.OfSeries, unit: "value", now: true, unkept: true,
		title: "panel.series.title", definition: "panel.series.definition",
		load: func(ctx context.Context, s delivery.Store, q panelQuery) (delivery.PanelData, error) {
			d, err := delivery.SeriesPanel(ctx, s, q.series)
			if err != nil || d.N == 0 {
				return d, err
			}
			data, err := delivery.LoadDora(ctx, s, q.dora, delivery.PartGroups, delivery.PartIncidents)
			if err != nil {
				return d, err
			}
			d.Mark(data)
			return d, nil
		},
	}
}

// queryMistake says what is wrong with one of several queries, and where.
func queryMistake(ctx context.Context, n *delivery.QueryNote) string {
	p := i18n.From(ctx)
	return p.T("series.mistake", "query", delivery.QueryLetter(n.Query), "place", queryPlace(ctx, n), "text", queryText(ctx, n))
}

func queryPlace(ctx context.Context, n *delivery.QueryNote) string {
	if n.Line > 1 {
		return i18n.T(ctx, "series.place", "line", n.Line, "column", n.Column)
	}
	return i18n.T(ctx, "series.column", "column", n.Column)
}

// queryText is the catalogue's text for a mistake in a query, else its own English.
func queryText(ctx context.Context, n *delivery.QueryNote) string {
	p, id := i18n.From(ctx), "series.query."+n.Code
	if !p.Has(id) {
		return n.Message
	}
	args := make([]any, 0, len(n.Args)+2)
	if detail, ok := strings.CutPrefix(n.Message, "not a regular expression: "); ok {
		args = append(args, "detail", detail)
	}
	for i, a := range n.Args {
		switch word := "series.wanted." + wantedWords[a]; {
		case i%2 == 0:
		case p.Has(word):
			a = p.T(word)
		case n.Args[i-1] == "found":
			a = p.T("series.found", "text", a)
		}
		args = append(args, a)
	}
	return p.T(id, args...)
}

// wantedWords name the messages of what the language expects somewhere.
var wantedWords = map[string]string{
	"a semicolon or a new line":      "end",
	";":                              "end",
	"fetch or a name":                "expression",
	"the name of a metric in quotes": "metric",
	"the name of a tag":              "tag",
	"=, !=, =~ or !~":                "sign",
	"a value in quotes":              "value",
	"downsample, rate or sum_by":     "step",
	"a text in quotes":               "text",
}

// seriesEmpty finds what keeps the panel of series from showing anything.
func (s *Server) seriesEmpty(ctx context.Context, d delivery.PanelData, query string) (views.Empty, error) {
	metrics, err := s.store.Metrics(ctx)
	switch {
	case err != nil:
		return views.Empty{}, err
	case len(metrics) == 0:
		return views.Empty{Reason: "no_series", Fix: settingsPath(ctx, "/settings/tokens")}, nil
	case len(d.Filter.Queries) == 0:
		return views.Empty{Reason: "no_query"}, nil
	case d.Notes.Matched == 0:
		return views.Empty{Reason: "no_match"}, nil
	}
	q, err := url.ParseQuery(query)
	if err != nil {
		return views.Empty{}, err
	}
	wide := without(q, "from", "to")
	wide.Set("range", "12m")
	return views.Empty{Reason: "no_points", N: d.Notes.Matched, Fix: fmt.Sprintf("%s?%s", seriesPath, wide.Encode())}, nil
}
