package clickhousestore

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"throughline/internal/delivery"
)

// DoraStates are the setups that services were derived by, by service.
func (s *Store) DoraStates(ctx context.Context) (map[string]string, error) {
	out := map[string]string{}
	err := s.read(ctx, func(*state) error {
		return scanRows(ctx, s.conn, s.sql("dora_states", nil), func(rows driver.Rows) error {
			var service, setup string
			err := rows.Scan(&service, &setup)
			out[service] = setup
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("derived services: %w", err)
	}
	return out, nil
}

// chunkKey tells chunks apart.
type chunkKey struct {
	service, environment string
	part                 delivery.DoraPart
	month                int32
}

// derivedWriter is what is written of derived rows.
type derivedWriter struct {
	chunks   []delivery.DoraChunk
	removed  []bool // of chunks
	services []string
	setups   []string
	dropped  []bool // of services
}

func (s *Store) sums(ctx context.Context, services []string) (map[chunkKey]uint64, error) {
	out := map[chunkKey]uint64{}
	err := scanRows(ctx, s.conn, s.sql("dora_sums", nil), func(rows driver.Rows) error {
		var key chunkKey
		var part string
		var sum uint64
		err := rows.Scan(&key.service, &key.environment, &part, &key.month, &sum)
		key.part = delivery.DoraPart(part)
		out[key] = sum
		return err
	}, clickhouse.Named("services", services))
	return out, err
}

// PutDora replaces what was derived of a service.
func (s *Store) PutDora(ctx context.Context, d delivery.DerivedService) error {
	err := s.update(ctx, func(w *writer) error {
		stored, err := s.sums(ctx, []string{d.Service})
		if err != nil {
			return err
		}
		for _, c := range d.Chunks {
			c.Service = d.Service
			key := chunkKey{c.Service, c.Environment, c.Part, int32(c.Month)}
			sum, known := stored[key]
			delete(stored, key)
			if !known || sum != c.Sum {
				w.derived.chunks, w.derived.removed = append(w.derived.chunks, c), append(w.derived.removed, false)
			}
		}
		w.derived.remove(stored)
		w.derived.services, w.derived.setups, w.derived.dropped = []string{d.Service}, []string{d.Setup}, []bool{false}
		w.changed, w.quiet = true, len(w.derived.chunks) == 0
		return nil
	})
	if err != nil {
		return fmt.Errorf("put what is derived of %q: %w", d.Service, err)
	}
	return nil
}

func (w *derivedWriter) remove(stored map[chunkKey]uint64) {
	for key := range stored {
		w.chunks = append(w.chunks, delivery.DoraChunk{Service: key.service, Environment: key.environment, Part: key.part, Month: int(key.month)})
		w.removed = append(w.removed, true)
	}
}

// DropDora removes what was derived of services.
func (s *Store) DropDora(ctx context.Context, services []string) error {
	if len(services) == 0 {
		return nil
	}
	err := s.update(ctx, func(w *writer) error {
		stored, err := s.sums(ctx, services)
		if err != nil {
			return err
		}
		w.derived.remove(stored)
		for _, service := range services {
			w.derived.services, w.derived.setups = append(w.derived.services, service), append(w.derived.setups, "")
			w.derived.dropped = append(w.derived.dropped, true)
		}
		w.changed = true
		return nil
	})
	if err != nil {
		return fmt.Errorf("drop what is derived: %w", err)
	}
	return nil
}

// writeDerived writes the chunks, and then by what they were derived.
func (w *writer) writeDerived() error {
	n := len(w.derived.chunks)
	services, environments, parts, bodies := texts(n), texts(n), texts(n), texts(n)
	months, sums := make([]int32, n), make([]uint64, n)
	for i := range w.derived.chunks {
		c := &w.derived.chunks[i]
		services[i], environments[i], parts[i], bodies[i] = c.Service, c.Environment, string(c.Part), string(c.Body)
		months[i], sums[i] = int32(c.Month), c.Sum
	}
	err := w.insert("dora_chunks", n, column{"service", services}, column{"environment", environments}, column{"part", parts},
		column{"month", months}, column{"sum", sums}, column{"body", bodies}, column{"removed", w.derived.removed}, w.written(n))
	if err != nil {
		return err
	}
	n = len(w.derived.services)
	return w.insert("dora_services", n, column{"service", w.derived.services}, column{"setup", w.derived.setups},
		column{"removed", w.derived.dropped}, w.written(n))
}

// DoraChunks yields chunks by (Service, Environment, Part, Month).
func (s *Store) DoraChunks(ctx context.Context, q delivery.ChunkQuery) iter.Seq2[delivery.DoraChunk, error] {
	return func(yield func(delivery.DoraChunk, error) bool) {
		a := &askedFacts{Services: len(q.Services) > 0, Environments: len(q.Environments) > 0}
		parts := make([]string, len(q.Parts))
		for i, part := range q.Parts {
			parts[i] = string(part)
		}
		a.bind("parts", parts)
		a.bind("services", q.Services)
		a.bind("environments", q.Environments)
		a.bind("from", int32(q.From))
		a.bind("to", int32(q.To))
		err := s.read(ctx, func(*state) error {
			return scanRows(ctx, s.conn, s.sql("chunks", a), func(rows driver.Rows) error {
				var c delivery.DoraChunk
				var part, body string
				var month int32
				if err := rows.Scan(&c.Service, &c.Environment, &part, &month, &c.Sum, &body); err != nil {
					return err
				}
				c.Part, c.Month, c.Body = delivery.DoraPart(part), int(month), []byte(body)
				if !yield(c, nil) {
					return errStop
				}
				return nil
			}, a.args...)
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(delivery.DoraChunk{}, fmt.Errorf("derived rows: %w", err))
		}
	}
}
