package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"throughline/internal/config"
	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/source"
	"throughline/internal/source/tracker"
	"throughline/internal/store/clickhousestore"
	"throughline/internal/store/clickhousestore/dropin"
)

// kindsFor are the kinds of sources as a fact store allows them: tables in the
// shape of tracker-exporter's need ClickHouse, and a database of their own.
func kindsFor(cfg config.Config) []source.Kind {
	out := slices.Clone(kinds())
	for i, kind := range out {
		out[i].New = func(sc source.Config, client *http.Client) (source.Source, error) {
			src, err := kind.New(sc, client)
			if kind.Name != trackerKind {
				return src, err
			}
			if tables, _ := tracker.DropInOf(sc.Settings); tables.Database != "" { // New says what is wrong with them
				err = errors.Join(err, dropInAllowed(cfg, tables))
			}
			return src, err
		}
	}
	return out
}

// dropInAllowed refuses drop-in tables that the fact store cannot have beside it.
func dropInAllowed(cfg config.Config, tables tracker.DropIn) error {
	if cfg.Store == sqliteStore {
		return &source.SettingError{
			Field:   "drop_in_database",
			Message: "needs ClickHouse: these tables are written beside the facts, which are in SQLite here; set " + config.Prefix + "STORE to an address of ClickHouse, or leave this empty",
			Phrase:  source.Phrase{ID: "setting.drop_in_store"},
		}
	}
	if address, err := clickhousestore.ParseAddress(cfg.Store); err == nil && address.Database() == tables.Database {
		return &source.SettingError{
			Field:   "drop_in_database",
			Message: "this database is Throughline's own, which has tables of the same names; name another",
			Phrase:  source.Phrase{ID: "setting.drop_in_own"},
		}
	}
	return nil
}

const trackerKind = "tracker"

// dropIns keeps the drop-in tables of connections up to date.
type dropIns struct {
	app   *app
	store *clickhousestore.Store
	one   sync.Mutex // connections may share tables
}

// write brings the tables of a connection up to what the store holds; a
// connection without any is left alone.
func (d *dropIns) write(ctx context.Context, c control.Connection) error {
	if c.Kind != trackerKind {
		return nil
	}
	settings, _, err := d.app.db.Config(ctx, c)
	if err != nil {
		return err
	}
	tables, err := tracker.DropInOf(settings)
	if err != nil || tables.Database == "" {
		return err
	}
	custom, err := tracker.CustomFieldsOf(settings)
	if err != nil {
		return err
	}
	calendars, err := d.calendars(ctx)
	if err != nil {
		return err
	}
	d.one.Lock()
	defer d.one.Unlock()
	start := time.Now()
	options := dropInOptions(tables, custom)
	options.Inserted = func(table string, rows int, took time.Duration) {
		d.app.metrics.Inserted(tables.Database, table, rows, took)
	}
	options.Deduplicated = func(table string, took time.Duration) { d.app.metrics.Deduplicated(tables.Database, table, took) }
	stats, err := d.store.DropIn(ctx, c.Name, options, calendars)
	if err != nil {
		return err
	}
	d.app.log.InfoContext(ctx, "drop-in tables written", "connection", c.Name, "database", tables.Database,
		"issues", stats.Issues, "gone", stats.Gone, "metrics", stats.Metrics, "changes", stats.Changes,
		"inserted", stats.Inserted, "removed", stats.Removed, "seconds", time.Since(start).Seconds())
	return nil
}

func dropInOptions(t tracker.DropIn, custom []string) dropin.Options {
	return dropin.Options{
		Database: t.Database, Issues: t.Issues, Metrics: t.Metrics, Changelog: t.Changelog,
		CurrentStatus: t.CurrentStatus, Custom: custom,
	}
}

// checkDropIn reports what would keep the drop-in tables of a connection from
// being written; there may be none.
func checkDropIn(ctx context.Context, cfg config.Config, kind string, settings source.Settings) error {
	if kind != trackerKind || cfg.Store == sqliteStore {
		return nil
	}
	tables, err := tracker.DropInOf(settings)
	if err != nil || tables.Database == "" {
		return err
	}
	custom, err := tracker.CustomFieldsOf(settings)
	if err != nil {
		return err
	}
	address, err := clickhousestore.ParseAddress(cfg.Store)
	if err != nil {
		return nil //nolint:nilerr // said already, of the fact store
	}
	err = clickhousestore.CheckDropIn(ctx, address, dropInOptions(tables, custom))
	if errors.Is(err, delivery.ErrUnavailable) {
		return nil // likewise
	}
	return err
}

// calendars are those that the issues of each queue are measured by.
func (d *dropIns) calendars(ctx context.Context) (clickhousestore.DropInCalendars, error) {
	var out clickhousestore.DropInCalendars
	var err error
	if out.Default, err = d.app.db.DefaultCalendar(ctx); err != nil {
		return out, err
	}
	teams, err := d.app.db.DeliveryTeams(ctx)
	if err != nil {
		return out, err
	}
	queues, err := d.store.Queues(ctx)
	if err != nil {
		return out, err
	}
	out.Queues = map[string]*delivery.Calendar{}
	for _, queue := range queues {
		team, ok := teams.Only(queue)
		if !ok || team.Calendar == "" {
			continue
		}
		if out.Queues[queue], err = d.app.db.Calendar(ctx, team.Calendar); err != nil {
			return out, fmt.Errorf("calendar of queue %s: %w", queue, err)
		}
	}
	return out, nil
}
