package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"throughline/internal/control"
)

// hangups are the signals that ask for the provisioning file to be read again.
// From here on they no longer end the program.
func hangups() (signals <-chan os.Signal, stop func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	return c, func() { signal.Stop(c) }
}

// reloads reads the provisioning file again at each signal, until ctx ends.
func (a *app) reloads(ctx context.Context, signals <-chan os.Signal, environ []string) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-signals:
			a.reload(ctx, environ)
		}
	}
}

// reload puts what the provisioning file declares now into force, or, when
// anything is wrong with it, nothing of it. Variables keep the values that the
// program was started with; ${file:PATH} is read again.
func (a *app) reload(ctx context.Context, environ []string) {
	if a.cfg.Provision == "" {
		a.log.InfoContext(ctx, "asked to read the provisioning file again, and there is none")
		return
	}
	provision, err := loadProvision(a.cfg.Provision, environ, kindsFor(a.cfg))
	if err == nil {
		err = named(a.db.Apply(ctx, provision, time.Now()), a.cfg.Provision)
	}
	if err != nil {
		a.refused(ctx, err)
		return
	}
	a.worker.WorkflowChanged()
	a.worker.Poke()
	d := provision.Declared()
	a.log.InfoContext(ctx, "provisioning file applied", "file", a.cfg.Provision, "connections", d.Connections,
		"calendars", d.Calendars, "teams", d.Teams, "workflow", d.Workflow, "services", d.Services, "catalog", d.Catalog, "tokens", d.Tokens, "embeds", d.Embeds)
}

// refused logs each thing that is wrong with the file.
func (a *app) refused(ctx context.Context, err error) {
	const kept = "provisioning file refused, what was in force stays"
	wrong, ok := errors.AsType[*control.ProvisionError](err)
	if !ok {
		a.log.ErrorContext(ctx, kept, "file", a.cfg.Provision, "error", strings.TrimSpace(err.Error()))
		return
	}
	for _, p := range wrong.Problems {
		a.log.ErrorContext(ctx, kept, "file", a.cfg.Provision, "line", p.Line, "error", p.Message)
	}
}
