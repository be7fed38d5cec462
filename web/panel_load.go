package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"throughline/internal/delivery"
)

// panelDeadline is how long a panel may take.
const panelDeadline = 15 * time.Second

// loadPanel answers a panel of a page from the cache or the store. While a sync
// brings new data every moment, it may be of data a moment ago.
func (s *Server) loadPanel(ctx context.Context, p panel, f delivery.Filter) (delivery.PanelData, error) {
	running, err := s.db.SyncRunning(ctx)
	if err != nil {
		return delivery.PanelData{}, err
	}
	if !running {
		return s.loadPanelOf(ctx, p, f, 0)
	}
	return s.loadPanelOf(ctx, p, f, s.cfg.Stale)
}

// loadPanelOf answers a panel that may be that stale.
func (s *Server) loadPanelOf(ctx context.Context, p panel, f delivery.Filter, stale time.Duration) (delivery.PanelData, error) {
	ctx, cancel := context.WithTimeout(ctx, panelDeadline)
	defer cancel()
	g, err := s.generation(ctx)
	if err != nil {
		return delivery.PanelData{}, err
	}
	q, markers, err := s.panelQuery(ctx, p, f)
	if err != nil {
		return delivery.PanelData{}, err
	}
	now := s.now()
	ask := question{generation: g, key: panelKey(p.slug, f), now: now, stale: stale, settle: min(settled, stale), deadline: panelDeadline}
	if p.now {
		ask.expires = now.Add(nowLifetime)
	}
	ask.answer = func(ctx context.Context) (any, int, error) {
		d, err := s.answerPanel(ctx, p, q)
		if err != nil {
			return nil, 0, err
		}
		d.Markers, d.Serial = append(d.Markers, markers...), s.serials.Add(1)
		return d, panelBytes(d), nil
	}
	get := s.caches.answers.get
	if p.unkept {
		get = s.caches.answers.apart
	}
	value, err := get(ctx, ask)
	if err != nil {
		return delivery.PanelData{}, err
	}
	d := value.(delivery.PanelData)
	if p.unkept {
		d.Serial = 0
	}
	return d, nil
}

// answerPanel asks the store.
func (s *Server) answerPanel(ctx context.Context, p panel, q panelQuery) (delivery.PanelData, error) {
	began := time.Now()
	d, err := p.load(ctx, s.store, q)
	s.observer.PanelLoaded(p.slug, time.Since(began), err)
	if err != nil {
		return d, fmt.Errorf("panel %s: %w", p.slug, err)
	}
	return d, nil
}

// panelQuery is what a panel asks the store, and what is drawn beside the answer.
// What statuses and working hours mean does not concern runs.
func (s *Server) panelQuery(ctx context.Context, p panel, f delivery.Filter) (panelQuery, []delivery.Marker, error) {
	q := panelQuery{filter: f}
	if p.of != delivery.OfIssues {
		teams, err := s.teams(ctx)
		if err != nil {
			return q, nil, err
		}
		calendar, err := s.teamCalendar(ctx, teams, f.Teams)
		if err != nil {
			return q, nil, err
		}
		if p.of == delivery.OfRuns {
			q.runs, err = s.runQuery(ctx, &f, calendar)
			if err == nil && p.parts == deployJobs {
				q.deploys, err = s.deployRules(ctx)
			}
			return q, nil, err
		}
		if p.of == delivery.OfErrors {
			q.errors, q.dora, err = s.errorsQuery(ctx, &f, calendar)
			return q, nil, err
		}
		if p.of == delivery.OfSeries {
			q.series = delivery.SeriesAsked{Filter: f, Zone: calendar.Zone(), Now: delivery.InstantOf(s.now())}
			q.dora, err = s.doraQuery(ctx, f, calendar)
			return q, nil, err
		}
		if q.dora, err = s.doraQuery(ctx, f, calendar); err == nil {
			q.projects, err = s.ticketProjects(ctx, &f, teams)
		}
		return q, nil, err
	}
	var err error
	if q.flow, err = s.flowQuery(ctx, f); err != nil {
		return q, nil, err
	}
	markers, err := s.markers(ctx, f)
	return q, markers, err
}

// generation is what answers are computed from at present.
func (s *Server) generation(ctx context.Context) (generation, error) {
	data, err := s.store.Version(ctx)
	settings, err2 := s.db.SettingsVersion(ctx)
	return generation{data, settings}, errors.Join(err, err2)
}

func panelKey(slug string, f delivery.Filter) string {
	scope := "all"
	if f.Scope != nil {
		scope = fmt.Sprintf("%q", f.Scope)
	}
	restarts := "any"
	if f.Restarts != nil {
		restarts = strconv.FormatBool(*f.Restarts)
	}
	return fmt.Sprintf("%s %d %s %q %q %q %q %s %q %q %q %s %q %q %t %s %s %d %d %s %s", slug, f.Items, f.Definition, f.Connections, f.Queues, f.Types, f.Teams, scope,
		f.Projects, f.Workflows, f.Branches, restarts, f.Services, f.Environments, f.Suspected, f.Start, f.Benchmark,
		f.From, f.To, f.Unit, f.Clock)
}

// panelBytes is about how much memory a panel holds.
func panelBytes(d delivery.PanelData) int {
	const point, record = 96, 64
	bytes := 1024
	for _, series := range d.Series {
		for _, p := range series.Points {
			bytes += point
			if p.Mark != nil {
				bytes += record + len(p.Key) + len(p.Title)
			}
		}
	}
	return bytes
}

// facets are the values to filter by, kept like panels.
func (s *Server) facets(ctx context.Context) (delivery.Facets, error) {
	return cached(ctx, s, "facets", s.store.Facets)
}

// typeKeys are the keys of all types of issues, the most frequent first.
func (s *Server) typeKeys(ctx context.Context) ([]string, error) {
	facets, err := s.facets(ctx)
	types := slices.Clone(facets.Types)
	slices.SortStableFunc(types, func(a, b delivery.Facet) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Key, b.Key))
	})
	keys := make([]string, len(types))
	for i, t := range types {
		keys[i] = t.Key
	}
	return keys, err
}

// statusesInUse are the statuses found in the data by queue, kept like panels.
// They must not be changed.
func (s *Server) statusesInUse(ctx context.Context) ([]delivery.StatusInUse, error) {
	return cached(ctx, s, "statuses in use", s.store.StatusesInUse)
}

// listsStale is how many times longer than a chart a list of what can be chosen
// may be stale: pages wait for it.
const listsStale = 30

func cached[T any](ctx context.Context, s *Server, key string, load func(context.Context) (T, error)) (T, error) {
	var none T
	g, err := s.generation(ctx)
	if err != nil {
		return none, err
	}
	running, err := s.db.SyncRunning(ctx)
	if err != nil {
		return none, err
	}
	ask := question{
		generation: g, key: key, now: s.now(), stale: listsStale * s.cfg.Stale, deadline: panelDeadline,
		answer: func(ctx context.Context) (any, int, error) {
			v, err := load(ctx)
			return v, 4096, err
		},
	}
	if running {
		ask.settle = min(settled, s.cfg.Stale)
	}
	value, err := s.caches.answers.get(ctx, ask)
	if err != nil {
		return none, err
	}
	return value.(T), nil
}
