package web

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"throughline/internal/delivery"
)

// apiOverviewRow is the figures of a team, of everything, or of what no team maps.
type apiOverviewRow struct {
	Scope   string                   `json:"scope"` // all, team or unassigned
	Team    delivery.Word            `json:"team"`  // null but of a team
	From    delivery.Instant         `json:"from"`  // in the days of the team
	To      delivery.Instant         `json:"to"`    // excluded
	Clock   delivery.Clock           `json:"clock"` // of the figures of issues; the others are elapsed
	Figures map[string]apiTeamFigure `json:"figures"`
}

// apiTeamFigure is a statistic of the headline of a panel.
type apiTeamFigure struct {
	Value     *float64 `json:"value"`
	N         int      `json:"n"`
	Before    *float64 `json:"before"` // over the period of the same length before, of WIP at the beginning of the period; null where the data does not reach back
	Unit      string   `json:"unit"`
	Panel     string   `json:"panel"`
	Statistic string   `json:"statistic"`
}

// apiOverview answers the figures of the first page.
func (s *Server) apiOverview(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	asked, err := s.askedOverview(r, apiDefaults, "limit", "cursor")
	if err != nil {
		s.listFail(w, r, err)
		return
	}
	rows, next, err := s.overviewPageOf(r, &asked)
	if err != nil {
		s.listFail(w, r, err)
		return
	}
	answer := apiList[apiOverviewRow]{Items: make([]apiOverviewRow, len(rows)), NextCursor: next}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(computing())
	for i, row := range rows {
		group.Go(func() error {
			figures, err := s.loadRow(ctx, row, asked.q)
			if err != nil {
				return err
			}
			q, _ := row.query(delivery.OfIssues, asked.q, nil)
			f, _, err := s.filter(ctx, delivery.OfIssues, without(q, "queue"))
			answer.Items[i] = reportRow(row, f, figures)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		s.listFail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

// overviewPageOf are the rows of a page of the list, and the cursor of the next.
func (s *Server) overviewPageOf(r *http.Request, asked *overviewAsked) (rows []overviewRow, next string, err error) {
	ctx, q := r.Context(), r.URL.Query()
	limit, err := limitOf(q)
	if err = errors.Join(err, single(q, "limit", "cursor")); err != nil {
		return nil, "", err
	}
	teams, err := s.teams(ctx)
	if err != nil {
		return nil, "", err
	}
	none, err := s.unassigned(ctx, teams)
	if err != nil {
		return nil, "", err
	}
	rows = overviewRows(teams, asked.q["team"], none)
	if cursor := q.Get("cursor"); cursor != "" {
		i := slices.IndexFunc(rows, func(row overviewRow) bool { return row.cursor() == cursor })
		if i < 0 {
			return nil, "", &delivery.FilterError{Param: "cursor", Message: "not a cursor of this list"}
		}
		rows = rows[i+1:]
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = rows[limit-1].cursor()
	}
	return rows, next, nil
}

// cursor names a row among the others.
func (row overviewRow) cursor() string { return strings.TrimSuffix(row.kind+":"+row.team, ":") }

func reportRow(row overviewRow, f delivery.Filter, figures rowFigures) apiOverviewRow {
	out := apiOverviewRow{
		Scope: row.kind, Team: delivery.Word(row.team), From: f.From, To: f.To, Clock: f.Clock, Figures: map[string]apiTeamFigure{},
	}
	for _, known := range overviewFigures() {
		if r, ok := figures[known.name]; ok {
			out.Figures[known.name] = apiTeamFigure{
				Value: r.value, N: r.n, Before: r.before, Unit: known.unit, Panel: known.panel, Statistic: known.stat,
			}
		}
	}
	return out
}
