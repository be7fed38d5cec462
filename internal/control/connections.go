package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"throughline/internal/secret"
	"throughline/internal/source"
)

// Connection is one configured account of a source.
type Connection struct {
	ID          int64
	Name        string
	Kind        string
	Every       time.Duration // from one sync's start to the next one's
	Settings    source.Settings
	Secrets     []string // names of those that are set, never their values
	Provisioned bool     // declared in the provisioning file: read-only
	Paused      *Pause   // nil unless paused
	NextRunAt   time.Time
	Failures    int // syncs failed in a row
	Syncing     bool
	Revision    int64 // counts changes of settings and secrets
}

// Pause says why nothing is pulled until a person does something.
type Pause struct {
	Code    string // names a message of the catalogue
	Message string
	At      time.Time
}

// Bounds of Connection.Every.
const (
	MinEvery     = time.Minute
	MaxEvery     = 30 * 24 * time.Hour
	DefaultEvery = 30 * time.Minute
)

// connectionName is what fits into URLs and file names everywhere.
var connectionName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

// reservedNames are connections that are always there, each of the kind of its
// name.
var reservedNames = []string{"ci", "series"}

// BuiltIn reports whether a connection of that name is always there.
func BuiltIn(name string) bool { return slices.Contains(reservedNames, name) }

// Pushed reports whether the connection only takes what is pushed: it is of the
// kind of a built-in one, and nothing is ever pulled from it.
func (c *Connection) Pushed() bool { return BuiltIn(c.Kind) }

// Reader names the connection as it is set up: what a hook comes to for one reader, it
// comes to again.
func (c *Connection) Reader() string { return fmt.Sprintf("%s %d.%d", c.Name, c.ID, c.Revision) }

// Pulled are the connections that syncs pull from, by name.
func (db *DB) Pulled(ctx context.Context) ([]Connection, error) {
	all, err := db.Connections(ctx)
	return slices.DeleteFunc(all, func(c Connection) bool { return c.Pushed() }), err
}

const selectConnection = `
SELECT c.id, c.name, c.kind, c.every_ms, c.settings, c.provisioned,
       c.paused_code, c.paused_message, c.paused_at, c.next_run_at, c.failures, c.revision,
       EXISTS (SELECT 1 FROM syncs s WHERE s.connection_id = c.id AND s.state = 'running'),
       (SELECT json_group_array(x.name ORDER BY x.name) FROM connection_secrets x WHERE x.connection_id = c.id)
FROM connections c`

func scanConnection(row scanner) (Connection, error) {
	var c Connection
	var every, pausedAt, nextRun int64
	var settings, secrets []byte
	var p Pause
	err := row.Scan(&c.ID, &c.Name, &c.Kind, &every, &settings, &c.Provisioned,
		&p.Code, &p.Message, &pausedAt, &nextRun, &c.Failures, &c.Revision, &c.Syncing, &secrets)
	if err != nil {
		return Connection{}, err
	}
	if pausedAt != 0 {
		p.At = fromMillis(pausedAt)
		c.Paused = &p
	}
	c.Every = time.Duration(every) * time.Millisecond
	c.NextRunAt = fromMillis(nextRun)
	if err := errors.Join(json.Unmarshal(settings, &c.Settings), json.Unmarshal(secrets, &c.Secrets)); err != nil {
		return Connection{}, fmt.Errorf("connection %s: %w", c.Name, err)
	}
	return c, nil
}

// Connections are all connections by name.
func (db *DB) Connections(ctx context.Context) ([]Connection, error) {
	all, err := list(ctx, db.sql.Reader, scanConnection, selectConnection+` ORDER BY c.name`)
	if err != nil {
		return nil, fmt.Errorf("connections: %w", err)
	}
	return all, nil
}

// Connection is the connection called name, or ErrNotFound.
func (db *DB) Connection(ctx context.Context, name string) (Connection, error) {
	return connectionBy(ctx, db.sql.Reader, "name", name)
}

