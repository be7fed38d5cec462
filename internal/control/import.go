package control

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

// Imported is what another program's settings come to: a connection, and what
// goes with it. It is stored as a whole or not at all.
type Imported struct {
	Connection Connection
	// Managed are the settings that the other program knows; those of the stored
	// connection that are not among them stay.
	Managed []string
	// Secrets to set, or with "" to remove.
	Secrets map[string]string
	// Start is where the first pull begins; nil for the kind's own beginning. A
	// connection that was synced before keeps its cursor unless it is restarted.
	Start   source.Cursor
	Restart bool

	Calendar *Calendar          // becomes the default one; nil leaves it
	Workflow *delivery.Workflow // nil leaves it

	Replace bool // what is stored and differs
}

// Outcome says what an import made of an object.
type Outcome string

// Outcomes.
const (
	Created   Outcome = "created"
	Replaced  Outcome = "replaced"
	Unchanged Outcome = "unchanged"
	Kept      Outcome = "kept" // of a start: the connection was synced already
	NotGiven  Outcome = ""
)

// ImportOutcome says what became of each object.
type ImportOutcome struct{ Connection, Start, Calendar, Workflow Outcome }

// ImportConflict is an object that is stored otherwise, or cannot be changed.
type ImportConflict struct {
	Object      string // connection, calendar or workflow
	Name        string // "" of the workflow
	Provisioned bool
	Kind        string   // of a connection that is of another kind, which it stays
	Differs     []string // names of what differs, without values
}

// ImportError is all that stands in the way of an import.
type ImportError struct{ Conflicts []ImportConflict }

func (e *ImportError) Error() string {
	var lines []string
	for _, c := range e.Conflicts {
		what := strings.TrimSpace(c.Object + " " + c.Name)
		switch {
		case c.Provisioned:
			lines = append(lines, what+": declared in the provisioning file")
		case c.Kind != "":
			lines = append(lines, what+": is of the kind "+c.Kind)
		default:
			lines = append(lines, what+": is stored otherwise: "+strings.Join(c.Differs, ", "))
		}
	}
	return strings.Join(lines, "\n")
}

// Import stores what was imported. declared is what a provisioning file is going
// to declare, which cannot be imported either. The error is an *ImportError
// when what is stored stands in the way; settings are the kind's to validate
// before.
func (db *DB) Import(ctx context.Context, in Imported, declared Declared) (ImportOutcome, error) {
	if err := in.Connection.Validate(); err != nil {
		return ImportOutcome{}, err
	}
	var out ImportOutcome
	err := db.tx(ctx, func(tx *sql.Tx) (err error) {
		out, err = db.importIn(ctx, tx, in, declared)
		return err
	})
	return out, err
}

// TryImport says what would stand in the way of an import, and stores nothing.
func (db *DB) TryImport(ctx context.Context, in Imported, declared Declared) error {
	tried := errors.New("tried")
	if err := in.Connection.Validate(); err != nil {
		return err
	}
	err := db.tx(ctx, func(tx *sql.Tx) error {
		if _, err := db.importIn(ctx, tx, in, declared); err != nil {
			return err
		}
		return tried
	})
	if errors.Is(err, tried) {
		return nil
	}
	return err
}

// importIn is Import within a transaction.
func (db *DB) importIn(ctx context.Context, tx *sql.Tx, in Imported, declared Declared) (ImportOutcome, error) {
	i := importing{db: db, tx: tx, in: in, declared: declared}
	for _, step := range []func(context.Context) error{i.connection, i.calendar, i.workflow} {
		if err := step(ctx); err != nil {
			return ImportOutcome{}, err
		}
	}
	if i.conflicts != nil {
		return ImportOutcome{}, &ImportError{i.conflicts}
	}
	return i.out, nil
}

// importing is an import under way. Steps go on after a conflict, so that all
// are told; then the transaction is rolled back.
type importing struct {
	db        *DB
	tx        *sql.Tx
	in        Imported
	declared  Declared
	conflicts []ImportConflict
	out       ImportOutcome
}

func (i *importing) conflict(c ImportConflict) error {
	i.conflicts = append(i.conflicts, c)
	return nil
}

func (i *importing) connection(ctx context.Context) error {
	c, name := i.in.Connection, i.in.Connection.Name
	old, err := connectionBy(ctx, i.tx, "name", name)
	switch {
	case errors.Is(err, ErrNotFound):
		if slices.Contains(i.declared.Connections, name) {
			return i.conflict(ImportConflict{Object: "connection", Name: name, Provisioned: true})
		}
		i.out.Connection = Created
		if _, err := i.db.putConnection(ctx, i.tx, nil, c, i.in.Secrets); err != nil {
			return err
		}
		return i.start(ctx, true)
	case err != nil:
		return err
	case old.Kind != c.Kind:
		return i.conflict(ImportConflict{Object: "connection", Name: name, Kind: old.Kind})
	}
	c.Settings = i.merged(old.Settings)
	differs, err := i.differs(ctx, old, c)
	if err != nil {
		return err
	}
	provisioned := old.Provisioned || slices.Contains(i.declared.Connections, name)
	if len(differs) > 0 && (provisioned || !i.in.Replace) {
		return i.conflict(ImportConflict{Object: "connection", Name: name, Provisioned: provisioned, Differs: differs})
	}
	i.out.Connection = Unchanged
	if len(differs) > 0 {
		i.out.Connection = Replaced
		if _, err := i.db.putConnection(ctx, i.tx, &old, c, i.in.Secrets); err != nil {
			return err
		}
	}
	return i.start(ctx, false)
}

// merged are the settings of a stored connection with the managed ones as
// imported.
func (i *importing) merged(old source.Settings) source.Settings {
	out := joinedSettings(old, nil)
	for _, name := range i.in.Managed {
		delete(out, name)
	}
	maps.Copy(out, i.in.Connection.Settings)
	return out
}

