package web

import (
	"context"
	"fmt"
	"net/url"

	"throughline/internal/delivery"
)

// zonesApart is how far the days of two teams may be apart, twice: that of the period
// and that of the one before.
const zonesApart = 3 * 24 * 3_600_000

// heldLives are of all issues that rows of the first page ask for over a period and the
// one before, kept like panels: every row is made from some of them.
func (s *Server) heldLives(ctx context.Context, base url.Values) (*delivery.HeldLives, error) {
	g, err := s.generation(ctx)
	if err != nil {
		return nil, err
	}
	f, _, err := s.filter(ctx, delivery.OfIssues, without(base, "team"))
	if err != nil {
		return nil, err
	}
	f.From -= f.To - f.From + zonesApart
	q, err := s.flowQuery(ctx, f)
	if err != nil {
		return nil, err
	}
	now := s.now()
	ask := question{generation: g, key: fmt.Sprintf("lives of issues since %d", f.From), now: now, expires: now.Add(nowLifetime), deadline: panelDeadline}
	ask.answer = func(ctx context.Context) (any, int, error) {
		h, err := delivery.HoldLives(ctx, s.store, q)
		if err != nil {
			return nil, 0, fmt.Errorf("issues of the overview: %w", err)
		}
		return h, h.Bytes(), nil
	}
	value, err := s.caches.answers.get(ctx, ask)
	if err != nil {
		return nil, err
	}
	return value.(*delivery.HeldLives), nil
}

// held are the lives of issues, asked for once.
func (l *rowLoader) held(ctx context.Context) (*delivery.HeldLives, error) {
	if l.lives == nil && l.livesErr == nil {
		l.lives, l.livesErr = l.s.heldLives(ctx, l.base)
	}
	return l.lives, l.livesErr
}

// ofIssues is a panel of issues.
func (l *rowLoader) ofIssues(ctx context.Context, p panel, q delivery.FlowQuery) (delivery.PanelData, error) {
	lives, err := l.held(ctx)
	if err != nil {
		return delivery.PanelData{}, err
	}
	switch p.slug {
	case "cycle-time-trend":
		trend, err := delivery.CycleTimeTrendOf(ctx, lives, q)
		return trend.Panel(q), err
	case "throughput":
		closed, err := delivery.ThroughputOf(ctx, lives, q)
		return closed.Panel(q), err
	}
	return delivery.PanelData{}, fmt.Errorf("no panel of the overview: %q", p.slug)
}

// wip is the work in progress: now, at the beginning of the period where the issues
// reach so far back, and at the end of each bucket.
func (l *rowLoader) wip(ctx context.Context, p panel, f delivery.Filter) (rowAnswer, error) {
	q, _, err := l.s.panelQuery(ctx, p, f)
	if err != nil {
		return rowAnswer{}, err
	}
	lives, err := l.held(ctx)
	if err != nil {
		return rowAnswer{}, err
	}
	w, err := delivery.WIPOf(ctx, lives, q.flow)
	if err != nil {
		return rowAnswer{}, err
	}
	a := rowAnswer{comparison: comparison{now: w.Panel(q.flow)}}
	if l.reaches {
		a.before = w.PanelBefore(q.flow)
	}
	for _, n := range w.InProgress {
		a.course = append(a.course, float64(n))
	}
	return a, nil
}
