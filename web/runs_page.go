package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

// runsPerPage is how many runs a page lists.
const runsPerPage = 100

// runsAsked is what a page of runs is asked for.
type runsAsked struct {
	list delivery.RunListQuery
	f    delivery.Filter
	url  url.Values // canonical
}

// runsPage is the list of the runs behind a chart, newest first.
func (s *Server) runsPage(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), panelDeadline)
	defer cancel()
	asked, err := s.askedRuns(r)
	view := views.Runs{Page: s.page(r, i18n.T(ctx, "runs.title"), "pipelines"), Query: asked.url, Zone: s.zone(ctx)}
	if err == nil {
		err = s.fillRuns(ctx, asked, &view)
	}
	if err != nil && len(filterDetails(err)) == 0 {
		s.fail(w, r, err)
		return
	}
	status := http.StatusOK
	if view.Problems = filterProblems(ctx, err); len(view.Problems) > 0 {
		status = http.StatusBadRequest
	}
	if view.Filter, err = s.filterBar(ctx, delivery.OfRuns, "/runs", asked.url, err, "status"); err != nil {
		s.fail(w, r, err)
		return
	}
	view.Filter.Bucket = "" // nothing is cut here
	view.Scripts = []string{"charts.js"}
	s.render(w, r, status, views.RunsPage(view))
}

// askedRuns reads the query of a page of runs.
func (s *Server) askedRuns(r *http.Request) (runsAsked, error) {
	asked := runsAsked{url: url.Values{}}
	q, err := query(r)
	if err != nil {
		return asked, err
	}
	for name, values := range q {
		if values = slices.DeleteFunc(values, func(v string) bool { return v == "" }); len(values) > 0 {
			asked.url[name] = values
		}
	}
	f, calendar, err := s.filter(r.Context(), delivery.OfRuns, without(asked.url, "status"), "cursor")
	statuses, statusErr := askedStatuses(asked.url)
	if err := errors.Join(err, statusErr); err != nil {
		return asked, err
	}
	asked.f = f
	asked.list = delivery.RunListQuery{Statuses: statuses, Limit: runsPerPage, After: asked.url.Get("cursor")}
	asked.list.RunQuery, err = s.runQuery(r.Context(), &asked.f, calendar)
	return asked, err
}

// fillRuns reads a list, or says why it is empty.
func (s *Server) fillRuns(ctx context.Context, asked runsAsked, view *views.Runs) error {
	found, next, err := s.runsOf(ctx, asked.list)
	if err != nil {
		return err
	}
	for i := range found {
		view.Rows = append(view.Rows, delivery.ReportRun(&found[i].Run, found[i].Seq))
	}
	view.Next = next
	view.Sentence = runsSentence(ctx, &asked, len(found), next != "")
	if len(found) > 0 {
		return nil
	}
	view.Empty, err = s.whyNoRuns(ctx, &asked)
	return err
}

// runsSentence says what is listed: how many runs, of which days, and by which
// filter.
func runsSentence(ctx context.Context, asked *runsAsked, n int, more bool) string {
	p, q := i18n.From(ctx), &asked.list
	id := "runs.listed"
	switch {
	case q.After != "":
		id = "runs.listed.older"
	case more:
		id = "runs.listed.newest"
	}
	text := p.T(id, "n", n, "days", p.DateSpan(q.From.Time().In(q.Zone), (q.To-1).Time().In(q.Zone)))
	statuses := make([]string, len(q.Statuses))
	for i, status := range q.Statuses {
		statuses[i] = p.T("run.status." + string(status))
	}
	for _, part := range []struct {
		name   string
		values []string
	}{
		{"team", asked.f.Teams},
		{"connection", q.Connections},
		{"project", asked.f.Projects},
		{"workflow", q.Workflows},
		{"branch", q.Branches},
		{"status", statuses},
	} {
		if len(part.values) > 0 {
			text += ", " + p.T("runs.of."+part.name, "n", len(part.values), "names", firstNames(part.values))
		}
	}
	if len(q.Branches) == 0 {
		text += ", " + p.T(map[bool]string{true: "runs.of.every_branch", false: "runs.of.default_branches"}[q.AllBranches])
	}
	if q.Restarts != nil {
		text += ", " + p.T(map[bool]string{true: "runs.of.restarts", false: "runs.of.no_restarts"}[*q.Restarts])
	}
	return text
}

// whyNoRuns finds what keeps a list of runs empty, and the way out.
func (s *Server) whyNoRuns(ctx context.Context, asked *runsAsked) (*views.RunsEmpty, error) {
	if asked.list.After != "" {
		return &views.RunsEmpty{Reason: "end", Fix: runsPath(without(asked.url, "cursor"))}, nil
	}
	facets, err := s.runFacets(ctx)
	if err != nil {
		return nil, err
	}
	if len(facets.Projects) == 0 {
		return &views.RunsEmpty{Reason: "none", Fix: settingsPath(ctx, "/settings/connections")}, nil
	}
	wide := asked.list
	wide.AllBranches, wide.Branches, wide.Limit = true, nil, 1
	if !asked.list.AllBranches {
		if some, err := s.anyRun(ctx, wide); some || err != nil {
			q := without(asked.url, "branch")
			q.Set("branch", delivery.AnyBranch)
			return &views.RunsEmpty{Reason: "branch", Fix: runsPath(q)}, err
		}
	}
	wide.Connections, wide.Projects, wide.Workflows, wide.Restarts, wide.Statuses = nil, nil, nil, nil, nil
	if some, err := s.anyRun(ctx, wide); some || err != nil {
		q := without(asked.url, "team", "connection", "project", "repository", "workflow", "restarts", "status")
		q.Set("branch", delivery.AnyBranch)
		return &views.RunsEmpty{Reason: "filter", Fix: runsPath(q)}, err
	}
	q := without(asked.url, "from", "to")
	q.Set("range", "12m")
	return &views.RunsEmpty{Reason: "no_data", Fix: runsPath(q)}, nil
}

func (s *Server) anyRun(ctx context.Context, q delivery.RunListQuery) (bool, error) {
	for _, err := range s.store.Runs(ctx, q) {
		return err == nil, err
	}
	return false, nil
}

func runsPath(q url.Values) string { return strings.TrimSuffix("/runs?"+q.Encode(), "?") }
