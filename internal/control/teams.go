package control

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"throughline/internal/delivery"
)

// Team is a team with the users who are members of it.
type Team struct {
	delivery.Team
	ID          int64
	Members     []int64 // ids of users, ascending
	Provisioned bool
}

// maxTeams bounds the teams, far above what anybody has.
const maxTeams = 1000

// patternsRow is what a team maps, as it is stored and provisioned.
type patternsRow struct {
	Queues       delivery.Patterns `json:"tracker_queues"`
	Repositories delivery.Patterns `json:"github_repositories"`
	Sentry       delivery.Patterns `json:"sentry_projects"`
	CI           delivery.Patterns `json:"ci_projects"`
	Jira         delivery.Patterns `json:"jira_projects"`
	Services     delivery.Patterns `json:"services,omitempty"`
}

func patternsOf(t delivery.Team) patternsRow {
	return patternsRow{t.Queues, t.Repositories, t.SentryProjects, t.CIProjects, t.JiraProjects, t.Services}
}

func (p patternsRow) setTo(t *delivery.Team) {
	t.Queues, t.Repositories, t.SentryProjects, t.CIProjects, t.JiraProjects = p.Queues, p.Repositories, p.Sentry, p.CI, p.Jira
	t.Services = p.Services
}

const selectTeam = `SELECT t.id, t.name, t.calendar, t.patterns, t.provisioned,
	(SELECT json_group_array(user_id) FROM (SELECT user_id FROM team_members WHERE team_id = t.id ORDER BY user_id))
FROM teams t`

func scanTeam(row scanner) (Team, error) {
	var t Team
	var patterns, members []byte
	if err := row.Scan(&t.ID, &t.Name, &t.Calendar, &patterns, &t.Provisioned, &members); err != nil {
		return Team{}, err
	}
	var p patternsRow
	if err := errors.Join(json.Unmarshal(patterns, &p), json.Unmarshal(members, &t.Members)); err != nil {
		return Team{}, fmt.Errorf("team %s: %w", t.Name, err)
	}
	p.setTo(&t.Team)
	return t, nil
}

// Teams are all teams by name.
func (db *DB) Teams(ctx context.Context) ([]Team, error) { return teams(ctx, db.sql.Reader) }

func teams(ctx context.Context, q querier) ([]Team, error) {
	all, err := list(ctx, q, scanTeam, selectTeam+` ORDER BY t.name`)
	if err != nil {
		return nil, fmt.Errorf("teams: %w", err)
	}
	return all, nil
}

// Team is the team of this name, or ErrNotFound.
func (db *DB) Team(ctx context.Context, name string) (Team, error) {
	return teamNamed(ctx, db.sql.Reader, name)
}

func teamNamed(ctx context.Context, q querier, name string) (Team, error) {
	t, err := scanTeam(q.QueryRowContext(ctx, selectTeam+` WHERE t.name = ?`, name))
	if err != nil {
		return Team{}, fmt.Errorf("team %s: %w", name, notFound(err))
	}
	return t, nil
}

// SaveTeam creates a team (ID 0) or changes one, its name and members too, and
// returns the audit entry to undo it by, 0 when nothing changed. The lists of
// statuses and the names of production of a renamed team go with it. Errors:
// *FieldError, joined, for name, calendar, queues, repositories, services, sentry,
// ci or jira; ErrProvisioned, ErrNameTaken, ErrNotFound.
func (db *DB) SaveTeam(ctx context.Context, t Team) (audit int64, err error) {
	if t, err = t.normal(); err != nil {
		return 0, err
	}
	err = db.tx(ctx, func(tx *sql.Tx) error {
		all, err := teams(ctx, tx)
		if err != nil {
			return err
		}
		name, err := savableTeam(all, t)
		if err != nil {
			return err
		}
		if err := checkTeamCalendar(ctx, tx, t.Calendar); err != nil {
			return err
		}
		if name != "" && name != t.Name {
			if err := db.renamedTeam(ctx, tx, name, t.Name); err != nil {
				return err
			}
		}
		t.Provisioned = false
		audit, err = db.recorded(ctx, tx, "team.save", teamObject(t.Name), func() error { return db.putTeam(ctx, tx, t) }, teamObject(name))
		return err
	})
	return audit, err
}

