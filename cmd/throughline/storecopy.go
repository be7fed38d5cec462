package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/source"
	"throughline/internal/store/storecopy"
)

func storeCommands() []command {
	return []command{{
		name: "copy", summary: "copy all facts to an empty store, or go on with a copy that was cut off; the server must be stopped",
		args: []argument{
			{name: "FROM", usage: "the store to read: " + placeUsage},
			{name: "TO", usage: "the store to fill, named likewise: a ClickHouse database or a SQLite file that is empty or not there yet"},
		},
		define: simple(storeCopy),
	}}
}

// copyMemory is of Go's heap; the collector works harder beyond it.
const copyMemory = int64(160 << 20)

// transfer is a copy between two stores.
type transfer struct {
	p         program
	from, to  storePlace
	dataDir   string
	workflows delivery.Workflows
}

// storeCopy copies facts, compares both stores and makes the copy count.
func storeCopy(ctx context.Context, p program) (err error) {
	t, unlock, err := prepareCopy(ctx, p)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	defer limitMemory(copyMemory)()
	err = t.run(ctx)
	switch {
	case err == nil || errors.Is(err, errReported):
		return err
	case ctx.Err() != nil:
		say(p.stderr, "throughline: stopped; the same command goes on from here\n")
		return errReported
	case errors.Is(err, delivery.ErrUnavailable):
		return fmt.Errorf("store copy: %w; the same command goes on from here", err)
	}
	return fmt.Errorf("store copy: %w", err)
}

// prepareCopy reads the arguments and the workflow, and keeps others away.
func prepareCopy(ctx context.Context, p program) (t transfer, unlock func() error, err error) {
	t.p = p
	cfg, db, err := openControl(ctx, p, false)
	if err != nil {
		return t, nil, err
	}
	t.dataDir = cfg.DataDir
	t.workflows, err = db.Workflows(ctx)
	if err = errors.Join(err, db.Close()); err != nil {
		return t, nil, err
	}
	for n, place := range []*storePlace{&t.from, &t.to} {
		if *place, err = parsePlace(p.args[n], p.environ, cfg.DataDir); err != nil {
			return t, nil, &usageError{fmt.Errorf("store copy: %s: %w", []string{"FROM", "TO"}[n], err)}
		}
	}
	if t.from.same(t.to) {
		return t, nil, &usageError{fmt.Errorf("store copy: FROM and TO are the same store: %s", t.from)}
	}
	if err := t.from.mustExist(); err != nil {
		return t, nil, fmt.Errorf("store copy: FROM: %w", err)
	}
	unlock, err = lockDirs(dirs(cfg.DataDir, t.from, t.to))
	return t, unlock, err
}

// lockDirs locks all of these directories or none.
func lockDirs(dirs []string) (unlock func() error, err error) {
	var locks []*dirLock
	unlock = func() error {
		var errs []error
		for _, l := range locks {
			errs = append(errs, l.Close())
		}
		return errors.Join(errs...)
	}
	for _, dir := range dirs {
		lock, err := lockDir(dir)
		if err != nil {
			return nil, errors.Join(err, unlock())
		}
		locks = append(locks, lock)
	}
	return unlock, nil
}

// run copies, and then compares what was read and what is there.
func (t *transfer) run(ctx context.Context) error {
	from, err := t.from.open(ctx)
	if err != nil {
		return fmt.Errorf("FROM: %w", err)
	}
	to, err := t.to.open(ctx)
	if err != nil {
		return errors.Join(fmt.Errorf("TO: %w", err), from.Close())
	}
	err = t.copy(ctx, from, to)
	if err = errors.Join(err, to.Close(), from.Close()); err != nil {
		return err
	}
	// Opened again: nothing is compared with what is only remembered.
	if from, err = t.from.open(ctx); err != nil {
		return fmt.Errorf("FROM: %w", err)
	}
	if to, err = t.to.open(ctx); err != nil {
		return errors.Join(fmt.Errorf("TO: %w", err), from.Close())
	}
	return errors.Join(t.finish(ctx, from, to), to.Close(), from.Close())
}

