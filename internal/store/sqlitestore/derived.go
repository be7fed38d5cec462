package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"

	"throughline/internal/delivery"
)

// DoraStates are the setups that services were derived by, by service.
func (s *Store) DoraStates(ctx context.Context) (map[string]string, error) {
	out := map[string]string{}
	rows, err := s.db.Reader.QueryContext(ctx, doraStatesSQL)
	err = each(rows, err, func(rows *sql.Rows) error {
		var service, setup string
		err := rows.Scan(&service, &setup)
		out[service] = setup
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("derived services: %w", err)
	}
	return out, nil
}

// chunkKey tells the chunks of a service apart.
type chunkKey struct {
	environment string
	part        delivery.DoraPart
	month       int
}

// PutDora replaces what was derived of a service.
func (s *Store) PutDora(ctx context.Context, d delivery.DerivedService) error {
	err := s.update(ctx, func(w *writer) error {
		stored := map[chunkKey]int64{}
		err := w.rows(func(rows *sql.Rows) error {
			var key chunkKey
			var sum int64
			err := rows.Scan(&key.environment, &key.part, &key.month, &sum)
			stored[key] = sum
			return err
		}, doraSumsSQL, d.Service)
		if err != nil {
			return err
		}
		for i := range d.Chunks {
			c := &d.Chunks[i]
			key := chunkKey{c.Environment, c.Part, c.Month}
			sum, known := stored[key]
			delete(stored, key)
			if known && sum == int64(c.Sum) {
				continue
			}
			w.changed = true
			if _, err := w.exec(putChunkSQL, d.Service, c.Environment, c.Part, c.Month, int64(c.Sum), c.Body); err != nil {
				return err
			}
		}
		for key := range stored {
			w.changed = true
			if _, err := w.exec(dropChunkSQL, d.Service, key.environment, key.part, key.month); err != nil {
				return err
			}
		}
		_, err = w.exec(putDoraStateSQL, d.Service, d.Setup)
		return err
	})
	if err != nil {
		return fmt.Errorf("put what is derived of %q: %w", d.Service, err)
	}
	return nil
}

// DropDora removes what was derived of services.
func (s *Store) DropDora(ctx context.Context, services []string) error {
	err := s.update(ctx, func(w *writer) error {
		for _, service := range services {
			w.changed = true
			_, err1 := w.exec(dropChunksSQL, service)
			_, err2 := w.exec(dropDoraStateSQL, service)
			if err := errors.Join(err1, err2); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("drop what is derived: %w", err)
	}
	return nil
}

// DoraChunks yields chunks by (Service, Environment, Part, Month).
func (s *Store) DoraChunks(ctx context.Context, q delivery.ChunkQuery) iter.Seq2[delivery.DoraChunk, error] {
	return func(yield func(delivery.DoraChunk, error) bool) {
		err := s.read(ctx, func(tx *sql.Tx) error {
			rows, err := tx.QueryContext(ctx, chunksSQL, jsonList(q.Services), jsonList(q.Environments), jsonList(q.Parts), q.From, q.To)
			return each(rows, err, func(rows *sql.Rows) error {
				var c delivery.DoraChunk
				var sum int64
				if err := rows.Scan(&c.Service, &c.Environment, &c.Part, &c.Month, &sum, &c.Body); err != nil {
					return err
				}
				c.Sum = uint64(sum)
				if !yield(c, nil) {
					return errStop
				}
				return nil
			})
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(delivery.DoraChunk{}, fmt.Errorf("derived rows: %w", err))
		}
	}
}
