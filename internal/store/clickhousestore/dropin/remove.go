package dropin

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// keys are keys of issues, with their length in a statement.
type keys struct {
	names []string
	bytes int
}

func (k *keys) add(names ...string) {
	k.names = append(k.names, names...)
	for _, name := range names {
		k.bytes += len(name) + 4
	}
}

// condition is that an issue is one of some.
func condition(names []string) string {
	var b strings.Builder
	b.WriteString(quoted(keyColumn) + " IN (")
	for i, name := range names {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(literal(name))
	}
	b.WriteByte(')')
	return b.String()
}

// maxMutated is how many parts are worth a mutation: the server works on them a
// few at a time, in the background, six in a second where it is small. Above it
// partitions are written anew.
const maxMutated = 16

// removeStale removes what is older than this run of the issues that have
// changed, have moved or are gone.
func (r *run) removeStale(ctx context.Context) error {
	work, within := errgroup.WithContext(ctx)
	var removed [3]int
	for i, t := range r.tables() {
		for _, name := range r.former[i] {
			if !r.seen[name] { // gone for one connection and there for another
				r.stale[i].add(name)
			}
		}
		if len(r.stale[i].names) == 0 {
			continue
		}
		work.Go(func() (err error) {
			began := time.Now()
			if removed[i], err = r.remove(within, t, &r.stale[i]); err != nil {
				return fmt.Errorf("remove stale rows from table %s: %w", t.name, err)
			}
			r.tell.Lock()
			defer r.tell.Unlock()
			r.opts.Deduplicated(t.name, time.Since(began))
			return nil
		})
	}
	err := work.Wait()
	for _, n := range removed {
		r.stats.Removed += n
	}
	return err
}

// remove removes the stale rows of some issues from a table, and counts them.
func (r *run) remove(ctx context.Context, t *table, k *keys) (int, error) {
	if k.bytes > keysBytes {
		return r.rewrite(ctx, t, k)
	}
	where := condition(k.names)
	partitions, removed, err := r.stalePartitions(ctx, t, where)
	if err != nil || len(partitions) == 0 {
		return 0, err
	}
	var parts uint64
	if err := r.conn.QueryRow(ctx, partsSQL, r.ddl.database, t.name, partitions).Scan(&parts); err != nil {
		return 0, err
	}
	if parts > maxMutated {
		return r.rewrite(ctx, t, k)
	}
	return removed, r.conn.Exec(ctx, r.deletion(t, where, partitions))
}

// deletion is one mutation of some partitions; no others are looked at.
func (r *run) deletion(t *table, condition string, partitions []string) string {
	commands := make([]string, len(partitions))
	for i, p := range partitions {
		commands[i] = "DELETE IN PARTITION ID " + literal(p) + " WHERE " + condition + " AND " + quoted(versionColumn) + " < " + r.at()
	}
	return "ALTER TABLE " + r.ddl.full(t.name) + " " + strings.Join(commands, ", ")
}

// at is the version of this run.
func (r *run) at() string {
	return "fromUnixTimestamp64Milli(toInt64(" + strconv.FormatInt(int64(r.version), 10) + "), 'UTC')"
}

// values are what the statements about stale rows have in common.
func (r *run) values(t *table, condition string, more ...string) []string {
	return append(more, "{table}", r.ddl.full(t.name), "{keys}", condition, "{version}", quoted(versionColumn), "{at}", r.at())
}

// stalePartitions are the partitions that hold stale rows, and the number of
// those.
func (r *run) stalePartitions(ctx context.Context, t *table, condition string) (out []string, stale int, err error) {
	rows, err := r.conn.Query(ctx, fill(stalePartitionsSQL, r.values(t, condition)...))
	err = each(rows, err, func() error {
		var partition string
		var n uint64
		err := rows.Scan(&partition, &n)
		out = append(out, partition)
		stale += int(n) //nolint:gosec // rows of a table
		return err
	})
	slices.Sort(out)
	return out, stale, err
}
