package clickhousestore

import (
	"context"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"throughline/internal/delivery"
)

type personRow struct {
	connection string
	delivery.Person
}

// People are those that a connection's source has told of, by id.
func (s *Store) People(ctx context.Context, connection string) (map[string]delivery.Person, error) {
	people := map[string]delivery.Person{}
	err := s.read(ctx, func(*state) error {
		return scanRows(ctx, s.conn, s.sql("people", nil), func(rows driver.Rows) error {
			var p delivery.Person
			err := rows.Scan(&p.ID, &p.Login, &p.Email, &p.Name)
			people[p.ID] = p
			return err
		}, clickhouse.Named("connection", connection))
	})
	if err != nil {
		return nil, fmt.Errorf("people: %w", err)
	}
	return people, nil
}

// meet takes the people who are new or called otherwise.
func (w *writer) meet(connection string, people []delivery.Person) error {
	if len(people) == 0 {
		return nil
	}
	known, err := w.s.People(w.ctx, connection)
	if err != nil {
		return err
	}
	for _, p := range people {
		if old, met := known[p.ID]; met && old == p {
			continue
		}
		known[p.ID] = p
		w.changed = true
		w.people = append(w.people, personRow{connection, p})
	}
	return nil
}

func (w *writer) writePeople() error {
	// Of a person named twice, the last one counts: rows of one insert do not
	// tell which that is.
	last := map[[2]string]int{}
	for i, p := range w.people {
		last[[2]string{p.connection, p.ID}] = i
	}
	var connections, ids, logins, emails, names []string
	for i, p := range w.people {
		if last[[2]string{p.connection, p.ID}] != i {
			continue
		}
		connections, ids, logins = append(connections, p.connection), append(ids, p.ID), append(logins, p.Login)
		emails, names = append(emails, p.Email), append(names, p.Name)
	}
	return w.insert("people", len(ids), column{"connection", connections}, column{"id", ids}, column{"login", logins},
		column{"email", emails}, column{"name", names}, w.written(len(ids)))
}
