package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/go-chi/chi/v5"

	"throughline/internal/delivery"
)

// apiIssues lists issues created in the range, closed in it, or open at some
// time in it.
func (s *Server) apiIssues(w http.ResponseWriter, r *http.Request) {
	list, flow, ok := s.issueQuery(w, r, "state", "limit", "cursor")
	if !ok {
		return
	}
	limit := list.Limit
	list.Limit++ // one more, to know whether there is a next page
	answer := apiList[delivery.IssueReport]{Items: []delivery.IssueReport{}}
	last := ""
	for issue, err := range s.store.Issues(r.Context(), list) {
		if err != nil {
			s.listFail(w, r, err)
			return
		}
		if len(answer.Items) == limit {
			answer.NextCursor = last
			break
		}
		answer.Items = append(answer.Items, delivery.ReportListed(issue, flow.CalendarOf(issue.Queue), flow.Now))
		last = issue.Cursor
	}
	writeJSON(w, http.StatusOK, answer)
}

// issueQuery reads what a list of issues is asked for, and by what they are
// measured. When it cannot, the answer is written.
func (s *Server) issueQuery(w http.ResponseWriter, r *http.Request, extra ...string) (list delivery.IssueQuery, flow delivery.FlowQuery, ok bool) {
	q, err := query(r)
	if err != nil {
		badRequest(w, err)
		return list, flow, false
	}
	f, _, err := s.filter(r.Context(), delivery.OfIssues, q, extra...)
	if err != nil && len(filterDetails(err)) == 0 {
		s.apiFail(w, r, err)
		return list, flow, false
	}
	limit, limitErr := limitOf(q)
	state, stateErr := stateOf(q)
	if !f.Definition.IsZero() {
		err = errors.Join(err, &delivery.FilterError{Param: "definition", Message: "a list of issues is by the definitions in force; those behind a panel may be by others"})
	}
	if err := errors.Join(err, limitErr, stateErr); err != nil {
		badRequest(w, err)
		return list, flow, false
	}
	if flow, err = s.flowQuery(r.Context(), f); err != nil {
		s.apiFail(w, r, err)
		return list, flow, false
	}
	return delivery.IssueQuery{Filter: f, State: state, Limit: limit, After: q.Get("cursor"), Now: flow.Now}, flow, true
}

func stateOf(q url.Values) (delivery.ListState, error) {
	switch state := delivery.ListState(q.Get("state")); state {
	case delivery.ListCreated, delivery.ListClosed, delivery.ListOpen:
		return state, nil
	}
	return "", &delivery.FilterError{Param: "state", Message: "not closed or open"}
}

// listFail answers an error of a list: a cursor that the store did not give is
// the client's.
func (s *Server) listFail(w http.ResponseWriter, r *http.Request, err error) {
	if len(filterDetails(err)) > 0 {
		badRequest(w, err)
		return
	}
	s.apiFail(w, r, err)
}

// apiIssue is one issue with its history, as it was known at as_of.
func (s *Server) apiIssue(w http.ResponseWriter, r *http.Request) {
	asOf, err := s.asOf(r)
	if err != nil {
		badRequest(w, err)
		return
	}
	issue, err := s.store.Issue(r.Context(), chi.URLParam(r, "key"))
	if errors.Is(err, delivery.ErrNotFound) {
		writeAPIError(w, http.StatusNotFound, "not_found", "there is no such issue", apiDetail{Path: "key", Message: "no issue has or had this key"})
		return
	}
	if err != nil {
		s.apiFail(w, r, err)
		return
	}
	if asOf < issue.CreatedAt {
		message := "the issue was created later, at " + issue.CreatedAt.String()
		writeAPIError(w, http.StatusNotFound, "not_found", message, apiDetail{Path: "as_of", Message: message})
		return
	}
	report, err := s.reportIssue(r.Context(), issue, asOf)
	if err != nil {
		s.apiFail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, report)
}

// asOf reads the moment that an issue is asked for, and refuses any other
// parameter but extra.
func (s *Server) asOf(r *http.Request, extra ...string) (delivery.Instant, error) {
	q, err := query(r)
	if err != nil {
		return 0, err
	}
	if err := onlyParams(q, append(extra, "as_of")...); err != nil {
		return 0, err
	}
	text := q.Get("as_of")
	if text == "" {
		return delivery.InstantOf(s.now()), nil
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || at.Year() < 1970 || at.Year() > 9999 {
		return 0, &delivery.FilterError{Param: "as_of", Message: "not an RFC 3339 time like 2026-01-31T12:00:00Z"}
	}
	return delivery.InstantOf(at), nil
}

func (s *Server) reportIssue(ctx context.Context, issue delivery.IssueDetail, asOf delivery.Instant) (delivery.IssueHistoryReport, error) {
	b, err := s.issueBasis(ctx, issue.Connection, issue.Queue)
	if err != nil {
		return delivery.IssueHistoryReport{}, err
	}
	return delivery.ReportIssue(issue, b.class, b.calendar, asOf), nil
}
