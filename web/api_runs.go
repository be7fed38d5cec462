package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/go-chi/chi/v5"

	"throughline/internal/delivery"
)

// apiRuns lists the runs created in the range with their jobs and builds, newest
// first.
func (s *Server) apiRuns(w http.ResponseWriter, r *http.Request) {
	list, ok := s.runListQuery(w, r, "limit", "cursor")
	if !ok {
		return
	}
	list.Jobs = true
	found, next, err := s.runsOf(r.Context(), list)
	if err != nil {
		s.listFail(w, r, err)
		return
	}
	answer := apiList[delivery.RunReport]{Items: []delivery.RunReport{}, NextCursor: next}
	for i := range found {
		answer.Items = append(answer.Items, delivery.ReportRun(&found[i].Run, found[i].Seq))
	}
	writeJSON(w, http.StatusOK, answer)
}

// listedParts is about how many jobs and builds a page of a list has at most: one of
// enormous runs ends before its limit.
const listedParts = 50_000

// runsOf are a page of a list of runs, and the cursor of the next one, "" at the
// end.
func (s *Server) runsOf(ctx context.Context, list delivery.RunListQuery) (found []delivery.ListedRun, next string, err error) {
	limit, parts := list.Limit, 0
	list.Limit++ // one more, to know whether there is a next page
	for run, err := range s.store.Runs(ctx, list) {
		if err != nil {
			return nil, "", err
		}
		if n := len(found); n == limit || parts > listedParts {
			return found, found[n-1].Cursor, nil
		}
		parts += len(run.Jobs) + len(run.Builds)
		found = append(found, run)
	}
	return found, "", nil
}

// runOf is the run of the number in the path. Whatever is no number names no run.
func (s *Server) runOf(r *http.Request) (delivery.RunDetail, error) {
	text := chi.URLParam(r, "run")
	seq, err := strconv.ParseInt(text, 10, 64)
	if err != nil || strconv.FormatInt(seq, 10) != text {
		return delivery.RunDetail{}, delivery.ErrNotFound
	}
	return s.store.Run(r.Context(), seq)
}

// apiRun is one run by the store's number, the run of a list.
func (s *Server) apiRun(w http.ResponseWriter, r *http.Request) {
	q, err := query(r)
	if err == nil {
		err = onlyParams(q)
	}
	if err != nil {
		badRequest(w, err)
		return
	}
	run, err := s.runOf(r)
	switch {
	case errors.Is(err, delivery.ErrNotFound):
		writeAPIError(w, http.StatusNotFound, "not_found", "there is no such run", apiDetail{Path: "run", Message: "no run has this number"})
	case err != nil:
		s.apiFail(w, r, err)
	default:
		writeJSON(w, http.StatusOK, delivery.ReportRun(&run.Run, run.Seq))
	}
}
