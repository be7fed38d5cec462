package control

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Apply makes what p declares so, all of it or nothing. What an earlier file
// declared and p does not becomes editable; tokens and embeds are revoked. Running it again
// changes nothing. The error is a *ProvisionError when the file is to blame.
func (db *DB) Apply(ctx context.Context, p *Provision, now time.Time) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		if err := db.applyConnections(ctx, tx, p.connections); err != nil {
			return err
		}
		if err := db.applyTokens(ctx, tx, p.tokens, now); err != nil {
			return err
		}
		if err := db.applyCalendars(ctx, tx, p.calendars); err != nil {
			return err
		}
		if err := db.applyTeams(ctx, tx, p.teams); err != nil {
			return err
		}
		if err := db.applyWorkflow(ctx, tx, p.workflow); err != nil {
			return err
		}
		if err := db.applyServices(ctx, tx, p.services); err != nil {
			return err
		}
		if err := db.applyCatalog(ctx, tx, p.catalog); err != nil {
			return err
		}
		return db.applyEmbeds(ctx, tx, p.embeds)
	})
}

func (db *DB) applyConnections(ctx context.Context, tx *sql.Tx, declared []declaredConnection) error {
	all, err := list(ctx, tx, scanConnection, selectConnection+` ORDER BY c.name`)
	if err != nil {
		return err
	}
	stored := map[string]*Connection{}
	for i := range all {
		stored[all[i].Name] = &all[i]
	}
	for _, c := range declared {
		old := stored[c.Name]
		secrets := make(map[string]string, len(c.secrets))
		if old != nil {
			for _, name := range old.Secrets {
				secrets[name] = "" // removed, unless declared
			}
		}
		for name, value := range c.secrets {
			secrets[name] = value
		}
		if _, err := db.putConnection(ctx, tx, old, c.Connection, secrets); err != nil {
			return err
		}
		delete(stored, c.Name)
	}
	for _, old := range stored {
		if !old.Provisioned {
			continue
		}
		c := *old
		c.Provisioned = false
		if _, err := db.putConnection(ctx, tx, old, c, nil); err != nil {
			return err
		}
	}
	return nil
}

// applyTokens sets tokens and revokes those of an earlier file: taking a token
// out of the file has to be enough to lock it out.
func (db *DB) applyTokens(ctx context.Context, tx *sql.Tx, declared []declaredToken, now time.Time) error {
	if err := checkTokenConnections(ctx, tx, declared); err != nil {
		return err
	}
	stored, err := list(ctx, tx, scanToken, selectToken+` ORDER BY id`)
	if err != nil {
		return fmt.Errorf("tokens: %w", err)
	}
	for _, t := range stored {
		if t.Provisioned && !slices.ContainsFunc(declared, func(d declaredToken) bool { return d.name == t.Name }) {
			if err := db.dropToken(ctx, tx, t); err != nil {
				return err
			}
		}
	}
	return db.putTokens(ctx, tx, declared, now)
}

func checkTokenConnections(ctx context.Context, tx *sql.Tx, declared []declaredToken) error {
	var problems []ProvisionProblem
	for _, t := range declared {
		if t.connection == "" || slices.Contains(reservedNames, t.connection) {
			continue
		}
		_, err := connectionBy(ctx, tx, "name", t.connection)
		if errors.Is(err, ErrNotFound) {
			problems = append(problems, ProvisionProblem{t.line, fmt.Sprintf("connection: there is none called %q", t.connection)})
		} else if err != nil {
			return err
		}
	}
	if problems != nil {
		return &ProvisionError{Problems: problems}
	}
	return nil
}

func (db *DB) putTokens(ctx context.Context, tx *sql.Tx, declared []declaredToken, now time.Time) error {
	// Two tokens may have swapped their values; no value stands twice meanwhile.
	for _, t := range declared {
		if _, err := tx.ExecContext(ctx, `UPDATE api_tokens SET hash = randomblob(32) WHERE hash = ? AND name <> ?`, t.hash, t.name); err != nil {
			return fmt.Errorf("store token %s: %w", t.name, err)
		}
	}
	for _, t := range declared {
		scopes, err := toJSON(sorted(t.scopes, strings.Compare))
		if err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `INSERT INTO api_tokens (name, hash, scopes, connection, provisioned, created_at) VALUES (?, ?, ?, ?, 1, ?)
			ON CONFLICT (name) DO UPDATE SET hash = excluded.hash, scopes = excluded.scopes, connection = excluded.connection, provisioned = 1
			WHERE hash <> excluded.hash OR scopes <> excluded.scopes OR connection <> excluded.connection OR provisioned = 0`,
			t.name, t.hash, scopes, t.connection, millis(now))
		if err != nil {
			return fmt.Errorf("store token %s: %w", t.name, err)
		}
		if err := oneRow(res); errors.Is(err, ErrNotFound) {
			continue // as it was
		} else if err != nil {
			return err
		}
		after := Token{Name: t.name, Scopes: t.scopes, Connection: t.connection, Provisioned: true}
		if err := db.audit(ctx, tx, "token.save", "token/"+t.name, nil, after); err != nil {
			return err
		}
	}
	return nil
}

