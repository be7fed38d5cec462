package sqlitestore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"math"
	"slices"
	"sort"
	"sync"

	"throughline/internal/delivery"
	"throughline/internal/sqlite"
)

// Bounds of what is held in memory: more issues than that are read from the file for
// each question, at about 100 bytes each; so many lie on a page, which is copied when
// one of them changes; and so many changes are remembered while nobody asks.
const (
	heldIssues  = 300_000
	pageIssues  = 512
	heldChanges = 20_000
)

// held keeps what lives are made from in memory, as it was at a version of the store,
// and brings it up to date by what this process wrote since. The zero value holds
// nothing.
type held struct {
	most    int // issues, heldIssues unless a test says less
	mu      sync.Mutex
	off     bool // there are too many
	wanted  bool // somebody has asked: changes are remembered
	newest  *snapshot
	before  *snapshot // for who began to read a moment ago
	changes []change  // since newest, by version
	issues  int       // in changes

	once    sync.Once
	reading chan struct{} // holds one while somebody reads from the file
}

// change is which issues a version changed.
type change struct {
	version int64
	issues  []int64
}

// snapshot is the flow and the stays of all issues. It is never changed.
type snapshot struct {
	version, generation int64
	pages               []*heldPage
}

// heldPage are some issues by number, and their stays, which lie in one block so that
// the garbage collector has little to look at.
type heldPage struct {
	rows  []heldRow
	stays []byte
}

type heldRow struct {
	issue                                       int64
	createdAt, firstActiveAt, closedAt          int64
	connection, queue, typ, resolution, reopens int32
	from, to                                    int32 // in stays
	gone                                        bool
}

// disable makes it hold nothing from now on.
func (h *held) disable() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.off, h.wanted, h.newest, h.before, h.changes, h.issues = true, false, nil, nil, nil, 0
}

func (h *held) disabled() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.off
}

// wrote remembers which issues a version changes, before it can be read.
func (h *held) wrote(version int64, issues []int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.wanted {
		return
	}
	h.changes, h.issues = append(h.changes, change{version, issues}), h.issues+len(issues)
	if h.issues > heldChanges || len(h.changes) > heldChanges {
		h.wanted, h.newest, h.before, h.changes, h.issues = false, nil, nil, nil, 0
	}
}

// unwrote takes back what wrote was told of a version that came to nothing.
func (h *held) unwrote(version int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if n := len(h.changes); n > 0 && h.changes[n-1].version == version {
		h.issues -= len(h.changes[n-1].issues)
		h.changes = h.changes[:n-1]
	}
}

// at is the snapshot of the state that a transaction sees, nil when it is not to be had.
func (h *held) at(ctx context.Context, tx *sql.Tx, version, generation int64) (*snapshot, error) {
	if s, known := h.known(version, generation); known {
		return s, nil
	}
	h.once.Do(func() { h.reading = make(chan struct{}, 1) })
	select {
	case h.reading <- struct{}{}:
		defer func() { <-h.reading }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if s, known := h.known(version, generation); known {
		return s, nil
	}
	base, changed := h.since(version, generation)
	var next *snapshot
	var err error
	most := cmp.Or(h.most, heldIssues)
	if base != nil {
		next, err = base.with(ctx, tx, changed, version)
	}
	switch {
	case err == nil && next == nil:
		next, err = readSnapshot(ctx, tx, version, generation, most)
	case err == nil && next.size() > most: // grown bit by bit
		err = errTooMany
	}
	if errors.Is(err, errTooMany) {
		h.disable()
		return nil, nil
	}
	if err == nil {
		h.keep(next)
	}
	return next, err
}

// known is the snapshot of a version, nil for one that is not worth reading any more.
func (h *held) known(version, generation int64) (s *snapshot, known bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.off {
		return nil, true
	}
	for _, s := range []*snapshot{h.newest, h.before} {
		if s != nil && s.version == version && s.generation == generation {
			return s, true
		}
	}
	h.wanted = true
	return nil, h.newest != nil && h.newest.version > version
}

// since is the newest snapshot with the issues that changed since, nil when that is not
// known.
func (h *held) since(version, generation int64) (*snapshot, []int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	base := h.newest
	if base == nil || base.generation != generation {
		return nil, nil
	}
	var issues []int64
	next := base.version + 1
	for _, c := range h.changes {
		if c.version == next && next <= version {
			issues = append(issues, c.issues...)
			next++
		}
	}
	if next <= version { // another process has written too
		return nil, nil
	}
	slices.Sort(issues)
	return base, slices.Compact(issues)
}

func (h *held) keep(s *snapshot) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.off || !h.wanted {
		return
	}
	h.before, h.newest = h.newest, s
	h.changes = slices.DeleteFunc(h.changes, func(c change) bool {
		if c.version <= s.version {
			h.issues -= len(c.issues)
		}
		return c.version <= s.version
	})
}

