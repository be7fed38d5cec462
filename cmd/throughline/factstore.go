package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"throughline/internal/config"
	"throughline/internal/delivery"
	"throughline/internal/store/clickhousestore"
	"throughline/internal/store/sqlitestore"
)

// sqliteStore is the name of the built-in store.
const sqliteStore = "sqlite"

// readConfig reads the environment.
func readConfig(environ []string) (config.Config, error) {
	return config.Load(environ, func(address string) error {
		_, err := clickhousestore.ParseAddress(address)
		return err
	})
}

// storeName says which fact store the configuration names, without a password.
func storeName(cfg config.Config) string {
	if cfg.Store == sqliteStore {
		return sqliteStore
	}
	address, err := clickhousestore.ParseAddress(cfg.Store)
	if err != nil {
		return "clickhouse" // readConfig refused it, but for a file that has gone since
	}
	return address.String()
}

// openStore opens the fact store. A new kind of store is a case here. With a
// delivery.ErrUnavailable the store is of use all the same.
func openStore(ctx context.Context, cfg config.Config) (delivery.Store, error) {
	if cfg.Store == sqliteStore {
		store, err := sqlitestore.Open(ctx, filepath.Join(cfg.DataDir, factsFile))
		if err != nil {
			return nil, err // not a nil *Store in an interface
		}
		return store, nil
	}
	address, err := clickhousestore.ParseAddress(cfg.Store)
	if err != nil {
		return nil, configError(fmt.Errorf(config.Prefix+"STORE: %w", err))
	}
	store, err := clickhousestore.Open(ctx, address)
	if errors.Is(err, delivery.ErrUnavailable) {
		return store, err
	}
	if err != nil {
		if store != nil {
			err = errors.Join(err, store.Close())
		}
		return nil, fmt.Errorf("ClickHouse at %s: %w", address, err)
	}
	return store, nil
}

// openFacts opens the fact store. One that does not answer is kept in a.down.
func (a *app) openFacts(ctx context.Context) error {
	store, err := openStore(ctx, a.cfg)
	if store != nil {
		a.store = store
	}
	if errors.Is(err, delivery.ErrUnavailable) {
		a.down = err
		return nil
	}
	return err
}

// bindFacts sees that the cursors go with the facts: with a fact store that is
// new, or another, only changes would be read, and the numbers be wrong. The
// worker calls it again before its first sync: a store that did not answer at
// the start may be any.
func (a *app) bindFacts(ctx context.Context) error {
	identity, err := a.store.Identity(ctx)
	if err != nil {
		return err
	}
	bound, err := a.db.FactsIdentity(ctx)
	if err != nil || bound == identity {
		return err
	}
	restart := bound != "" || a.cfg.Store != sqliteStore
	if !restart {
		// An earlier version, which had SQLite only, did not remember which one it was.
		queues, err := a.store.Queues(ctx)
		if err != nil {
			return err
		}
		restart = len(queues) == 0
	}
	restarted, err := a.db.BindFacts(ctx, identity, restart, time.Now())
	if err == nil && len(restarted) > 0 {
		a.log.WarnContext(ctx, "the fact store is not the one that was synced into: everything is fetched again from the start", "connections", restarted)
	}
	return err
}
