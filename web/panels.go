package web

import (
	"context"
	"slices"

	"throughline/internal/delivery"
)

// panel is one chart of the product: its texts, its unit, and the question it
// asks the store.
type panel struct {
	slug       string
	page       string // path of the page that shows it
	title      string // messages of the catalogue
	definition string
	unit       string // of its values
	now        bool   // its answer depends on now
	finished   bool   // it is of issues that were closed
	load       func(ctx context.Context, s delivery.Store, q delivery.FlowQuery) (delivery.PanelData, error)
}

// panels are all there are, in the order of their pages. Adding one is adding a
// line.
func panels() []panel {
	return []panel{
		{"cycle-time", "/flow", "panel.cycle-time.title", "panel.cycle-time.definition", "seconds", false, true, loadCycleTime},
		{"cycle-time-trend", "/flow", "panel.cycle-time-trend.title", "panel.cycle-time-trend.definition", "seconds", true, true, loadCycleTimeTrend},
		{"time-in-status", "/flow", "panel.time-in-status.title", "panel.time-in-status.definition", "seconds", true, false, loadTimeInStatus},
	}
}

func panelBySlug(slug string) (panel, bool) {
	all := panels()
	i := slices.IndexFunc(all, func(p panel) bool { return p.slug == slug })
	if i < 0 {
		return panel{}, false
	}
	return all[i], true
}

func loadCycleTime(ctx context.Context, s delivery.Store, q delivery.FlowQuery) (delivery.PanelData, error) {
	c, err := s.CycleTime(ctx, q)
	return c.Panel(q), err
}

func loadCycleTimeTrend(ctx context.Context, s delivery.Store, q delivery.FlowQuery) (delivery.PanelData, error) {
	c, err := s.CycleTimeTrend(ctx, q)
	return c.Panel(q), err
}

func loadTimeInStatus(ctx context.Context, s delivery.Store, q delivery.FlowQuery) (delivery.PanelData, error) {
	t, err := s.TimeInStatus(ctx, q)
	return t.Panel(q), err
}
