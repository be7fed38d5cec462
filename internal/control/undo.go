package control

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"throughline/internal/delivery"
)

// Definitions are objects whose whole state is written to the audit log before
// and after a change, so that the change can be undone: the workflow and a calendar
// with all their versions, a team, a service, the rules of deployments, and what
// people said of deployments.
const (
	workflowObject = "workflow"
	rulesObject    = "dora"
	calendarPrefix = "calendar/"
	teamPrefix     = "team/"
	servicePrefix  = "service/"
	verdictPrefix  = "verdict/"
)

func calendarObject(name string) string { return calendarPrefix + name }
func teamObject(name string) string     { return teamPrefix + name }
func serviceObject(name string) string  { return servicePrefix + name }

// undoable reports whether changes of an object of the audit log may be undone.
func undoable(object string) bool {
	kind, _, named := strings.Cut(object, "/")
	if !named {
		return object == workflowObject || object == rulesObject
	}
	return slices.Contains([]string{calendarPrefix, teamPrefix, servicePrefix, verdictPrefix}, kind+"/")
}

// CanUndo reports whether Undo may take a change back, as far as the change
// itself tells.
func (c Change) CanUndo() bool {
	switch {
	case !undoable(c.Object) || c.Before == c.After:
		return false
	case strings.HasPrefix(c.Object, teamPrefix):
		before, after, err := decoded[teamState](c)
		return err == nil && before.Provisioned == after.Provisioned
	case strings.HasPrefix(c.Object, servicePrefix):
		before, after, err := decoded[serviceState](c)
		return err == nil && !before.Provisioned && !after.Provisioned
	case strings.HasPrefix(c.Object, verdictPrefix), c.Object == rulesObject:
		return true
	case c.Object == workflowObject:
		before, after, err := decoded[workflowState](c)
		return err == nil && ownVersions(c, before.Versions, after.Versions, func(v workflowVersionState) bool { return v.Provisioned })
	}
	before, after, err := decoded[calendarState](c)
	return err == nil && ownVersions(c, before.Versions, after.Versions, func(v calendarRow) bool { return v.Provisioned })
}

// ownVersions reports whether both states of a change hold versions, none of
// them provisioned.
func ownVersions[T any](c Change, before, after []T, provisioned func(T) bool) bool {
	if c.Before != "" && before == nil || c.After != "" && after == nil {
		return false
	}
	return !slices.ContainsFunc(before, provisioned) && !slices.ContainsFunc(after, provisioned)
}

type (
	workflowState struct {
		Versions []workflowVersionState `json:"versions"`
	}
	workflowVersionState struct {
		From        delivery.Date `json:"from"`
		Provisioned bool          `json:"provisioned,omitempty"`
		workflowRow
	}
	calendarState struct {
		Versions []calendarRow `json:"versions"`
	}
	teamState struct {
		Name        string `json:"name"`
		Calendar    string `json:"calendar"`
		Provisioned bool   `json:"provisioned,omitempty"`
		patternsRow
		Members []string `json:"members"` // e-mail addresses
	}
)

// state is an object as the audit log holds it, "" when there is none.
func state(ctx context.Context, q querier, object string) (string, error) {
	switch {
	case object == workflowObject:
		versions, err := workflowVersions(ctx, q)
		if err != nil || len(versions) == 0 {
			return "", err
		}
		s := workflowState{}
		for _, v := range versions {
			s.Versions = append(s.Versions, workflowVersionState{v.From, v.Provisioned, rowOf(v.Workflow)})
		}
		return toJSON(s)
	case strings.HasPrefix(object, calendarPrefix):
		all, err := calendars(ctx, q)
		if err != nil {
			return "", err
		}
		s := calendarState{}
		for _, c := range all {
			if c.Name == strings.TrimPrefix(object, calendarPrefix) {
				s.Versions = append(s.Versions, rowOfCalendar(c))
			}
		}
		if s.Versions == nil {
			return "", nil
		}
		return toJSON(s)
	case object == rulesObject:
		return rulesBody(ctx, q)
	case strings.HasPrefix(object, servicePrefix):
		return stateOfService(ctx, q, strings.TrimPrefix(object, servicePrefix))
	case strings.HasPrefix(object, verdictPrefix):
		return stateOfVerdicts(ctx, q, object)
	}
	return stateOfTeam(ctx, q, object)
}

func stateOfTeam(ctx context.Context, q querier, object string) (string, error) {
	t, err := teamNamed(ctx, q, strings.TrimPrefix(object, teamPrefix))
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	s := teamState{t.Name, t.Calendar, t.Provisioned, patternsOf(t.Team), []string{}}
	emails, err := list(ctx, q, scanText, `SELECT u.email FROM team_members m JOIN users u ON u.id = m.user_id WHERE m.team_id = ? ORDER BY u.email`, t.ID)
	if err != nil {
		return "", fmt.Errorf("members of %s: %w", t.Name, err)
	}
	s.Members = append(s.Members, emails...)
	return toJSON(s)
}

