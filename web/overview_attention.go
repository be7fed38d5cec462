package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

const (
	attentionSlug  = "attention"
	attentionShown = 5 // of each kind
)

// attentionPart answers what needs attention as a part of the first page. What one kind
// fails to tell does not keep the others from being told.
func (s *Server) attentionPart(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	asked, err := s.askedOverview(r, pageDefaults)
	if len(filterDetails(err)) > 0 {
		s.errorPage(w, r, http.StatusBadRequest)
		return
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	view := views.Attention{Panel: views.Panel{
		Slug: attentionSlug, Title: i18n.T(ctx, "attention.title"), Path: "/overview/attention?" + asked.q.Encode(),
	}}
	for _, fill := range []func(context.Context, *overviewAsked, *views.Attention) error{s.failingConnections, s.lateIssues, s.suspectedDeployments} {
		err := fill(ctx, &asked, &view)
		if errors.Is(err, context.Canceled) && ctx.Err() != nil {
			return // the browser went away
		}
		if err != nil {
			view.Failed = true
			s.log.Error("attention failed", "error", err)
		}
	}
	s.render(w, r, http.StatusOK, views.AttentionPart(view))
}

// failingConnections are those that bring nothing in, whatever team is asked for.
func (s *Server) failingConnections(ctx context.Context, _ *overviewAsked, a *views.Attention) error {
	all, err := s.connectionList(ctx)
	all = slices.DeleteFunc(all, func(c views.Connection) bool {
		return c.Paused == nil && (c.Last == nil || c.Last.State != "failed")
	})
	a.Connections, a.ConnectionsTotal = all[:min(len(all), attentionShown)], len(all)
	return err
}

// lateIssues are those in progress for longer than 85 % of the finished ones took.
func (s *Server) lateIssues(ctx context.Context, asked *overviewAsked, a *views.Attention) error {
	p, ok := panelBySlug(agingSlug)
	if !ok {
		return nil
	}
	d, err := s.loadPanel(ctx, p, asked.f)
	limit, late := d.Figure("p85"), d.Figure("late")
	if err != nil || limit == nil || late == nil || *late == 0 {
		return err
	}
	printer := i18n.From(ctx)
	a.LateTotal, a.Limit = int(*late), printer.Days(*limit, d.Day.Hours())
	a.LateHref = p.page + "?" + asked.q.Encode() + "#panel-" + agingSlug
	for _, point := range d.Series[0].Points {
		if len(a.Late) == attentionShown || *point.Value <= *limit {
			break // the oldest come first
		}
		a.Late = append(a.Late, views.LateIssue{
			Key: point.Key, Title: point.Title, Age: printer.Days(*point.Value, d.Day.Hours()), Status: ageingStatus(&point),
		})
	}
	return nil
}

// ageingStatus is what the status of an ageing issue is called.
func ageingStatus(p *delivery.Point) string {
	if p.Category != nil && p.Name != "" {
		return p.Name
	}
	return p.X
}

// suspectedDeployments are those of the period against which something speaks that
// nobody has confirmed or rejected.
func (s *Server) suspectedDeployments(ctx context.Context, asked *overviewAsked, a *views.Attention) error {
	q := without(asked.q, "clock")
	f, _, err := s.filter(ctx, delivery.OfDora, q)
	if err != nil {
		return err
	}
	data, dora, err := s.loadDoraData(ctx, f, delivery.PartGroups)
	if err != nil {
		return err
	}
	suspected := slices.DeleteFunc(data.Failed(dora), func(g delivery.Group) bool { return g.Failed(false) || !g.Failed(true) })
	a.SuspectedTotal, a.Suspected = len(suspected), suspected[:min(len(suspected), attentionShown)]
	own := url.Values{"links": {"suspected"}}
	for name, values := range q {
		own[name] = values
	}
	a.SuspectedHref = "/dora?" + own.Encode() + "#panel-" + doraFailedSlug
	return nil
}
