package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"throughline/internal/delivery"
)

// Issues derived, and rows removed, in one transaction of Rebuild: short
// enough for a sync to go on beside it.
const (
	rebuildIssues = 1000
	rebuildRows   = 5000
)

// Rebuild fills the newest generation, puts it in force and removes the one
// before. It goes on from where it stopped, in another process too.
func (s *Store) Rebuild(ctx context.Context, progress func(done, total int)) error {
	for {
		more := false
		err := s.update(ctx, func(w *writer) (err error) {
			more, err = w.rebuildStep()
			return err
		})
		if err != nil {
			return fmt.Errorf("rebuild: %w", err)
		}
		if !more {
			return nil
		}
		if progress == nil {
			continue
		}
		var done, total int
		if err := s.db.Reader.QueryRowContext(ctx, rebuildProgressSQL).Scan(&done, &total); err != nil {
			return fmt.Errorf("rebuild: %w", err)
		}
		progress(done, total)
	}
}

// Rebuilding reports whether Rebuild has work left.
func (s *Store) Rebuilding(ctx context.Context) (bool, error) {
	var left bool
	if err := s.db.Reader.QueryRowContext(ctx, rebuildingSQL).Scan(&left); err != nil {
		return false, fmt.Errorf("rebuilding: %w", err)
	}
	return left, nil
}

// rebuildStep does a little of what is to be done and reports whether there
// may be more.
func (w *writer) rebuildStep() (more bool, err error) {
	if g := w.filling(); g != nil {
		return true, w.fill(g)
	}
	if more, err := w.tag(); more || err != nil {
		return more, err
	}
	n, err := w.affected(deleteDroppedFlowSQL, rebuildRows)
	if err != nil || n > 0 {
		return true, err
	}
	n, err = w.affected(deleteDroppedSQL)
	return n > 0, err
}

// fill derives flow of the next issues, or puts the generation in force when
// there are none left.
func (w *writer) fill(g *generation) error {
	issues, err := w.unfilled(g.next)
	if err != nil {
		return err
	}
	if len(issues) == 0 {
		if _, err := w.exec(dropCurrentSQL); err != nil {
			return err
		}
		w.changed = true
		_, err := w.exec(putInForceSQL, g.id)
		return err
	}
	for _, i := range issues {
		flow := delivery.FlowOf(i.createdAt, i.periods, g.Classes(i.connection, i.queue))
		if err := w.putFlow(g.id, i.pk, i.labels, flow); err != nil {
			return err
		}
	}
	_, err = w.exec(setNextIssueSQL, g.id, issues[len(issues)-1].pk+1)
	return err
}

// derivable is what flow is derived from.
type derivable struct {
	pk                int64
	labels            flowLabels
	connection, queue string
	createdAt         delivery.Instant
	periods           []delivery.Period
}

// unfilled reads the next issues from pk on. The current generation has a row
// of every issue that is not gone.
func (w *writer) unfilled(pk int64) ([]derivable, error) {
	var out []derivable
	var stays [][]byte
	err := w.rows(func(rows *sql.Rows) error {
		var i derivable
		var periods []byte
		err := rows.Scan(&i.pk, &i.labels.connection, &i.labels.queue, &i.labels.typ, &i.labels.resolution,
			&i.createdAt, &periods)
		out, stays = append(out, i), append(stays, periods)
		return err
	}, unfilledSQL, pk, rebuildIssues)
	for n := 0; n < len(out) && err == nil; n++ {
		err = w.describe(&out[n], stays[n])
	}
	return out, err
}

// describe replaces terms by their keys.
func (w *writer) describe(i *derivable, stays []byte) (err error) {
	if i.connection, err = w.termKey(i.labels.connection); err != nil {
		return err
	}
	if i.queue, err = w.termKey(i.labels.queue); err != nil {
		return err
	}
	bad := eachStay(stays, func(s stay) {
		p := delivery.Period{Start: s.start, End: s.end}
		if err == nil {
			p.Status.Key, err = w.termKey(s.status)
		}
		i.periods = append(i.periods, p)
	})
	return errors.Join(bad, err)
}

// tag derives the tags of the next issues that were stored before tags were.
func (w *writer) tag() (more bool, err error) {
	var issues []delivery.Issue
	var pks []int64
	var details [][]byte
	err = w.rows(func(rows *sql.Rows) error {
		var pk int64
		var i delivery.Issue
		var text []byte
		err := rows.Scan(&pk, &i.CreatedAt, &text)
		pks, issues, details = append(pks, pk), append(issues, i), append(details, text)
		return err
	}, untaggedSQL, rebuildIssues)
	if err != nil {
		return false, err
	}
	for n, pk := range pks {
		if err := delivery.DecodeDetails(details[n], &issues[n]); err != nil {
			return false, err
		}
		if err := w.retag(pk, &issues[n]); err != nil {
			return false, err
		}
	}
	from := sql.NullInt64{Valid: len(pks) > 0}
	if from.Valid {
		from.Int64 = pks[len(pks)-1] + 1
	}
	n, err := w.affected(setTagsFromSQL, from)
	return n > 0, err
}

// retag derives the tags of an issue from its stored events.
func (w *writer) retag(pk int64, issue *delivery.Issue) error {
	var events []delivery.Event
	err := w.rows(func(rows *sql.Rows) error {
		var e delivery.Event
		var fields string
		if err := rows.Scan(&e.ID, &e.Ordinal, &e.At, &fields); err != nil {
			return err
		}
		err := delivery.DecodeTagChanges(fields, &e)
		events = append(events, e)
		return err
	}, tagEventsSQL, pk)
	if err != nil {
		return err
	}
	tagged, err := delivery.EncodeTagged(delivery.TaggedOf(issue, true, events))
	if err != nil || tagged == "" {
		return err
	}
	w.changed = true
	_, err = w.exec(setTaggedSQL, tagged, pk)
	return err
}
