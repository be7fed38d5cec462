package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"

	"throughline/internal/delivery"
)

// people stores who a connection's people are.
func (w *writer) people(connection string, people []delivery.Person) error {
	if len(people) == 0 {
		return nil
	}
	conn, err := w.term(connectionTerm, connection)
	if err != nil {
		return err
	}
	for _, p := range people {
		n, err := w.affected(putPersonSQL, conn, p.ID, p.Login, p.Email, p.Name)
		if err != nil {
			return err
		}
		w.changed = w.changed || n > 0
	}
	return nil
}

// People are those that a connection's source has told of, by id.
func (s *Store) People(ctx context.Context, connection string) (map[string]delivery.Person, error) {
	people := map[string]delivery.Person{}
	err := s.read(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, peopleSQL, connection)
		return each(rows, err, func(rows *sql.Rows) error {
			var p delivery.Person
			err := rows.Scan(&p.ID, &p.Login, &p.Email, &p.Name)
			people[p.ID] = p
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("people: %w", err)
	}
	return people, nil
}