func scanText(row scanner) (text string, err error) { return text, row.Scan(&text) }

// recorded runs change within a transaction and writes down what it made of an
// object, and that numbers may differ now. It returns the audit entry, 0 when
// nothing changed. An object that had another name before is looked up by that.
func (db *DB) recorded(ctx context.Context, tx *sql.Tx, action, object string, change func() error, formerly ...string) (audit int64, err error) {
	was := object
	if len(formerly) > 0 && !strings.HasSuffix(formerly[0], "/") { // it had a name
		was = formerly[0]
	}
	before, err := state(ctx, tx, was)
	if err != nil {
		return 0, err
	}
	if err := change(); err != nil {
		return 0, err
	}
	after, err := state(ctx, tx, object)
	if err != nil || before == after {
		return 0, err
	}
	audit, err = db.auditEntry(ctx, tx, action, object, rawOrNil(before), rawOrNil(after))
	if err != nil {
		return 0, err
	}
	return audit, bumpSettings(ctx, tx)
}

func rawOrNil(text string) any {
	if text == "" {
		return nil
	}
	return json.RawMessage(text)
}

// Change is an entry of the audit log about a definition.
type Change struct {
	ID            int64
	UserID        int64 // 0 for the program itself
	Object        string
	Before, After string // JSON, "" for none
}

// Change is the entry with this id, or ErrNotFound.
func (db *DB) Change(ctx context.Context, id int64) (Change, error) {
	return changeOf(ctx, db.sql.Reader, id)
}

func changeOf(ctx context.Context, q querier, id int64) (Change, error) {
	c := Change{ID: id}
	err := q.QueryRowContext(ctx, `SELECT ifnull(user_id, 0), object, ifnull(before, ''), ifnull(after, '') FROM audit_log WHERE id = ?`, id).
		Scan(&c.UserID, &c.Object, &c.Before, &c.After)
	if err != nil {
		return Change{}, fmt.Errorf("audit entry %d: %w", id, notFound(err))
	}
	return c, nil
}

// Stands reports whether an object still is as a change of it left it: only
// then Undo takes the change back.
func (db *DB) Stands(ctx context.Context, c Change) (bool, error) {
	if !undoable(c.Object) {
		return false, nil
	}
	now, err := state(ctx, db.sql.Reader, c.Object)
	return err == nil && now == c.After, err
}

// Undo restores what a change found, all versions of it, and returns the audit
// entry of doing so, which can be undone too. Errors: ErrChanged when the
// object is no longer as the change left it, ErrProvisioned when the
// provisioning file declares it or did so before the change, ErrInUse when a
// team needs the calendar that would go, ErrNoUndo for changes of other
// things, *FieldError when what it found cannot be any more; ErrNotFound.
func (db *DB) Undo(ctx context.Context, auditID int64) (audit int64, err error) {
	err = db.tx(ctx, func(tx *sql.Tx) error {
		c, err := changeOf(ctx, tx, auditID)
		if err != nil {
			return err
		}
		if !undoable(c.Object) || c.Before == c.After {
			return ErrNoUndo
		}
		now, err := state(ctx, tx, c.Object)
		if err != nil {
			return err
		}
		if now != c.After {
			return ErrChanged
		}
		audit, err = db.restore(ctx, tx, c)
		return err
	})
	return audit, err
}

func (db *DB) restore(ctx context.Context, tx *sql.Tx, c Change) (int64, error) {
	switch {
	case c.Object == workflowObject:
		return db.restoreWorkflow(ctx, tx, c)
	case strings.HasPrefix(c.Object, calendarPrefix):
		return db.restoreCalendar(ctx, tx, c)
	case strings.HasPrefix(c.Object, servicePrefix):
		return db.restoreService(ctx, tx, c)
	case strings.HasPrefix(c.Object, verdictPrefix):
		return db.restoreVerdicts(ctx, tx, c)
	case c.Object == rulesObject:
		return db.recorded(ctx, tx, "dora.undo", c.Object, func() error { return putRules(ctx, tx, c.Before) })
	}
	return db.restoreTeam(ctx, tx, c)
}

// decoded reads the two states of a change. Entries of before definitions had
// versions are in another form, and cannot be undone.
func decoded[T any](c Change) (before, after T, err error) {
	for _, s := range []struct {
		text string
		to   *T
	}{{c.Before, &before}, {c.After, &after}} {
		if s.text == "" {
			continue
		}
		if err := json.Unmarshal([]byte(s.text), s.to); err != nil {
			return before, after, errors.Join(ErrNoUndo, err)
		}
	}
	return before, after, nil
}

