package sqlitestore

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"

	"throughline/internal/delivery"
)

// dictionaries are the sources' statuses, by connection and key.
type dictionaries map[string]map[string]delivery.Status

func readDictionaries(ctx context.Context, tx *sql.Tx) (dictionaries, error) {
	out := dictionaries{}
	rows, err := tx.QueryContext(ctx, dictionarySQL)
	err = each(rows, err, func(rows *sql.Rows) error {
		var st delivery.Status
		err := rows.Scan(&st.Connection, &st.Key, &st.Name, &st.Type, &st.Order)
		if out[st.Connection] == nil {
			out[st.Connection] = map[string]delivery.Status{}
		}
		out[st.Connection][st.Key] = st
		return err
	})
	return out, err
}

// StatusesInUse lists the statuses found in the data by queue, and in each
// queue as the source orders them.
func (s *Store) StatusesInUse(ctx context.Context) ([]delivery.StatusInUse, error) {
	var used []statusUse
	var known dictionaries
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
	return mergeUsed(used, known, names), nil
}

// mergeUsed joins what several connections use of one queue and status. Of
// their dictionaries, the first connection's is taken.
func mergeUsed(used []statusUse, known dictionaries, names map[string]string) []delivery.StatusInUse {
	slices.SortFunc(used, func(a, b statusUse) int {
		return cmp.Or(cmp.Compare(a.queue, b.queue), cmp.Compare(a.key, b.key), cmp.Compare(a.connection, b.connection))
	})
	var out []delivery.StatusInUse
	for _, u := range used {
		n := len(out)
		if n == 0 || out[n-1].Queue != u.queue || out[n-1].Key != u.key {
			out = append(out, delivery.StatusInUse{Queue: u.queue, Status: delivery.Status{Key: u.key}})
			n++
		}
		st := &out[n-1]
		if d, ok := known[u.connection][u.key]; ok && st.Name == "" {
			st.Name, st.Type, st.Order = d.Name, d.Type, d.Order
		}
		st.Issues += u.issues
		st.Visits += u.visits
	}
	for i := range out {
		out[i].Name = cmp.Or(out[i].Name, names[out[i].Key], out[i].Key)
	}
	slices.SortFunc(out, func(a, b delivery.StatusInUse) int {
		return cmp.Or(cmp.Compare(a.Queue, b.Queue), cmp.Compare(a.Order, b.Order), cmp.Compare(a.Key, b.Key))
	})
	return out
}
