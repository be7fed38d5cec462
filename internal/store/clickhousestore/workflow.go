package clickhousestore

import (
	"context"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"throughline/internal/delivery"
)

// SetWorkflow makes wf the meaning of statuses. It is in force at once when it
// changes the class of no stored stay; else Rebuild has work.
func (s *Store) SetWorkflow(ctx context.Context, wf delivery.Workflows) error {
	if err := wf.Validate(); err != nil {
		return fmt.Errorf("set workflow: %w", err)
	}
	err := s.update(ctx, func(w *writer) error {
		// A copy: the caller may go on changing its own.
		workflow, types, err := (&delivery.Meaning{Workflows: wf, Types: w.st.target().meaning.Types}).Encode()
		if err != nil {
			return err
		}
		m, err := delivery.DecodeMeaning([]byte(workflow), []byte(types))
		if err != nil {
			return err
		}
		return w.retarget(m)
	})
	if err != nil {
		return fmt.Errorf("set workflow: %w", err)
	}
	return nil
}

// retarget makes m what flow is to be derived with.
func (w *writer) retarget(m delivery.Meaning) error {
	if same, err := m.Same(&w.st.target().meaning); same || err != nil {
		return err
	}
	w.changed = true
	meanings := []*delivery.Meaning{&m}
	for i := range w.st.generations {
		meanings = append(meanings, &w.st.generations[i].meaning)
	}
	used, err := w.s.statusesUsed(w.ctx, w.st.current().id, delivery.Boundaries(meanings...))
	if err != nil {
		return err
	}
	filling := w.st.filling()
	switch {
	case delivery.SameClasses(used, &m, &w.st.current().meaning):
		w.dropFilling() // any other meaning that was being worked in is given up
		w.st.current().meaning = m
	case filling != nil && delivery.SameClasses(used, &m, &filling.meaning):
		filling.meaning = m
	default:
		w.dropFilling()
		w.st.newest++
		w.st.generations = append(w.st.generations, generation{id: w.st.newest, meaning: m})
	}
	return nil
}

func (w *writer) dropFilling() {
	if g := w.st.filling(); g != nil {
		w.st.dropped = append(w.st.dropped, g.id)
		w.st.generations = w.st.generations[:1]
	}
}

// statuses takes a dictionary. A type that gives a status found in the data
// another class is worked in like a changed workflow.
func (w *writer) statuses(connection string, statuses []delivery.Status) error {
	if len(statuses) == 0 {
		return nil
	}
	known := delivery.Dictionaries{}
	for _, old := range w.st.known {
		for _, st := range old {
			known.Add(st)
		}
	}
	target := w.st.target().meaning.Types
	types := map[string]string{}
	for _, st := range statuses {
		st.Connection = connection
		if old, met := known[connection][st.Key]; !met || old != st {
			w.changed = true
			w.dict = append(w.dict, st)
			known.Add(st)
		}
		if target[connection][st.Key] != st.Type {
			types[st.Key] = st.Type
		}
	}
	w.st.known = known
	if len(types) == 0 {
		return nil
	}
	return w.retarget(delivery.Meaning{Workflows: w.st.target().meaning.Workflows, Types: target.With(connection, types)})
}

// statusesUsed counts the statuses in use, in no order.
func (s *Store) statusesUsed(ctx context.Context, generation uint32, boundaries []delivery.Instant) ([]delivery.StatusUse, error) {
	var out []delivery.StatusUse
	err := scanRows(ctx, s.conn, s.sql("statuses_used", nil), func(rows driver.Rows) error {
		var u delivery.StatusUse
		var since, issues, visits uint64
		err := rows.Scan(&u.Connection, &u.Queue, &u.Key, &since, &issues, &visits)
		u.Issues, u.Visits, u.Since = int(issues), int(visits), -forever
		if since > 0 {
			u.Since = boundaries[since-1]
		}
		out = append(out, u)
		return err
	}, clickhouse.Named("generation", generation), clickhouse.Named("boundaries", millis(boundaries)))
	if err != nil {
		return nil, fmt.Errorf("statuses in use: %w", err)
	}
	return out, nil
}

func millis(instants []delivery.Instant) []int64 {
	out := make([]int64, len(instants))
	for i, at := range instants {
		out[i] = int64(at)
	}
	return out
}

// StatusesInUse lists the statuses found in the data by queue, and in each
// queue as the source orders them.
func (s *Store) StatusesInUse(ctx context.Context) ([]delivery.StatusInUse, error) {
	var out []delivery.StatusInUse
	err := s.read(ctx, func(st *state) error {
		used, err := s.statusesUsed(ctx, st.current().id, nil)
		out = delivery.MergeUse(used, st.known, st.names(statusTerm))
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
