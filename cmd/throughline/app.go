package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"throughline/internal/catalog"
	"throughline/internal/config"
	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/doraexport"
	"throughline/internal/inbox"
	"throughline/internal/safehttp"
	"throughline/internal/secret"
	"throughline/internal/sentryexport"
	"throughline/internal/source"
	"throughline/internal/source/ci"
	"throughline/internal/source/series"
	"throughline/internal/store/clickhousestore"
	"throughline/internal/telemetry"
	"throughline/internal/worker"
)

// sourceTimeout bounds one request to a source, with its body.
const sourceTimeout = time.Minute

// app is what serve, demo and sync have in common: the locked data directory,
// both databases and the worker over them.
type app struct {
	cfg    config.Config
	log    *slog.Logger
	lock   *dirLock
	db     *control.DB
	inbox  *inbox.DB
	store  delivery.Store
	down   error // of a fact store that did not answer when it was opened
	client *http.Client
	worker *worker.Worker

	metrics  *telemetry.Metrics
	exporter *doraexport.Exporter
	errors   *sentryexport.Exporter
}

// pushes read what is pushed, by kind of the inbox's entries.
func pushes() map[string]source.Push {
	all := ci.Pushes()
	maps.Copy(all, series.Pushes())
	return all
}

// loadConfig reads the environment and the provisioning file that it names, and
// reports all that is wrong with either as one *usageError.
func loadConfig(environ []string) (config.Config, *control.Provision, error) {
	cfg, err := readConfig(environ)
	path, _ := lookupEnv(environ, config.Prefix+"PROVISION") // also when cfg is of no use
	provision, perr := loadProvision(path, environ, kindsFor(cfg))
	if err := errors.Join(err, perr); err != nil {
		return config.Config{}, nil, configError(err)
	}
	return cfg, provision, nil
}

// configError lists what is wrong with the configuration, a line each.
func configError(err error) error {
	return &usageError{errors.New("the configuration cannot be used:\n  " + strings.ReplaceAll(err.Error(), "\n", "\n  "))}
}

// loadProvision reads the provisioning file; without one it declares nothing.
func loadProvision(path string, environ []string, kinds []source.Kind) (*control.Provision, error) {
	var data []byte
	if path != "" {
		var err error
		if data, err = os.ReadFile(path); err != nil {
			return nil, fmt.Errorf(config.Prefix+"PROVISION: %w", err)
		}
	}
	lookup := func(name string) (string, bool) { return lookupEnv(environ, name) }
	provision, err := control.ParseProvision(data, lookup, os.ReadFile, kinds)
	return provision, named(err, path)
}

// named says in an error about the provisioning file which file that is.
func named(err error, path string) error {
	if wrong, ok := errors.AsType[*control.ProvisionError](err); ok {
		wrong.File = path
	}
	return err
}

// lookupEnv is the last value of a variable, as the operating system has it.
func lookupEnv(environ []string, name string) (value string, ok bool) {
	for _, e := range environ {
		if n, v, _ := strings.Cut(e, "="); n == name {
			value, ok = v, true
		}
	}
	return value, ok
}

