package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"

	"throughline/internal/delivery"
)

func readDictionaries(ctx context.Context, tx *sql.Tx) (delivery.Dictionaries, error) {
	out := delivery.Dictionaries{}
	rows, err := tx.QueryContext(ctx, dictionarySQL)
	err = each(rows, err, func(rows *sql.Rows) error {
		var st delivery.Status
		err := rows.Scan(&st.Connection, &st.Key, &st.Name, &st.Type, &st.Order)
		out.Add(st)
		return err
	})
	return out, err
}

// StatusesInUse lists the statuses found in the data by queue, and in each
// queue as the source orders them.
func (s *Store) StatusesInUse(ctx context.Context) ([]delivery.StatusInUse, error) {
	var used []delivery.StatusUse
	var known delivery.Dictionaries
	names := map[string]string{}
	err := s.read(ctx, func(tx *sql.Tx) (err error) {
		if used, err = statusesUsed(ctx, tx, nil); err != nil {
			return err
		}
		terms, err := readTerms(ctx, tx, statusTerm)
		if err != nil {
			return err
		}
		for _, t := range terms {
			names[t.key] = t.name
		}
		known, err = readDictionaries(ctx, tx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("statuses in use: %w", err)
	}
	return delivery.MergeUse(used, known, names), nil
}
