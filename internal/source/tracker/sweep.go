package tracker

import (
	"context"
	"encoding/json"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

const (
	sweepEvery = 24 * time.Hour
	// maxHidden is how many stored issues in a row may be out of the token's
	// sight until a sweep stops asking for each.
	maxHidden = 20
	// maxVerified is how many issues one sweep asks for; the others have their
	// turn on another day.
	maxVerified = 2000
)

// sweep looks for deleted issues once a day: those that are stored, but not
// among the keys of the scope.
func (p *pull) sweep(ctx context.Context) error {
	if p.began.Sub(p.cursor.SweptAt.Time()) < sweepEvery {
		return nil
	}
	p.progress = source.Progress{Phase: phaseSweep}
	seen, whole, err := p.keys(ctx)
	if err != nil {
		return err
	}
	if whole {
		missing, err := p.missing(ctx, seen)
		if err != nil {
			return err
		}
		missing = turn(missing, int(p.began.Unix()/(24*3600)), maxVerified)
		p.progress.Found, p.progress.Read = len(missing), 0
		if err := p.verify(ctx, missing); err != nil {
			return err
		}
		p.cursor.SweptAt = delivery.InstantOf(p.began)
	}
	return p.emit(delivery.Batch{}, nil)
}

// keys walks the ids and keys of all issues of the scope. It is whole when it
// saw as many as the server counts.
func (p *pull) keys(ctx context.Context) (seen map[string]bool, whole bool, err error) {
	seen = map[string]bool{}
	issues := 0
	w := &walker{
		client: p.client, scope: p.scope, read: keyOf, fields: "key", now: p.now,
		pos: position{From: beginning}, size: maxPageSize, maxSize: maxPageSize,
	}
	query := p.scope.between(beginning, 0)
	before, err := w.count(ctx, query)
	if err != nil || before < 0 {
		return nil, false, err
	}
	w.yield = func(s sheet) bool {
		for _, e := range s.entries {
			if name := e.id + "\x00" + e.key; !seen[name] {
				seen[name] = true
				issues++
			}
			seen[e.id], seen[e.key] = true, true
		}
		return true
	}
	if err := w.walk(ctx); err != nil {
		return nil, false, err
	}
	after, err := w.count(ctx, query)
	return seen, issues >= min(before, after) && issues <= max(before, after), err
}

// keyOf reads no more of a record than what it is called.
func keyOf(raw json.RawMessage) entry {
	o := openObject(raw)
	e := entry{id: o.text("id"), key: o.text("key"), fault: o.fault}
	e.stamp = digest([]byte(e.id + "\x00" + e.key))
	return e
}

// missing are the stored issues that were not seen.
func (p *pull) missing(ctx context.Context, seen map[string]bool) (out []unread, err error) {
	for st, err := range p.known.IssueIDs(ctx, p.connection) {
		if err != nil {
			return nil, err
		}
		if !seen[st.ID] && !seen[st.Key] {
			out = append(out, unread{ID: st.ID, Key: st.Key})
		}
	}
	return out, nil
}

// turn are most of all, others on each day.
func turn(all []unread, day, most int) []unread {
	if len(all) <= most {
		return all
	}
	parts := (len(all) + most - 1) / most
	from := day % parts * most
	return all[from:min(from+most, len(all))]
}

// verify asks for each missing issue: it may be gone, or out of the scope, or
// out of the token's sight.
func (p *pull) verify(ctx context.Context, missing []unread) error {
	hidden := 0
	for len(missing) > 0 && hidden < maxHidden {
		n := min(len(missing), retryPage)
		page, err := p.again(ctx, missing[:n])
		if err != nil {
			return err
		}
		// What cannot be seen is no record to read again: the next sweep asks.
		page.bad = nil
		if len(page.problems) == n {
			hidden += n
		}
		if err := p.storeSingles(page); err != nil {
			return err
		}
		missing = missing[n:]
	}
	if hidden >= maxHidden && len(missing) > 0 {
		p.problems = append(p.problems, source.Problem{
			Record: "sweep", Path: "$",
			Message: "many stored issues can no longer be seen with this token; whether they were deleted is not known",
			Phrase:  source.Phrase{ID: "sweep.hidden"},
		})
	}
	return nil
}
