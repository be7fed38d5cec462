package web

import (
	"context"
	"net/url"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

// filterBar is the filter of a page of flow: action is the page's path, keep
// what of its query the bar does not change.
func (s *Server) filterBar(ctx context.Context, action string, q url.Values, err error, keep ...string) (views.FlowFilter, error) {
	facets, ferr := s.facets(ctx)
	if ferr != nil {
		return views.FlowFilter{}, ferr
	}
	teams, ferr := s.teams(ctx)
	if ferr != nil {
		return views.FlowFilter{}, ferr
	}
	f := flowFilter(teamFacets(facets, teams), facets, q)
	f.Action, f.Problems = action, filterProblems(ctx, err)
	for _, name := range keep {
		f.Keep = append(f.Keep, views.Option{Value: q.Get(name), Label: name})
	}
	f.Spans = spans(ctx, action, q, delivery.DateOf(s.now().In(s.zone(ctx))))
	return f, nil
}

// filterProblems are the parameters that cannot be used, in words.
func filterProblems(ctx context.Context, err error) []views.FilterProblem {
	var out []views.FilterProblem
	p := i18n.From(ctx)
	for _, detail := range filterDetails(err) {
		message := detail.Message
		for _, id := range []string{"filter.mistake." + detail.code, "filter.mistake.of." + detail.Path} {
			if p.Has(id) {
				message = p.T(id)
				break
			}
		}
		out = append(out, views.FilterProblem{Param: detail.Path, Message: message})
	}
	return out
}

// spans are periods that no number of days says: months and quarters.
func spans(ctx context.Context, path string, q url.Values, today delivery.Date) []views.Tab {
	month := delivery.Date{Year: today.Year, Month: today.Month, Day: 1}
	quarter := delivery.Date{Year: today.Year, Month: (today.Month-1)/3*3 + 1, Day: 1}
	var out []views.Tab
	for _, span := range []struct {
		id       string
		from, to delivery.Date
	}{
		{"flow.span.month", month, delivery.Date{}},
		{"flow.span.last_month", firstOfMonth(month.AddDays(-1)), month.AddDays(-1)},
		{"flow.span.quarter", quarter, delivery.Date{}},
		{"flow.span.last_quarter", firstOfMonth(firstOfMonth(firstOfMonth(quarter.AddDays(-1)).AddDays(-1)).AddDays(-1)), quarter.AddDays(-1)},
	} {
		own := without(q, "range", "from", "to", "page")
		own.Set("from", span.from.String())
		if !span.to.IsZero() {
			own.Set("to", span.to.String())
		}
		out = append(out, views.Tab{
			Label: i18n.T(ctx, span.id), Path: path + "?" + own.Encode(),
			Current: q.Get("range") == "" && q.Get("from") == span.from.String() && q.Get("to") == span.to.String(),
		})
	}
	return out
}

func firstOfMonth(d delivery.Date) delivery.Date {
	return delivery.Date{Year: d.Year, Month: d.Month, Day: 1}
}
