package web

import (
	"cmp"
	"context"
	"slices"
	"time"

	"throughline/internal/delivery"
)

// qualityStale is how stale what is said of the data may be.
type qualityStale bool

const (
	pageStale  qualityStale = false // as charts are
	badgeStale qualityStale = true  // as lists of what can be chosen are
)

// qualityFound is all that was found, kind by kind.
type qualityFound struct {
	lists   []qualityList
	away    bool // the fact store does not answer: kinds of facts are missing
	noFacts bool // there are none at all
	empty   bool // nor is anything connected
	now     delivery.Instant
}

// qualityList is what there is of one kind.
type qualityList struct {
	kind  delivery.QualityKind
	total int
	// rows reads some of them: limit from offset on, all of them with 0.
	rows func(ctx context.Context, offset, limit int) ([]qualityItem, error)
}

// kinds is of how many kinds there is something.
func (q *qualityFound) kinds() (n int) {
	for _, l := range q.lists {
		if l.total > 0 {
			n++
		}
	}
	return n
}

// list is what was found of a kind; ErrUnavailable while that is not known.
func (q *qualityFound) list(k delivery.QualityKind) (qualityList, error) {
	for _, l := range q.lists {
		if l.kind == k {
			return l, nil
		}
	}
	return qualityList{}, delivery.ErrUnavailable
}

// listOf is a list that is in memory.
func listOf(k delivery.QualityKind, all []qualityItem) qualityList {
	return qualityList{k, len(all), func(_ context.Context, offset, limit int) ([]qualityItem, error) {
		return cutPage(all, offset, limit), nil
	}}
}

func cutPage[T any](all []T, offset, limit int) []T {
	all = all[min(max(offset, 0), len(all)):]
	if limit > 0 {
		all = all[:min(limit, len(all))]
	}
	return all
}

// quality looks at all data that a filter takes in.
func (s *Server) quality(ctx context.Context, f delivery.Filter, stale qualityStale) (qualityFound, error) {
	out := qualityFound{now: delivery.InstantOf(s.now())}
	feeds, connected, err := s.feedItems(ctx, &f)
	if err != nil {
		return out, err
	}
	hooks, err := s.hookItems(ctx, &f)
	if err != nil {
		return out, err
	}
	facts, away, err := unlessAway(s.qualityFacts(ctx, f, stale))
	if err != nil {
		return out, err
	}
	out.away, out.noFacts = away, facts.none
	out.empty = facts.none && !connected && len(hooks) == 0
	for _, k := range delivery.QualityKinds() {
		switch k {
		case delivery.StaleConnections:
			out.lists = append(out.lists, listOf(k, feeds))
		case delivery.HookGaps:
			out.lists = append(out.lists, listOf(k, hooks))
		default:
			if !away && !facts.none {
				out.lists = append(out.lists, s.factItems(k, &f, &facts))
			}
		}
	}
	return out, nil
}

// qualityFacts are what is wrong with facts, as far as it does not need their texts.
type qualityFacts struct {
	none       bool // there are no facts at all
	issues     delivery.Filter
	notStarted int
	odd        delivery.Oddities
	times      []oddTime // newest first
	late       []delivery.WaitingChange
	incidents  []qualityItem
	unassigned []qualityItem
}

// oddTime is a record with instants that contradict each other: an issue by its number,
// or any other.
type oddTime struct {
	at     delivery.Instant
	reason string
	issue  int64
	other  *qualityItem
}

// bytes is about how much memory they hold.
func (f *qualityFacts) bytes() int {
	const number, text = 48, 320
	return 2048 + number*len(f.odd.Hidden) + number*len(f.times) + text*(len(f.odd.Statuses)+len(f.late)+len(f.incidents)+len(f.unassigned))
}

// qualityFacts answers from the cache or looks anew: at most once for each change of the
// data, and once a minute, since what is late depends on now.
func (s *Server) qualityFacts(ctx context.Context, f delivery.Filter, stale qualityStale) (qualityFacts, error) {
	g, err := s.generation(ctx)
	if err != nil {
		return qualityFacts{}, err
	}
	now := s.now()
	ask := question{generation: g, key: panelKey("quality", f), now: now, expires: now.Add(nowLifetime), deadline: panelDeadline}
	running, err := s.db.SyncRunning(ctx)
	switch {
	case err != nil:
		return qualityFacts{}, err
	case stale == badgeStale:
		ask.stale = listsStale * s.cfg.Stale
	case running:
		ask.stale, ask.settle = s.cfg.Stale, min(settled, s.cfg.Stale)
	}
	ask.answer = func(ctx context.Context) (any, int, error) {
		found, err := s.loadQuality(ctx, f)
		return found, found.bytes(), err
	}
	value, err := s.caches.answers.get(ctx, ask)
	if err != nil {
		return qualityFacts{}, err
	}
	return value.(qualityFacts), nil
}