func (t *transfer) copy(ctx context.Context, from, to delivery.Store) error {
	stages := &stages{w: t.p.stderr}
	defer stages.end()
	c, err := storecopy.New(ctx, from, to, stages.show)
	switch {
	case errors.Is(err, storecopy.ErrOccupied):
		return fmt.Errorf("TO: %w that are not the beginning of this copy: name a database or a file that is empty or not there yet; nothing was changed", err)
	case errors.Is(err, storecopy.ErrEmpty), errors.Is(err, storecopy.ErrPartial):
		return fmt.Errorf("FROM: %w: is %s the right one?", err, t.from)
	case err != nil:
		return err
	case c.Finished():
		say(t.p.stdout, "%s was copied to %s before; they are compared\n", t.from, t.to)
		return nil
	case c.Done() > 0:
		say(t.p.stdout, "going on with the copy of %s to %s behind %d records\n", t.from, t.to, c.Done())
	default:
		say(t.p.stdout, "copying %s to %s\n", t.from, t.to)
	}
	return c.Run(ctx, t.workflows)
}

// finish compares both stores and makes the copy count.
func (t *transfer) finish(ctx context.Context, from, to delivery.Store) error {
	c, err := storecopy.New(ctx, from, to, nil)
	if err != nil {
		return err
	}
	stages := &stages{w: t.p.stderr}
	want, err := storecopy.SumFacts(ctx, from, t.workflows, stages.of("read "+t.from.String()))
	var got storecopy.Sum
	if err == nil {
		got, err = storecopy.SumFacts(ctx, to, t.workflows, stages.of("read "+t.to.String()))
	}
	if err == nil {
		got.Flow, err = storecopy.SumFlow(ctx, to, stages.of("read what is derived"))
	}
	stages.end()
	if err != nil {
		return err
	}
	if !t.compare(want, got) {
		return t.differs(c.Finished())
	}
	if c.Finished() {
		say(t.p.stdout, "Both hold the same.\n")
		return nil
	}
	if err := c.Adopt(ctx); err != nil {
		return err
	}
	say(t.p.stdout, "Both hold the same. With %s the server goes on from here; nothing is fetched again.\n", t.to.serving(t.dataDir))
	return nil
}

func (t *transfer) differs(finished bool) error {
	if finished {
		say(t.p.stdout, "They differ: one of them has changed since it was copied. To copy again, name a database or a file that is empty or not there yet.\n")
	} else {
		say(t.p.stdout, "They differ, and the copy does not count. Run the same command again if %s was written to meanwhile; else copy to a database or a file that is not there yet.\n", t.from)
	}
	return errReported
}

// compare prints a table of both, and reports whether they are the same.
func (t *transfer) compare(from, to storecopy.Sum) (same bool) {
	w := tabwriter.NewWriter(t.p.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	same = true
	say(w, "\tFROM\tTO\t\t\n")
	row := func(name, format string, a, b any) {
		note := ""
		if a != b {
			same, note = false, "differs"
		}
		say(w, "%s\t"+format+"\t"+format+"\t%s\t\n", name, a, b, note)
	}
	row("connections", "%d", from.Connections, to.Connections)
	row("issues", "%d", from.Issues, to.Issues)
	row("of them gone", "%d", from.Gone, to.Gone)
	row("events", "%d", from.Events, to.Events)
	row("runs", "%d", from.Runs, to.Runs)
	row("deployments", "%d", from.Deployments, to.Deployments)
	row("changes", "%d", from.Changes, to.Changes)
	row("incidents", "%d", from.Incidents, to.Incidents)
	row("tickets", "%d", from.Tickets, to.Tickets)
	row("series", "%d", from.Series, to.Series)
	row("points", "%d", from.Points, to.Points)
	row("sealed hours", "%d", from.SealedHours, to.SealedHours)
	row("statuses", "%d", from.Statuses, to.Statuses)
	row("people", "%d", from.People, to.People)
	row("names", "%d", from.Names, to.Names)
	row("checksum of facts", "%016x", from.Facts, to.Facts)
	row("checksum of flow", "%016x", from.Flow, to.Flow)
	_ = w.Flush() // as say
	return same
}

// stages shows the progress of one thing after another.
type stages struct {
	w     io.Writer
	phase string
	meter *meter
}

func (s *stages) show(phase string, done, found int) {
	if s.meter == nil || phase != s.phase {
		s.end()
		s.phase, s.meter = phase, newMeter(s.w, "store copy", time.Now)
	}
	s.meter.show(source.Progress{Phase: phase, Read: done, Found: found})
}

// of shows the progress of one phase.
func (s *stages) of(phase string) func(done, found int) {
	return func(done, found int) { s.show(phase, done, found) }
}

func (s *stages) end() {
	if s.meter != nil {
		s.meter.end()
	}
}
