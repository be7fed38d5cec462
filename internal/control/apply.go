package control

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"throughline/internal/delivery"
)

// Apply makes what p declares so, all of it or nothing. What an earlier file
// declared and p does not becomes editable; tokens are revoked. Running it again
// changes nothing. The error is a *ProvisionError when the file is to blame.
func (db *DB) Apply(ctx context.Context, p *Provision, now time.Time) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		if err := db.applyConnections(ctx, tx, p.connections); err != nil {
			return err
		}
		if err := db.applyTokens(ctx, tx, p.tokens, now); err != nil {
			return err
		}
		calendars, err := db.applyCalendars(ctx, tx, p.calendars)
		if err != nil {
			return err
		}
		workflow, err := db.applyWorkflow(ctx, tx, p.workflow)
		if err != nil || !calendars && !workflow {
			return err
		}
		return bumpSettings(ctx, tx)
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
func (db *DB) applyCalendars(ctx context.Context, tx *sql.Tx, declared []Calendar) (changed bool, err error) {
	all, err := calendars(ctx, tx)
	if err != nil {
		return false, err
	}
	for _, c := range declared {
		put, err := db.putCalendar(ctx, tx, all, c)
		if err != nil {
			return false, err
		}
		changed = changed || put
	}
	for _, old := range all {
		same := func(c Calendar) bool { return c.Name == old.Name && c.From == old.From }
		named := func(c Calendar) bool { return c.Name == old.Name }
		switch {
		case slices.ContainsFunc(declared, same):
			continue
		case slices.ContainsFunc(declared, named):
			_, err = tx.ExecContext(ctx, `DELETE FROM calendars WHERE name = ? AND from_date = ?`, old.Name, old.From.String())
			err = errors.Join(err, db.audit(ctx, tx, "calendar.delete", "calendar/"+old.Name, auditOfCalendar(old), nil))
		case old.Provisioned:
			c := old.normal()
			c.Provisioned = false
			_, err = db.putCalendar(ctx, tx, all, c)
		default:
			continue
		}
		if err != nil {
			return false, fmt.Errorf("calendar %s: %w", old.Name, err)
		}
		changed = true
	}
	return changed, nil
}

func (db *DB) applyWorkflow(ctx context.Context, tx *sql.Tx, declared *delivery.Workflow) (changed bool, err error) {
	if declared != nil {
		return db.putWorkflow(ctx, tx, *declared, true)
	}
	old, _, err := storedWorkflow(ctx, tx)
	if err != nil || !old.Provisioned {
		return false, err
	}
	return db.putWorkflow(ctx, tx, old.Workflow, false)
}
