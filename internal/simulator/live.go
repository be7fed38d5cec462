package simulator

import (
	"cmp"
	"container/heap"
	"fmt"
	"slices"
	"strconv"
	"time"

	"throughline/internal/delivery"
)

// Advance lets the company live on until now. It costs as much as happens in
// the meantime; the result does not depend on the steps in which one gets
// there. Going back is ignored.
func (c *Company) Advance(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := delivery.InstantOf(now)
	if t <= c.now {
		return
	}
	c.now = t
	known := len(c.issues)
	if c.size > 0 {
		n := known
		for c.office.at(c.arrival(n)) < t && c.arrival(n) < c.office.end() {
			n++
		}
		c.grow(n)
	}
	born := c.issues[known:]
	lively := slices.Clone(born)
	for len(c.pending) > 0 && c.pending[0].at < t {
		lively = append(lively, heap.Pop(&c.pending).(due).is)
	}
	if len(lively) > 0 {
		c.settle(lively)
		c.changed()
	}
}

// Now is the company's time.
func (c *Company) Now() time.Time {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.now.Time()
}

// changed drops what was derived from the states before.
func (c *Company) changed() {
	c.version++
	c.views.drop()
}

// claim is a key that an issue gets at an instant, by being created in a queue
// or moved to it.
type claim struct {
	at    delivery.Instant
	is    *issue
	queue index
	nth   int
}

// settle brings the planned issues up to now. Numbers within a queue follow
// the order of time.
func (c *Company) settle(issues []*issue) {
	var claims []claim
	for _, is := range issues {
		next, got := is.replay(c.now)
		claims = append(claims, got...)
		if next.Known() {
			heap.Push(&c.pending, due{next, is})
		}
	}
	slices.SortFunc(claims, func(a, b claim) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.is.n, b.is.n), cmp.Compare(a.nth, b.nth))
	})
	for _, cl := range claims {
		cl.is.take(c, queues[cl.queue].key)
	}
}

// take gives the issue the next free key of a queue.
func (is *issue) take(c *Company, queue string) string {
	c.numbers[queue]++
	k := queue + "-" + strconv.Itoa(c.numbers[queue])
	is.keys = append(is.keys, k)
	c.byKey[k] = is
	return k
}

// replay makes the state as of now, and says when the plan goes on and which
// keys the issue has come by since the last time.
func (is *issue) replay(now delivery.Instant) (next delivery.Instant, claims []claim) {
	s := &state{of: is}
	var e event
	nth := 0
	for _, a := range is.acts() {
		if a.at >= now {
			next = a.at
			break
		}
		s.apply(a, &e)
		if a.do == doCreate || a.do == doClone || a.do == doMove {
			if nth >= len(is.keys) {
				claims = append(claims, claim{a.at, is, index(a.a), nth})
			}
			nth++
		}
	}
	if s.createdAt.Known() {
		is.st = s
	}
	return next, claims
}

// acts is the plan, followed by what was done by hand.
func (is *issue) acts() []act {
	if is.raw != nil {
		return nil
	}
	plan := is.c.plan(is.n)
	if is.frozen.Known() {
		n, _ := slices.BinarySearchFunc(plan, is.frozen, func(a act, t delivery.Instant) int { return cmp.Compare(a.at, t) })
		plan = append(plan[:n:n], is.extra...)
	}
	return plan
}

// idOf is the 24 hexadecimal digits of an issue's id.
func (c *Company) idOf(n int) string {
	return fmt.Sprintf("%016x%08x", c.mix(n, 9), uint32(c.mix(n, 10))&0xffff0000|uint32(n)&0xffff)
}
