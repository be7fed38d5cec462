package storecopy

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"math"

	"throughline/internal/delivery"
)

// Sum is what a store holds, to be compared. Checksums are sums of a 64-bit hash
// of each thing: the order does not matter.
type Sum struct {
	Connections, Issues, Gone, Events, Runs, Statuses, People, Names int
	Deployments, Changes, Incidents, Tickets                         int
	Series, Points, SealedHours                                      int

	// Facts is of issues with their events, runs, all other facts, statuses and names,
	// as the source said them, and of points and sealed hours.
	Facts uint64
	Flow  uint64 // what is derived of issues that are not gone
}

// SumFacts reads all facts of a store; Flow is computed from them, by the meaning
// that w gives to statuses.
func SumFacts(ctx context.Context, s delivery.Store, w delivery.Workflows, progress func(done, found int)) (Sum, error) {
	r := summer{connections: map[string]bool{}, series: map[int64]struct{}{}, meaning: delivery.Meaning{Workflows: w, Types: delivery.StatusTypes{}}}
	found, err := estimate(ctx, s)
	if err != nil {
		return Sum{}, err
	}
	words, err := s.Words(ctx)
	if err != nil {
		return Sum{}, err
	}
	for i := range words {
		if err := r.words(&words[i]); err != nil {
			return Sum{}, err
		}
	}
	for after := ""; ; {
		done := r.Issues + r.Runs + r.others()
		progress(done, max(found, done))
		b, next, err := s.Export(ctx, after, Page)
		if err != nil {
			return Sum{}, err
		}
		if b.Len() == 0 {
			r.Connections = len(r.connections)
			return r.Sum, nil
		}
		for i := range b.Issues {
			if err := r.issue(b.Connection, &b.Issues[i]); err != nil {
				return Sum{}, err
			}
		}
		for i := range b.Runs {
			if err := r.run(b.Connection, &b.Runs[i]); err != nil {
				return Sum{}, err
			}
		}
		if err := r.facts(&b); err != nil {
			return Sum{}, err
		}
		if err := r.ofSeries(&b); err != nil {
			return Sum{}, err
		}
		after = next
	}
}

// others are what is neither an issue nor a run.
func (s *Sum) others() int {
	return s.Deployments + s.Changes + s.Incidents + s.Tickets + s.Points + s.SealedHours
}

// summer adds up.
type summer struct {
	Sum
	connections map[string]bool
	series      map[int64]struct{} // that were met
	meaning     delivery.Meaning
}

// words adds a batch of Store.Words.
func (r *summer) words(b *delivery.Batch) error {
	r.Statuses += len(b.Statuses)
	r.Names += len(b.Names)
	types := map[string]string{}
	for _, st := range b.Statuses {
		types[st.Key] = st.Type
		if err := add(&r.Facts, "status", b.Connection, st); err != nil {
			return err
		}
	}
	if len(b.Statuses) > 0 {
		r.connections[b.Connection] = true
		r.meaning.Types = r.meaning.Types.With(b.Connection, types)
	}
	r.People += len(b.People)
	for _, p := range b.People {
		r.connections[b.Connection] = true
		if err := add(&r.Facts, "person", b.Connection, p); err != nil {
			return err
		}
	}
	for _, n := range b.Names {
		if err := add(&r.Facts, "name", "", n); err != nil {
			return err
		}
	}
	return nil
}

// issue adds an issue, and the flow that follows from it.
func (r *summer) issue(connection string, rec *delivery.IssueRecord) error {
	r.connections[connection] = true
	r.Issues++
	r.Events += len(rec.Events)
	if err := add(&r.Facts, "issue", connection, rec); err != nil {
		return err
	}
	if rec.Gone {
		r.Gone++
		return nil
	}
	h := delivery.HistoryOf(&rec.Issue, rec.Events, math.MaxInt64)
	f := delivery.FlowOf(rec.CreatedAt, h.Periods, r.meaning.Classes(connection, rec.Queue))
	return add(&r.Flow, "flow", connection, flow{rec.ID, f, h.MovedAt, h.MovedBy})
}

