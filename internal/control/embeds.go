package control

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/secret"
)

// Embed is a chart that is shown without a login to whoever knows its address. Its
// JSON is what the audit log says of it.
type Embed struct {
	ID        int64         `json:"-"`
	Name      string        `json:"name"`
	Panel     string        `json:"panel"`
	Filter    url.Values    `json:"filter"`          // locked; of the names that the panel's subject knows
	Ancestors []string      `json:"frame_ancestors"` // sites that may frame it, besides our own; AnySite for all
	Theme     string        `json:"theme"`           // light, dark or auto: the reader's
	Lang      string        `json:"lang"`            // en, ru or auto: the reader's
	Titled    bool          `json:"title"`           // it shows the panel's title
	Named     bool          `json:"names"`           // it shows keys and titles of issues
	Drill     []string      `json:"drill,omitempty"` // what opens more in the app, for who may sign in
	Width     int           `json:"width"`           // of the frame in CSS pixels, 0 for all there is
	Height    int           `json:"height"`          // of the frame in CSS pixels
	Expires   delivery.Date `json:"expires"`         // the first day on which it is not shown; zero for never

	Provisioned bool      `json:"provisioned,omitempty"`
	CreatedBy   int64     `json:"-"` // user, 0 for none
	CreatedName string    `json:"-"` // their e-mail address
	CreatedAt   time.Time `json:"-"`
	ChangedAt   time.Time `json:"-"`
	RevokedAt   time.Time `json:"-"` // zero while it stands

	Views        int64     `json:"-"`
	LastUsedAt   time.Time `json:"-"` // zero for never
	LastReferrer string    `json:"-"` // site that framed it last, "" where browsers did not say
}

// What of an embed may open more.
const (
	DrillMarks = "marks" // the issue of a mark
	DrillLists = "lists" // the records behind a bucket or a row
)

// Bounds of embeds.
const (
	MaxEmbeds       = 1000
	MaxEmbedName    = 80 // characters
	MaxEmbedSites   = 20
	MinEmbedWidth   = 240
	MaxEmbedWidth   = 2000
	MinEmbedHeight  = 200
	MaxEmbedHeight  = 1500
	EmbedHeight     = 420 // of most panels, unless said
	revokedEmbeds   = 1000
	maxEmbedFilter  = 4000 // bytes of its query
	embedObject     = "embed/"
	ReadersOwn      = "auto" // theme and language
	maxReferrerSite = 200
)

// embedHeights are those of panels whose rows need more than most.
var embedHeights = map[string]int{
	"time-in-status": 520, "pipeline-jobs": 660, "pipeline-jobs-total": 660, "build-times": 660, "errors-by-release": 660,
}

// UsualEmbedHeight is the height of an embed of a panel, in CSS pixels, unless it has
// another.
func UsualEmbedHeight(panel string) int {
	if height, ok := embedHeights[panel]; ok {
		return height
	}
	return EmbedHeight
}

// Teams are the teams that an embed is narrowed to.
func (e *Embed) Teams() []string { return e.Filter["team"] }

// Query is the filter as one text that is the same whatever the order of its parts.
func (e *Embed) Query() string { return e.Filter.Encode() }

// Over reports whether an embed has ended by itself by a day.
func (e *Embed) Over(today delivery.Date) bool {
	return !e.Expires.IsZero() && !today.Before(e.Expires)
}

const selectEmbed = `SELECT id, name, panel, filter, frame_ancestors, theme, lang, titled, named, drill, width, height, expires,
	provisioned, coalesce(created_by, 0), created_email, created_at, changed_at, revoked_at, views, last_used_at, last_referrer FROM embeds`

func scanEmbed(row scanner) (Embed, error) {
	var e Embed
	var filter, expires string
	var ancestors, drill []byte
	var created, changed, revoked, used int64
	err := row.Scan(&e.ID, &e.Name, &e.Panel, &filter, &ancestors, &e.Theme, &e.Lang, &e.Titled, &e.Named, &drill, &e.Width, &e.Height, &expires,
		&e.Provisioned, &e.CreatedBy, &e.CreatedName, &created, &changed, &revoked, &e.Views, &used, &e.LastReferrer)
	if err != nil {
		return Embed{}, err
	}
	e.CreatedAt, e.ChangedAt, e.RevokedAt, e.LastUsedAt = fromMillis(created), fromMillis(changed), fromMillis(revoked), fromMillis(used)
	e.Filter, err = url.ParseQuery(filter)
	if expires != "" {
		var derr error
		e.Expires, derr = delivery.ParseDate(expires)
		err = errors.Join(err, derr)
	}
	err = errors.Join(err, json.Unmarshal(ancestors, &e.Ancestors), json.Unmarshal(drill, &e.Drill))
	if err != nil {
		return Embed{}, fmt.Errorf("embed %s: %w", e.Name, err)
	}
	return e, nil
}

