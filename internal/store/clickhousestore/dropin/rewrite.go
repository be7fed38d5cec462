package dropin

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

const (
	// Names of what is there only while partitions are written anew.
	keysSuffix = "_throughline_stale"
	copySuffix = "_throughline_copy"

	maxCopies = 5
)

var errBusy = errors.New("others write to it all the time")

// rewrite replaces each partition that holds stale rows by a copy without them,
// in one step for readers, and counts those.
func (r *run) rewrite(ctx context.Context, t *table, k *keys) (removed int, err error) {
	names, anew := r.ddl.full(t.name+keysSuffix), r.ddl.full(t.name+copySuffix)
	drop := func() error {
		return errors.Join(r.conn.Exec(ctx, "DROP TABLE IF EXISTS "+names+" SYNC"), r.conn.Exec(ctx, "DROP TABLE IF EXISTS "+anew+" SYNC"))
	}
	if err := drop(); err != nil { // left by a run that was cut short
		return 0, err
	}
	defer func() { err = errors.Join(err, drop()) }()
	if err := r.fillKeys(ctx, names, k.names); err != nil {
		return 0, err
	}
	condition := quoted(keyColumn) + " IN (SELECT name FROM " + names + ")"
	partitions, stale, err := r.stalePartitions(ctx, t, condition)
	if err != nil || len(partitions) == 0 {
		return 0, err
	}
	if err := r.createCopy(ctx, t, anew); err != nil {
		return 0, err
	}
	for _, p := range partitions {
		if err := r.replace(ctx, t, r.values(t, condition, "{partition}", literal(p), "{copy}", anew)); err != nil {
			return 0, fmt.Errorf("partition %s: %w", p, err)
		}
	}
	return stale, nil
}

func (r *run) fillKeys(ctx context.Context, table string, names []string) error {
	if err := r.conn.Exec(ctx, "CREATE TABLE "+table+" (name String) ENGINE = Memory"); err != nil {
		return err
	}
	batch, err := r.conn.PrepareBatch(ctx, "INSERT INTO "+table+" (name)")
	if err != nil {
		return err
	}
	if err := batch.Column(0).Append(names); err != nil {
		return errors.Join(err, batch.Abort())
	}
	return batch.Send()
}

// createCopy makes an empty table that partitions can be taken over from: of the
// same keys and storage as t, whoever made it, but not replicated.
func (r *run) createCopy(ctx context.Context, t *table, name string) error {
	var engine string
	if err := r.conn.QueryRow(ctx, shapeSQL, r.ddl.database, t.name).Scan(&engine); err != nil {
		return err
	}
	return r.conn.Exec(ctx, "CREATE TABLE "+name+" AS "+r.ddl.full(t.name)+" ENGINE = ReplacingMergeTree("+quoted(versionColumn)+")"+shape(engine))
}

// shape is what follows an engine and its arguments: keys, and settings.
func shape(engine string) string {
	first := len(engine)
	for _, clause := range []string{" PARTITION BY ", " PRIMARY KEY ", " ORDER BY "} {
		if at := strings.Index(engine, clause); at >= 0 {
			first = min(first, at)
		}
	}
	return engine[first:]
}

// replace writes one partition anew. What others insert meanwhile must not be
// lost: then it is copied again.
func (r *run) replace(ctx context.Context, t *table, values []string) error {
	count := func() (n uint64, err error) {
		return n, r.conn.QueryRow(ctx, fill(partitionRowsSQL, values...)).Scan(&n)
	}
	for range maxCopies {
		before, err := count()
		if err != nil {
			return err
		}
		if err := r.conn.Exec(ctx, fill(copyPartitionSQL, values...)); err != nil {
			return err
		}
		after, err := count()
		if err != nil {
			return err
		}
		if before == after {
			return r.conn.Exec(ctx, fill(replacePartitionSQL, values...))
		}
		if err := r.conn.Exec(ctx, fill("TRUNCATE TABLE {copy}", values...)); err != nil {
			return err
		}
	}
	return errBusy
}
