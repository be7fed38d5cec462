package control

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
)

// CatalogOwner is what a catalogue says of a repository.
type CatalogOwner struct {
	Repository string // in small letters
	Owner      string // as the catalogue has it, like group:default/platform; "" for nobody's
	AskedAt    time.Time
}

// CatalogOwners are all repositories that the catalogue was asked of, by name.
func (db *DB) CatalogOwners(ctx context.Context) ([]CatalogOwner, error) {
	all, err := list(ctx, db.sql.Reader, scanOwner, `SELECT repository, owner, asked_at FROM catalog_owners ORDER BY repository`)
	if err != nil {
		return nil, fmt.Errorf("owners: %w", err)
	}
	return all, nil
}

func scanOwner(row scanner) (o CatalogOwner, err error) {
	var asked int64
	err = row.Scan(&o.Repository, &o.Owner, &asked)
	o.AskedAt = time.UnixMilli(asked).UTC()
	return o, err
}

// OwnersByRepository are the owners that the catalogue knows.
func (db *DB) OwnersByRepository(ctx context.Context) (map[string]string, error) {
	all, err := db.CatalogOwners(ctx)
	out := map[string]string{}
	for _, o := range all {
		if o.Owner != "" {
			out[o.Repository] = o.Owner
		}
	}
	return out, err
}

// CatalogSaid keeps what the catalogue of an endpoint answered at a time, and why
// it answered no more, "" when it answered all. Answers of another endpoint than
// the one in force are dropped. Owners that were not asked for again stay.
func (db *DB) CatalogSaid(ctx context.Context, endpoint string, owners map[string]string, fault string, at time.Time) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		c, err := catalog(ctx, tx)
		if err != nil || c.Endpoint != endpoint || !c.On() {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE catalog SET fault = ?, asked_at = ?`, cut(fault, 500), millis(at)); err != nil {
			return fmt.Errorf("state of the catalogue: %w", err)
		}
		differs := false
		for repository, owner := range owners {
			var was string
			repository = strings.ToLower(repository)
			// No row is like one of nobody: teams are the same.
			err := tx.QueryRowContext(ctx, `SELECT ifnull((SELECT owner FROM catalog_owners WHERE repository = ?), '')`, repository).Scan(&was)
			if err == nil {
				_, err = tx.ExecContext(ctx, `INSERT INTO catalog_owners (repository, owner, asked_at) VALUES (?, ?, ?)
					ON CONFLICT (repository) DO UPDATE SET owner = excluded.owner, asked_at = excluded.asked_at`, repository, owner, millis(at))
			}
			if err != nil {
				return fmt.Errorf("owner of %s: %w", repository, err)
			}
			differs = differs || was != owner
		}
		if !differs {
			return nil
		}
		return bumpSettings(ctx, tx)
	})
}