// savableTeam is the name under which t is stored, "" while it is not.
func savableTeam(all []Team, t Team) (stored string, err error) {
	found := false
	for _, other := range all {
		switch {
		case other.ID == t.ID:
			stored, found = other.Name, true
			if other.Provisioned {
				return "", ErrProvisioned
			}
		case strings.EqualFold(other.Name, t.Name):
			return "", ErrNameTaken
		}
	}
	switch {
	case t.ID != 0 && !found:
		return "", ErrNotFound
	case t.ID == 0 && len(all) >= maxTeams:
		return "", &FieldError{"name", "length", fmt.Sprintf("more than %d teams", maxTeams)}
	}
	return stored, nil
}

func checkTeamCalendar(ctx context.Context, q querier, name string) error {
	if name == "" {
		return nil
	}
	all, err := calendars(ctx, q)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(all, func(c Calendar) bool { return c.Name == name }) {
		return &FieldError{"calendar", "unknown", fmt.Sprintf("there is no calendar called %q", cut(name, 60))}
	}
	return nil
}

// renamedTeam takes along what is kept by a team's name.
func (db *DB) renamedTeam(ctx context.Context, tx *sql.Tx, from, to string) error {
	if err := db.renameOverrides(ctx, tx, from, to); err != nil {
		return err
	}
	return db.renameProduction(ctx, tx, from, to)
}

// renameOverrides takes a team's own lists of statuses along to its new name.
func (db *DB) renameOverrides(ctx context.Context, tx *sql.Tx, from, to string) error {
	versions, err := workflowVersions(ctx, tx)
	if err != nil {
		return err
	}
	own := false
	for _, v := range versions {
		if lists, ok := v.Teams[from]; ok {
			delete(v.Teams, from)
			v.Teams[to] = lists
			own = true
		}
	}
	switch {
	case !own:
		return nil
	case versions[0].Provisioned:
		return &FieldError{"name", "in_use", "the provisioning file sets statuses for this name"}
	}
	_, err = db.recorded(ctx, tx, "workflow.save", workflowObject, func() error { return putWorkflow(ctx, tx, versions) })
	return err
}

// putTeam stores a normal, valid team with its members.
func (db *DB) putTeam(ctx context.Context, tx *sql.Tx, t Team) error {
	patterns, err := toJSON(patternsOf(t.Team))
	if err != nil {
		return err
	}
	if t.ID == 0 {
		err = tx.QueryRowContext(ctx, `INSERT INTO teams (name, calendar, patterns, provisioned, created_at) VALUES (?, ?, ?, ?, ?) RETURNING id`,
			t.Name, t.Calendar, patterns, t.Provisioned, millis(db.now())).Scan(&t.ID)
	} else {
		_, err = tx.ExecContext(ctx, `UPDATE teams SET name = ?, calendar = ?, patterns = ?, provisioned = ? WHERE id = ?`,
			t.Name, t.Calendar, patterns, t.Provisioned, t.ID)
	}
	if err != nil {
		return fmt.Errorf("store team %s: %w", t.Name, err)
	}
	return putMembers(ctx, tx, t.ID, t.Members)
}

// putMembers makes these users the members of a team, as far as they exist.
func putMembers(ctx context.Context, tx *sql.Tx, team int64, users []int64) error {
	ids, err := toJSON(append([]int64{}, users...))
	if err == nil {
		_, err = tx.ExecContext(ctx, `DELETE FROM team_members WHERE team_id = ?`, team)
	}
	if err == nil {
		_, err = tx.ExecContext(ctx, `INSERT INTO team_members (team_id, user_id)
			SELECT ?, id FROM users WHERE id IN (SELECT value FROM json_each(?))`, team, ids)
	}
	if err != nil {
		return fmt.Errorf("store members: %w", err)
	}
	return nil
}