// loadQuality looks at everything that facts tell.
func (s *Server) loadQuality(ctx context.Context, f delivery.Filter) (out qualityFacts, err error) {
	if out.none, err = s.noFacts(ctx); out.none || err != nil {
		return out, err
	}
	for _, load := range []func(context.Context, delivery.Filter, *qualityFacts) error{s.loadOddIssues, s.loadOddRuns, s.loadOddFacts, s.loadUnlinked, s.loadUnassigned} {
		if err := load(ctx, f, &out); err != nil {
			return out, err
		}
	}
	slices.SortStableFunc(out.times, func(a, b oddTime) int { return cmp.Compare(b.at, a.at) })
	return out, nil
}

// noFacts reports whether there is nothing to look at.
func (s *Server) noFacts(ctx context.Context) (bool, error) {
	issues, err := s.facets(ctx)
	if err != nil || len(issues.Queues) > 0 {
		return false, err
	}
	runs, err := s.runFacets(ctx)
	if err != nil || len(runs.Projects) > 0 {
		return false, err
	}
	dora, err := s.doraFacets(ctx)
	return len(dora.Repositories)+len(dora.Services)+len(dora.Projects)+len(dora.ErrorProjects) == 0, err
}

// narrowed is a filter of all data as one of a subject.
func (s *Server) narrowed(ctx context.Context, of delivery.Subject, f delivery.Filter) (delivery.Filter, error) {
	teams, err := s.teams(ctx)
	if err != nil {
		return f, err
	}
	f.Scope = nil
	return f, s.narrow(ctx, of, &f, teams)
}

// unbounded is a filter whose range goes on beyond now, unless it ended before.
func (s *Server) unbounded(f delivery.Filter) delivery.Filter {
	if now := delivery.InstantOf(s.now()); f.To > now {
		f.To = farFuture
	}
	return f
}

// farFuture is later than anything that somebody's clock says.
const farFuture = delivery.Instant(253402300799999) // the end of the year 9999

func (s *Server) loadOddIssues(ctx context.Context, f delivery.Filter, out *qualityFacts) error {
	issues, err := s.narrowed(ctx, delivery.OfIssues, f)
	if err != nil {
		return err
	}
	q, err := s.flowQuery(ctx, issues)
	if err != nil {
		return err
	}
	out.issues = issues
	if out.odd, err = s.store.Oddities(ctx, q); err != nil {
		return err
	}
	for _, o := range out.odd.Times {
		out.times = append(out.times, oddTime{at: o.At, reason: o.Reason, issue: o.ID})
	}
	out.odd.Times = nil
	left, err := s.store.Records(ctx, delivery.RecordsQuery{FlowQuery: q, Panel: "cycle-time", Excluded: delivery.NeverActive, Limit: 1})
	out.notStarted = left.Total
	return err
}

func (s *Server) loadOddRuns(ctx context.Context, f delivery.Filter, out *qualityFacts) error {
	runs, err := s.narrowed(ctx, delivery.OfRuns, s.unbounded(f))
	if err != nil {
		return err
	}
	q := delivery.NewRunQuery(&runs, nil, time.UTC, delivery.InstantOf(s.now()))
	found, err := s.store.OddRuns(ctx, q)
	for i := range found {
		r := &found[i]
		item := runItem(r)
		out.times = append(out.times, oddTime{at: r.CreatedAt, reason: r.Reason(q.Now), other: &item})
	}
	return err
}

