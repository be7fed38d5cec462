package control

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"
)

// Counter is what is kept of a series of dora-exporter's.
type Counter struct {
	Family string
	Labels []string // values in the order of the family's labels
	// Taken is what the predecessor had counted at TakenAt, the zero time when
	// nothing was taken over.
	Taken   float64
	TakenAt time.Time
	Shown   float64 // the most that was ever shown
}

func scanCounter(row scanner) (c Counter, err error) {
	var labels []byte
	var at int64
	if err = row.Scan(&c.Family, &labels, &c.Taken, &at, &c.Shown); err == nil {
		err = json.Unmarshal(labels, &c.Labels)
	}
	if at != 0 {
		c.TakenAt = time.UnixMilli(at).UTC()
	}
	return c, err
}

// Counters are all that is kept, by family and labels.
func (db *DB) Counters(ctx context.Context) ([]Counter, error) {
	all, err := list(ctx, db.sql.Reader, scanCounter, `SELECT family, labels, taken, taken_at, shown FROM dora_counters ORDER BY family, labels`)
	if err != nil {
		return nil, fmt.Errorf("counters: %w", err)
	}
	return all, nil
}

// ShowCounters remembers what is shown of series: it never falls. Of the counters,
// family, labels and Shown count.
func (db *DB) ShowCounters(ctx context.Context, counters []Counter) error {
	return db.putCounters(ctx, counters, `INSERT INTO dora_counters (family, labels, shown) VALUES (?1, ?2, ?3)
		ON CONFLICT (family, labels) DO UPDATE SET shown = max(shown, excluded.shown)`,
		func(c *Counter) []any { return []any{c.Shown} })
}

// TakeOverCounters takes over what a predecessor had counted until now. Done again, the
// later values hold; those that it no longer has stay. Of the counters, family, labels
// and Taken count.
func (db *DB) TakeOverCounters(ctx context.Context, counters []Counter, now time.Time) error {
	return db.putCounters(ctx, counters, `INSERT INTO dora_counters (family, labels, taken, taken_at, shown) VALUES (?1, ?2, ?3, ?4, ?3)
		ON CONFLICT (family, labels) DO UPDATE SET taken = excluded.taken, taken_at = excluded.taken_at, shown = max(shown, excluded.shown)`,
		func(c *Counter) []any { return []any{c.Taken, millis(now)} })
}

func (db *DB) putCounters(ctx context.Context, counters []Counter, statement string, values func(*Counter) []any) error {
	if len(counters) == 0 {
		return nil
	}
	return db.tx(ctx, func(tx *sql.Tx) error {
		put, err := tx.PrepareContext(ctx, statement)
		if err != nil {
			return fmt.Errorf("counters: %w", err)
		}
		defer func() { _ = put.Close() }()
		for i := range counters {
			c := &counters[i]
			labels, err := toJSON(c.Labels)
			if err != nil {
				return err
			}
			if _, err := put.ExecContext(ctx, append([]any{c.Family, labels}, values(c)...)...); err != nil {
				return fmt.Errorf("counter %s: %w", c.Family, err)
			}
		}
		return nil
	})
}
