package control

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"throughline/internal/source"
)

// SaveConnection creates a connection (ID 0) or updates one, and returns it as
// stored. A secret that is not in the map is kept, an empty one removed.
// Changed settings or secrets resume a paused connection and make it due, and
// changed settings make its next pull a first one. Name and kind never change.
//
// Settings and the values of secrets are the kind's to validate before. Errors:
// *FieldError, joined; ErrProvisioned, ErrNameTaken, ErrNotFound.
func (db *DB) SaveConnection(ctx context.Context, c Connection, secrets map[string]string) (Connection, error) {
	if err := c.Validate(); err != nil {
		return Connection{}, err
	}
	var saved Connection
	err := db.tx(ctx, func(tx *sql.Tx) error {
		old, err := savedBefore(ctx, tx, c)
		if err != nil {
			return err
		}
		c.Provisioned = false
		if _, err := db.putConnection(ctx, tx, old, c, secrets); err != nil {
			return err
		}
		saved, err = connectionBy(ctx, tx, "name", c.Name)
		return err
	})
	return saved, err
}

// savedBefore is the connection that c would replace, nil when it is new.
func savedBefore(ctx context.Context, tx *sql.Tx, c Connection) (*Connection, error) {
	if c.ID == 0 {
		_, err := connectionBy(ctx, tx, "name", c.Name)
		if err == nil {
			return nil, ErrNameTaken
		}
		if !errors.Is(err, ErrNotFound) {
			return nil, err
		}
		return nil, nil
	}
	old, err := connectionBy(ctx, tx, "id", c.ID)
	switch {
	case err != nil:
		return nil, err
	case old.Provisioned:
		return nil, ErrProvisioned
	case old.Name != c.Name:
		return nil, &FieldError{"name", "immutable", "the name of a connection cannot be changed"}
	case old.Kind != c.Kind:
		return nil, &FieldError{"kind", "immutable", "the kind of a connection cannot be changed"}
	}
	return &old, nil
}

// connectionAudit is what the audit log holds of a connection.
type connectionAudit struct {
	Kind        string          `json:"kind"`
	Every       string          `json:"every"`
	Settings    source.Settings `json:"settings"`
	Secrets     []string        `json:"secrets"`
	Provisioned bool            `json:"provisioned,omitempty"`
	NewSecrets  []string        `json:"new_secrets,omitempty"` // set or removed by this change
}

func auditOf(c Connection, changed []string) connectionAudit {
	return connectionAudit{c.Kind, c.Every.String(), c.Settings, c.Secrets, c.Provisioned, changed}
}

// putConnection stores c over old, or as a new one, and reports whether that
// changed anything. secrets holds those to set, or with "" to remove.
func (db *DB) putConnection(ctx context.Context, tx *sql.Tx, old *Connection, c Connection, secrets map[string]string) (bool, error) {
	settings, err := encodeSettings(c.Settings)
	if err != nil {
		return false, err
	}
	if old == nil {
		if err := bumpSettings(ctx, tx); err != nil {
			return false, err
		}
		return true, db.createConnection(ctx, tx, c, settings, secrets)
	}
	before, err := encodeSettings(old.Settings)
	if err != nil {
		return false, err
	}
	changed, err := db.putSecrets(ctx, tx, old.ID, secrets)
	if err != nil {
		return false, err
	}
	restart := settings != before || c.Kind != old.Kind
	if !restart && len(changed) == 0 && c.Every == old.Every && c.Provisioned == old.Provisioned {
		return false, nil
	}
	if err := updateConnection(ctx, tx, old, c, settings); err != nil {
		return false, err
	}
	if restart {
		if err := bumpSettings(ctx, tx); err != nil {
			return false, err
		}
	}
	if restart || len(changed) > 0 {
		if err := renew(ctx, tx, old.ID, restart); err != nil {
			return false, err
		}
	}
	after, err := connectionBy(ctx, tx, "id", old.ID)
	if err != nil {
		return false, err
	}
	return true, db.audit(ctx, tx, "connection.update", "connection/"+c.Name, auditOf(*old, nil), auditOf(after, changed))
}