// loadOddFacts looks at deployments, changes and incidents.
func (s *Server) loadOddFacts(ctx context.Context, f delivery.Filter, out *qualityFacts) error {
	dora, err := s.narrowed(ctx, delivery.OfDora, s.unbounded(f))
	if err != nil {
		return err
	}
	list, err := s.factQuery(ctx, &doraAsked{f: dora}, "")
	if err != nil {
		return err
	}
	now := delivery.InstantOf(s.now())
	add := func(item qualityItem, reason string) {
		if reason != "" {
			out.times = append(out.times, oddTime{at: item.At, reason: reason, other: &item})
		}
	}
	for d, err := range s.store.Deployments(ctx, list) {
		if err != nil {
			return err
		}
		add(deploymentItem(&d), d.Odd(now))
	}
	for c, err := range s.store.Changes(ctx, list) {
		if err != nil {
			return err
		}
		add(changeItem(&c), c.Odd(now))
	}
	asked, err := s.incidentsOfFilter(ctx, dora)
	if err != nil {
		return err
	}
	incidents, _, err := s.incidentsOf(ctx, &asked, 0, "")
	for i := range incidents {
		add(incidentItem(&incidents[i]), incidents[i].Odd(now))
	}
	return err
}

// incidentsOfFilter asks for the incidents that a narrowed filter takes in.
func (s *Server) incidentsOfFilter(ctx context.Context, f delivery.Filter) (incidentsAsked, error) {
	setup, err := s.doraSetup(ctx)
	if err != nil {
		return incidentsAsked{}, err
	}
	facets, err := s.doraFacets(ctx)
	if err != nil {
		return incidentsAsked{}, err
	}
	asked := incidentsAsked{f: f, setup: setup, list: delivery.DoraListQuery{From: f.From, To: f.To, Connections: f.Connections}}
	asked.narrow(nil, setup.AllServices(facets), facetKeys(facets.Projects))
	return asked, nil
}

// loadUnlinked finds changes that were never deployed, and incidents of no deployment.
func (s *Server) loadUnlinked(ctx context.Context, f delivery.Filter, out *qualityFacts) error {
	dora, err := s.narrowed(ctx, delivery.OfDora, f)
	if err != nil {
		return err
	}
	data, q, err := s.loadDoraData(ctx, dora, delivery.PartUndeployed, delivery.PartGroups, delivery.PartIncidents)
	if err != nil {
		return err
	}
	out.late = delivery.Late(data.Waiting, data.Firsts, q.From, q.To, q.Now)
	if out.late, err = s.fromConnections(ctx, out.late, &f); err != nil {
		return err
	}
	for i := range data.Incidents {
		incident := &data.Incidents[i]
		if reason := data.Unlinked(incident); reason != "" && incident.StartedAt >= q.From && incident.StartedAt < q.To {
			out.incidents = append(out.incidents, unlinkedItem(incident, reason))
		}
	}
	slices.SortStableFunc(out.incidents, func(a, b qualityItem) int { return cmp.Or(cmp.Compare(b.At, a.At), cmp.Compare(b.ID, a.ID)) })
	return nil
}

// fromConnections are the changes that came from the connections of a filter: what is
// derived of them does not say.
func (s *Server) fromConnections(ctx context.Context, late []delivery.WaitingChange, f *delivery.Filter) ([]delivery.WaitingChange, error) {
	if len(f.Connections) == 0 || len(late) == 0 {
		return late, nil
	}
	changes := make([]delivery.DeployedChange, len(late))
	for i, w := range late {
		changes[i] = delivery.DeployedChange{Seq: w.Seq, Service: w.Service, MergedAt: w.MergedAt}
	}
	facts, err := s.changeFacts(ctx, changes)
	return slices.DeleteFunc(late, func(w delivery.WaitingChange) bool { return !among(f, facts[w.Seq].Connection) }), err
}

// loadUnassigned finds what no team maps. Of a team there is nothing.
func (s *Server) loadUnassigned(ctx context.Context, f delivery.Filter, out *qualityFacts) error {
	if len(f.Teams) > 0 {
		return nil
	}
	teams, err := s.teams(ctx)
	if err != nil {
		return err
	}
	issues, err := s.facets(ctx)
	if err != nil {
		return err
	}
	runs, err := s.runFacets(ctx)
	if err != nil {
		return err
	}
	dora, err := s.doraFacets(ctx)
	if err != nil {
		return err
	}
	services, err := s.services(ctx)
	if err != nil {
		return err
	}
	for _, u := range delivery.UnassignedOf(teams, services, issues, runs, dora) {
		out.unassigned = append(out.unassigned, qualityItem{Type: u.Type, ID: u.Key, Reason: "no_team", N: u.N, Service: delivery.Word(u.Service)})
	}
	return nil
}
