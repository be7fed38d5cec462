package dropin

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

const (
	// Names of what is there only while partitions are written anew.
	keysSuffix = "_throughline_stale"
	copySuffix = "_throughline_copy"

	maxCopies = 5
)

var (
	errBusy     = errors.New("others write to it all the time")
	errOldParts = errors.New("parts that were replaced are still on the disk, and would be back after a crash")
)

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
	restore, err := r.forgetfully(ctx, t)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, restore()) }()
	for _, p := range partitions {
		if err := r.replace(ctx, t, r.values(t, condition, "{partition}", literal(p), "{copy}", anew)); err != nil {
			return 0, fmt.Errorf("partition %s: %w", p, err)
		}
	}
	return stale, r.forgotten(ctx, t, partitions)
}

// lifetime is the setting of a table that says how long, in seconds, parts that
// have been replaced stay on the disk: eight minutes by default.
var lifetime = regexp.MustCompile(`old_parts_lifetime = (\d+)`)

// soon is that lifetime while partitions are written anew.
const soon = "0"

// never is a partition that no table has. Dropping it makes the server look at
// once for what may leave the disk; by itself it does within some ten seconds.
const never = "'999912'"

// forgetfully lets a table drop at once from the disk what is replaced: a server
// that is killed before takes those parts up again when it starts, since a
// partition that was put in their place does not say that it did. restore makes
// the table what it was. In a cluster Keeper knows which parts count.
func (r *run) forgetfully(ctx context.Context, t *table) (restore func() error, err error) {
	if r.ddl.cluster != "" {
		return func() error { return nil }, nil
	}
	var engine string
	if err := r.conn.QueryRow(ctx, shapeSQL, r.ddl.database, t.name).Scan(&engine); err != nil {
		return nil, err
	}
	alter := "ALTER TABLE " + r.ddl.full(t.name)
	back := alter + " RESET SETTING old_parts_lifetime"
	if set := lifetime.FindStringSubmatch(engine); set != nil && set[1] != soon { // soon is left by a run that was cut short
		back = alter + " MODIFY SETTING old_parts_lifetime = " + set[1]
	}
	if err := r.conn.Exec(ctx, alter+" MODIFY SETTING old_parts_lifetime = "+soon); err != nil {
		return nil, err
	}
	return func() error { return r.conn.Exec(context.WithoutCancel(ctx), back) }, nil
}

const (
	forgetEvery = 200 * time.Millisecond
	forgetLimit = time.Minute // a query that reads old parts keeps them
)

// forgotten waits until no replaced part of some partitions is on the disk. Only
// then does what was written count as done.
func (r *run) forgotten(ctx context.Context, t *table, partitions []string) error {
	if r.ddl.cluster != "" {
		return nil
	}
	if err := r.conn.Exec(ctx, "ALTER TABLE "+r.ddl.full(t.name)+" DROP PARTITION ID "+never); err != nil {
		return err
	}
	for deadline := time.Now().Add(forgetLimit); time.Now().Before(deadline); {
		var left uint64
		if err := r.conn.QueryRow(ctx, oldPartsSQL, r.ddl.database, t.name, partitions).Scan(&left); err != nil {
			return err
		}
		if left == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(forgetEvery):
		}
	}
	return errOldParts
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
