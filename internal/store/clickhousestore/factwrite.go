package clickhousestore

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"throughline/internal/delivery"
)

// factWriter is what a batch changes of deployments, changes, incidents, tickets and
// facts of errors.
type factWriter struct {
	stored  map[int64]delivery.FactRow // the last one counts
	put     map[int64]bool             // of stored, those to be written
	order   []int64                    // of put
	touched []delivery.Touched         // to be written, settled ones with Number 0
}

func newFactWriter() factWriter {
	return factWriter{stored: map[int64]delivery.FactRow{}, put: map[int64]bool{}}
}

// takeFacts works the facts of a batch into what is stored of them.
func (w *writer) takeFacts(b *delivery.Batch, out *delivery.Written) error {
	said, err := b.Facts()
	if err != nil || len(said) == 0 {
		return err
	}
	err = w.s.factRows(w.ctx, said, func(r *delivery.FactRow) error {
		w.facts.stored[r.Number] = *r
		return nil
	})
	if err != nil {
		return fmt.Errorf("stored facts: %w", err)
	}
	touched := map[delivery.Touched]bool{}
	for i := range said {
		if err := w.takeFact(&said[i], touched, out); err != nil {
			return err
		}
	}
	for t := range touched {
		t.Number = rand.Int64N(1<<62) + 1
		w.facts.touched = append(w.facts.touched, t)
	}
	return nil
}

func (w *writer) takeFact(said *delivery.SaidFact, touched map[delivery.Touched]bool, out *delivery.Written) error {
	old, found := w.facts.stored[said.Number]
	stored := &old
	if !found {
		stored = nil
	}
	row, err := said.Merge(stored)
	if err != nil {
		return err
	}
	switch {
	case found && row == old:
		out.Unchanged++
		return nil
	case found:
		out.Updated++
	default:
		out.Inserted++
	}
	w.changed = true
	w.facts.stored[row.Number] = row
	if !w.facts.put[row.Number] {
		w.facts.put[row.Number] = true
		w.facts.order = append(w.facts.order, row.Number)
	}
	for _, t := range said.Touches(stored, &row) {
		touched[t] = true
	}
	return nil
}

// factRows calls f for what is stored of facts. They are asked for by all of the key:
// whatever else is read with FINAL is read whole.
func (s *Store) factRows(ctx context.Context, facts []delivery.SaidFact, f func(*delivery.FactRow) error) error {
	return inChunks(facts, func(facts []delivery.SaidFact) error {
		var kinds, repositories []string
		numbers := make([]int64, len(facts))
		for i := range facts {
			numbers[i] = facts[i].Number
			if kind := string(facts[i].Kind); !slices.Contains(kinds, kind) {
				kinds = append(kinds, kind)
			}
			if !slices.Contains(repositories, facts[i].Repository) {
				repositories = append(repositories, facts[i].Repository)
			}
		}
		return s.scanFacts(ctx, s.sql("facts_numbered", nil), f,
			clickhouse.Named("kinds", kinds), clickhouse.Named("repositories", repositories), clickhouse.Named("numbers", numbers))
	})
}

// scanFacts calls f for the rows of a statement on facts.
func (s *Store) scanFacts(ctx context.Context, query string, f func(*delivery.FactRow) error, args ...any) error {
	return scanRows(ctx, s.conn, query, func(rows driver.Rows) error {
		var r delivery.FactRow
		var kind string
		err := rows.Scan(&r.Number, &kind, &r.Connection, &r.ID, &r.Repository, &r.Service, &r.Environment, &r.Project,
			(*int64)(&r.At), (*int64)(&r.Until), &r.Flag, (*int64)(&r.State), &r.Body)
		if err != nil {
			return err
		}
		r.Kind = delivery.FactKind(kind)
		return f(&r)
	}, args...)
}

func (w *writer) writeFacts() error {
	n := len(w.facts.order)
	var (
		numbers, ats, untils, states             = make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
		kinds, connections, ids, bodies          = texts(n), texts(n), texts(n), texts(n)
		repositories, services, environments     = texts(n), texts(n), texts(n)
		repositoryKeys, serviceKeys, environment = texts(n), texts(n), texts(n)
		projects, flags                          = texts(n), make([]bool, n)
	)
	for i, number := range w.facts.order {
		r := w.facts.stored[number]
		numbers[i], ats[i], untils[i], states[i] = r.Number, int64(r.At), int64(r.Until), int64(r.State)
		kinds[i], connections[i], ids[i], bodies[i] = string(r.Kind), r.Connection, r.ID, r.Body
		repositories[i], services[i], environments[i] = r.Repository, r.Service, r.Environment
		repositoryKeys[i], serviceKeys[i], environment[i] = delivery.Key(r.Repository), delivery.Key(r.Service), delivery.Key(r.Environment)
		projects[i], flags[i] = r.Project, r.Flag
	}
	return w.insert("facts", n,
		column{"kind", kinds}, column{"repository_key", repositoryKeys}, column{"number", numbers}, column{"service_key", serviceKeys},
		column{"environment_key", environment}, column{"connection", connections}, column{"id", ids}, column{"repository", repositories},
		column{"service", services}, column{"environment", environments}, column{"project", projects}, column{"at", ats},
		column{"until", untils}, column{"flag", flags}, column{"state", states}, column{"body", bodies}, w.written(n))
}

func (w *writer) writeTouched() error {
	n := len(w.facts.touched)
	kinds, keys, numbers := texts(n), texts(n), make([]int64, n)
	for i, t := range w.facts.touched {
		kinds[i], keys[i], numbers[i] = t.Kind, t.Key, t.Number
	}
	return w.insert("dora_touched", n, column{"kind", kinds}, column{"key", keys}, column{"number", numbers}, w.written(n))
}

// DoraTouched are keys whose facts changed. It waits for who writes: a key is touched
// before all facts are there.
func (s *Store) DoraTouched(ctx context.Context) ([]delivery.Touched, error) {
	if _, err := s.open(ctx); err != nil {
		return nil, err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	out, err := s.touched(ctx)
	if err != nil {
		return nil, fmt.Errorf("touched keys: %w", s.explain(ctx, err))
	}
	return out, nil
}

func (s *Store) touched(ctx context.Context) ([]delivery.Touched, error) {
	var out []delivery.Touched
	err := scanRows(ctx, s.conn, s.sql("touched", nil), func(rows driver.Rows) error {
		var t delivery.Touched
		err := rows.Scan(&t.Kind, &t.Key, &t.Number)
		out = append(out, t)
		return err
	})
	return out, err
}

// DoraSettled forgets keys that have not changed again.
func (s *Store) DoraSettled(ctx context.Context, keys []delivery.Touched) error {
	if len(keys) == 0 {
		return nil
	}
	return s.update(ctx, func(w *writer) error {
		now, err := s.touched(ctx)
		if err != nil {
			return fmt.Errorf("settle: %w", err)
		}
		for _, t := range now {
			if slices.Contains(keys, t) {
				t.Number = 0
				w.facts.touched = append(w.facts.touched, t)
			}
		}
		w.changed, w.quiet = len(w.facts.touched) > 0, true
		return nil
	})
}
