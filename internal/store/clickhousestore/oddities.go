package clickhousestore

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"throughline/internal/delivery"
)

// Oddities are what is odd about the histories of issues. Flow does not hold which
// stays are inferred: of issues with more stays than their events made, and of those
// whose clocks may have run backwards, the changelog is read.
func (s *Store) Oddities(ctx context.Context, q delivery.FlowQuery) (delivery.Oddities, error) {
	var out delivery.Oddities
	err := s.read(ctx, func(st *state) error {
		a := filtered(st, &q.Filter)
		a.bind("from", int64(q.From))
		a.bind("known", int64(q.KnownTo(q.Now)))
		a.bind("now", int64(q.Now))
		odd := delivery.NewStays(&q, st.meaning())
		if err := s.oddStatuses(ctx, st, a, odd); err != nil {
			return err
		}
		err := scanRows(ctx, s.conn, s.sql("odd_instants", a), func(rows driver.Rows) error {
			var issue, created, resolved int64
			err := rows.Scan(&issue, &created, &resolved)
			odd.Instants(issue, delivery.Instant(created), delivery.Instant(resolved), q.Now)
			return err
		}, a.args...)
		if err != nil {
			return err
		}
		if err := s.oddHistories(ctx, a, odd); err != nil {
			return err
		}
		out = odd.Result(st.known, st.names(statusTerm))
		return nil
	})
	if err != nil {
		return delivery.Oddities{}, fmt.Errorf("oddities: %w", err)
	}
	return out, nil
}

// oddStatuses counts the issues in statuses that nothing maps; mostly there are none.
func (s *Store) oddStatuses(ctx context.Context, st *state, a *asked, odd *delivery.Stays) error {
	boundaries := st.meaning().Workflows.Boundaries()
	used, err := s.statusesUsed(ctx, st.current().id, boundaries)
	if err != nil {
		return err
	}
	unmapped := [][]string{}
	for _, u := range used {
		if odd.Unmapped(delivery.Place{Connection: u.Connection, Queue: u.Queue}, u.Key, u.Since) {
			since, found := slices.BinarySearch(boundaries, u.Since)
			if found {
				since++
			}
			unmapped = append(unmapped, []string{u.Connection, u.Queue, u.Key, strconv.Itoa(since)})
		}
	}
	if len(unmapped) == 0 {
		return nil
	}
	of := *a
	of.args = slices.Clone(a.args)
	of.bind("boundaries", millis(boundaries))
	of.bind("unmapped", unmapped)
	return scanRows(ctx, s.conn, s.sql("odd_statuses", &of), func(rows driver.Rows) error {
		var at delivery.Place
		var key string
		var issues uint64
		err := rows.Scan(&at.Connection, &at.Queue, &key, &issues)
		odd.Status(at, key, int(issues))
		return err
	}, of.args...)
}

func (s *Store) oddHistories(ctx context.Context, a *asked, odd *delivery.Stays) error {
	return scanRows(ctx, s.conn, s.sql("odd_histories", a), func(rows driver.Rows) error {
		var issue int64
		var i delivery.Issue
		var text string
		err := rows.Scan(&issue, &i.Status.Key, (*int64)(&i.CreatedAt), (*int64)(&i.UpdatedAt), (*int64)(&i.StatusStartedAt), &text)
		if err != nil {
			return err
		}
		stored, err := decodeEvents(strconv.FormatInt(issue, 10), text)
		if err != nil {
			return err
		}
		events := make([]delivery.Event, len(stored))
		for n := range stored {
			events[n] = stored[n].Event
		}
		odd.History(issue, &i, events)
		return nil
	}, a.args...)
}

// IssuesNumbered are those of these numbers that are not gone.
func (s *Store) IssuesNumbered(ctx context.Context, ids []int64) (map[int64]delivery.ListedIssue, error) {
	var out map[int64]delivery.ListedIssue
	err := s.read(ctx, func(st *state) (err error) {
		out, err = s.listed(ctx, st, ids)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("issues by number: %w", err)
	}
	return out, nil
}

// OddRuns are the runs whose instants contradict each other, newest first.
func (s *Store) OddRuns(ctx context.Context, q delivery.RunQuery) ([]delivery.OddRun, error) {
	q.AllBranches, q.Branches, q.Workflows, q.Restarts = true, nil, nil, nil
	var out []delivery.OddRun
	err := s.read(ctx, func(*state) error {
		a := askRuns(&q)
		a.bind("now", int64(q.Now))
		return scanRows(ctx, s.conn, s.sql("odd_runs", a), func(rows driver.Rows) error {
			var r delivery.OddRun
			err := rows.Scan(&r.Seq, &r.Connection, &r.Project, &r.ID, (*int64)(&r.CreatedAt), (*int64)(&r.StartedAt), (*int64)(&r.FinishedAt))
			out = append(out, r)
			return err
		}, a.args...)
	})
	if err != nil {
		return nil, fmt.Errorf("odd runs: %w", err)
	}
	return delivery.OddRuns(out, q.Now), nil
}
