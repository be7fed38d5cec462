package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"

	"throughline/internal/delivery"
)

// overviewParams are what the first page is narrowed by.
var overviewParams = []string{"team", "range", "from", "to", "clock", "lang"}

// overviewDefaults are what is meant where a query says nothing.
type overviewDefaults struct {
	span  string
	clock delivery.Clock
}

const rangeMonth, rangeQuarter = "30d", "90d"

var (
	pageDefaults = overviewDefaults{rangeMonth, delivery.Business}
	apiDefaults  = overviewDefaults{rangeQuarter, delivery.Elapsed}
)

// overviewAsked is what the first page is asked for.
type overviewAsked struct {
	q url.Values // canonical: a period and a clock, whatever was left out
	f delivery.Filter
}

// askedOverview reads the query of the first page; extra names parameters that the
// caller reads itself.
func (s *Server) askedOverview(r *http.Request, d overviewDefaults, extra ...string) (overviewAsked, error) {
	asked := overviewAsked{q: url.Values{}}
	q, err := query(r)
	if err != nil {
		return asked, err
	}
	var errs []error
	for name, values := range q {
		if slices.Contains(extra, name) {
			continue
		}
		if values = slices.DeleteFunc(values, func(v string) bool { return v == "" }); len(values) == 0 {
			continue
		}
		if !slices.Contains(overviewParams, name) {
			errs = append(errs, &delivery.FilterError{Param: name, Code: "unknown", Message: "no such filter"})
			continue
		}
		asked.q[name] = values
	}
	slices.SortFunc(errs, func(a, b error) int { return compareNames(a.Error(), b.Error()) })
	if teams := asked.q["team"]; len(teams) > 0 {
		slices.SortFunc(teams, compareNames)
		asked.q["team"] = slices.Compact(teams)
	}
	if !asked.q.Has("range") && !asked.q.Has("from") && !asked.q.Has("to") {
		asked.q.Set("range", d.span)
	}
	if !asked.q.Has("clock") {
		asked.q.Set("clock", string(d.clock))
	}
	asked.f, _, err = s.filter(r.Context(), delivery.OfIssues, asked.q)
	return asked, errors.Join(append(errs, err)...)
}

// with is the query with a value instead of others.
func (a *overviewAsked) with(name, value string) url.Values {
	q := without(a.q, name)
	if name == "range" {
		q = without(a.q, name, "from", "to")
	}
	q.Set(name, value)
	return q
}
