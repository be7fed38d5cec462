package web

import (
	"context"
	"encoding/csv"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"

	"throughline/internal/delivery"
)

// apiIncidents lists the incidents that started in the range, newest first.
func (s *Server) apiIncidents(w http.ResponseWriter, r *http.Request) {
	asked, limit, after, ok := s.apiIncidentQuery(w, r, "limit", "cursor")
	if !ok {
		return
	}
	found, next, err := s.incidentsOf(r.Context(), &asked, limit, after)
	if err != nil {
		s.listFail(w, r, err)
		return
	}
	items, err := s.reportIncidents(r.Context(), found)
	if err != nil {
		s.listFail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, apiList[delivery.IncidentReport]{Items: items, NextCursor: next})
}

// apiIncidentQuery reads what a program asks of incidents. When it cannot be read, the
// answer is written.
func (s *Server) apiIncidentQuery(w http.ResponseWriter, r *http.Request, extra ...string) (asked incidentsAsked, limit int, after string, ok bool) {
	q, err := query(r)
	if err != nil {
		badRequest(w, err)
		return asked, 0, "", false
	}
	asked, err = s.askedIncidents(r.Context(), q, extra...)
	if err != nil && len(filterDetails(err)) == 0 {
		s.apiFail(w, r, err)
		return asked, 0, "", false
	}
	limit, limitErr := limitOf(q)
	if err := errors.Join(err, limitErr); err != nil {
		badRequest(w, err)
		return asked, 0, "", false
	}
	return asked, limit, q.Get("cursor"), true
}

// apiIncident is one incident by its number.
func (s *Server) apiIncident(w http.ResponseWriter, r *http.Request) {
	q, err := query(r)
	if err == nil {
		err = onlyParams(q)
	}
	if err != nil {
		badRequest(w, err)
		return
	}
	report, _, err := s.incidentOf(r.Context(), chi.URLParam(r, "incident"))
	switch {
	case errors.Is(err, delivery.ErrNotFound):
		writeAPIError(w, http.StatusNotFound, "not_found", "there is no such incident", apiDetail{Path: "incident", Message: "no incident has this number"})
	case err != nil:
		s.apiFail(w, r, err)
	default:
		writeJSON(w, http.StatusOK, report)
	}
}

// incidentOf is the incident of a number. Whatever is no number names no incident, nor
// does one that was taken back.
func (s *Server) incidentOf(ctx context.Context, text string) (delivery.IncidentReport, delivery.Incident, error) {
	var none delivery.IncidentReport
	seq, err := strconv.ParseInt(text, 10, 64)
	if err != nil || strconv.FormatInt(seq, 10) != text {
		return none, delivery.Incident{}, delivery.ErrNotFound
	}
	found, err := s.store.Incident(ctx, seq)
	if err == nil && found.Gone {
		err = delivery.ErrNotFound
	}
	if err != nil {
		return none, delivery.Incident{}, err
	}
	reports, err := s.reportIncidents(ctx, []delivery.ListedIncident{found})
	if err != nil {
		return none, delivery.Incident{}, err
	}
	return reports[0], found.Incident, nil
}

// incidentsPart is how many incidents of a whole list are in memory at once.
const incidentsPart = 1000

// apiIncidentsCSV is the whole list of apiIncidents, written while it is read.
func (s *Server) apiIncidentsCSV(w http.ResponseWriter, r *http.Request) {
	asked, _, _, ok := s.apiIncidentQuery(w, r)
	if !ok {
		return
	}
	out := csv.NewWriter(w)
	for after, begun := "", false; ; begun = true {
		found, next, err := s.incidentsOf(r.Context(), &asked, incidentsPart, after)
		var items []delivery.IncidentReport
		if err == nil {
			items, err = s.reportIncidents(r.Context(), found)
		}
		if err != nil && !begun {
			s.listFail(w, r, err)
			return
		}
		if err == nil && !begun {
			csvHeaders(w, "incidents.csv")
			err = out.Write(incidentColumns())
		}
		if err == nil {
			err = writeIncidents(out, items)
		}
		if err != nil {
			s.abort(r, err)
		}
		if after = next; after == "" {
			return
		}
	}
}

func writeIncidents(out *csv.Writer, items []delivery.IncidentReport) error {
	for i := range items {
		if err := out.Write(incidentRow(&items[i])); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func incidentColumns() []string {
	return []string{
		"number", "id", "connection", "service", "project", "title", "status", "started_at", "detected_at", "resolved_at", "updated_at",
		"time_to_restore_seconds", "severity", "deployment", "version", "sha", "url", "teams", "linked_service", "linked_group_id", "linked_confidence",
	}
}

func incidentRow(r *delivery.IncidentReport) []string {
	var services, groups, confidences []string
	for _, l := range r.Links {
		services, groups, confidences = append(services, l.Service), append(groups, l.Group), append(confidences, l.Confidence)
	}
	return []string{
		r.Number, csvText(r.ID), csvText(r.Connection), csvText(r.Service), csvText(r.Project), csvText(r.Title), r.Status,
		r.StartedAt.String(), r.DetectedAt.String(), r.ResolvedAt.String(), r.UpdatedAt.String(), csvWhole(r.TimeToRestore),
		csvText(r.Severity), csvText(r.Deployment), csvText(r.Version), csvText(r.SHA), csvText(r.URL), csvList(r.Teams),
		csvList(services), strings.Join(groups, ", "), strings.Join(confidences, ", "),
	}
}