// newLog logs to w as the configuration says.
func newLog(w io.Writer, cfg config.Config) *slog.Logger {
	options := &slog.HandlerOptions{Level: cfg.LogLevel}
	if cfg.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// openApp locks the data directory, opens both databases and brings them up to
// what the configuration declares.
func openApp(ctx context.Context, cfg config.Config, provision *control.Provision, log *slog.Logger) (a *app, err error) {
	a = &app{cfg: cfg, log: log}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	if a.lock, err = lockDir(cfg.DataDir); err != nil {
		return a, err
	}
	if err := a.finishRestore(ctx); err != nil {
		return a, err
	}
	box, err := openBox(cfg)
	if err != nil {
		return a, err
	}
	if a.db, err = control.Open(ctx, filepath.Join(cfg.DataDir, "control.db"), box); err != nil {
		return a, err
	}
	if a.inbox, err = inbox.Open(ctx, filepath.Join(cfg.DataDir, inboxFile)); err != nil {
		return a, err
	}
	if err := a.openFacts(ctx); err != nil {
		return a, err
	}
	if a.metrics, err = openMetrics(cfg, log); err != nil {
		return a, err
	}
	a.metrics.Watch(a.state)
	a.client = safehttp.Client(cfg.AllowedNetworks, sourceTimeout)
	a.worker = worker.New(a.db, a.openExporter(), measured(kindsFor(cfg), a.metrics), a.client, log)
	a.worker.Observe(syncObserver{a.metrics})
	a.worker.Ready = a.bindFacts
	a.worker.Catalog = func(c control.Catalog, token string) worker.Catalog {
		return catalog.New(a.client, c.Endpoint, c.Annotation, token)
	}
	a.worker.Inbox, a.worker.Pushes, a.worker.Recent = a.inbox, pushes(), &source.Recent{}
	a.worker.Retention = series.Retention
	if store, ok := a.store.(*clickhousestore.Store); ok {
		store.Inserted = func(table string, rows int, took time.Duration) {
			a.metrics.Inserted(store.Database(), table, rows, took)
		}
		a.worker.Synced = (&dropIns{app: a, store: store}).write
	}
	return a, a.settle(ctx, provision)
}

// finishRestore carries a restore that was cut off to its end, before anything
// of the data directory is opened.
func (a *app) finishRestore(ctx context.Context) error {
	aside, err := swap{a.cfg.DataDir, os.Rename}.finish()
	if err == nil && aside != "" {
		a.log.WarnContext(ctx, "finished a restore that was cut off", "before", aside)
	}
	return err
}

// openBox makes the box that credentials are sealed in.
func openBox(cfg config.Config) (*secret.Box, error) {
	key := cfg.SecretKey
	if key == nil {
		var err error
		if key, err = secret.LoadOrCreateKey(filepath.Join(cfg.DataDir, "secret.key")); err != nil {
			return nil, err
		}
	}
	return secret.NewBox(key)
}

// settle applies what is declared, and tidies up after a process that did not
// stop by itself.
func (a *app) settle(ctx context.Context, provision *control.Provision) error {
	now := time.Now()
	if err := applyProvision(ctx, a.db, a.cfg, provision); err != nil {
		return err
	}
	if a.cfg.AdminEmail != "" {
		err := a.db.EnsureAdmin(ctx, a.cfg.AdminEmail, a.cfg.AdminPassword)
		if _, ok := errors.AsType[*control.FieldError](err); ok {
			return configError(fmt.Errorf(config.Prefix+"ADMIN_EMAIL, "+config.Prefix+"ADMIN_PASSWORD: %w", err))
		}
		if err != nil {
			return err
		}
	}
	if err := a.pauseSealed(ctx, now); err != nil {
		return err
	}
	if a.down == nil {
		err := a.bindFacts(ctx)
		if errors.Is(err, delivery.ErrUnavailable) {
			a.down = err
		} else if err != nil {
			return err
		}
	}
	return a.db.InterruptRunning(ctx, now)
}

// applyProvision makes what the file declares so. The error is a *usageError
// when the file is to blame.
func applyProvision(ctx context.Context, db *control.DB, cfg config.Config, provision *control.Provision) error {
	err := db.Apply(ctx, provision, time.Now())
	if _, ok := errors.AsType[*control.ProvisionError](err); ok {
		return configError(named(err, cfg.Provision))
	}
	if err != nil {
		return fmt.Errorf("apply the provisioning file: %w", err)
	}
	return nil
}

// keyPause is the code of a pause for want of the right secret key.
const keyPause = "key"

// pauseSealed pauses connections whose credentials another secret key sealed:
// trying them again cannot help, entering them again does, and so does putting
// the key back.
func (a *app) pauseSealed(ctx context.Context, now time.Time) error {
	connections, err := a.db.Connections(ctx)
	if err != nil {
		return err
	}
	for _, c := range connections {
		_, _, err := a.db.Config(ctx, c)
		if !errors.Is(err, secret.ErrSealed) { // any other fault is told where it matters
			if c.Paused != nil && c.Paused.Code == keyPause {
				if err := a.db.Resume(ctx, c.Name, now); err != nil {
					return err
				}
			}
			continue
		}
		a.log.WarnContext(ctx, "credentials were sealed with another secret key: put that key back, or enter them again", "connection", c.Name)
		if err := a.db.Pause(ctx, c.ID, keyPause, "its credentials were sealed with another secret key", now); err != nil {
			return err
		}
	}
	return nil
}

// Close closes what openApp opened, last things first.
func (a *app) Close() error {
	var errs []error
	if a.client != nil {
		a.client.CloseIdleConnections()
	}
	if err := a.metrics.Close(); err != nil {
		a.log.Warn("the last metrics are lost", "error", err)
	}
	if a.store != nil {
		errs = append(errs, a.store.Close())
	}
	if a.inbox != nil {
		errs = append(errs, a.inbox.Close())
	}
	if a.db != nil {
		errs = append(errs, a.db.Close())
	}
	if a.lock != nil {
		errs = append(errs, a.lock.Close())
	}
	return errors.Join(errs...)
}
