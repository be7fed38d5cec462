package control

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"sync"

	"throughline/internal/delivery"
)

// calendarCache keeps the default calendar of one settings version.
type calendarCache struct {
	mu       sync.Mutex
	version  int64
	calendar *delivery.Calendar
}

const selectCalendar = `
SELECT name, from_date, zone, workdays, hours, holidays, days_off, working_days, provisioned
FROM calendars`

func scanCalendar(row scanner) (Calendar, error) {
	var c Calendar
	var from string
	var workdays, hours, off, working []byte
	err := row.Scan(&c.Name, &from, &c.Zone, &workdays, &hours, &c.Holidays, &off, &working, &c.Provisioned)
	if err != nil {
		return Calendar{}, err
	}
	err = errors.Join(c.From.UnmarshalText([]byte(from)), json.Unmarshal(workdays, &c.Workdays), json.Unmarshal(hours, &c.Hours),
		json.Unmarshal(off, &c.DaysOff), json.Unmarshal(working, &c.WorkingDays))
	if err != nil {
		return Calendar{}, fmt.Errorf("calendar %s: %w", c.Name, err)
	}
	return c, nil
}

// Calendars are all versions of all calendars, by name and day.
func (db *DB) Calendars(ctx context.Context) ([]Calendar, error) {
	return calendars(ctx, db.sql.Reader)
}

func calendars(ctx context.Context, q querier) ([]Calendar, error) {
	all, err := list(ctx, q, scanCalendar, selectCalendar+` ORDER BY name, from_date`)
	if err != nil {
		return nil, fmt.Errorf("calendars: %w", err)
	}
	return all, nil
}

// CalendarChosen reports whether any calendar is set.
func (db *DB) CalendarChosen(ctx context.Context) (bool, error) {
	var chosen bool
	if err := db.sql.Reader.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM calendars)`).Scan(&chosen); err != nil {
		return false, fmt.Errorf("calendars: %w", err)
	}
	return chosen, nil
}

// DefaultCalendar is the calendar called default, else the first by name, else
// the built-in one. It is built once for each settings version.
func (db *DB) DefaultCalendar(ctx context.Context) (*delivery.Calendar, error) {
	// Read before the rows: should they change meanwhile, the next call notices.
	version, err := db.SettingsVersion(ctx)
	if err != nil {
		return nil, err
	}
	db.cache.mu.Lock()
	defer db.cache.mu.Unlock()
	if db.cache.calendar != nil && db.cache.version == version {
		return db.cache.calendar, nil
	}
	all, err := db.Calendars(ctx)
	if err != nil {
		return nil, err
	}
	var versions []delivery.CalendarVersion
	for _, c := range defaultVersions(all) {
		v, err := c.Compile()
		if err != nil {
			return nil, fmt.Errorf("calendar %s: %w", c.Name, err)
		}
		versions = append(versions, v)
	}
	db.cache.calendar, db.cache.version = delivery.NewCalendar(versions...), version
	return db.cache.calendar, nil
}

// defaultVersions are the versions of the default among all, ordered by name.
func defaultVersions(all []Calendar) []Calendar {
	if len(all) == 0 {
		return []Calendar{BuiltinCalendar()}
	}
	var named, first []Calendar
	for _, c := range all {
		if c.Name == DefaultCalendarName {
			named = append(named, c)
		}
		if c.Name == all[0].Name {
			first = append(first, c)
		}
	}
	if len(named) > 0 {
		return named
	}
	return first
}

// SaveCalendar stores a version of a calendar, in place of the one that began
// on the same day. Errors are those of Compile, and ErrProvisioned.
func (db *DB) SaveCalendar(ctx context.Context, c Calendar) error {
	if _, err := c.Compile(); err != nil {
		return err
	}
	c.Provisioned = false
	return db.tx(ctx, func(tx *sql.Tx) error {
		all, err := calendars(ctx, tx)
		if err != nil {
			return err
		}
		c = c.normal()
		for _, old := range all {
			if old.Name == c.Name && old.Provisioned {
				return ErrProvisioned
			}
		}
		changed, err := db.putCalendar(ctx, tx, all, c)
		if err != nil || !changed {
			return err
		}
		return bumpSettings(ctx, tx)
	})
}

// calendarAudit is what the audit log holds of a calendar.
type calendarAudit struct {
	Zone        string          `json:"timezone"`
	Workdays    []string        `json:"workdays"`
	Hours       []string        `json:"hours"`
	Holidays    string          `json:"holidays"`
	DaysOff     []delivery.Date `json:"days_off"`
	WorkingDays []delivery.Date `json:"working_days"`
	From        delivery.Date   `json:"from"`
	Provisioned bool            `json:"provisioned,omitempty"`
}

func auditOfCalendar(c Calendar) calendarAudit {
	a := calendarAudit{c.Zone, nil, c.Hours, c.Holidays, c.DaysOff, c.WorkingDays, c.From, c.Provisioned}
	for _, d := range c.Workdays {
		a.Workdays = append(a.Workdays, d.String())
	}
	return a
}

// putCalendar stores a normal, valid version and reports whether that changed
// anything. all is what is stored.
func (db *DB) putCalendar(ctx context.Context, tx *sql.Tx, all []Calendar, c Calendar) (bool, error) {
	var before any
	for _, old := range all {
		if old.Name != c.Name || old.From != c.From {
			continue
		}
		if reflect.DeepEqual(old.normal(), c) {
			return false, nil
		}
		before = auditOfCalendar(old)
	}
	var texts []any
	for _, v := range []any{c.Workdays, c.Hours, c.DaysOff, c.WorkingDays} {
		text, err := toJSON(v)
		if err != nil {
			return false, err
		}
		texts = append(texts, text)
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO calendars
		(name, from_date, zone, holidays, provisioned, workdays, hours, days_off, working_days) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (name, from_date) DO UPDATE SET zone = excluded.zone, holidays = excluded.holidays, provisioned = excluded.provisioned,
		workdays = excluded.workdays, hours = excluded.hours, days_off = excluded.days_off, working_days = excluded.working_days`,
		append([]any{c.Name, c.From.String(), c.Zone, c.Holidays, c.Provisioned}, texts...)...)
	if err != nil {
		return false, fmt.Errorf("store calendar %s: %w", c.Name, err)
	}
	return true, db.audit(ctx, tx, "calendar.save", "calendar/"+c.Name, before, auditOfCalendar(c))
}

// SettingsVersion changes whenever a calendar or the workflow changes: what was
// computed under one version holds for as long as it stands.
func (db *DB) SettingsVersion(ctx context.Context) (int64, error) {
	var version int64
	if err := db.sql.Reader.QueryRowContext(ctx, `SELECT version FROM settings_version`).Scan(&version); err != nil {
		return 0, fmt.Errorf("settings version: %w", err)
	}
	return version, nil
}

func bumpSettings(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, `UPDATE settings_version SET version = version + 1`); err != nil {
		return fmt.Errorf("settings version: %w", err)
	}
	return nil
}
