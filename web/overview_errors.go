package web

import (
	"context"
	"iter"
	"slices"

	"throughline/internal/delivery"
)

// groupLife is what the number of open groups takes of an error group.
type groupLife struct {
	project string
	first   delivery.Instant
	status  delivery.GroupStatus
	states  []delivery.GroupState
}

// groupLives are of all groups, kept like panels: every row of the first page counts
// some of them, over several periods.
func (s *Server) groupLives(ctx context.Context) ([]groupLife, error) {
	g, err := s.generation(ctx)
	if err != nil {
		return nil, err
	}
	ask := question{generation: g, key: "lives of error groups", now: s.now(), deadline: panelDeadline}
	ask.answer = func(ctx context.Context) (any, int, error) {
		const each, state = 96, 56
		var all []groupLife
		bytes := 0
		for g, err := range s.store.ErrorGroups(ctx, delivery.ErrorQuery{}) {
			if err != nil {
				return nil, 0, err
			}
			all = append(all, groupLife{g.Project, g.FirstSeen, g.Status, slices.Clip(g.States)})
			bytes += each + len(g.Project) + state*len(g.States)
		}
		return all, bytes, nil
	}
	value, err := s.caches.answers.get(ctx, ask)
	if err != nil {
		return nil, err
	}
	return value.([]groupLife), nil
}

// groupsAsked yields the groups that a question is about.
func groupsAsked(all []groupLife, q *delivery.ErrorsAsked) iter.Seq2[delivery.ListedErrorGroup, error] {
	return func(yield func(delivery.ListedErrorGroup, error) bool) {
		for i := range all {
			g := &all[i]
			if g.first >= q.To || q.Projects != nil && !slices.Contains(q.Projects, g.project) {
				continue
			}
			out := delivery.ListedErrorGroup{ErrorGroup: delivery.ErrorGroup{Project: g.project, FirstSeen: g.first, Status: g.status, States: g.states}}
			if !yield(out, nil) {
				return
			}
		}
	}
}

// openErrors is the panel of open errors.
func (l *rowLoader) openErrors(ctx context.Context, q delivery.ErrorsAsked) (delivery.PanelData, error) {
	all, err := l.s.groupLives(ctx)
	if err != nil {
		return delivery.PanelData{}, err
	}
	return delivery.OpenErrors(groupsAsked(all, &q), q)
}

// openCourse is how many groups stood open at the end of each bucket.
func (l *rowLoader) openCourse(ctx context.Context, p panel, f delivery.Filter) ([]float64, error) {
	q, _, err := l.s.panelQuery(ctx, p, f)
	if err != nil {
		return nil, err
	}
	all, err := l.s.groupLives(ctx)
	if err != nil {
		return nil, err
	}
	points, err := delivery.OpenErrorsOver(groupsAsked(all, &q.errors), q.errors)
	return valuesOf(points), err
}
