package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"

	"throughline/internal/delivery"
	"throughline/internal/sqlite"
)

// Oddities are what is odd about the histories of issues: one pass over flow and
// periods, and the events of those that may have been put right.
func (s *Store) Oddities(ctx context.Context, q delivery.FlowQuery) (delivery.Oddities, error) {
	var out delivery.Oddities
	err := s.read(ctx, func(tx *sql.Tx) error {
		n, err := readNamer(ctx, tx)
		if err != nil {
			return err
		}
		odd := delivery.NewStays(&q, &n.generation.Meaning)
		l, err := s.readLives(ctx, tx, &q)
		if err != nil {
			return err
		}
		if err := l.oddStays(ctx, odd); err != nil {
			return err
		}
		if err := oddInstants(ctx, tx, &q, odd); err != nil {
			return err
		}
		if err := oddEvents(ctx, tx, odd); err != nil {
			return err
		}
		names := map[string]string{}
		for _, t := range n.status {
			names[t.key] = t.name
		}
		out = odd.Result(n.known, names)
		return nil
	})
	if err != nil {
		return delivery.Oddities{}, fmt.Errorf("oddities: %w", err)
	}
	return out, nil
}

func (ls *lives) oddStays(ctx context.Context, odd *delivery.Stays) error {
	all := delivery.AllLives()
	return ls.rows(ctx, &all, func(row *heldRow, periods []byte) error {
		odd.Issue(row.issue, delivery.Place{Connection: ls.conn[int64(row.connection)].key, Queue: ls.queue[int64(row.queue)].key})
		err := eachStay(periods, func(s stay) { odd.Stay(ls.status[s.status].key, s.start, s.end, s.inferred) })
		odd.End()
		return err
	})
}

func oddInstants(ctx context.Context, tx *sql.Tx, q *delivery.FlowQuery, odd *delivery.Stays) error {
	return sqlite.Scan(ctx, tx, func(row sqlite.Row) error {
		odd.Instants(row.Int(0), delivery.Instant(row.Int(1)), delivery.Instant(row.Int(2)), q.Now)
		return nil
	}, oddInstantsSQL, append(filterArgs(&q.Filter), ms(q.Now))...)
}

// oddEvents reads the transitions of the issues whose clocks may have run backwards.
func oddEvents(ctx context.Context, tx *sql.Tx, odd *delivery.Stays) error {
	asked := odd.MaySkew()
	if len(asked) == 0 {
		return nil
	}
	var issue int64
	var created delivery.Instant
	var events []delivery.Event
	rows, err := tx.QueryContext(ctx, oddEventsSQL, jsonList(asked))
	err = each(rows, err, func(rows *sql.Rows) error {
		var pk int64
		var at delivery.Instant
		var from string
		e := delivery.Event{Transition: &delivery.Transition{}}
		t := e.Transition
		err := rows.Scan(&pk, &at, &e.ID, &e.Ordinal, &e.At, &from, &t.From.Key, &t.FromStartedAt, &t.To.Key, &t.ToStartedAt)
		if from != "" {
			t.From.ID = from // one without a key is still one
		}
		if pk != issue {
			odd.Events(issue, created, events)
			events = events[:0]
		}
		issue, created, events = pk, at, append(events, e)
		return err
	})
	if err == nil {
		odd.Events(issue, created, events)
	}
	return err
}

// IssuesNumbered are those of these numbers that are not gone.
func (s *Store) IssuesNumbered(ctx context.Context, ids []int64) (map[int64]delivery.ListedIssue, error) {
	var out map[int64]delivery.ListedIssue
	err := s.read(ctx, func(tx *sql.Tx) (err error) {
		out, err = listed(ctx, tx, ids)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("issues by number: %w", err)
	}
	return out, nil
}

// OddRuns are the runs whose instants contradict each other, newest first.
func (s *Store) OddRuns(ctx context.Context, q delivery.RunQuery) ([]delivery.OddRun, error) {
	var out []delivery.OddRun
	rows, err := s.db.Reader.QueryContext(ctx, oddRunsSQL, ms(q.From), ms(q.To), ms(q.Now), jsonList(q.Connections), jsonList(q.Projects))
	err = each(rows, err, func(rows *sql.Rows) error {
		var r delivery.OddRun
		err := rows.Scan(&r.Seq, &r.Connection, &r.Project, &r.ID, &r.CreatedAt, &r.StartedAt, &r.FinishedAt)
		out = append(out, r)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("odd runs: %w", err)
	}
	return delivery.OddRuns(out, q.Now), nil
}