// Embeds are the embeds that stand, by name, and after them those that were revoked,
// the latest first.
func (db *DB) Embeds(ctx context.Context) ([]Embed, error) {
	all, err := list(ctx, db.sql.Reader, scanEmbed, selectEmbed+` ORDER BY revoked_at > 0, revoked_at DESC, lower(name), name`)
	if err != nil {
		return nil, fmt.Errorf("embeds: %w", err)
	}
	return all, nil
}

// Embed is the embed with this id, revoked or not, or ErrNotFound.
func (db *DB) Embed(ctx context.Context, id int64) (Embed, error) {
	return embedBy(ctx, db.sql.Reader, id)
}

func embedBy(ctx context.Context, q querier, id int64) (Embed, error) {
	e, err := scanEmbed(q.QueryRowContext(ctx, selectEmbed+` WHERE id = ?`, id))
	if err != nil {
		return Embed{}, fmt.Errorf("embed %d: %w", id, notFound(err))
	}
	return e, nil
}

// EmbedFor is the embed with this token, revoked or not, or ErrNotFound. Its counts of
// views are those of when it was read.
func (db *DB) EmbedFor(ctx context.Context, token string) (Embed, error) {
	hash := secret.HashToken(token)
	e, found, seen := db.embeds.of(hash)
	if found {
		return e, nil
	}
	e, err := scanEmbed(db.sql.Reader.QueryRowContext(ctx, selectEmbed+` WHERE hash = ?`, hash))
	if err != nil {
		return Embed{}, fmt.Errorf("embed: %w", notFound(err))
	}
	db.embeds.add(hash, e, seen)
	return e, nil
}

// CreateEmbed makes an embed and returns its token, which is not kept. Errors:
// *FieldError, joined.
func (db *DB) CreateEmbed(ctx context.Context, e Embed) (id int64, token string, err error) {
	if e, err = e.normal(); err != nil {
		return 0, "", err
	}
	e.Provisioned = false
	token = secret.NewToken()
	err = db.tx(ctx, func(tx *sql.Tx) error {
		if err := checkEmbedPlace(ctx, tx, e); err != nil {
			return err
		}
		if id, err = db.insertEmbed(ctx, tx, e, secret.HashToken(token)); err != nil {
			return err
		}
		return db.audit(ctx, tx, "embed.create", embedObject+e.Name, nil, e)
	})
	return id, token, err
}

// checkEmbedPlace checks what depends on the embeds that there are.
func checkEmbedPlace(ctx context.Context, tx *sql.Tx, e Embed) error {
	var same, all int
	row := tx.QueryRowContext(ctx, `SELECT count(*) FILTER (WHERE lower(name) = lower(?) AND id <> ?), count(*) FILTER (WHERE id <> ?)
		FROM embeds WHERE revoked_at = 0`, e.Name, e.ID, e.ID)
	if err := row.Scan(&same, &all); err != nil {
		return fmt.Errorf("embeds: %w", err)
	}
	switch {
	case same > 0:
		return &FieldError{"name", "duplicate", "another embed has this name"}
	case all >= MaxEmbeds:
		return &FieldError{"name", "many", fmt.Sprintf("there are %d embeds already: revoke one first", MaxEmbeds)}
	}
	return nil
}

func (db *DB) insertEmbed(ctx context.Context, tx *sql.Tx, e Embed, hash []byte) (id int64, err error) {
	ancestors, drill, err := e.lists()
	if err != nil {
		return 0, err
	}
	now, by := millis(db.now()), actor(ctx)
	err = tx.QueryRowContext(ctx, `INSERT INTO embeds (name, hash, panel, filter, frame_ancestors, theme, lang, titled, named, drill, width, height,
			expires, provisioned, created_by, created_email, created_at, changed_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, coalesce((SELECT email FROM users WHERE id = ?), ''), ?, ?) RETURNING id`,
		e.Name, hash, e.Panel, e.Query(), ancestors, e.Theme, e.Lang, e.Titled, e.Named, drill, e.Width, e.Height,
		e.expires(), e.Provisioned, by, by, now, now).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("store embed %s: %w", e.Name, err)
	}
	return id, nil
}

