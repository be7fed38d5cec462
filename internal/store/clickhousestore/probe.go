package clickhousestore

import (
	"context"
	"errors"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// Found is what there is at an address.
type Found struct {
	Version  string // of the server
	Hosts    int    // in the cluster; 0 on a single server, or when it is not known there
	Shards   int
	Exists   bool   // the database does; what follows is of it
	Schema   int64  // 0 before the first start
	Newest   int64  // schema that this program makes of it
	Rows     uint64 // over all hosts, with those that are replaced already
	Bytes    uint64 // on disk
	Identity string // "" before the first start
}

// Probe looks at what there is at an address and changes nothing. The error is a
// delivery.ErrUnavailable, a *RefusedError, a *NewerError, or another.
func Probe(ctx context.Context, a Address) (found Found, err error) {
	s, err := New(a)
	if err != nil {
		return found, err
	}
	conn, err := clickhouse.Open(a.options(""))
	if err != nil {
		return found, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if err := s.probe(ctx, conn, &found); err != nil {
		return found, s.explain(ctx, err)
	}
	if found.Schema > found.Newest {
		return found, &NewerError{a.database, found.Schema, found.Newest}
	}
	return found, nil
}

func (s *Store) probe(ctx context.Context, conn driver.Conn, found *Found) error {
	todo, err := migrationsFor(&s.address)
	if err != nil {
		return err
	}
	for _, m := range todo {
		found.Newest = max(found.Newest, m.version)
	}
	database := clickhouse.Named("database", s.address.database)
	var versioned, stated, hosts, shards uint64
	err = conn.QueryRow(ctx, s.sql("probe", nil), database, clickhouse.Named("cluster", s.address.cluster)).
		Scan(&found.Version, &found.Exists, &versioned, &stated, &hosts, &shards)
	if err != nil {
		return fmt.Errorf("look at the server: %w", err)
	}
	found.Hosts, found.Shards = int(hosts), int(shards)
	if !found.Exists || s.address.cluster != "" && hosts == 0 {
		return nil
	}
	if err := conn.QueryRow(ctx, s.sql("probe_size", s.address.cluster), database).Scan(&found.Rows, &found.Bytes); err != nil {
		return fmt.Errorf("look at the size: %w", err)
	}
	if versioned > 0 {
		if err := conn.QueryRow(ctx, s.sql("probe_schema", s.address.database)).Scan(&found.Schema); err != nil {
			return fmt.Errorf("look at the schema: %w", err)
		}
	}
	if stated == 0 {
		return nil
	}
	var doc string
	if err := conn.QueryRow(ctx, s.sql("probe_state", s.address.database)).Scan(&doc); err != nil || doc == "" {
		return err
	}
	var st state
	if err := st.decode(doc); err != nil {
		return err
	}
	found.Identity = st.identity
	return nil
}
