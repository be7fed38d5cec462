package sqlitestore

import (
	"context"
	"iter"
	"slices"

	"throughline/internal/delivery"
)

// ErrorGroups lists groups that are not gone, those first seen last first.
func (s *Store) ErrorGroups(ctx context.Context, q delivery.ErrorQuery) iter.Seq2[delivery.ListedErrorGroup, error] {
	return errorsOf(ctx, s, delivery.ErrorGroupFact, q, (*delivery.FactRow).ListedErrorGroup)
}

// EventDays are those of the range, the last first.
func (s *Store) EventDays(ctx context.Context, q delivery.ErrorQuery) iter.Seq2[delivery.EventDay, error] {
	return errorsOf(ctx, s, delivery.EventDayFact, q, (*delivery.FactRow).EventDay)
}

// SessionDays are those of the range, the last first.
func (s *Store) SessionDays(ctx context.Context, q delivery.ErrorQuery) iter.Seq2[delivery.SessionDay, error] {
	return errorsOf(ctx, s, delivery.SessionDayFact, q, (*delivery.FactRow).SessionDay)
}

// Releases are those of the range, the last first.
func (s *Store) Releases(ctx context.Context, q delivery.ErrorQuery) iter.Seq2[delivery.Release, error] {
	return errorsOf(ctx, s, delivery.ReleaseFact, q, (*delivery.FactRow).Release)
}

// errorsOf yields the facts of a kind that a query asks for and that are not gone.
func errorsOf[T any](ctx context.Context, s *Store, kind delivery.FactKind, q delivery.ErrorQuery, read func(*delivery.FactRow) (T, error)) iter.Seq2[T, error] {
	list, any := q.List()
	if !any {
		return func(func(T, error) bool) {}
	}
	return factsOf(ctx, s, kind, &list, 0, read)
}

// ErrorGroup is the one of a number.
func (s *Store) ErrorGroup(ctx context.Context, seq int64) (delivery.ListedErrorGroup, error) {
	r, err := s.fact(ctx, delivery.ErrorGroupFact, seq)
	if err != nil {
		return delivery.ListedErrorGroup{}, err
	}
	return r.ListedErrorGroup()
}

// ErrorProjects are all there are.
func (s *Store) ErrorProjects(ctx context.Context) ([]delivery.ErrorProject, error) {
	var out []delivery.ErrorProject
	for p, err := range factsOf(ctx, s, delivery.ErrorProjectFact, &delivery.DoraListQuery{}, nil, (*delivery.FactRow).ErrorProject) {
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	slices.SortFunc(out, delivery.CompareErrorProjects)
	return out, nil
}
