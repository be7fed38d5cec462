package control

import (
	"context"
	"database/sql"
	"fmt"
	"sync"

	"throughline/internal/delivery"
)

// definitions keeps what was built from one version of the settings.
type definitions struct {
	mu        sync.Mutex
	version   int64
	loaded    bool
	rows      []Calendar
	calendars map[builtCalendar]*delivery.Calendar // as they were asked for
	workflow  []WorkflowVersion
	teams     delivery.Teams
	owning    delivery.Teams // with what a catalogue says is theirs
}

// builtCalendar is a calendar made of its first so many versions.
type builtCalendar struct {
	name     string
	versions int
}

// current is the definitions as they are stored now, locked; the caller
// unlocks.
func (db *DB) current(ctx context.Context) (*definitions, error) {
	// Read before the rows: should they change meanwhile, the next call notices.
	version, err := db.SettingsVersion(ctx)
	if err != nil {
		return nil, err
	}
	d := &db.cache
	d.mu.Lock()
	if d.loaded && d.version == version {
		return d, nil
	}
	if err := d.load(ctx, db); err != nil {
		d.loaded = false
		d.mu.Unlock()
		return nil, err
	}
	d.version, d.loaded = version, true
	return d, nil
}

func (d *definitions) load(ctx context.Context, db *DB) (err error) {
	d.calendars = map[builtCalendar]*delivery.Calendar{}
	if d.rows, err = db.Calendars(ctx); err != nil {
		return err
	}
	if d.workflow, err = db.WorkflowVersions(ctx); err != nil {
		return err
	}
	all, err := db.Teams(ctx)
	d.teams = make(delivery.Teams, len(all))
	for i, t := range all {
		d.teams[i] = t.Team
	}
	if err != nil {
		return err
	}
	owners, err := db.OwnersByRepository(ctx)
	d.owning = d.teams.WithOwners(owners)
	return err
}

// calendar is a calendar by name, "" for the default one, built once.
func (d *definitions) calendar(name string) (*delivery.Calendar, error) {
	return d.calendarOn(name, delivery.Date{})
}

// calendarOn is calendar without the versions that begin after a day, unless that is
// the zero one.
func (d *definitions) calendarOn(name string, day delivery.Date) (*delivery.Calendar, error) {
	rows := defaultVersions(d.rows)
	if name == "" || name == rows[0].Name {
		name = rows[0].Name
	} else {
		rows = nil
		for _, c := range d.rows {
			if c.Name == name {
				rows = append(rows, c)
			}
		}
	}
	if rows == nil {
		return nil, fmt.Errorf("calendar %s: %w", name, ErrNotFound)
	}
	rows = begun(rows, day, func(c Calendar) delivery.Date { return c.From })
	key := builtCalendar{name, len(rows)}
	if c, ok := d.calendars[key]; ok {
		return c, nil
	}
	c, err := BuildCalendar(rows)
	if err != nil {
		return nil, err
	}
	d.calendars[key] = c
	return c, nil
}

// VersionsOn are the versions of the workflow that begin on a day or before, the first in
// any case; all of them on the zero day.
func VersionsOn(versions []WorkflowVersion, day delivery.Date) []WorkflowVersion {
	return begun(versions, day, func(v WorkflowVersion) delivery.Date { return v.From })
}

// begun are the versions of one definition that begin on a day or before, the first in
// any case; all of them without a day.
func begun[T any](versions []T, day delivery.Date, from func(T) delivery.Date) []T {
	n := len(versions)
	for n > 1 && !day.IsZero() && day.Before(from(versions[n-1])) {
		n--
	}
	return versions[:n]
}

// BuildCalendar makes a calendar of its versions, of which there is one at
// least.
func BuildCalendar(rows []Calendar) (*delivery.Calendar, error) {
	versions := make([]delivery.CalendarVersion, len(rows))
	for i, c := range rows {
		var err error
		if versions[i], err = c.Compile(); err != nil {
			return nil, fmt.Errorf("calendar %s: %w", c.Name, err)
		}
	}
	return delivery.NewCalendar(versions...), nil
}

