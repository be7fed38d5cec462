package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"throughline/internal/delivery"
	"throughline/views"
)

// Kinds of rows of the first page.
const (
	rowAll        = "all" // the organisation
	rowTeam       = "team"
	rowUnassigned = "unassigned" // what no team maps
)

// overviewRow is whose figures a row shows.
type overviewRow struct {
	kind string
	team string // name
}

// unassigned are the keys in the facts that no team maps, by what they are of.
type unassigned map[delivery.Subject][]string

// unassignedParams name the filters by those keys.
var unassignedParams = map[delivery.Subject]string{
	delivery.OfIssues: "queue", delivery.OfRuns: "project", delivery.OfDora: "service", delivery.OfErrors: "project",
}

// overviewRows are the rows of the teams there are, or of those asked for.
func overviewRows(teams delivery.Teams, asked []string, none unassigned) []overviewRow {
	if len(asked) > 0 {
		out := make([]overviewRow, len(asked))
		for i, name := range asked {
			out[i] = overviewRow{rowTeam, name}
		}
		return out
	}
	out := []overviewRow{{kind: rowAll}}
	for i := range teams {
		out = append(out, overviewRow{rowTeam, teams[i].Name})
	}
	slices.SortStableFunc(out[1:], func(a, b overviewRow) int { return compareNames(a.team, b.team) })
	if len(teams) > 0 && len(none) > 0 {
		out = append(out, overviewRow{kind: rowUnassigned})
	}
	return out
}

// unassigned finds what no team maps.
func (s *Server) unassigned(ctx context.Context, teams delivery.Teams) (unassigned, error) {
	issues, err1 := s.facets(ctx)
	runs, err2 := s.runFacets(ctx)
	services, err3 := s.services(ctx)
	projects, err4 := s.errorFacets(ctx)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return nil, err
	}
	out := unassigned{}
	add := func(of delivery.Subject, key string, has func(t *delivery.Team) bool) {
		for i := range teams {
			if has(&teams[i]) {
				return
			}
		}
		out[of] = append(out[of], key)
	}
	for _, q := range issues.Queues {
		add(delivery.OfIssues, q.Key, func(t *delivery.Team) bool { return t.Queues.Match(q.Key) })
	}
	for _, p := range runs.Projects {
		add(delivery.OfRuns, p.Key, func(t *delivery.Team) bool { return t.RunsCI(p.Key) })
	}
	for i := range services {
		if len(teams.OfService(&services[i])) == 0 {
			out[delivery.OfDora] = append(out[delivery.OfDora], services[i].Name)
		}
	}
	for _, p := range projects.Projects {
		add(delivery.OfErrors, p.Key, func(t *delivery.Team) bool { return t.HasErrors(p.Key, services) })
	}
	return out, nil
}

// query narrows the query of the first page to a row, for a subject; false when the
// row holds nothing of it.
func (row overviewRow) query(of delivery.Subject, base url.Values, none unassigned) (url.Values, bool) {
	q := without(base, "team")
	if of != delivery.OfIssues {
		q.Del("clock") // the others are measured round the clock
	}
	switch row.kind {
	case rowTeam:
		q.Set("team", row.team)
	case rowUnassigned:
		if len(none[of]) == 0 {
			return q, false
		}
		q[unassignedParams[of]] = none[of]
	}
	return q, true
}

// loadRow answers the figures of a row from the cache or the store. What of it failed
// is told by an error of its own, beside the rest.
func (s *Server) loadRow(ctx context.Context, row overviewRow, base url.Values) (rowFigures, error) {
	g, err := s.generation(ctx)
	if err != nil {
		return nil, err
	}
	running, err := s.db.SyncRunning(ctx)
	if err != nil {
		return nil, err
	}
	own, _ := row.query(delivery.OfIssues, base, nil)
	f, _, err := s.filter(ctx, delivery.OfIssues, without(own, "queue"))
	if err != nil {
		return nil, err
	}
	now := s.now()
	ask := question{
		generation: g, key: fmt.Sprintf("overview %s %q %d %d %s", row.kind, row.team, f.From, f.To, f.Clock),
		now: now, expires: now.Add(nowLifetime), deadline: panelDeadline,
	}
	if running {
		ask.stale, ask.settle = s.cfg.Stale, min(settled, s.cfg.Stale)
	}
	ask.answer = func(ctx context.Context) (any, int, error) {
		figures, err := s.computeRow(ctx, row, base)
		return figures, 256 * (1 + len(figures)), err
	}
	value, err := s.caches.answers.get(ctx, ask)
	if part := (*partlyError)(nil); errors.As(err, &part) {
		return part.figures, part
	}
	if err != nil {
		return nil, err
	}
	return value.(rowFigures), nil
}

// partlyError tells of a row of which some figures could not be computed.
type partlyError struct {
	figures rowFigures
	err     error
}

func (e *partlyError) Error() string { return e.err.Error() }
func (e *partlyError) Unwrap() error { return e.err }

