package doraexport

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"throughline/internal/delivery"
)

// Memory outlives the program.
type Memory interface {
	Load(ctx context.Context) ([]Kept, error)
	// Save keeps what is shown of series.
	Save(ctx context.Context, shown []Sample) error
}

// Kept is what is kept of a series.
type Kept struct {
	Sample // Value is the most that was ever shown
	// Taken is what a predecessor had counted at TakenAt, 0 when nothing was taken
	// over.
	Taken   float64
	TakenAt delivery.Instant
}

// floor is what series do not fall below.
type floor struct {
	kept  map[string]Kept
	taken map[string]delivery.Instant // when those were taken over that were
}

func floorOf(kept []Kept) floor {
	f := floor{kept: map[string]Kept{}, taken: map[string]delivery.Instant{}}
	for _, k := range kept {
		family, ok := familyOf(k.Family)
		if !ok || !family.Rises || len(k.Labels) != len(family.Labels) {
			continue // of another version
		}
		key := series(&family, k.Labels)
		f.kept[key] = k
		if k.TakenAt.Known() {
			f.taken[key] = k.TakenAt
		}
	}
	return f
}

// digest tells apart what was taken over: later parts of amounts depend on it.
func (f *floor) digest() string {
	var b strings.Builder
	var keys []string
	for key := range f.taken {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		fmt.Fprintf(&b, " %s@%d=%g", key, f.taken[key], f.kept[key].Taken)
	}
	return b.String()
}

// raise makes samples of amounts, and of what is kept of series that facts no longer
// come to; risen are those that are more than what is kept.
//
// A series that was taken over goes on from there with what came about since, unless
// all that the facts tell is more: history that is pulled later is not counted twice.
func (f *floor) raise(total counted) (samples, risen []Sample) {
	for key, a := range total {
		s := Sample{Family: a.family.Name, Labels: a.labels, Value: a.all}
		if !a.family.Rises {
			samples = append(samples, s)
			continue
		}
		kept := f.kept[key]
		s.Value = max(a.all, kept.Taken+a.later, kept.Value)
		samples = append(samples, s)
		if s.Value > kept.Value {
			risen = append(risen, s)
		}
	}
	for key, k := range f.kept {
		if _, ok := total[key]; ok {
			continue
		}
		s := k.Sample
		s.Value = max(s.Value, k.Taken)
		samples = append(samples, s)
	}
	return samples, risen
}