var errTooMany = errors.New("more issues than are held")

// readSnapshot reads all issues, unless there are more than most.
func readSnapshot(ctx context.Context, tx *sql.Tx, version, generation int64, most int) (*snapshot, error) {
	s := snapshot{version: version, generation: generation}
	n, last := 0, int64(0)
	args := []any{nil, nil, nil, ms(delivery.Forever), true, ms(-delivery.Forever), ms(delivery.Forever)}
	err := sqlite.Scan(ctx, tx, func(row sqlite.Row) error {
		if n++; n > most || row.Int(0) <= last {
			return errTooMany
		}
		last = row.Int(0)
		return s.add(row)
	}, livesSQL, args...)
	return &s, err
}

// size is how many issues there are, gone ones among them.
func (s *snapshot) size() int {
	n := len(s.pages)
	if n == 0 {
		return 0
	}
	return (n-1)*pageIssues + len(s.pages[n-1].rows)
}

// add puts an issue behind all others.
func (s *snapshot) add(row sqlite.Row) error {
	if n := len(s.pages); n == 0 || len(s.pages[n-1].rows) >= pageIssues {
		s.pages = append(s.pages, &heldPage{})
	}
	return s.pages[len(s.pages)-1].add(row)
}

func (p *heldPage) add(row sqlite.Row) error {
	r, err := heldRowOf(row)
	if err != nil {
		return err
	}
	r.from = int32(len(p.stays))
	p.stays = append(p.stays, row.Bytes(9)...)
	r.to = int32(len(p.stays))
	p.rows = append(p.rows, r)
	return nil
}

// heldRowOf reads a row of lives.sql but for its stays.
func heldRowOf(row sqlite.Row) (heldRow, error) {
	for _, i := range []int{1, 2, 3, 4, 8} {
		if v := row.Int(i); v < 0 || v > math.MaxInt32 {
			return heldRow{}, errTooMany
		}
	}
	return heldRow{
		issue: row.Int(0), connection: int32(row.Int(1)), queue: int32(row.Int(2)), typ: int32(row.Int(3)), resolution: int32(row.Int(4)),
		createdAt: row.Int(5), firstActiveAt: row.Int(6), closedAt: row.Int(7), reopens: int32(row.Int(8)),
	}, nil
}