// computeRow asks the store for each figure of a row.
func (s *Server) computeRow(ctx context.Context, row overviewRow, base url.Values) (rowFigures, error) {
	teams, err := s.teams(ctx)
	if err != nil {
		return nil, err
	}
	none := unassigned{}
	if row.kind == rowUnassigned {
		if none, err = s.unassigned(ctx, teams); err != nil {
			return nil, err
		}
	}
	loader := rowLoader{s: s, base: base}
	figures, asked := rowFigures{}, map[string]*rowAnswer{}
	var errs []error
	for _, f := range overviewFigures() {
		p, ok := panelBySlug(f.panel)
		if !ok {
			continue
		}
		c, known := asked[f.panel]
		if !known {
			if c, err = loader.compare(ctx, p, row, base, none); err != nil {
				c, errs = nil, append(errs, err)
			}
			asked[f.panel] = c
		}
		if c != nil {
			figures[f.name] = f.rowOf(c)
		}
	}
	if err = errors.Join(errs...); err != nil {
		return nil, &partlyError{figures, err}
	}
	return figures, nil
}

// rowAnswer is what a panel of a row answers, and what it was before.
type rowAnswer struct {
	comparison
	course []float64 // of the headline over the buckets, where the panel shows none
}

// compare asks for a panel of a row.
func (l *rowLoader) compare(ctx context.Context, p panel, row overviewRow, base url.Values, none unassigned) (*rowAnswer, error) {
	nothing := &rowAnswer{comparison: comparison{now: delivery.PanelData{Of: p.of, Slug: unmapped}}}
	q, some := row.query(p.of, base, none)
	if !some {
		return nothing, nil
	}
	q.Set("bucket", string(delivery.Week))
	f, _, err := l.s.filter(ctx, p.of, q)
	if err != nil {
		return nil, err
	}
	if f.Scope != nil && len(f.Scope) == 0 {
		return nothing, nil
	}
	var a rowAnswer
	switch p.slug {
	case agingSlug:
		a, err = l.wip(ctx, p, f)
	case openSlug:
		if a.comparison, err = compareBy(ctx, l.ask, p, f); err == nil {
			a.course, err = l.openCourse(ctx, p, f)
		}
	default:
		a.comparison, err = compareBy(ctx, l.ask, p, f)
		l.reaches = l.reaches || p.of == delivery.OfIssues && a.before.Slug != ""
	}
	return &a, err
}

// unmapped is the slug of what a row holds nothing of.
const unmapped = "unmapped"

// overviewRowPart answers one row of the table as a part of it.
func (s *Server) overviewRowPart(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	kind := chi.URLParam(r, "row")
	asked, err := s.askedOverview(r, pageDefaults)
	if err != nil && len(filterDetails(err)) == 0 {
		s.fail(w, r, err)
		return
	}
	names := asked.q["team"]
	valid := err == nil && (kind == rowTeam && len(names) == 1 || len(names) == 0 && (kind == rowAll || kind == rowUnassigned))
	if !valid {
		s.errorPage(w, r, http.StatusBadRequest)
		return
	}
	row := overviewRow{kind: kind}
	if kind == rowTeam {
		row.team = names[0]
	}
	figures, err := s.loadRow(ctx, row, asked.q)
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return // the browser went away
	}
	view, verr := s.filledRow(ctx, row, asked.q, figures)
	if verr != nil {
		err = errors.Join(err, verr)
	}
	status := http.StatusOK
	if err != nil {
		view.Failed = true
		s.log.Error("row of the overview failed", "team", row.team, "error", err)
	}
	if len(figures) == 0 {
		status = failedStatus(w, err)
	}
	s.render(w, r, status, views.TeamRowPart(view))
}

// filledRow is a row with its figures.
func (s *Server) filledRow(ctx context.Context, row overviewRow, base url.Values, figures rowFigures) (views.TeamRow, error) {
	teams, err := s.teams(ctx)
	view := rowView(ctx, row, base, len(teams) > 0)
	if err != nil {
		return view, err
	}
	known, err := s.known(ctx)
	if err != nil {
		return view, err
	}
	none := unassigned{}
	if row.kind == rowUnassigned {
		if none, err = s.unassigned(ctx, teams); err != nil {
			return view, err
		}
	}
	view.Cells = rowCells(ctx, row, base, shownColumns(known), none, figures)
	return view, nil
}

// failedStatus is the status of what could not be computed at all.
func failedStatus(w http.ResponseWriter, err error) int {
	switch {
	case err == nil:
		return http.StatusOK
	case errors.Is(err, delivery.ErrUnavailable):
		retryAfter(w, awayWait)
		return http.StatusServiceUnavailable
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout
	}
	return http.StatusInternalServerError
}

// compareNames orders names as people do, whatever their case.
func compareNames(a, b string) int {
	return cmp.Or(strings.Compare(strings.ToLower(a), strings.ToLower(b)), strings.Compare(a, b))
}
