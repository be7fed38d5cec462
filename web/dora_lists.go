package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

// Bounds of the lists on the page of deployments.
const (
	failedShown  = 10
	failedOnPage = 25 // of the list that has them all
	waitingShown = 50
	relinkable   = 50 // deployments that an incident may be given to
	// muchWaiting is the share of changes not deployed from which on lead time
	// says little.
	muchWaiting = 0.2
)

// loadDoraData reads what was derived, as a filter asks.
func (s *Server) loadDoraData(ctx context.Context, f delivery.Filter, parts ...delivery.DoraPart) (*delivery.DoraData, delivery.DoraQuery, error) {
	ctx, cancel := context.WithTimeout(ctx, panelDeadline)
	defer cancel()
	q, _, err := s.panelQuery(ctx, panel{of: delivery.OfDora}, f)
	if err != nil {
		return nil, q.dora, err
	}
	data, err := delivery.LoadDora(ctx, s.store, q.dora, parts...)
	return data, q.dora, err
}

// doraListPanel answers a list of the page of deployments as a part of it.
func (s *Server) doraListPanel(slug string, fill func(ctx context.Context, f delivery.Filter, l *views.DoraPart) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		f, q, err := s.pageFilter(r, delivery.OfDora)
		if len(filterDetails(err)) > 0 {
			s.errorPage(w, r, http.StatusBadRequest)
			return
		}
		view := views.Panel{Slug: slug, Of: delivery.OfDora, Title: i18n.T(ctx, "panel."+slug+".title"), Query: q.Encode()}
		list := views.DoraPart{Panel: view}
		if err == nil {
			err = fill(ctx, f, &list)
		}
		if err != nil {
			s.failPanel(w, r, view, err)
			return
		}
		s.render(w, r, http.StatusOK, views.DoraListPanel(list))
	}
}

// fillFailed lists the deployments that something speaks against.
func (s *Server) fillFailed(ctx context.Context, f delivery.Filter, l *views.DoraPart) error {
	data, q, err := s.loadDoraData(ctx, f, delivery.PartGroups)
	if err != nil {
		return err
	}
	failed := data.Failed(q)
	l.Sentence = i18n.T(ctx, "dora.failed.none")
	if len(failed) > 0 {
		l.Sentence = i18n.T(ctx, "dora.failed.sentence", "n", len(failed))
	}
	if len(failed) > failedShown {
		l.All = len(failed)
		failed = failed[:failedShown]
	}
	l.Failed, err = s.failedRows(ctx, data, failed, q.Zone)
	return err
}

// failedRows are deployments with what speaks against them.
func (s *Server) failedRows(ctx context.Context, data *delivery.DoraData, failed []delivery.Group, zone *time.Location) (out []views.FailedRow, err error) {
	may := map[string]bool{}
	for i := range failed {
		g := &failed[i]
		if _, known := may[g.Service]; !known {
			if may[g.Service], err = s.mayJudge(ctx, g.Service); err != nil {
				return nil, err
			}
		}
		row := views.FailedRow{Group: *g, May: may[g.Service], Judged: judged(g)}
		if row.May {
			row.Others = otherGroups(ctx, data, g, zone)
		}
		out = append(out, row)
	}
	return out, nil
}

// judged is the evidence of a deployment by what a verdict is about: the deployment
// itself, or an incident.
func judged(g *delivery.Group) []views.Judged {
	out := []views.Judged{}
	for _, e := range g.Evidence {
		i := slices.IndexFunc(out, func(j views.Judged) bool { return j.Incident == e.Incident })
		if i < 0 {
			out = append(out, views.Judged{Incident: e.Incident})
			i = len(out) - 1
		}
		out[i].Evidence = append(out[i].Evidence, e)
	}
	return out
}

// otherGroups are the deployments of the same service that an incident may be given
// to, the newest first.
func otherGroups(ctx context.Context, d *delivery.DoraData, g *delivery.Group, zone *time.Location) []views.Option {
	var groups []delivery.Group
	for i := range d.Groups {
		if o := &d.Groups[i]; o.Service == g.Service && o.ID != g.ID && o.Succeeded && o.Environment == g.Environment {
			groups = append(groups, *o)
		}
	}
	slices.SortFunc(groups, func(a, b delivery.Group) int { return int(b.FinishedAt - a.FinishedAt) })
	var out []views.Option
	for i := range groups[:min(len(groups), relinkable)] {
		o := &groups[i]
		out = append(out, views.Option{Value: o.ID, Label: views.GroupName(o) + " · " + i18n.From(ctx).DateTime(o.FinishedAt.Time().In(zone))})
	}
	return out
}

// fillWaiting lists the changes of the period that are merged and not deployed.
func (s *Server) fillWaiting(ctx context.Context, f delivery.Filter, l *views.DoraPart) error {
	data, q, err := s.loadDoraData(ctx, f, delivery.PartUndeployed, delivery.PartChanges)
	if err != nil {
		return err
	}
	waiting := waitingOf(data, &q, false)
	lead, err := data.Panel("change-lead-time", q)
	if err != nil {
		return err
	}
	l.Sentence = i18n.T(ctx, "dora.waiting.none")
	if rate := lead.Figure("waiting_rate"); len(waiting) > 0 && rate != nil {
		l.Sentence = i18n.T(ctx, "dora.waiting.sentence", "n", len(waiting), "rate", i18n.From(ctx).Percent(*rate, 0))
		l.Warn = *rate > muchWaiting
	}
	if len(waiting) > waitingShown {
		l.All = len(waiting)
		waiting = waiting[:waitingShown]
	}
	l.Waiting = waiting
	return nil
}

// waitingOf are the changes merged in the period that wait, the newest first.
func waitingOf(d *delivery.DoraData, q *delivery.DoraQuery, bots bool) []delivery.WaitingChange {
	var out []delivery.WaitingChange
	for _, w := range d.Waiting {
		if w.MergedAt >= q.From && w.MergedAt < q.To && (bots || !w.Bot) {
			w.URL = sourceLink(w.URL)
			out = append(out, w)
		}
	}
	slices.SortFunc(out, func(a, b delivery.WaitingChange) int { return int(b.MergedAt - a.MergedAt) })
	return out
}

// dashboard is the page of deployments by a query that a form kept, or the list of
// those that something speaks against, where the form stood on it.
func dashboard(query string) string {
	q, err := url.ParseQuery(query)
	if err != nil || len(q) == 0 {
		return "/dora"
	}
	if q.Has("failed") {
		return "/deployments?" + q.Encode()
	}
	return "/dora?" + q.Encode()
}
