package control

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"throughline/internal/delivery"
)

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
// on the same day. Errors are those of ChangeCalendar.
func (db *DB) SaveCalendar(ctx context.Context, c Calendar) error {
	_, err := db.ChangeCalendar(ctx, c.normal().Name, func(versions []Calendar) ([]Calendar, error) {
		return CalendarFrom(versions, c, c.From), nil
	})
	return err
}

// CalendarFrom puts c in place of all versions from its first day on, up to
// and with the one that began on last.
func CalendarFrom(versions []Calendar, c Calendar, last delivery.Date) []Calendar {
	out := slices.DeleteFunc(slices.Clone(versions), func(v Calendar) bool {
		return v.From == c.From || c.From.Before(v.From) && !last.Before(v.From)
	})
	out = append(out, c)
	slices.SortStableFunc(out, func(a, b Calendar) int { return compareDates(a.From, b.From) })
	return out
}

// ChangeCalendarFrom is ChangeFrom for the versions of a calendar. change must not
// write into the slices of what it gets.
func ChangeCalendarFrom(versions []Calendar, from, last delivery.Date, change func(*Calendar)) []Calendar {
	if len(versions) == 0 {
		versions = []Calendar{BuiltinCalendar()} // what held until now
	}
	return changeFrom(versions, from, last, func(c *Calendar) *delivery.Date { return &c.From }, change)
}

// CheckCalendars refuses versions of a calendar that could not be saved, as a
// *FieldError.
func CheckCalendars(name string, versions []Calendar) error {
	_, err := normalCalendars(name, versions)
	return err
}

// ChangeCalendar puts what change makes of the versions of a calendar in their
// place; it gets none of a calendar that is new. It returns the audit entry to
// undo it by, 0 when nothing changed. Errors: those of change and Compile,
// ErrProvisioned, ErrLastVersion.
func (db *DB) ChangeCalendar(ctx context.Context, name string, change func([]Calendar) ([]Calendar, error)) (audit int64, err error) {
	err = db.tx(ctx, func(tx *sql.Tx) error {
		audit, err = db.changeCalendar(ctx, tx, name, change)
		return err
	})
	return audit, err
}

func (db *DB) changeCalendar(ctx context.Context, tx *sql.Tx, name string, change func([]Calendar) ([]Calendar, error)) (audit int64, err error) {
	return db.recorded(ctx, tx, "calendar.save", calendarObject(name), func() error {
		old, err := calendarVersions(ctx, tx, name)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(old, func(c Calendar) bool { return c.Provisioned }) {
			return ErrProvisioned
		}
		versions, err := change(slices.Clone(old))
		if err != nil {
			return err
		}
		if versions, err = normalCalendars(name, versions); err != nil {
			return err
		}
		return putCalendar(ctx, tx, name, versions)
	})
}

// normalCalendars are versions of one calendar, checked, without those that
// change nothing.
func normalCalendars(name string, in []Calendar) ([]Calendar, error) {
	switch {
	case len(in) == 0:
		return nil, ErrLastVersion
	case len(in) > maxVersions:
		return nil, &FieldError{"from", "length", fmt.Sprintf("more than %d versions", maxVersions)}
	}
	out := make([]Calendar, len(in))
	for i, c := range in {
		c.Name, c.Provisioned = name, false
		if _, err := c.Compile(); err != nil {
			return nil, err
		}
		out[i] = c.normal()
	}
	return slices.CompactFunc(out, func(a, b Calendar) bool {
		b.From = a.From
		return reflect.DeepEqual(a, b)
	}), nil
}

func calendarVersions(ctx context.Context, q querier, name string) ([]Calendar, error) {
	all, err := calendars(ctx, q)
	return slices.DeleteFunc(all, func(c Calendar) bool { return c.Name != name }), err
}

// DeleteCalendar deletes a calendar with all its versions. Errors: ErrInUse
// when a team has it or it is the default one, ErrProvisioned, ErrNotFound.
func (db *DB) DeleteCalendar(ctx context.Context, name string) (audit int64, err error) {
	err = db.tx(ctx, func(tx *sql.Tx) error {
		all, err := calendars(ctx, tx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(c Calendar) bool { return c.Name == name })
		switch {
		case i < 0:
			return ErrNotFound
		case all[i].Provisioned:
			return ErrProvisioned
		case defaultVersions(all)[0].Name == name:
			return ErrInUse
		}
		if err := calendarFree(ctx, tx, name); err != nil {
			return err
		}
		audit, err = db.recorded(ctx, tx, "calendar.delete", calendarObject(name), func() error { return putCalendar(ctx, tx, name, nil) })
		return err
	})
	return audit, err
}

// calendarFree is ErrInUse when a team has the calendar.
func calendarFree(ctx context.Context, q querier, name string) error {
	all, err := teams(ctx, q)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(all, func(t Team) bool { return t.Calendar == name }) {
		return ErrInUse
	}
	return nil
}

// calendarRow is a version of a calendar in the audit log.
type calendarRow struct {
	Zone        string          `json:"timezone"`
	Workdays    []string        `json:"workdays"`
	Hours       []string        `json:"hours"`
	Holidays    string          `json:"holidays"`
	DaysOff     []delivery.Date `json:"days_off"`
	WorkingDays []delivery.Date `json:"working_days"`
	From        delivery.Date   `json:"from"`
	Provisioned bool            `json:"provisioned,omitempty"`
}

func rowOfCalendar(c Calendar) calendarRow {
	row := calendarRow{c.Zone, nil, c.Hours, c.Holidays, c.DaysOff, c.WorkingDays, c.From, c.Provisioned}
	for _, d := range c.Workdays {
		row.Workdays = append(row.Workdays, d.String())
	}
	return row
}

func (r calendarRow) calendar(name string) (Calendar, error) {
	c := Calendar{Name: name, Zone: r.Zone, Hours: r.Hours, Holidays: r.Holidays, DaysOff: r.DaysOff, WorkingDays: r.WorkingDays, From: r.From}
	for day := time.Sunday; day <= time.Saturday; day++ {
		if slices.Contains(r.Workdays, day.String()) {
			c.Workdays = append(c.Workdays, day)
		}
	}
	_, err := c.Compile()
	return c.normal(), err
}

// putCalendar stores normal, valid versions as all there are of a calendar.
func putCalendar(ctx context.Context, tx *sql.Tx, name string, versions []Calendar) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM calendars WHERE name = ?`, name); err != nil {
		return fmt.Errorf("store calendar %s: %w", name, err)
	}
	for _, c := range versions {
		var texts []any
		for _, v := range []any{c.Workdays, c.Hours, c.DaysOff, c.WorkingDays} {
			text, err := toJSON(v)
			if err != nil {
				return err
			}
			texts = append(texts, text)
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO calendars
			(name, from_date, zone, holidays, provisioned, workdays, hours, days_off, working_days) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			append([]any{c.Name, c.From.String(), c.Zone, c.Holidays, c.Provisioned}, texts...)...)
		if err != nil {
			return fmt.Errorf("store calendar %s: %w", name, err)
		}
	}
	return nil
}

// SettingsVersion changes whenever a calendar, the workflow, a team, a service, the
// rules of deployments, what people said of them or the settings of a connection
// change, which branches are the default ones, say: what was computed under one
// version holds for as long as it stands.
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
