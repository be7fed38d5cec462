package dropin

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// keys are keys of issues as conditions, each of bounded length.
type keys struct {
	conditions []string
	open       strings.Builder
}

func (k *keys) add(names ...string) {
	for _, name := range names {
		if k.open.Len() > 0 {
			k.open.WriteByte(',')
		}
		k.open.WriteString(literal(name))
		if k.open.Len() >= keysBytes {
			k.close()
		}
	}
}

func (k *keys) close() {
	if k.open.Len() > 0 {
		k.conditions = append(k.conditions, quoted(keyColumn)+" IN ("+k.open.String()+")")
		k.open.Reset()
	}
}

// removeStale removes what is older than this run of the issues given. Gone
// issues have no newer rows.
func (r *run) removeStale(ctx context.Context) error {
	r.stale.close()
	r.staleChanges.close()
	for _, s := range []struct {
		table *table
		keys  *keys
	}{{r.Writer.issues, &r.stale}, {r.Writer.metrics, &r.stale}, {r.changelog, &r.staleChanges}} {
		began := time.Now()
		for _, condition := range s.keys.conditions {
			if err := r.remove(ctx, s.table, condition); err != nil {
				return fmt.Errorf("remove stale rows from table %s: %w", s.table.name, err)
			}
		}
		if len(s.keys.conditions) > 0 {
			r.opts.Deduplicated(s.table.name, time.Since(began))
		}
	}
	return nil
}

// remove removes stale rows, if there are any: to ask is cheap.
func (r *run) remove(ctx context.Context, t *table, condition string) error {
	values := []string{
		"{table}", r.ddl.full(t.name), "{keys}", condition, "{version}", quoted(versionColumn),
		"{at}", "fromUnixTimestamp64Milli(toInt64(" + strconv.FormatInt(int64(r.version), 10) + "), 'UTC')",
	}
	var n uint64
	if err := r.conn.QueryRow(ctx, fill(staleSQL, values...)).Scan(&n); err != nil || n == 0 {
		return err
	}
	r.stats.Removed += int(n) //nolint:gosec // rows of a table
	return r.conn.Exec(ctx, fill(removeSQL, values...))
}
