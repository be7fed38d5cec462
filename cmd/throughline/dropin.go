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
// shape of tracker-exporter's need ClickHouse.
func kindsFor(cfg config.Config) []source.Kind {
	all := kinds()
	if cfg.Store != sqliteStore {
		return all
	}
	out := slices.Clone(all)
	for i, kind := range all {
		out[i].New = func(cfg source.Config, client *http.Client) (source.Source, error) {
			src, err := kind.New(cfg, client)
			if kind.Name != trackerKind {
				return src, err
			}
			if tables, _ := tracker.DropInOf(cfg.Settings); tables.Database != "" { // New says what is wrong with them
				return nil, errors.Join(err, &source.SettingError{
					Field:   "drop_in_database",
					Message: "needs ClickHouse: these tables are written beside the facts, which are in SQLite here; set " + config.Prefix + "STORE to an address of ClickHouse, or leave this empty",
					Phrase:  source.Phrase{ID: "setting.drop_in_store"},
				})
			}
			return src, err
		}
	}
	return out
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
	stats, err := d.store.DropIn(ctx, c.Name, dropin.Options{
		Database: tables.Database, Issues: tables.Issues, Metrics: tables.Metrics, Changelog: tables.Changelog,
		CurrentStatus: tables.CurrentStatus, Custom: custom,
		Inserted: func(table string, rows int, took time.Duration) {
			d.app.metrics.Inserted(tables.Database, table, rows, took)
		},
		Deduplicated: func(table string, took time.Duration) { d.app.metrics.Deduplicated(tables.Database, table, took) },
	}, calendars)
	if err != nil {
		return err
	}
	d.app.log.InfoContext(ctx, "drop-in tables written", "connection", c.Name, "database", tables.Database,
		"issues", stats.Issues, "gone", stats.Gone, "metrics", stats.Metrics, "changes", stats.Changes,
		"inserted", stats.Inserted, "removed", stats.Removed, "seconds", time.Since(start).Seconds())
	return nil
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