// Calendar is the calendar of this name, "" for the default one, built once
// for each settings version; ErrNotFound.
func (db *DB) Calendar(ctx context.Context, name string) (*delivery.Calendar, error) {
	return db.CalendarOn(ctx, name, delivery.Date{})
}

// CalendarOn is Calendar without the versions that begin after a day, unless that is
// the zero one.
func (db *DB) CalendarOn(ctx context.Context, name string, day delivery.Date) (*delivery.Calendar, error) {
	d, err := db.current(ctx)
	if err != nil {
		return nil, err
	}
	defer d.mu.Unlock()
	return d.calendarOn(name, day)
}

// DefaultCalendar is the calendar called default, else the first by name, else
// the built-in one. It is built once for each settings version.
func (db *DB) DefaultCalendar(ctx context.Context) (*delivery.Calendar, error) {
	return db.Calendar(ctx, "")
}

// DeliveryTeams are all teams by name, with the repositories that the catalogue
// says are theirs, and then those that only the catalogue names. They are shared:
// not to be changed.
func (db *DB) DeliveryTeams(ctx context.Context) (delivery.Teams, error) {
	d, err := db.current(ctx)
	if err != nil {
		return nil, err
	}
	defer d.mu.Unlock()
	return d.owning, nil
}

// Workflows is what statuses mean over time and whose queues are whose, as the
// store wants it. A version begins with its day in the default calendar's zone.
func (db *DB) Workflows(ctx context.Context) (delivery.Workflows, error) {
	w, _, err := db.WorkflowsOn(ctx, delivery.Date{})
	return w, err
}

// WorkflowsOn is Workflows without the versions that begin after a day, unless that is
// the zero one; fewer says that there are such. Days begin in the zone that the default
// calendar has on that day.
func (db *DB) WorkflowsOn(ctx context.Context, day delivery.Date) (w delivery.Workflows, fewer bool, err error) {
	d, err := db.current(ctx)
	if err != nil {
		return w, false, err
	}
	defer d.mu.Unlock()
	calendar, err := d.calendarOn("", day)
	if err != nil {
		return w, false, err
	}
	versions := VersionsOn(d.workflow, day)
	return delivery.Workflows{Versions: Dated(versions, calendar), Teams: d.teams}, len(versions) < len(d.workflow), nil
}

// Dated are versions with the instants at which their days begin by a calendar.
// There is always one, which begins with time.
func Dated(versions []WorkflowVersion, calendar *delivery.Calendar) []delivery.WorkflowVersion {
	out := make([]delivery.WorkflowVersion, max(1, len(versions)))
	for i, v := range versions {
		out[i].Workflow = v.Workflow
		if i > 0 {
			out[i].From = v.From.In(calendar.Zone())
		}
	}
	return out
}

// DefinitionsChange is a change of the workflow, or of a calendar, or of both.
type DefinitionsChange struct {
	Workflow func([]WorkflowVersion) ([]WorkflowVersion, error) // nil: it stays
	Calendar func([]Calendar) ([]Calendar, error)               // nil: none changes
	Name     string                                             // of the calendar
}

// ChangeDefinitions is ChangeWorkflow and ChangeCalendar at once: either all of it is
// saved or nothing. It returns the audit entries to undo it by, none when nothing
// changed. Errors are those of the two.
func (db *DB) ChangeDefinitions(ctx context.Context, c DefinitionsChange) (audits []int64, err error) {
	note := func(audit int64, err error) error {
		if audit != 0 {
			audits = append(audits, audit)
		}
		return err
	}
	err = db.tx(ctx, func(tx *sql.Tx) error {
		if c.Calendar != nil {
			if err := note(db.changeCalendar(ctx, tx, c.Name, c.Calendar)); err != nil {
				return err
			}
		}
		if c.Workflow != nil {
			return note(db.changeWorkflow(ctx, tx, c.Workflow))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return audits, nil
}
