package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/go-chi/chi/v5"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

// issuePage is one issue with its history. A former key leads to the present
// one.
func (s *Server) issuePage(w http.ResponseWriter, r *http.Request) {
	asOf, err := s.asOf(r, "periods", "lang")
	if err != nil {
		s.errorPage(w, r, http.StatusBadRequest)
		return
	}
	key := chi.URLParam(r, "key")
	issue, err := s.store.Issue(r.Context(), key)
	switch {
	case errors.Is(err, delivery.ErrNotFound):
		s.noIssue(w, r, key, 0)
		return
	case err != nil:
		s.fail(w, r, err)
		return
	case issue.Key != key:
		s.redirect(w, r, issuePath(issue.Key, r.URL.RawQuery))
		return
	case asOf < issue.CreatedAt:
		s.noIssue(w, r, key, issue.CreatedAt)
		return
	}
	view, err := s.issueView(r, issue, asOf)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.render(w, r, http.StatusOK, views.IssuePage(s.page(r, issue.Key+" "+issue.Title, "flow"), view))
}

func issuePath(key, query string) string {
	path := "/issues/" + url.PathEscape(key)
	if query != "" {
		path += "?" + query
	}
	return path
}

// noIssue says that no issue has the key, or that it was created later than
// asked for.
func (s *Server) noIssue(w http.ResponseWriter, r *http.Request, key string, created delivery.Instant) {
	ctx := r.Context()
	const longest = 60
	if runes := []rune(key); len(runes) > longest {
		key = string(runes[:longest]) + "…"
	}
	at := ""
	if created.Known() {
		at = i18n.From(ctx).DateTime(created.Time().In(s.zone(ctx)))
	}
	page := s.page(r, i18n.T(ctx, "issue.missing.title", "key", key), "flow")
	s.render(w, r, http.StatusNotFound, views.NoIssuePage(page, key, at))
}

func (s *Server) issueView(r *http.Request, issue delivery.IssueDetail, asOf delivery.Instant) (views.IssueView, error) {
	b, err := s.issueBasis(r.Context(), issue.Connection, issue.Queue)
	if err != nil {
		return views.IssueView{}, err
	}
	q, report := r.URL.Query(), delivery.ReportIssue(issue, b.class, b.calendar, asOf)
	last := asOf // a day is as long as it was when the issue ended
	if report.IsClosed {
		last = report.ClosedAt
	}
	v := views.IssueView{
		Report: report,
		Source: sourceLink(issue.URL), Zone: b.calendar.Zone(), Day: b.calendar.Day(last), Calendar: b.name,
		Team: b.team, Since: b.since, AsOf: asOf, Past: q.Get("as_of") != "", Long: q.Get("periods") == "all",
	}
	for _, p := range v.Report.Periods {
		v.Classes = append(v.Classes, b.class(string(p.StatusKey), p.Start))
	}
	for _, a := range v.Report.Anomalies {
		v.Anomalies = append(v.Anomalies, explainAnomaly(issue, v.Report, a))
	}
	return v, nil
}

// sourceLink is an address that may be opened, else "".
func sourceLink(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return ""
	}
	return u.String()
}

// explainAnomaly finds what an anomaly is of: its event, the statuses it
// concerns, and the period it made.
func explainAnomaly(issue delivery.IssueDetail, r delivery.IssueHistoryReport, a delivery.Anomaly) views.IssueAnomaly {
	out := views.IssueAnomaly{Kind: a.Kind}
	last := len(r.Periods) - 1
	if a.Event == nil {
		out.To, out.Said = statusOf(r.Periods[last]), issue.StatusStartedAt
		if r.Periods[last].Inferred {
			out.Period = last + 1
		}
		if last > 0 {
			out.From = statusOf(r.Periods[last-1])
		}
		return out
	}
	for _, e := range issue.Events {
		if e.Ordinal != *a.Event || e.Transition == nil {
			continue
		}
		out.Event, out.At, out.Actor = e.Ordinal+1, e.At, e.Actor.Name
		out.From, out.To, out.Said = e.Transition.From.Name, e.Transition.To.Name, e.Transition.ToStartedAt
		out.Period = periodOf(r, e, a.Kind)
	}
	return out
}

// periodOf is the number of the period that an event's anomaly shows in: the
// inferred one of a hidden transition, else the one that the event began. 0
// when it cannot be told.
func periodOf(r delivery.IssueHistoryReport, e delivery.Event, kind delivery.AnomalyKind) int {
	at := e.Transition.ToStartedAt
	if !at.Known() {
		at = e.At
	}
	for i, p := range r.Periods {
		if string(p.StatusKey) != e.Transition.To.Key || p.Start < at {
			continue
		}
		if kind == delivery.HiddenTransition {
			return i // the one before it
		}
		return i + 1
	}
	return 0
}

func statusOf(p delivery.PeriodReport) string {
	if p.Status != "" {
		return string(p.Status)
	}
	return string(p.StatusKey)
}

// issueBasis is by what an issue of a queue is measured.
type issueBasis struct {
	calendar *delivery.Calendar
	name     string // of the calendar
	team     string
	since    delivery.Date
	class    delivery.Classes
}

func (s *Server) issueBasis(ctx context.Context, connection, queue string) (issueBasis, error) {
	q, err := s.flowQuery(ctx, delivery.Filter{})
	if err != nil {
		return issueBasis{}, err
	}
	types, err := s.store.StatusTypes(ctx, connection)
	if err != nil {
		return issueBasis{}, err
	}
	team, _ := q.Workflows.Teams.Only(queue)
	b := issueBasis{
		calendar: q.CalendarOf(queue), name: cmp.Or(team.Calendar, control.DefaultCalendarName), team: team.Name,
		class: q.Workflows.Classes(queue, types),
	}
	for _, v := range q.Workflows.Versions {
		if v.From.Known() && v.From <= q.Now {
			b.since = delivery.DateOf(v.From.Time().In(q.Calendar.Zone()))
		}
	}
	return b, nil
}