// differs names what of a stored connection is otherwise than c.
func (i *importing) differs(ctx context.Context, old, c Connection) ([]string, error) {
	var out []string
	if c.Every != old.Every {
		out = append(out, "every")
	}
	for _, name := range slices.Sorted(maps.Keys(joinedSettings(old.Settings, c.Settings))) {
		before, err := encodeSettings(oneSetting(old.Settings, name))
		if err != nil {
			return nil, err
		}
		after, err := encodeSettings(oneSetting(c.Settings, name))
		if err != nil {
			return nil, err
		}
		if before != after {
			out = append(out, name)
		}
	}
	sealed, err := sealedSecrets(ctx, i.tx, old.ID)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(i.in.Secrets)) {
		stored := ""
		for _, s := range sealed {
			if s.name == name {
				stored, _ = i.db.open(old.ID, s)
			}
		}
		if stored != i.in.Secrets[name] {
			out = append(out, name)
		}
	}
	return out, nil
}

func joinedSettings(a, b source.Settings) source.Settings {
	out := source.Settings{}
	maps.Copy(out, a)
	maps.Copy(out, b)
	return out
}

// oneSetting is the setting of a name alone, or none.
func oneSetting(s source.Settings, name string) source.Settings {
	if raw, ok := s[name]; ok {
		return source.Settings{name: raw}
	}
	return nil
}

// start says where the first pull begins, unless the connection goes on from
// where it was synced to.
func (i *importing) start(ctx context.Context, fresh bool) error {
	if len(i.in.Start) == 0 {
		return nil
	}
	var id int64
	var cursor, start *string
	err := i.tx.QueryRowContext(ctx, `SELECT id, cursor, start FROM connections WHERE name = ?`, i.in.Connection.Name).Scan(&id, &cursor, &start)
	if err != nil {
		return fmt.Errorf("start of %s: %w", i.in.Connection.Name, err)
	}
	text := string(i.in.Start)
	moved := !reflect.DeepEqual(cursor, start)
	switch {
	case start != nil && *start == text && (!moved || !i.in.Restart || !i.in.Replace):
		i.out.Start = Unchanged
		return nil
	case moved && !i.in.Restart:
		i.out.Start = Kept
		return nil
	case cursor != nil && !i.in.Replace:
		return i.conflict(ImportConflict{Object: "connection", Name: i.in.Connection.Name, Differs: []string{"where it begins"}})
	}
	// A sync under way must not leave its own cursor behind.
	_, err = i.tx.ExecContext(ctx, `UPDATE connections SET cursor = ?1, start = ?1, revision = revision + 1, next_run_at = 0 WHERE id = ?2`, text, id)
	if err != nil {
		return fmt.Errorf("start of %s: %w", i.in.Connection.Name, err)
	}
	if i.out.Start = Replaced; fresh || cursor == nil {
		i.out.Start = Created
	}
	return i.db.audit(ctx, i.tx, "connection.start", "connection/"+i.in.Connection.Name, rawText(start), i.in.Start)
}

func rawText(text *string) any {
	if text == nil {
		return nil
	}
	return rawOrNil(*text)
}

// calendar makes the imported calendar the only version of the default one.
func (i *importing) calendar(ctx context.Context) error {
	if i.in.Calendar == nil {
		return nil
	}
	all, err := calendars(ctx, i.tx)
	if err != nil {
		return err
	}
	c := i.in.Calendar.normal()
	c.Name = defaultVersions(all)[0].Name
	versions, err := normalCalendars(c.Name, []Calendar{c})
	if err != nil {
		return err
	}
	old := slices.DeleteFunc(all, func(v Calendar) bool { return v.Name != c.Name })
	provisioned := slices.Contains(i.declared.Calendars, c.Name)
	for n := range old {
		provisioned = provisioned || old[n].Provisioned
		old[n].Provisioned = false
	}
	switch {
	case reflect.DeepEqual(old, versions):
		i.out.Calendar = Unchanged
		return nil
	case provisioned || len(old) > 0 && !i.in.Replace:
		return i.conflict(ImportConflict{Object: "calendar", Name: c.Name, Provisioned: provisioned, Differs: []string{"working days, hours, time zone or holidays"}})
	}
	if i.out.Calendar = Created; len(old) > 0 {
		i.out.Calendar = Replaced
	}
	_, err = i.db.recorded(ctx, i.tx, "calendar.save", calendarObject(c.Name), func() error { return putCalendar(ctx, i.tx, c.Name, versions) })
	return err
}

// workflow makes the imported workflow the only version.
func (i *importing) workflow(ctx context.Context) error {
	if i.in.Workflow == nil {
		return nil
	}
	old, err := workflowVersions(ctx, i.tx)
	if err != nil {
		return err
	}
	versions, err := normalVersions([]WorkflowVersion{{Workflow: *i.in.Workflow}})
	if err != nil {
		return err
	}
	provisioned := i.declared.Workflow || len(old) > 0 && old[0].Provisioned
	switch {
	case len(old) == 1 && sameWorkflow(old[0].Workflow, versions[0].Workflow):
		i.out.Workflow = Unchanged
		return nil
	case provisioned || len(old) > 0 && !i.in.Replace:
		return i.conflict(ImportConflict{Object: "workflow", Provisioned: provisioned, Differs: []string{"what closed means"}})
	}
	if i.out.Workflow = Created; len(old) > 0 {
		i.out.Workflow = Replaced
	}
	_, err = i.db.recorded(ctx, i.tx, "workflow.save", workflowObject, func() error { return putWorkflow(ctx, i.tx, versions) })
	return err
}
