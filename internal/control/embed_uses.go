package control

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// EmbedUse is how an embed was looked at since the last one.
type EmbedUse struct {
	Views    int64
	At       time.Time // the last time
	Referrer string    // site that framed it then, "" where browsers did not say
}

// AddEmbedUses adds to the counts of embeds by id.
func (db *DB) AddEmbedUses(ctx context.Context, uses map[int64]EmbedUse) (err error) {
	if len(uses) == 0 {
		return nil
	}
	tx, err := db.sql.Writer.BeginTx(ctx, nil) // not db.tx: it would forget every token
	if err != nil {
		return fmt.Errorf("begin: %w", db.sql.Explain(err))
	}
	defer func() {
		if err != nil {
			err = errors.Join(db.sql.Explain(err), tx.Rollback())
		}
	}()
	for id, use := range uses {
		site := strings.ToValidUTF8(use.Referrer[:min(len(use.Referrer), maxReferrerSite)], "")
		_, err := tx.ExecContext(ctx, `UPDATE embeds SET views = views + ?1, last_used_at = max(last_used_at, ?2),
			last_referrer = CASE WHEN ?3 = '' THEN last_referrer ELSE ?3 END WHERE id = ?4`, use.Views, millis(use.At), site, id)
		if err != nil {
			return fmt.Errorf("count views of embed %d: %w", id, err)
		}
	}
	return tx.Commit()
}
