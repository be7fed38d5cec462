package web

import (
	"encoding/csv"
	"errors"
	"net/http"
	"strconv"

	"throughline/internal/delivery"
)

// apiErrorGroups lists error groups, those first seen last first unless they are asked
// for in another order.
func (s *Server) apiErrorGroups(w http.ResponseWriter, r *http.Request) {
	asked, ok := s.apiGroupsQuery(w, r, "limit")
	if !ok {
		return
	}
	found, next, err := delivery.ErrorGroupList(r.Context(), s.store, asked)
	if err != nil {
		s.listFail(w, r, err)
		return
	}
	answer := apiList[delivery.ErrorGroupReport]{Items: []delivery.ErrorGroupReport{}, NextCursor: next}
	for i := range found {
		answer.Items = append(answer.Items, delivery.ReportErrorGroup(&found[i].ErrorGroup))
	}
	writeJSON(w, http.StatusOK, answer)
}

// apiGroupsQuery reads what a program asks of error groups. When it cannot be read, the
// answer is written.
func (s *Server) apiGroupsQuery(w http.ResponseWriter, r *http.Request, extra ...string) (asked delivery.GroupsAsked, ok bool) {
	q, err := query(r)
	if err != nil {
		badRequest(w, err)
		return asked, false
	}
	asked, err = s.askedGroups(r.Context(), q, extra...)
	if err != nil && len(filterDetails(err)) == 0 {
		s.apiFail(w, r, err)
		return asked, false
	}
	limit, limitErr := limitOf(q)
	if err := errors.Join(err, limitErr); err != nil {
		badRequest(w, err)
		return asked, false
	}
	asked.Limit = limit
	return asked, true
}

// apiErrorGroup is one error group by its number.
func (s *Server) apiErrorGroup(w http.ResponseWriter, r *http.Request) {
	q, err := query(r)
	if err == nil {
		err = onlyParams(q)
	}
	if err != nil {
		badRequest(w, err)
		return
	}
	g, err := s.errorGroupOf(r)
	switch {
	case errors.Is(err, delivery.ErrNotFound):
		writeAPIError(w, http.StatusNotFound, "not_found", "there is no such error group", apiDetail{Path: "group", Message: "no error group has this number"})
	case err != nil:
		s.apiFail(w, r, err)
	default:
		writeJSON(w, http.StatusOK, delivery.ReportErrorGroup(&g))
	}
}

// apiErrorGroupsCSV is the whole list of apiErrorGroups.
func (s *Server) apiErrorGroupsCSV(w http.ResponseWriter, r *http.Request) {
	asked, ok := s.apiGroupsQuery(w, r)
	if !ok {
		return
	}
	asked.Limit, asked.After = 0, ""
	found, _, err := delivery.ErrorGroupList(r.Context(), s.store, asked)
	if err != nil {
		s.listFail(w, r, err)
		return
	}
	csvHeaders(w, "error-groups.csv")
	out := csv.NewWriter(w)
	err = out.Write(groupColumns())
	for i := range found {
		if err == nil {
			err = out.Write(groupRow(delivery.ReportErrorGroup(&found[i].ErrorGroup)))
		}
	}
	out.Flush()
	if err = errors.Join(err, out.Error()); err != nil {
		s.abort(r, err)
	}
}

func groupColumns() []string {
	return []string{
		"number", "id", "connection", "project", "short_id", "title", "culprit", "level", "status", "substatus", "events", "users",
		"first_seen", "last_seen", "first_release", "last_release", "environments", "url",
	}
}

func groupRow(g delivery.ErrorGroupReport) []string {
	var environments []string
	for _, e := range g.Environments {
		if !e.None {
			environments = append(environments, e.Name)
		}
	}
	return []string{
		g.Number, csvText(g.ID), csvText(g.Connection), csvText(string(g.Project)), csvText(string(g.ShortID)), csvText(string(g.Title)),
		csvText(string(g.Culprit)), csvText(string(g.Level)), csvText(string(g.Status)), csvText(string(g.Substatus)),
		strconv.FormatInt(g.Events, 10), strconv.FormatInt(g.Users, 10), instantCell(g.FirstSeen), instantCell(g.LastSeen),
		csvText(string(g.FirstRelease)), csvText(string(g.LastRelease)), csvList(environments), csvText(string(g.URL)),
	}
}