// SetMembers makes these users the members of a team, which may be a
// provisioned one. It returns the audit entry as SaveTeam does.
func (db *DB) SetMembers(ctx context.Context, name string, users []int64) (audit int64, err error) {
	err = db.tx(ctx, func(tx *sql.Tx) error {
		t, err := teamNamed(ctx, tx, name)
		if err != nil {
			return err
		}
		audit, err = db.recorded(ctx, tx, "team.save", teamObject(name), func() error { return putMembers(ctx, tx, t.ID, users) })
		return err
	})
	return audit, err
}

// DeleteTeam deletes a team. Its own lists of statuses stay, for a team of the
// same name, and concern nothing without one. Errors: ErrProvisioned, also of a
// team that the provisioned workflow names; ErrNotFound.
func (db *DB) DeleteTeam(ctx context.Context, name string) (audit int64, err error) {
	err = db.tx(ctx, func(tx *sql.Tx) error {
		t, err := teamNamed(ctx, tx, name)
		if err != nil {
			return err
		}
		if t.Provisioned {
			return ErrProvisioned
		}
		if err := teamFree(ctx, tx, name); err != nil {
			return err
		}
		audit, err = db.recorded(ctx, tx, "team.delete", teamObject(name), func() error { return deleteTeam(ctx, tx, t.ID) })
		return err
	})
	return audit, err
}

// teamFree is ErrProvisioned when the provisioned workflow names a team: without
// the team the file could not be applied again.
func teamFree(ctx context.Context, q querier, name string) error {
	versions, err := workflowVersions(ctx, q)
	if err != nil {
		return err
	}
	named := func(v WorkflowVersion) bool { _, own := v.Teams[name]; return own && v.Provisioned }
	if slices.ContainsFunc(versions, named) {
		return ErrProvisioned
	}
	return nil
}

func deleteTeam(ctx context.Context, tx *sql.Tx, id int64) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM teams WHERE id = ?`, id); err != nil {
		return fmt.Errorf("delete team: %w", err)
	}
	return nil
}

// Check finds what is wrong with a team by itself, as SaveTeam does.
func (t Team) Check() error {
	_, err := t.normal()
	return err
}

// normal is t in the form it is stored in, checked.
func (t Team) normal() (Team, error) {
	t.Name, t.Calendar = strings.TrimSpace(t.Name), strings.TrimSpace(t.Calendar)
	errs := []error{t.checkName()}
	for _, kind := range []struct {
		field    string
		patterns *delivery.Patterns
	}{{"queues", &t.Queues}, {"repositories", &t.Repositories}, {"sentry", &t.SentryProjects}, {"ci", &t.CIProjects}, {"jira", &t.JiraProjects}, {"services", &t.Services}} {
		*kind.patterns = normalPatterns(*kind.patterns)
		if err := kind.patterns.Validate(); err != nil {
			errs = append(errs, &FieldError{kind.field, "patterns", err.Error()})
		}
	}
	t.Members = slices.Clone(t.Members)
	slices.Sort(t.Members)
	t.Members = slices.Compact(t.Members)
	return t, errors.Join(errs...)
}

// normalPatterns trims patterns and leaves out empty and repeated ones.
func normalPatterns(in delivery.Patterns) delivery.Patterns {
	var out delivery.Patterns
	for _, p := range in {
		if p = strings.TrimSpace(p); p != "" && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

func (t Team) checkName() error {
	if t.Name == "" {
		return &FieldError{"name", "required", "give the team a name"}
	}
	if utf8.RuneCountInString(t.Name) > 60 || !utf8.ValidString(t.Name) || strings.ContainsFunc(t.Name, unicode.IsControl) {
		return &FieldError{"name", "text", "a name has up to 60 characters on one line"}
	}
	return nil
}