func (db *DB) restoreWorkflow(ctx context.Context, tx *sql.Tx, c Change) (int64, error) {
	before, after, err := decoded[workflowState](c)
	if err != nil {
		return 0, err
	}
	versions := before.versions()
	provisioned := func(v workflowVersionState) bool { return v.Provisioned }
	if slices.ContainsFunc(slices.Concat(before.Versions, after.Versions), provisioned) {
		return 0, ErrProvisioned
	}
	if c.Before != "" && versions == nil {
		return 0, ErrNoUndo
	}
	return db.recorded(ctx, tx, "workflow.undo", c.Object, func() error { return putWorkflow(ctx, tx, versions) })
}

func (db *DB) restoreCalendar(ctx context.Context, tx *sql.Tx, c Change) (int64, error) {
	before, after, err := decoded[calendarState](c)
	if err != nil {
		return 0, err
	}
	name := strings.TrimPrefix(c.Object, calendarPrefix)
	var versions []Calendar
	for _, v := range slices.Concat(before.Versions, after.Versions) {
		if v.Provisioned {
			return 0, ErrProvisioned
		}
	}
	for _, v := range before.Versions {
		version, err := v.calendar(name)
		if err != nil {
			return 0, errors.Join(ErrNoUndo, err)
		}
		versions = append(versions, version)
	}
	if c.Before != "" && versions == nil {
		return 0, ErrNoUndo
	}
	if versions == nil {
		if err := calendarFree(ctx, tx, name); err != nil {
			return 0, err
		}
	}
	return db.recorded(ctx, tx, "calendar.undo", c.Object, func() error { return putCalendar(ctx, tx, name, versions) })
}

func (db *DB) restoreTeam(ctx context.Context, tx *sql.Tx, c Change) (int64, error) {
	before, after, err := decoded[teamState](c)
	if err != nil {
		return 0, err
	}
	// Members of a provisioned team are no part of the file.
	onlyMembers := before.Provisioned && after.Provisioned
	if !onlyMembers && (before.Provisioned || after.Provisioned) {
		return 0, ErrProvisioned
	}
	t := Team{Provisioned: onlyMembers}
	if c.After != "" {
		stored, err := teamNamed(ctx, tx, after.Name)
		if err != nil {
			return 0, err
		}
		t.ID = stored.ID
	}
	if c.Before == "" {
		if err := teamFree(ctx, tx, after.Name); err != nil {
			return 0, err
		}
		return db.recorded(ctx, tx, "team.undo", c.Object, func() error { return deleteTeam(ctx, tx, t.ID) })
	}
	t.Name, t.Calendar = before.Name, before.Calendar
	before.setTo(&t.Team)
	emails, err := toJSON(before.Members)
	if err != nil {
		return 0, err
	}
	t.Members, err = list(ctx, tx, func(row scanner) (id int64, err error) { return id, row.Scan(&id) },
		`SELECT id FROM users WHERE email IN (SELECT value FROM json_each(?))`, emails)
	if err != nil {
		return 0, fmt.Errorf("members: %w", err)
	}
	if err := db.teamMayBe(ctx, tx, t, after.Name); err != nil {
		return 0, err
	}
	return db.recorded(ctx, tx, "team.undo", teamObject(t.Name), func() error { return db.putTeam(ctx, tx, t) }, teamObject(after.Name))
}

// teamMayBe checks what a team that comes back needs, and takes its lists of
// statuses along when its name changes with it.
func (db *DB) teamMayBe(ctx context.Context, tx *sql.Tx, t Team, name string) error {
	all, err := teams(ctx, tx)
	if err != nil {
		return err
	}
	if _, err := savableTeam(all, t); err != nil && !errors.Is(err, ErrProvisioned) {
		return err
	}
	if err := checkTeamCalendar(ctx, tx, t.Calendar); err != nil {
		return err
	}
	if name != "" && name != t.Name {
		return db.renamedTeam(ctx, tx, name, t.Name)
	}
	return nil
}

// QueuesBefore are the patterns of queues that a team had before a change of it.
func QueuesBefore(c Change) (delivery.Patterns, error) {
	before, _, err := decoded[teamState](c)
	return before.Queues, err
}

// WorkflowsOf are the versions of the workflow before and after a change of it;
// ErrNoUndo of an entry that does not hold them.
func WorkflowsOf(c Change) (before, after []WorkflowVersion, err error) {
	was, is, err := decoded[workflowState](c)
	if err != nil || c.Object != workflowObject {
		return nil, nil, errors.Join(err, ErrNoUndo)
	}
	return was.versions(), is.versions(), nil
}

func (s workflowState) versions() []WorkflowVersion {
	var out []WorkflowVersion
	for _, v := range s.Versions {
		out = append(out, WorkflowVersion{v.From, v.workflow(), false})
	}
	return out
}