func connectionBy(ctx context.Context, q querier, column string, value any) (Connection, error) {
	c, err := scanConnection(q.QueryRowContext(ctx, selectConnection+` WHERE c.`+column+` = ?`, value))
	if err != nil {
		return Connection{}, fmt.Errorf("connection %v: %w", value, notFound(err))
	}
	return c, nil
}

// Config is what the connection's kind is made with: its settings and its
// secrets, opened. The error wraps secret.ErrSealed when the secret key is not
// the one that they were sealed with.
func (db *DB) Config(ctx context.Context, c Connection) (source.Settings, map[string]string, error) {
	fresh, err := connectionBy(ctx, db.sql.Reader, "id", c.ID)
	if err != nil {
		return nil, nil, err
	}
	sealed, err := sealedSecrets(ctx, db.sql.Reader, c.ID)
	if err != nil {
		return nil, nil, err
	}
	secrets := make(map[string]string, len(sealed))
	for _, s := range sealed {
		plain, err := db.box.Open(s.sealed, s.identity(c.ID))
		if err != nil {
			return nil, nil, fmt.Errorf("connection %s: %w", fresh.Name, err)
		}
		secrets[s.name] = string(plain)
	}
	return fresh.Settings, secrets, nil
}

// Cursor is where the connection's next pull goes on; nil for its first.
func (db *DB) Cursor(ctx context.Context, id int64) (source.Cursor, error) {
	var cursor *string
	err := db.sql.Reader.QueryRowContext(ctx, `SELECT cursor FROM connections WHERE id = ?`, id).Scan(&cursor)
	if err != nil {
		return nil, fmt.Errorf("cursor of connection %d: %w", id, notFound(err))
	}
	if cursor == nil {
		return nil, nil
	}
	return source.Cursor(*cursor), nil
}

type sealedSecret struct {
	name   string
	sealed []byte
}

// identity binds a sealed secret to its row.
func (s sealedSecret) identity(connection int64) string {
	return fmt.Sprintf("connections/%d/%s", connection, s.name)
}

func sealedSecrets(ctx context.Context, q querier, id int64) ([]sealedSecret, error) {
	all, err := list(ctx, q, func(row scanner) (s sealedSecret, err error) {
		err = row.Scan(&s.name, &s.sealed)
		return s, err
	}, `SELECT name, sealed FROM connection_secrets WHERE connection_id = ? ORDER BY name`, id)
	if err != nil {
		return nil, fmt.Errorf("secrets of connection %d: %w", id, err)
	}
	return all, nil
}

// Validate checks all but the settings, which the kind knows. Errors are
// *FieldError, joined.
func (c *Connection) Validate() error {
	var errs []error
	switch {
	case c.Name == "":
		errs = append(errs, &FieldError{"name", "required", "give the connection a name"})
	case !connectionName.MatchString(c.Name):
		errs = append(errs, &FieldError{"name", "invalid", "a name has 1 to 40 small letters, digits and hyphens, and begins with a letter or digit"})
	case BuiltIn(c.Name) && c.Kind != c.Name:
		errs = append(errs, &FieldError{"name", "reserved", fmt.Sprintf("the name %s is reserved", c.Name)})
	}
	if c.Kind == "" {
		errs = append(errs, &FieldError{"kind", "required", "choose a kind"})
	}
	if c.Every < MinEvery || c.Every > MaxEvery {
		errs = append(errs, &FieldError{"every", "range", "between 1m and 30d"})
	}
	return errors.Join(errs...)
}

// encodeSettings is the form in which settings are stored and compared: keys
// sorted, no spaces. JSON null is the same as not set.
func encodeSettings(s source.Settings) (string, error) {
	clean := make(source.Settings, len(s))
	for name, raw := range s {
		var b bytes.Buffer
		if err := json.Compact(&b, raw); err != nil {
			return "", &FieldError{name, "invalid", "not valid JSON"}
		}
		if b.String() != "null" {
			clean[name] = b.Bytes()
		}
	}
	return toJSON(clean)
}

// open is a sealed secret's value; one that no longer opens is like none.
func (db *DB) open(id int64, s sealedSecret) (string, bool) {
	plain, err := db.box.Open(s.sealed, s.identity(id))
	return string(plain), !errors.Is(err, secret.ErrSealed)
}