func (db *DB) createConnection(ctx context.Context, tx *sql.Tx, c Connection, settings string, secrets map[string]string) error {
	row := tx.QueryRowContext(ctx, `INSERT INTO connections (name, kind, every_ms, settings, provisioned, created_at)
		VALUES (?, ?, ?, ?, ?, ?) RETURNING id`, c.Name, c.Kind, c.Every.Milliseconds(), settings, c.Provisioned, millis(db.now()))
	if err := row.Scan(&c.ID); err != nil {
		return fmt.Errorf("create connection %s: %w", c.Name, err)
	}
	changed, err := db.putSecrets(ctx, tx, c.ID, secrets)
	if err != nil {
		return err
	}
	c.Secrets = changed
	return db.audit(ctx, tx, "connection.create", "connection/"+c.Name, nil, auditOf(c, nil))
}

func updateConnection(ctx context.Context, tx *sql.Tx, old *Connection, c Connection, settings string) error {
	next := old.NextRunAt
	if shift := c.Every - old.Every; old.Failures == 0 && !next.IsZero() {
		next = next.Add(shift) // as if it had been so since the last sync
		if next.Before(time.UnixMilli(0)) {
			next = time.Time{}
		}
	}
	_, err := tx.ExecContext(ctx, `UPDATE connections SET kind = ?, every_ms = ?, settings = ?, provisioned = ?, next_run_at = ? WHERE id = ?`,
		c.Kind, c.Every.Milliseconds(), settings, c.Provisioned, millis(next), old.ID)
	if err != nil {
		return fmt.Errorf("update connection %s: %w", c.Name, err)
	}
	return nil
}

// renew makes a changed connection due and forgets what held it up, and with
// restart where its last pull ended and where its first was to begin.
func renew(ctx context.Context, tx *sql.Tx, id int64, restart bool) error {
	_, err := tx.ExecContext(ctx, `UPDATE connections SET revision = revision + 1, next_run_at = 0, failures = 0,
		paused_code = '', paused_message = '', paused_at = 0,
		cursor = iif(?1, NULL, cursor), start = iif(?1, NULL, start) WHERE id = ?2`, restart, id)
	if err != nil {
		return fmt.Errorf("renew connection %d: %w", id, err)
	}
	return nil
}

// putSecrets sets secrets, removes those that are "", and names what differs
// from before.
func (db *DB) putSecrets(ctx context.Context, tx *sql.Tx, id int64, secrets map[string]string) ([]string, error) {
	stored, err := sealedSecrets(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	current := map[string]sealedSecret{}
	for _, s := range stored {
		current[s.name] = s
	}
	var changed []string
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		was, stored := current[name]
		if value := secrets[name]; value == "" {
			if !stored {
				continue
			}
			_, err = tx.ExecContext(ctx, `DELETE FROM connection_secrets WHERE connection_id = ? AND name = ?`, id, name)
		} else {
			if plain, ok := db.open(id, was); stored && ok && plain == value {
				continue
			}
			s := sealedSecret{name: name}
			_, err = tx.ExecContext(ctx, `INSERT OR REPLACE INTO connection_secrets (connection_id, name, sealed) VALUES (?, ?, ?)`,
				id, name, db.box.Seal([]byte(value), s.identity(id)))
		}
		if err != nil {
			return nil, fmt.Errorf("store secret %s: %w", name, err)
		}
		changed = append(changed, name)
	}
	return changed, nil
}

// DeleteConnection removes a connection, its credentials and its syncs. What it
// brought in stays. Errors: ErrNotFound, ErrProvisioned, ErrBuiltIn.
func (db *DB) DeleteConnection(ctx context.Context, name string) error {
	if BuiltIn(name) {
		return ErrBuiltIn
	}
	return db.tx(ctx, func(tx *sql.Tx) error {
		c, err := connectionBy(ctx, tx, "name", name)
		if err != nil {
			return err
		}
		if c.Provisioned {
			return ErrProvisioned
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM connections WHERE id = ?`, c.ID); err != nil {
			return fmt.Errorf("delete connection %s: %w", name, err)
		}
		if err := bumpSettings(ctx, tx); err != nil {
			return err
		}
		return db.audit(ctx, tx, "connection.delete", "connection/"+name, auditOf(c, nil), nil)
	})
}
