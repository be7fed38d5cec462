package clickhousestore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"throughline/internal/delivery"
	"throughline/internal/store/clickhousestore/dropin"
)

// DropIn brings the drop-in tables of a connection up to what the store holds:
// the issues written since the last time, or all of them when settings,
// calendars, the meaning of statuses or people have changed. A call that is cut
// off is repeated by the next one. calendar is that of a queue; it measures
// business time.
func (s *Store) DropIn(ctx context.Context, connection string, o dropin.Options, calendars DropInCalendars) (dropin.Stats, error) {
	var stats dropin.Stats
	err := s.read(ctx, func(st *state) error {
		o.Cluster = s.address.cluster
		if err := s.address.notOwn(&o); err != nil {
			return err
		}
		w, err := dropin.New(ctx, s.conn, o)
		if err != nil {
			return err
		}
		target := o.Database + "." + o.Issues
		settings, err := s.dropInSettings(ctx, st, connection, &o, calendars)
		if err != nil {
			return err
		}
		position, err := s.dropInPosition(ctx, connection, target, settings)
		if err != nil {
			return err
		}
		if o.CurrentStatus {
			position = 0 // every open issue has grown older
		}
		people, err := s.People(ctx, connection)
		if err != nil {
			return err
		}
		if stats, err = w.Write(ctx, s.dropInRecords(ctx, st, connection, position, people, calendars)); err != nil {
			return err
		}
		return s.insert(ctx, s.conn, "drop_in", 1, column{"connection", []string{connection}}, column{"target", []string{target}},
			column{"settings", []string{settings}}, column{"position", []uint64{st.written}}, column{"written", []uint64{st.written}})
	})
	if err != nil {
		return stats, err // says itself that it is of these tables
	}
	return stats, nil
}

// CheckDropIn reports what would keep the drop-in tables from being written at an
// address, and changes nothing.
func CheckDropIn(ctx context.Context, a Address, o dropin.Options) (err error) {
	if err := a.notOwn(&o); err != nil {
		return err
	}
	conn, err := clickhouse.Open(a.options(""))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	o.Cluster = a.cluster
	return a.explain(ctx, dropin.Check(ctx, conn, o))
}

// notOwn refuses drop-in tables beside the store's own.
func (a *Address) notOwn(o *dropin.Options) error {
	if o.Database == a.database {
		return fmt.Errorf("the database %s is Throughline's own, which has tables of these names: name another for the drop-in tables", o.Database)
	}
	return nil
}

// DropInCalendars are the calendars of queues.
type DropInCalendars struct {
	Default *delivery.Calendar
	Queues  map[string]*delivery.Calendar // those that have another
}

func (c *DropInCalendars) of(queue string) *delivery.Calendar {
	if calendar, ok := c.Queues[queue]; ok {
		return calendar
	}
	return c.Default
}

// dropInSettings is a digest of all that rows depend on besides their issues.
func (s *Store) dropInSettings(ctx context.Context, st *state, connection string, o *dropin.Options, c DropInCalendars) (string, error) {
	var people uint64
	if err := s.conn.QueryRow(ctx, s.sql("drop_in_people", nil), clickhouse.Named("connection", connection)).Scan(&people); err != nil {
		return "", err
	}
	workflow, types, err := st.current().meaning.Encode()
	if err != nil {
		return "", err
	}
	shifts := map[string]string{"": shiftsDigest(c.Default)}
	for queue, calendar := range c.Queues {
		shifts["queue "+queue] = shiftsDigest(calendar)
	}
	text, err := json.Marshal(map[string]any{
		"tables": []string{o.Database, o.Issues, o.Metrics, o.Changelog}, "current": o.CurrentStatus, "custom": o.Custom,
		"workflow": workflow, "types": types, "generation": st.current().id, "people": people, "calendars": shifts,
	})
	return digest(text), err
}

func shiftsDigest(c *delivery.Calendar) string {
	return digest(fmt.Appendf(nil, "%v", c.Shifts(0, forever)))
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// dropInPosition is how far the tables are written by these settings.
func (s *Store) dropInPosition(ctx context.Context, connection, target, settings string) (position uint64, err error) {
	err = scanRows(ctx, s.conn, s.sql("drop_in_position", nil), func(rows driver.Rows) error {
		var by string
		var at uint64
		err := rows.Scan(&by, &at)
		if by == settings {
			position = at
		}
		return err
	}, clickhouse.Named("connection", connection), clickhouse.Named("target", target))
	return position, err
}

// dropInRecords are the issues written since a position.
func (s *Store) dropInRecords(ctx context.Context, st *state, connection string, position uint64,
	people map[string]delivery.Person, calendars DropInCalendars,
) iter.Seq2[dropin.Record, error] {
	return func(yield func(dropin.Record, error) bool) {
		err := scanRows(ctx, s.conn, s.sql("drop_in_issues", nil), func(rows driver.Rows) error {
			rec := dropin.Record{People: people}
			var reopened uint32
			f := &rec.Flow
			r, err := scanIssueRow(rows, true, (*int64)(&f.CreatedAt), (*int64)(&f.FirstActiveAt), (*int64)(&f.ClosedAt), &reopened)
			if err != nil {
				return err
			}
			f.ReopenCount, rec.Gone, rec.Calendar = int(reopened), r.gone, calendars.of(r.queue)
			if rec.IssueDetail, err = r.detail(); err != nil {
				return err
			}
			rec.History = delivery.HistoryOf(&rec.Issue, rec.Events, forever)
			if !yield(rec, nil) {
				return errStop
			}
			return nil
		}, clickhouse.Named("connection", connection), clickhouse.Named("position", position), clickhouse.Named("generation", st.current().id))
		if err != nil && !errors.Is(err, errStop) {
			yield(dropin.Record{}, err)
		}
	}
}