func (e *Embed) lists() (ancestors, drill string, err error) {
	ancestors, err = toJSON(append([]string{}, e.Ancestors...))
	if err != nil {
		return "", "", err
	}
	drill, err = toJSON(append([]string{}, e.Drill...))
	return ancestors, drill, err
}

// expires is the day as it is stored.
func (e *Embed) expires() string {
	if e.Expires.IsZero() {
		return ""
	}
	return e.Expires.String()
}

// SaveEmbed changes an embed that stands; its address stays. Errors: ErrNotFound,
// ErrProvisioned, *FieldError, joined.
func (db *DB) SaveEmbed(ctx context.Context, e Embed) error {
	e, err := e.normal()
	if err != nil {
		return err
	}
	return db.tx(ctx, func(tx *sql.Tx) error {
		old, err := standingEmbed(ctx, tx, e.ID)
		if err != nil {
			return err
		}
		if err := checkEmbedPlace(ctx, tx, e); err != nil {
			return err
		}
		return db.changeEmbed(ctx, tx, old, e)
	})
}

// standingEmbed is an embed that people may change.
func standingEmbed(ctx context.Context, tx *sql.Tx, id int64) (Embed, error) {
	e, err := embedBy(ctx, tx, id)
	switch {
	case err != nil:
		return e, err
	case !e.RevokedAt.IsZero():
		return e, fmt.Errorf("embed %s was revoked: %w", e.Name, ErrNotFound)
	case e.Provisioned:
		return e, ErrProvisioned
	}
	return e, nil
}

// changeEmbed writes what of an embed is another now.
func (db *DB) changeEmbed(ctx context.Context, tx *sql.Tx, old, e Embed) error {
	before, err := toJSON(old)
	after, err2 := toJSON(e)
	ancestors, drill, err3 := e.lists()
	if err := errors.Join(err, err2, err3); err != nil || before == after {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE embeds SET name = ?, panel = ?, filter = ?, frame_ancestors = ?, theme = ?, lang = ?, titled = ?, named = ?,
			drill = ?, width = ?, height = ?, expires = ?, provisioned = ?, changed_at = max(changed_at + 1, ?) WHERE id = ?`,
		e.Name, e.Panel, e.Query(), ancestors, e.Theme, e.Lang, e.Titled, e.Named,
		drill, e.Width, e.Height, e.expires(), e.Provisioned, millis(db.now()), old.ID)
	if err != nil {
		return fmt.Errorf("store embed %s: %w", e.Name, err)
	}
	return db.audit(ctx, tx, "embed.save", embedObject+e.Name, old, e)
}

// RevokeEmbed ends an embed. Errors: ErrNotFound, ErrProvisioned.
func (db *DB) RevokeEmbed(ctx context.Context, id int64) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		e, err := standingEmbed(ctx, tx, id)
		if err != nil {
			return err
		}
		return db.revokeEmbed(ctx, tx, e)
	})
}

// revokeEmbed ends an embed, and forgets those that ended long before it.
func (db *DB) revokeEmbed(ctx context.Context, tx *sql.Tx, e Embed) error {
	if _, err := tx.ExecContext(ctx, `UPDATE embeds SET revoked_at = ? WHERE id = ?`, millis(db.now()), e.ID); err != nil {
		return fmt.Errorf("revoke embed %s: %w", e.Name, err)
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM embeds WHERE id IN (SELECT id FROM embeds WHERE revoked_at > 0
		ORDER BY revoked_at DESC, id DESC LIMIT -1 OFFSET ?)`, revokedEmbeds); err != nil {
		return fmt.Errorf("forget embeds: %w", err)
	}
	return db.audit(ctx, tx, "embed.revoke", embedObject+e.Name, e, nil)
}

// ReplaceEmbed gives an embed another address, which it returns; the old one is
// revoked. Errors: ErrNotFound, ErrProvisioned.
func (db *DB) ReplaceEmbed(ctx context.Context, id int64) (newID int64, token string, err error) {
	token = secret.NewToken()
	err = db.tx(ctx, func(tx *sql.Tx) error {
		e, err := standingEmbed(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := db.revokeEmbed(ctx, tx, e); err != nil {
			return err
		}
		if newID, err = db.insertEmbed(ctx, tx, e, secret.HashToken(token)); err != nil {
			return err
		}
		return db.audit(ctx, tx, "embed.create", embedObject+e.Name, nil, e)
	})
	return newID, token, err
}
