package sqlitestore

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"

	"throughline/internal/delivery"
)

// TimeInStatus measures the stays of issues that were open at some time in the
// query's range.
func (s *Store) TimeInStatus(ctx context.Context, q delivery.FlowQuery) (delivery.TimeInStatus, error) {
	out := delivery.TimeInStatus{Sample: delivery.Sample{Excluded: map[string]int{}, AsOf: q.Now}}
	err := s.read(ctx, func(tx *sql.Tx) error {
		g, err := scanGeneration(tx.QueryRowContext(ctx, currentGenerationSQL).Scan)
		if err != nil {
			return err
		}
		population, err := openIssues(ctx, tx, &q)
		if err != nil {
			return err
		}
		out.N = len(population)
		sums, err := stays(ctx, tx, &q, population)
		if err != nil {
			return err
		}
		n := namer{generation: g}
		if err := n.read(ctx, tx); err != nil {
			return err
		}
		for status, sum := range sums {
			if sum != nil {
				st := n.name(int64(status), sum.home())
				st.Percentiles = delivery.PercentilesOf(sum.seconds)
				out.Statuses = append(out.Statuses, st)
			}
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

// openIssue is an issue of the population.
type openIssue struct {
	pk    int64
	place place
}

func openIssues(ctx context.Context, tx *sql.Tx, q *delivery.FlowQuery) ([]openIssue, error) {
	var out []openIssue
	rows, err := tx.QueryContext(ctx, openIssuesSQL, append(filterArgs(&q.Filter), ms(q.From), ms(q.To))...)
	err = each(rows, err, func(rows *sql.Rows) error {
		var i openIssue
		err := rows.Scan(&i.pk, &i.place.connection, &i.place.queue)
		out = append(out, i)
		return err
	})
	return out, err
}

// statusSum gathers the time in one status.
type statusSum struct {
	seconds []int64 // per issue
	places  map[place]int
	millis  int64 // of the issue being read
	visited bool
}

func (s *statusSum) finish(at place) {
	s.seconds = append(s.seconds, s.millis/1000)
	s.places[at]++
	s.millis, s.visited = 0, false
}

// home is the place most of the issues are in; of equal ones, the first.
func (s *statusSum) home() place {
	var home place
	for p, n := range s.places {
		if cmp.Or(cmp.Compare(s.places[home], n), cmp.Compare(p.connection, home.connection), cmp.Compare(p.queue, home.queue)) < 0 {
			home = p
		}
	}
	return home
}

// stays sums up the stays of the population, by status term.
func stays(ctx context.Context, tx *sql.Tx, q *delivery.FlowQuery, population []openIssue) ([]*statusSum, error) {
	var sums []*statusSum
	var visited []*statusSum // by the issue being read
	next := 0                // in population, the issue being read
	finish := func() {
		for _, s := range visited {
			s.finish(population[next].place)
		}
		visited = visited[:0]
	}
	args := append(filterArgs(&q.Filter), ms(q.From), ms(q.To), ms(q.Now))
	rows, err := tx.QueryContext(ctx, staysSQL, args...)
	err = each(rows, err, func(rows *sql.Rows) error {
		var issue, status, start, end int64
		if err := rows.Scan(&issue, &status, &start, &end); err != nil {
			return err
		}
		if population[next].pk != issue {
			finish()
			for population[next].pk != issue {
				next++
			}
		}
		for int64(len(sums)) <= status {
			sums = append(sums, nil)
		}
		s := sums[status]
		if s == nil {
			s = &statusSum{places: map[place]int{}}
			sums[status] = s
		}
		if !s.visited {
			s.visited = true
			visited = append(visited, s)
		}
		if end == 0 || end > ms(q.Now) {
			end = ms(q.Now)
		}
		s.millis += q.Millis(delivery.Instant(start), delivery.Instant(end))
		return nil
	})
	if err == nil {
		finish()
	}
	return sums, err
}

// namer says what status terms mean.
type namer struct {
	generation          *generation
	status, conn, queue map[int64]term
	known               dictionaries
}

func (n *namer) read(ctx context.Context, tx *sql.Tx) (err error) {
	if n.status, err = readTerms(ctx, tx, statusTerm); err != nil {
		return err
	}
	if n.conn, err = readTerms(ctx, tx, connectionTerm); err != nil {
		return err
	}
	if n.queue, err = readTerms(ctx, tx, queueTerm); err != nil {
		return err
	}
	n.known, err = readDictionaries(ctx, tx)
	return err
}

// name describes a status as it is at its home.
func (n *namer) name(status int64, home place) delivery.StatusTime {
	t := n.status[status]
	connection := n.conn[home.connection].key
	d := n.known[connection][t.key]
	return delivery.StatusTime{
		Key: t.key, Name: cmp.Or(d.Name, t.name, t.key), Order: d.Order,
		Class: n.generation.classes(connection, n.queue[home.queue].key)(t.key),
	}
}
