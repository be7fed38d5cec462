package worker

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"throughline/internal/control"
	"throughline/internal/delivery"
)

// Catalog tells whose repositories are: "" for nobody's.
type Catalog interface {
	Owner(ctx context.Context, repository string) (string, error)
}

const (
	ownersEvery = 5 * time.Minute // between two looks at what is to be asked
	ownersStale = time.Hour       // after which an answer is asked for again
	ownersKept  = 100             // answers are kept at the latest when there are so many
)

// asks keeps what the catalogue says up to date, until ctx ends. Nothing waits for
// it: where it does not answer, what it said before holds.
func (w *Worker) asks(ctx context.Context) {
	if w.Catalog == nil {
		return
	}
	for ctx.Err() == nil {
		if err := w.askOwners(ctx, time.Now()); err != nil {
			w.failed(ctx, "the catalogue cannot be asked", err)
		}
		rest(ctx, ownersEvery, w.catalogs)
	}
}

// askOwners asks for the owners that are not known or long known. The catalogue's
// own faults are kept with it, for people to see; the error is another one's.
func (w *Worker) askOwners(ctx context.Context, now time.Time) error {
	c, err := w.db.Catalog(ctx)
	if err != nil || !c.On() {
		return err
	}
	token, opens, err := w.db.CatalogToken(ctx)
	if err != nil {
		return err
	}
	if !opens {
		return w.db.CatalogSaid(ctx, c.Endpoint, nil, "key: ", now)
	}
	due, err := w.unowned(ctx, now)
	if err != nil || len(due) == 0 && c.Fault == "" {
		return err
	}
	return w.askEach(ctx, c.Endpoint, w.Catalog(c, token), due, now)
}

// askEach asks until a question fails: whatever the reason, the next one would fail
// likewise.
func (w *Worker) askEach(ctx context.Context, endpoint string, from Catalog, repositories []string, now time.Time) error {
	said := map[string]string{}
	for _, repository := range repositories {
		owner, err := from.Owner(ctx, repository)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			w.log.WarnContext(ctx, "the catalogue does not answer, what it said before holds", "error", err)
			return w.db.CatalogSaid(ctx, endpoint, said, faultOf(err), now)
		}
		if said[repository] = owner; len(said) >= ownersKept {
			if err := w.db.CatalogSaid(ctx, endpoint, said, "", now); err != nil {
				return err
			}
			clear(said)
		}
	}
	return w.db.CatalogSaid(ctx, endpoint, said, "", now)
}

// faultOf is a fault as it is kept: a word for its kind, and what there is to say.
func faultOf(err error) string {
	var coded interface{ Code() string }
	if errors.As(err, &coded) {
		return coded.Code() + ": " + err.Error()
	}
	return "unreachable: " + err.Error()
}

// unowned are the repositories to ask for, those of services and of facts, by name.
func (w *Worker) unowned(ctx context.Context, now time.Time) ([]string, error) {
	facets, err := await(ctx, w, func() (delivery.DoraFacets, error) { return w.store.DoraFacets(ctx) })
	if err != nil {
		return nil, err
	}
	services, err := w.db.Services(ctx)
	if err != nil {
		return nil, err
	}
	known, err := w.db.CatalogOwners(ctx)
	if err != nil {
		return nil, err
	}
	names := map[string]string{} // by themselves in small letters
	for _, f := range facets.Repositories {
		names[strings.ToLower(f.Key)] = f.Key
	}
	for _, s := range services {
		if s.Repository != "" {
			names[strings.ToLower(s.Repository)] = s.Repository
		}
	}
	for _, o := range known {
		if fresh(o, now) {
			delete(names, o.Repository)
		}
	}
	return slices.Sorted(maps.Values(names)), nil
}

func fresh(o control.CatalogOwner, now time.Time) bool { return now.Sub(o.AskedAt) < ownersStale }