// run adds a run of CI.
func (r *summer) run(connection string, run *delivery.Run) error {
	r.connections[connection] = true
	r.Runs++
	return add(&r.Facts, "run", connection, run)
}

// facts adds what else is in a batch.
func (r *summer) facts(b *delivery.Batch) error {
	r.Deployments += len(b.Deployments)
	r.Changes += len(b.Changes)
	r.Incidents += len(b.Incidents)
	r.Tickets += len(b.Tickets)
	said, err := b.Facts()
	if err != nil {
		return err
	}
	for i := range said {
		r.connections[b.Connection] = true
		row, err := said[i].Merge(nil)
		if err == nil {
			err = add(&r.Facts, string(row.Kind), b.Connection, row)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ofSeries adds points and sealed hours: these are many, and a hash of their numbers
// is enough to tell them.
func (r *summer) ofSeries(b *delivery.Batch) error {
	for i := range b.Points {
		p := &b.Points[i]
		ids, err := r.meet(p.Series, p.Token)
		if err != nil {
			return err
		}
		r.Points += len(p.At)
		for k, at := range p.At {
			r.Facts += mix(uint64(ids[p.Of[k]]), uint64(at), bits(p.Values[k]))
		}
	}
	for i := range b.Sealed {
		h := &b.Sealed[i]
		ids, err := r.meet(h.Series, h.Token)
		if err != nil {
			return err
		}
		r.SealedHours += len(h.Hours)
		for k, hour := range h.Hours {
			f := &h.Values[k]
			r.Facts += mix(1, uint64(ids[h.Of[k]]), uint64(hour), uint64(f.N), bits(f.Sum), bits(f.Min), bits(f.Max), bits(f.First), bits(f.Last))
		}
	}
	return nil
}

// meet counts series that are new, and returns the numbers of all.
func (r *summer) meet(series []delivery.SeriesKey, token string) ([]int64, error) {
	ids := make([]int64, len(series))
	for i := range series {
		ids[i] = series[i].ID()
		if _, met := r.series[ids[i]]; met {
			continue
		}
		r.series[ids[i]] = struct{}{}
		r.Series++
		if err := add(&r.Facts, "series", token, series[i]); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// bits tells values apart but the two zeros, which not every store does.
func bits(v float64) uint64 {
	if v == 0 {
		return 0
	}
	return math.Float64bits(v)
}

// mix is a hash of numbers in their order: the finaliser of MurmurHash3 for each.
func mix(numbers ...uint64) uint64 {
	h := uint64(len(numbers))
	for _, n := range numbers {
		h = h*0x9e3779b97f4a7c15 + n
		h = (h ^ h>>33) * 0xff51afd7ed558ccd
		h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
		h ^= h >> 33
	}
	return h
}

// flow is what is derived of an issue.
type flow struct {
	ID string
	delivery.Flow
	MovedAt delivery.Instant
	MovedBy delivery.Ref
}

// SumFlow is the sum of what a store has derived, as its lists tell it.
func SumFlow(ctx context.Context, s delivery.Store, progress func(done, found int)) (uint64, error) {
	found, err := estimateIssues(ctx, s)
	if err != nil {
		return 0, err
	}
	var sum uint64
	q := delivery.IssueQuery{Filter: delivery.Filter{From: math.MinInt64 + 1, To: math.MaxInt64}, Limit: Page}
	for done := 0; ; {
		progress(done, found)
		n := 0
		for i, err := range s.Issues(ctx, q) {
			if err != nil {
				return 0, err
			}
			if err := add(&sum, "flow", i.Connection, flow{i.ID, i.Flow, i.MovedAt, i.MovedBy}); err != nil {
				return 0, err
			}
			q.After = i.Cursor
			n++
		}
		if done += n; n < Page {
			return sum, nil
		}
	}
}

// add adds the hash of something of a connection.
func add(sum *uint64, kind, connection string, v any) error {
	text, err := delivery.PlainJSON([]any{kind, connection, v})
	if err != nil {
		return err
	}
	hash := sha256.Sum256([]byte(text))
	*sum += binary.LittleEndian.Uint64(hash[:8])
	return nil
}
