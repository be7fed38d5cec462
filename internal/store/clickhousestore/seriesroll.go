package clickhousestore

import (
	"context"
	"fmt"
	"slices"

	"github.com/ClickHouse/clickhouse-go/v2"

	"throughline/internal/delivery"
)

// hoursAtOnce is how many hours are rolled up by one statement.
const hoursAtOnce = 24

// RollUp rolls up the hours that ended before now and are stale.
func (s *Store) RollUp(ctx context.Context, now delivery.Instant) error {
	err := s.keepPoints(ctx, func() error {
		var ended []delivery.Instant
		err := s.withPoints(ctx, func(p *pointStore) error {
			for hour, h := range p.hours {
				if h.stale && hour+delivery.Hour <= now {
					ended = append(ended, hour)
				}
			}
			return nil
		})
		slices.Sort(ended)
		for part := range slices.Chunk(ended, hoursAtOnce) {
			if err == nil {
				err = s.rollUp(ctx, part)
			}
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("roll up: %w", err)
	}
	return nil
}

// keepPoints runs f, which makes or drops roll-ups, alone of its kind.
func (s *Store) keepPoints(ctx context.Context, f func() error) error {
	if _, err := s.open(ctx); err != nil {
		return err
	}
	s.series.rolling.Lock()
	defer s.series.rolling.Unlock()
	return s.explain(ctx, f())
}

// rollUp rolls up hours. One that is touched meanwhile stays stale.
func (s *Store) rollUp(ctx context.Context, hours []delivery.Instant) error {
	touches := make([]int64, len(hours))
	var written uint64
	// Whoever writes points now is waited for.
	err := s.withPoints(ctx, func(p *pointStore) error {
		for i, hour := range hours {
			if h := p.hours[hour]; h != nil {
				touches[i] = h.touch
			}
		}
		p.written++
		written = p.written
		return nil
	})
	if err != nil {
		return err
	}
	numbers, days := numbersOf(hours)
	err = s.conn.Exec(ctx, s.sql("roll_up", nil), clickhouse.Named("hours", numbers), clickhouse.Named("days", days), clickhouse.Named("written", written))
	if err != nil {
		return err
	}
	return s.withPoints(ctx, func(p *pointStore) error {
		var done []delivery.Instant
		for i, hour := range hours {
			if h := p.hours[hour]; h != nil && h.touch == touches[i] {
				h.stale = false
				done = append(done, hour)
			}
		}
		return s.putPointHours(ctx, done)
	})
}

// numbersOf are hours, and the days that they are of.
func numbersOf(hours []delivery.Instant) (numbers, days []int64) {
	of := map[int64]bool{}
	for _, hour := range hours {
		numbers = append(numbers, int64(hour))
		of[int64(hour/day)] = true
	}
	return numbers, sortedKeys(of)
}