// with is the snapshot with what a transaction sees of some issues; nil when one of them
// belongs among those before.
func (s *snapshot) with(ctx context.Context, tx *sql.Tx, issues []int64, version int64) (*snapshot, error) {
	next := &snapshot{version: version, generation: s.generation, pages: slices.Clone(s.pages)}
	if len(issues) == 0 {
		return next, nil
	}
	// Read as a page of its own, by number.
	var now heldPage
	err := sqlite.Scan(ctx, tx, now.add, someLivesSQL, jsonList(issues))
	if err != nil {
		return nil, err
	}
	slices.SortFunc(now.rows, func(a, b heldRow) int { return int(a.issue - b.issue) })
	copied := map[int]bool{}
	at := 0
	for _, issue := range issues {
		var row *heldRow
		if at < len(now.rows) && now.rows[at].issue == issue {
			row = &now.rows[at]
			at++
		}
		n, i, found := next.find(issue)
		switch {
		case !found && row == nil:
			continue
		case !found && n < len(next.pages)-1, !found && len(next.pages) > 0 && i < len(next.pages[n].rows):
			return nil, nil
		case !found && (len(next.pages) == 0 || len(next.pages[n].rows) >= pageIssues):
			next.pages = append(next.pages, &heldPage{})
			n, i = len(next.pages)-1, 0
			copied[n] = true
		}
		if !copied[n] {
			next.pages[n], copied[n] = next.pages[n].clone(), true
		}
		next.pages[n].set(i, row, now.stays)
	}
	return next, nil
}

// find is where an issue is, or where it belongs.
func (s *snapshot) find(issue int64) (page, row int, found bool) {
	page = max(0, sort.Search(len(s.pages), func(i int) bool { return s.pages[i].rows[0].issue > issue })-1)
	if len(s.pages) == 0 {
		return 0, 0, false
	}
	rows := s.pages[page].rows
	row = sort.Search(len(rows), func(i int) bool { return rows[i].issue >= issue })
	return page, row, row < len(rows) && rows[row].issue == issue
}

// clone is a copy without the stays that nothing names any more.
func (p *heldPage) clone() *heldPage {
	c := &heldPage{rows: make([]heldRow, len(p.rows), max(len(p.rows)+1, min(pageIssues, 2*len(p.rows)))), stays: make([]byte, 0, len(p.stays))}
	for i, r := range p.rows {
		stays := p.stays[r.from:r.to]
		r.from = int32(len(c.stays))
		c.stays = append(c.stays, stays...)
		r.to = int32(len(c.stays))
		c.rows[i] = r
	}
	return c
}

// set puts a row, whose stays are among others, into place i; nil for one that is gone.
func (p *heldPage) set(i int, row *heldRow, stays []byte) {
	if row == nil {
		r := &p.rows[i]
		r.gone, r.from, r.to = true, 0, 0
		return
	}
	r := *row
	r.from = int32(len(p.stays))
	p.stays = append(p.stays, stays[row.from:row.to]...)
	r.to = int32(len(p.stays))
	if i == len(p.rows) {
		p.rows = append(p.rows, r)
		return
	}
	p.rows[i] = r
}

// only are the terms with these keys, nil for all of them.
func only(terms map[int64]term, keys []string, all bool) map[int32]bool {
	if all {
		return nil
	}
	out := map[int32]bool{}
	for id, t := range terms {
		if slices.Contains(keys, t.key) {
			out[int32(id)] = true
		}
	}
	return out
}

// each calls f for the rows that are wanted within a filter.
func (s *snapshot) each(ctx context.Context, ls *lives, want *delivery.LivesWanted, f func(*heldRow, []byte) error) error {
	filter := &ls.query.Filter
	queueKeys, all := filter.QueueKeys()
	connections := only(ls.conn, filter.Connections, len(filter.Connections) == 0)
	queues, types := only(ls.queue, queueKeys, all), only(ls.kinds, filter.Types, len(filter.Types) == 0)
	for _, p := range s.pages {
		if err := ctx.Err(); err != nil {
			return err
		}
		for i := range p.rows {
			r := &p.rows[i]
			flow := delivery.Flow{CreatedAt: delivery.Instant(r.createdAt), ClosedAt: delivery.Instant(r.closedAt)}
			if r.gone || !want.Has(flow) || connections != nil && !connections[r.connection] ||
				queues != nil && !queues[r.queue] || types != nil && !types[r.typ] {
				continue
			}
			if err := f(r, p.stays[r.from:r.to]); err != nil {
				return err
			}
		}
	}
	return nil
}
