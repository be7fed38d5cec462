package control

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"throughline/internal/secret"
)

// DefaultAnnotation is how a catalogue names an entity's repository unless it is
// said otherwise.
const DefaultAnnotation = "github.com/project-slug"

// Catalog is where the teams of repositories are looked up, besides what teams map
// themselves. The zero value is none.
type Catalog struct {
	Endpoint    string // of Backstage, with the path that it is under
	Annotation  string
	HasToken    bool
	Provisioned bool

	// What became of asking; not saved with the rest.
	AskedAt time.Time // the last time it was asked, zero when it never was
	Fault   string    // why the last answer was of no use, "" when it was
}

// On reports whether there is a catalogue.
func (c Catalog) On() bool { return c.Endpoint != "" }

// catalogObject is the catalogue in the audit log. Its changes are not undone: the
// token is not in it.
const catalogObject = "catalog"

const catalogToken = "catalog/token" // what its token is sealed for

// Catalog is the one in force, the zero value when there is none.
func (db *DB) Catalog(ctx context.Context) (Catalog, error) { return catalog(ctx, db.sql.Reader) }

func catalog(ctx context.Context, q querier) (c Catalog, err error) {
	var asked int64
	err = q.QueryRowContext(ctx, `SELECT endpoint, annotation, token IS NOT NULL, provisioned, fault, asked_at FROM catalog`).
		Scan(&c.Endpoint, &c.Annotation, &c.HasToken, &c.Provisioned, &c.Fault, &asked)
	if errors.Is(err, sql.ErrNoRows) {
		return Catalog{}, nil
	}
	if err != nil {
		return Catalog{}, fmt.Errorf("catalogue: %w", err)
	}
	if asked > 0 {
		c.AskedAt = time.UnixMilli(asked).UTC()
	}
	return c, nil
}

// CatalogToken is what the catalogue is asked with, "" for nothing. One that another
// secret key sealed does not open.
func (db *DB) CatalogToken(ctx context.Context) (token string, opens bool, err error) {
	return db.catalogToken(ctx, db.sql.Reader)
}

func (db *DB) catalogToken(ctx context.Context, q querier) (token string, opens bool, err error) {
	var sealed []byte
	err = q.QueryRowContext(ctx, `SELECT token FROM catalog`).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) || err == nil && sealed == nil {
		return "", true, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("token of the catalogue: %w", err)
	}
	plain, err := db.box.Open(sealed, catalogToken)
	switch {
	case errors.Is(err, secret.ErrSealed):
		return "", false, nil
	case err != nil:
		return "", false, fmt.Errorf("token of the catalogue: %w", err)
	}
	return string(plain), true, nil
}

// SaveCatalog makes c the catalogue, or none when it has no endpoint; token nil
// leaves the one that is stored, which does not go to another endpoint. What it
// said of owners is forgotten when it is another one. Errors: *FieldError, joined,
// for endpoint, annotation or catalog_token; ErrProvisioned.
func (db *DB) SaveCatalog(ctx context.Context, c Catalog, token *string) (changed bool, err error) {
	if c, err = c.normal(); err != nil {
		return false, err
	}
	c.Provisioned = false
	err = db.tx(ctx, func(tx *sql.Tx) error {
		old, err := catalog(ctx, tx)
		if err != nil {
			return err
		}
		if old.Provisioned {
			return ErrProvisioned
		}
		kept, err := db.keptToken(ctx, tx, old, c, token)
		if err != nil {
			return err
		}
		changed, err = db.putCatalog(ctx, tx, old, c, kept)
		return err
	})
	return changed, err
}

// keptToken is the token that c is to have.
func (db *DB) keptToken(ctx context.Context, q querier, old, c Catalog, token *string) (string, error) {
	switch {
	case !c.On():
		return "", nil
	case token != nil:
		return strings.TrimSpace(*token), nil
	case !old.HasToken:
		return "", nil
	case old.Endpoint != c.Endpoint:
		return "", &FieldError{"catalog_token", "again", "enter it again: the endpoint has changed, and a stored secret is not sent to another one"}
	}
	kept, opens, err := db.catalogToken(ctx, q)
	if err == nil && !opens {
		return "", &FieldError{"catalog_token", "sealed", "enter it again: another secret key sealed it"}
	}
	return kept, err
}

// catalogState is the catalogue in the audit log.
type catalogState struct {
	Endpoint    string `json:"endpoint"`
	Annotation  string `json:"annotation"`
	Token       bool   `json:"token,omitempty"` // it has one
	NewToken    bool   `json:"new_token,omitempty"`
	Provisioned bool   `json:"provisioned,omitempty"`
}

// putCatalog stores a normal catalogue in the place of old, and reports whether
// that changed anything.
func (db *DB) putCatalog(ctx context.Context, tx *sql.Tx, old, c Catalog, token string) (changed bool, err error) {
	before, opens, err := db.catalogToken(ctx, tx)
	if err != nil {
		return false, err
	}
	c.HasToken = token != ""
	same := old.Endpoint == c.Endpoint && old.Annotation == c.Annotation
	if same && old.Provisioned == c.Provisioned && before == token && opens {
		return false, nil
	}
	if err := replaceCatalog(ctx, tx, c, db.sealedToken(token), same); err != nil {
		return false, err
	}
	var was, is any
	if old.On() {
		was = catalogState{old.Endpoint, old.Annotation, old.HasToken, false, old.Provisioned}
	}
	if c.On() {
		is = catalogState{c.Endpoint, c.Annotation, c.HasToken, c.HasToken && (before != token || !opens), c.Provisioned}
	}
	if err := db.audit(ctx, tx, "catalog.save", catalogObject, was, is); err != nil {
		return false, err
	}
	return true, bumpSettings(ctx, tx)
}

func (db *DB) sealedToken(token string) []byte {
	if token == "" {
		return nil
	}
	return db.box.Seal([]byte(token), catalogToken)
}

// replaceCatalog stores c; what the one before said stays when it is the same, and is
// asked for again.
func replaceCatalog(ctx context.Context, tx *sql.Tx, c Catalog, token []byte, same bool) error {
	owners := `DELETE FROM catalog_owners`
	if same {
		owners = `UPDATE catalog_owners SET asked_at = 0`
	}
	for _, statement := range []string{`DELETE FROM catalog`, owners} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("store the catalogue: %w", err)
		}
	}
	if !c.On() {
		return nil
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO catalog (id, endpoint, annotation, token, provisioned) VALUES (1, ?, ?, ?, ?)`,
		c.Endpoint, c.Annotation, token, c.Provisioned)
	if err != nil {
		return fmt.Errorf("store the catalogue: %w", err)
	}
	return nil
}

// normal is c in the form it is stored in, checked.
func (c Catalog) normal() (Catalog, error) {
	c.Endpoint = strings.TrimRight(strings.TrimSpace(c.Endpoint), "/")
	c.Annotation = strings.TrimSpace(c.Annotation)
	if c.Annotation == "" {
		c.Annotation = DefaultAnnotation
	}
	var errs []error
	if u, err := url.Parse(c.Endpoint); c.Endpoint != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" ||
		u.User != nil || u.RawQuery != "" || u.Fragment != "" || len(c.Endpoint) > 500) {
		errs = append(errs, &FieldError{"endpoint", "url", "not an address like https://backstage.example.com, without user, query and fragment"})
	}
	if badText(c.Annotation, 200) || strings.ContainsAny(c.Annotation, " ,=") {
		errs = append(errs, &FieldError{"annotation", "invalid", "not the name of an annotation like " + DefaultAnnotation})
	}
	return c, errors.Join(errs...)
}
