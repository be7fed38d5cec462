package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"throughline/internal/config"
	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/store/clickhousestore"
)

// clickhouse looks at the fact store in ClickHouse.
func (c *checking) clickhouse(ctx context.Context) {
	if file := filepath.Join(c.cfg.DataDir, factsFile); exists(file) {
		c.open("%s: not used, the facts are in ClickHouse; remove it when you will not go back", factsFile)
	}
	name := storeName(c.cfg)
	address, err := clickhousestore.ParseAddress(c.cfg.Store)
	if err != nil {
		c.bad("fact store: %v", err)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	found, err := clickhousestore.Probe(ctx, address)
	_, refused := errors.AsType[*clickhousestore.RefusedError](err)
	newer, isNewer := errors.AsType[*clickhousestore.NewerError](err)
	switch {
	case errors.Is(err, delivery.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		c.bad("ClickHouse %s: %v; see that it runs and that this machine reaches it at the address in %sSTORE", name, err, config.Prefix)
	case refused:
		c.bad("ClickHouse %s: %v; correct them in %sSTORE", name, err, config.Prefix)
	case isNewer:
		c.bad("ClickHouse %s: %v", name, newer)
	case err != nil:
		c.bad("ClickHouse %s: %v", name, err)
	case address.Cluster() != "" && found.Hosts == 0:
		c.bad("ClickHouse %s, version %s: it knows no cluster %q; those it knows are in its table system.clusters", name, found.Version, address.Cluster())
	case !found.Exists:
		c.open("ClickHouse %s: version %s%s; the database is not there yet, it is made at the first start", name, found.Version, hosts(found))
	case found.Schema < found.Newest:
		c.identity = found.Identity
		c.good("ClickHouse %s: version %s%s, %s in %d rows; its schema is %d and becomes %d at the next start",
			name, found.Version, hosts(found), size(int64(found.Bytes)), found.Rows, found.Schema, found.Newest)
	default:
		c.identity = found.Identity
		c.good("ClickHouse %s: version %s%s, %s in %d rows, schema %d", name, found.Version, hosts(found), size(int64(found.Bytes)), found.Rows, found.Schema)
	}
}

// hosts says how a cluster is made.
func hosts(found clickhousestore.Found) string {
	if found.Hosts == 0 {
		return ""
	}
	return fmt.Sprintf(", %d hosts in %d shards", found.Hosts, found.Shards)
}

// sameFacts says what it means that the facts in ClickHouse are not those that
// were synced into.
func (c *checking) sameFacts(ctx context.Context, db *control.DB) error {
	bound, err := db.FactsIdentity(ctx)
	if err != nil || c.identity == "" || bound == "" || bound == c.identity {
		return err
	}
	synced, err := db.HasCursors(ctx)
	if err == nil && synced {
		c.open("the facts in ClickHouse are not those that were synced into: everything is fetched again at the next start")
	}
	return err
}
