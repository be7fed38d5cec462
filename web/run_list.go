package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"throughline/internal/delivery"
)

// askedStatuses reads the parameter status of a list of runs, which may be repeated.
func askedStatuses(q url.Values) ([]delivery.RunStatus, error) {
	var out []delivery.RunStatus
	all := delivery.RunStatuses()
	for _, text := range q["status"] {
		switch status := delivery.RunStatus(text); {
		case text == "" || slices.Contains(out, status):
		case slices.Contains(all, status):
			out = append(out, status)
		default:
			return nil, &delivery.FilterError{Param: "status", Code: "run_status", Message: "not one of " + runStatusWords(all)}
		}
	}
	return out, nil
}

func runStatusWords(statuses []delivery.RunStatus) string {
	words := make([]string, len(statuses))
	for i, s := range statuses {
		words[i] = string(s)
	}
	return strings.Join(words, ", ")
}

// runListQuery reads what a program asks of runs. Unlike charts, a list is of every
// branch unless it says which; branch= says that it is of the default ones. When it
// cannot be read, the answer is written.
func (s *Server) runListQuery(w http.ResponseWriter, r *http.Request, extra ...string) (list delivery.RunListQuery, ok bool) {
	q, err := query(r)
	if err != nil {
		badRequest(w, err)
		return list, false
	}
	f, calendar, err := s.filter(r.Context(), delivery.OfRuns, without(q, "status"), extra...)
	if err != nil && len(filterDetails(err)) == 0 {
		s.apiFail(w, r, err)
		return list, false
	}
	statuses, statusErr := askedStatuses(q)
	limit, limitErr := limitOf(q)
	if err := errors.Join(err, statusErr, limitErr); err != nil {
		badRequest(w, err)
		return list, false
	}
	runs, err := s.runQuery(r.Context(), &f, calendar)
	if err != nil {
		s.apiFail(w, r, err)
		return list, false
	}
	if !q.Has("branch") {
		runs.AllBranches = true
	}
	return delivery.RunListQuery{RunQuery: runs, Statuses: statuses, Limit: limit, After: q.Get("cursor")}, true
}
