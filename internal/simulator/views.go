package simulator

import (
	"cmp"
	"slices"
	"sync"
)

// views keep the found issues in the orders that were asked for, until
// something changes.
type views struct {
	mu     sync.Mutex
	orders map[string][]*state
}

func (v *views) drop() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.orders = nil
}

// sortFields are what searches can be sorted by, in lower case.
var sortFields = map[string]func(a, b *state) int{
	"updated":    func(a, b *state) int { return cmp.Compare(a.updatedAt, b.updatedAt) },
	"created":    func(a, b *state) int { return cmp.Compare(a.createdAt, b.createdAt) },
	"resolved":   func(a, b *state) int { return cmp.Compare(a.resolvedAt, b.resolvedAt) },
	"key":        compareKeys,
	"updatedat":  func(a, b *state) int { return cmp.Compare(a.updatedAt, b.updatedAt) },
	"createdat":  func(a, b *state) int { return cmp.Compare(a.createdAt, b.createdAt) },
	"resolvedat": func(a, b *state) int { return cmp.Compare(a.resolvedAt, b.resolvedAt) },
	"priority":   func(a, b *state) int { return cmp.Compare(a.priority, b.priority) },
	"status":     func(a, b *state) int { return cmp.Compare(a.status, b.status) },
}

func sortable(field string) bool { return sortFields[field] != nil }

func compareKeys(a, b *state) int {
	x, y := splitKey(a.key()), splitKey(b.key())
	return cmp.Or(cmp.Compare(x.queue, y.queue), cmp.Compare(x.number, y.number))
}

// sorted is every issue that exists, in the order asked for, the newest first
// when nothing is asked. Issues that are equal in it come by id. The company
// is locked for reading.
func (c *Company) sorted(order []ordering) []*state {
	if len(order) == 0 {
		order = []ordering{{"created", true}}
	}
	name := ""
	for _, o := range order {
		name += o.field + " "
		if o.desc {
			name += "- "
		}
	}
	c.views.mu.Lock()
	defer c.views.mu.Unlock()
	if out, ok := c.views.orders[name]; ok {
		return out
	}
	all := make([]*state, 0, len(c.issues)+len(c.loaded))
	for _, from := range [][]*issue{c.issues, c.loaded} {
		for _, is := range from {
			if is.st.listed() {
				all = append(all, is.st)
			}
		}
	}
	slices.SortFunc(all, func(a, b *state) int {
		for _, o := range order {
			n := sortFields[o.field](a, b)
			if o.desc {
				n = -n
			}
			if n != 0 {
				return n
			}
		}
		return cmp.Compare(a.of.id, b.of.id)
	})
	if c.views.orders == nil {
		c.views.orders = map[string][]*state{}
	}
	c.views.orders[name] = all
	return all
}

// found is what a query finds, in its order: how many, and those from the
// position from up to to.
func (t *tracker) found(q query, from, to int) (total int, some []*state) {
	some = make([]*state, 0, min(to-from, defaultPage))
	for _, s := range t.c.sorted(q.order) {
		if !q.match(s) || len(t.c.opts.Unseen) > 0 && t.unseen(s.queueKey()) {
			continue
		}
		if total >= from && total < to {
			some = append(some, s)
		}
		total++
	}
	return total, some
}
