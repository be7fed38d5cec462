package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"

	"throughline/internal/delivery"
)

// TimeInStatus measures the stays of issues that were open at some time in the
// query's range.
func (s *Store) TimeInStatus(ctx context.Context, q delivery.FlowQuery) (delivery.TimeInStatus, error) {
	if q.Supposed != nil || !s.held.disabled() {
		return delivery.TimeInStatusOf(ctx, s, q)
	}
	out := delivery.TimeInStatus{Sample: delivery.Sample{Excluded: map[string]int{}, AsOf: q.Now}}
	err := s.read(ctx, func(tx *sql.Tx) error {
		n, err := readNamer(ctx, tx)
		if err != nil {
			return err
		}
		var sums statusSums
		if out.N, err = sums.read(ctx, tx, &q, n); err != nil {
			return err
		}
		for status, sum := range sums {
			st := n.name(status, sum.places, q.KnownTo(q.Now)-1)
			st.Percentiles = delivery.PercentilesOf(sum.seconds)
			out.Statuses = append(out.Statuses, st)
		}
		delivery.SortStatuses(out.Statuses)
		return nil
	})
	if err != nil {
		return delivery.TimeInStatus{}, fmt.Errorf("time in status: %w", err)
	}
	return out, nil
}

// place is where an issue is: terms of a connection and a queue.
type place struct{ connection, queue int64 }

// statusSum gathers the time in one status.
type statusSum struct {
	seconds []int64 // per issue
	places  map[place]int
	millis  int64 // of the issue being read
	visited bool  // by the issue being read
}

// finish ends the issue being read.
func (s *statusSum) finish(at place) {
	s.seconds = append(s.seconds, s.millis/1000)
	s.places[at]++
	s.millis, s.visited = 0, false
}

// statusSums are the sums by status term.
type statusSums map[int64]*statusSum

// read sums up the stays of the issues that were open in the query's range up
// to its now, and returns the number of issues.
func (sums *statusSums) read(ctx context.Context, tx *sql.Tx, q *delivery.FlowQuery, n *namer) (issues int, err error) {
	*sums = statusSums{}
	var byTerm []*statusSum  // sums, to be found fast
	var visited []*statusSum // by the issue being read
	err = eachOpen(ctx, tx, q, n, func(i *openIssue) error {
		issues++
		err := i.measure(q, func(status, millis int64) {
			for int64(len(byTerm)) <= status {
				byTerm = append(byTerm, nil)
			}
			s := byTerm[status]
			if s == nil {
				s = &statusSum{places: map[place]int{}}
				byTerm[status], (*sums)[status] = s, s
			}
			if !s.visited {
				s.visited = true
				visited = append(visited, s)
			}
			s.millis += millis
		})
		for _, s := range visited {
			s.finish(i.place)
		}
		visited = visited[:0]
		return err
	})
	return issues, err
}

// namer says what status terms mean.
type namer struct {
	generation          *generation
	status, conn, queue map[int64]term
	known               delivery.Dictionaries
}

func readNamer(ctx context.Context, tx *sql.Tx) (*namer, error) {
	var n namer
	var err error
	if n.generation, err = scanGeneration(tx.QueryRowContext(ctx, currentGenerationSQL).Scan); err != nil {
		return nil, err
	}
	if n.status, err = readTerms(ctx, tx, statusTerm); err != nil {
		return nil, err
	}
	if n.conn, err = readTerms(ctx, tx, connectionTerm); err != nil {
		return nil, err
	}
	if n.queue, err = readTerms(ctx, tx, queueTerm); err != nil {
		return nil, err
	}
	n.known, err = readDictionaries(ctx, tx)
	return &n, err
}

// name describes a status that issues at these places were in, by what it means
// at an instant where most of them are.
func (n *namer) name(status int64, places map[place]int, at delivery.Instant) delivery.StatusTime {
	issues := make(map[delivery.Place]int, len(places))
	for p, count := range places {
		issues[delivery.Place{Connection: n.conn[p.connection].key, Queue: n.queue[p.queue].key}] = count
	}
	t := n.status[status]
	return delivery.NameStatus(t.key, t.name, delivery.Home(issues), n.known, &n.generation.Meaning, at)
}
