package delivery

import (
	"context"
	"fmt"
	"slices"
)

// HeldLives are lives read once and held, to answer many questions about the issues of
// some queues each. Of stays they hold when an issue had been started and when it was
// closed, and no statuses. Safe for several goroutines.
type HeldLives struct {
	held   LivesWanted
	queues map[string][]heldLife
	n      int
	stays  int
}

// heldLife is what is held of an issue.
type heldLife struct {
	Flow
	leftOut bool
	stays   []Stay // only where the flow does not say them: of one that was reopened
}

// HoldLives reads the lives within a filter that were open at some time in its range,
// up to now, or closed in it.
func HoldLives(ctx context.Context, s LivesStore, q FlowQuery) (*HeldLives, error) {
	h := HeldLives{queues: map[string][]heldLife{}}
	h.held = LivesWanted{CreatedBefore: q.Now, Open: true, ClosedFrom: q.From, ClosedTo: Forever, Stays: true}
	err := s.Lives(ctx, q, func(lives Lives) error {
		return lives.Each(ctx, h.held, func(l *Life) {
			held := heldLife{Flow: l.Flow, leftOut: l.LeftOut}
			if l.ReopenCount > 0 {
				held.stays = rough(l)
			}
			h.queues[l.Queue] = append(h.queues[l.Queue], held)
			h.n, h.stays = h.n+1, h.stays+len(held.stays)
		})
	})
	if err != nil {
		return nil, err
	}
	return &h, nil
}

// Bytes is about how much memory they hold.
func (h *HeldLives) Bytes() int {
	const life, stay, growth = 64, 40, 5.0 / 4
	return int(growth*float64(life*h.n)) + stay*h.stays
}

// rough are the stays of an issue without their statuses: waiting until it is started,
// then active but where it is closed.
func rough(l *Life) []Stay {
	var out []Stay
	started := false
	for i := range l.Stays {
		s := &l.Stays[i]
		class := s.Class
		started = started || class == Active
		if class != Closed && started {
			class = Active
		}
		if last := len(out) - 1; last >= 0 && out[last].Class == class {
			out[last].End = s.End
			continue
		}
		out = append(out, Stay{Class: class, Start: s.Start, End: s.End})
	}
	return slices.Clip(out)
}

// Lives calls f with those that a query is about, which is narrowed by queues alone.
func (h *HeldLives) Lives(_ context.Context, q FlowQuery, f func(Lives) error) error {
	return f(&heldOf{h, &q})
}

// heldOf are the lives of a query.
type heldOf struct {
	*HeldLives
	query *FlowQuery
}

// Each calls f for the lives wanted.
func (h *heldOf) Each(ctx context.Context, want LivesWanted, f func(*Life)) error {
	if want.CreatedBefore > h.held.CreatedBefore {
		want.CreatedBefore = h.held.CreatedBefore // nobody asks for what is not yet
	}
	if want.ClosedFrom < h.held.ClosedFrom && want.ClosedFrom < want.ClosedTo {
		return fmt.Errorf("lives are held that were closed from %d on, not from %d", h.held.ClosedFrom, want.ClosedFrom)
	}
	keys, all := h.query.QueueKeys()
	if all {
		keys = keysOf(h.queues)
	}
	var stays [3]Stay
	for _, queue := range keys {
		if err := ctx.Err(); err != nil {
			return err
		}
		lives := h.queues[queue]
		for i := range lives {
			if held := &lives[i]; want.Has(held.Flow) {
				l := Life{ID: int64(i), Place: Place{Queue: queue}, Flow: held.Flow, LeftOut: held.leftOut, Stays: held.stays}
				if l.Stays == nil {
					l.Stays = straight(held.Flow, stays[:0])
				}
				f(&l)
			}
		}
	}
	return nil
}

func keysOf(queues map[string][]heldLife) []string {
	out := make([]string, 0, len(queues))
	for key := range queues {
		out = append(out, key)
	}
	return out
}

// straight are the rough stays of a flow without reopening.
func straight(f Flow, stays []Stay) []Stay {
	for _, next := range []Stay{{Class: Waiting, Start: f.CreatedAt}, {Class: Active, Start: f.FirstActiveAt}, {Class: Closed, Start: f.ClosedAt}} {
		if !next.Start.Known() {
			continue
		}
		if last := len(stays) - 1; last >= 0 {
			stays[last].End = next.Start
		}
		stays = append(stays, next)
	}
	return stays
}

// Marks are not held.
func (h *heldOf) Marks(context.Context, []int64) (map[int64]Mark, error) { return nil, errNotHeld }

// Statuses are not held.
func (h *heldOf) Statuses(context.Context) (*StatusBook, error) { return nil, errNotHeld }

// Tagged are not held.
func (h *heldOf) Tagged(context.Context) (map[int64][]TagStay, error) { return nil, errNotHeld }

var errNotHeld = fmt.Errorf("lives are held without their keys, statuses and tags")
