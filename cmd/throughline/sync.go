package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"throughline/internal/control"
)

// shownProblems is how many problems of a sync are listed.
const shownProblems = 20

func defineSync(flags *flag.FlagSet) action {
	name := flags.String("connection", "", "sync the connection called `NAME`, whether it is due or not")
	return func(ctx context.Context, p program) error {
		named := false
		flags.Visit(func(f *flag.Flag) { named = named || f.Name == "connection" })
		return syncNow(ctx, p, *name, named)
	}
}

// syncNow syncs the named connection, or else all that are due, one after
// another. The error is errReported when a record did not go in.
func syncNow(ctx context.Context, p program, name string, named bool) (err error) {
	cfg, provision, err := loadConfig(p.environ)
	if err != nil {
		return err
	}
	// What is said to people here says what the log would.
	if cfg.LogLevel == slog.LevelInfo {
		cfg.LogLevel = slog.LevelWarn
	}
	log, reports, err := openLog(p.stderr, cfg, p.environ, inEarnest)
	if err != nil {
		return err
	}
	defer func() { closeReports(reports, err) }()
	a, err := openApp(ctx, cfg, provision, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if a.down != nil {
		return fmt.Errorf("sync: nothing was fetched, try again once it answers: %s: %w", storeName(cfg), a.down)
	}
	names := []string{name}
	if named {
		if err := a.mustExist(ctx, name); err != nil {
			return err
		}
	} else if names, err = a.due(ctx, p); err != nil {
		return err
	}
	complete := true
	for _, name := range names {
		ok, err := a.syncOne(ctx, p, name)
		if err != nil {
			return err
		}
		complete = complete && ok
		if ctx.Err() != nil {
			break
		}
	}
	if !complete || ctx.Err() != nil {
		return errReported
	}
	return nil
}

// mustExist says which connections there are when there is none called name, or
// none that is synced.
func (a *app) mustExist(ctx context.Context, name string) error {
	if control.BuiltIn(name) {
		return pushedOnly(name)
	}
	c, err := a.db.Connection(ctx, name)
	switch {
	case err == nil && c.Pushed():
		return pushedOnly(name)
	case err != nil && !errors.Is(err, control.ErrNotFound):
		return err
	}
	all, err := a.db.Pulled(ctx)
	if err != nil {
		return err
	}
	var names []string
	for _, c := range all {
		if c.Name == name {
			return nil
		}
		names = append(names, c.Name)
	}
	if len(names) == 0 {
		return &usageError{fmt.Errorf("sync: there is no connection %q; there are none yet", name)}
	}
	return &usageError{fmt.Errorf("sync: there is no connection %q; there are: %s", name, strings.Join(names, ", "))}
}

func pushedOnly(name string) error {
	return &usageError{fmt.Errorf("sync: nothing is pulled from %s: it takes what is pushed", name)}
}

// due names the connections that are due; when there are none it says why. The
// error is errReported when one of them waits because its last sync failed.
func (a *app) due(ctx context.Context, p program) ([]string, error) {
	due, err := a.db.Due(ctx, time.Now())
	if err != nil {
		return nil, err
	}
	var names []string
	for _, c := range due {
		names = append(names, c.Name)
	}
	all, err := a.db.Pulled(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		if c.Paused != nil {
			say(p.stdout, "%s: paused: %s\n", c.Name, c.Paused.Message)
		}
	}
	if len(names) > 0 {
		return names, nil
	}
	say(p.stdout, "nothing is due\n")
	failed := false
	for _, c := range all {
		switch next := c.NextRunAt.Local().Format(time.DateTime); {
		case c.Paused != nil:
		case c.Failures > 0:
			failed = true
			say(p.stdout, "%s: the last sync failed, it is tried again at %s; --connection %[1]s does it now\n", c.Name, next)
		default:
			say(p.stdout, "%s: next sync at %s\n", c.Name, next)
		}
	}
	if len(all) == 0 {
		say(p.stdout, "there are no connections yet\n")
	}
	if failed {
		return nil, errReported
	}
	return nil, nil
}

// syncOne syncs a connection, and reports whether every record went in.
func (a *app) syncOne(ctx context.Context, p program, name string) (complete bool, err error) {
	meter := newMeter(p.stderr, name, time.Now)
	s, err := a.worker.SyncOnce(ctx, name, meter.show)
	meter.end()
	if err != nil {
		return false, err
	}
	if err := a.report(ctx, p, s); err != nil {
		return false, err
	}
	if _, err := a.worker.Derive(ctx); err != nil {
		return false, err
	}
	return s.State == control.Done, nil
}

// report says how a sync ended.
func (a *app) report(ctx context.Context, p program, s control.Sync) error {
	say(p.stdout, "%s: %s in %s: %d read, %d new, %d changed, %d unchanged, %d gone, %d requests\n",
		s.Connection, s.State, s.FinishedAt.Sub(s.StartedAt).Round(time.Millisecond), s.Progress.Read,
		s.Written.Inserted, s.Written.Updated, s.Written.Unchanged, s.Written.Gone, s.Progress.Requests)
	switch {
	case s.Error.Text != "":
		say(p.stdout, "%s: %s\n", s.Connection, s.Error.Text)
	case s.State == control.Interrupted:
		say(p.stdout, "%s: the next sync goes on from here\n", s.Connection)
	}
	if s.Problems == 0 {
		return nil
	}
	problems, err := a.db.Problems(context.WithoutCancel(ctx), s.ID, shownProblems)
	if err != nil {
		return err
	}
	say(p.stdout, "%s: records that could not be taken and are tried again next time: %d", s.Connection, s.Problems)
	if s.Problems > len(problems) {
		say(p.stdout, "; the first %d of them", len(problems))
	}
	say(p.stdout, "\n")
	for _, problem := range problems {
		say(p.stdout, "  %s %s: %s\n", problem.Record, problem.Path, problem.Message)
	}
	return nil
}