// applyCalendars makes the declared versions all there are of their calendars.
func (db *DB) applyCalendars(ctx context.Context, tx *sql.Tx, declared []Calendar) error {
	all, err := calendars(ctx, tx)
	if err != nil {
		return err
	}
	names := map[string][]Calendar{}
	for _, old := range all {
		old.Provisioned = false
		names[old.Name] = append(names[old.Name], old)
	}
	for name := range names {
		if slices.ContainsFunc(declared, func(c Calendar) bool { return c.Name == name }) {
			names[name] = nil
		}
	}
	for _, c := range declared {
		names[c.Name] = append(names[c.Name], c)
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		put := func() error { return putCalendar(ctx, tx, name, names[name]) }
		if _, err := db.recorded(ctx, tx, "calendar.save", calendarObject(name), put); err != nil {
			return err
		}
	}
	return nil
}

// applyTeams makes teams as they are declared; their members stay.
func (db *DB) applyTeams(ctx context.Context, tx *sql.Tx, declared []declaredTeam) error {
	stored, err := teams(ctx, tx)
	if err != nil {
		return err
	}
	var problems []ProvisionProblem
	for _, d := range declared {
		if err := checkTeamCalendar(ctx, tx, d.Calendar); err != nil {
			var field *FieldError
			if !errors.As(err, &field) {
				return err
			}
			problems = append(problems, ProvisionProblem{d.calendarLine, field.Error()})
		}
	}
	if problems != nil {
		return &ProvisionError{Problems: problems}
	}
	for _, old := range stored {
		next := old
		next.Provisioned = false
		for _, d := range declared {
			if strings.EqualFold(d.Name, old.Name) {
				next.Team, next.Provisioned = d.Team, true
			}
		}
		put := func() error { return db.putTeam(ctx, tx, next) }
		if _, err := db.recorded(ctx, tx, "team.save", teamObject(next.Name), put, teamObject(old.Name)); err != nil {
			return err
		}
	}
	for _, d := range declared {
		if slices.ContainsFunc(stored, func(t Team) bool { return strings.EqualFold(t.Name, d.Name) }) {
			continue
		}
		put := func() error { return db.putTeam(ctx, tx, Team{Team: d.Team, Provisioned: true}) }
		if _, err := db.recorded(ctx, tx, "team.save", teamObject(d.Name), put); err != nil {
			return err
		}
	}
	return nil
}

// applyWorkflow makes the declared versions all there are. The teams that they
// name have to exist by then.
func (db *DB) applyWorkflow(ctx context.Context, tx *sql.Tx, declared *declaredWorkflow) error {
	versions, err := workflowVersions(ctx, tx)
	if err != nil {
		return err
	}
	for i := range versions {
		versions[i].Provisioned = false
	}
	if declared != nil {
		versions = declared.versions
		if err := checkWorkflowTeams(ctx, tx, declared); err != nil {
			return err
		}
	}
	_, err = db.recorded(ctx, tx, "workflow.save", workflowObject, func() error { return putWorkflow(ctx, tx, versions) })
	return err
}

func checkWorkflowTeams(ctx context.Context, tx *sql.Tx, declared *declaredWorkflow) error {
	all, err := teams(ctx, tx)
	if err != nil {
		return err
	}
	var problems []ProvisionProblem
	for _, named := range declared.teams {
		if !slices.ContainsFunc(all, func(t Team) bool { return t.Name == named.name }) {
			problems = append(problems, ProvisionProblem{named.line, fmt.Sprintf("teams: there is no team called %q", cut(named.name, 60))})
		}
	}
	if problems != nil {
		return &ProvisionError{Problems: problems}
	}
	return nil
}
