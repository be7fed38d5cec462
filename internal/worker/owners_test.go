package worker

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"throughline/internal/control"
	"throughline/internal/delivery"
)

// deployedStore is one with deployments of these repositories.
type deployedStore struct {
	delivery.Store
	repositories []string
}

func (s *deployedStore) DoraFacets(context.Context) (f delivery.DoraFacets, err error) {
	for _, r := range s.repositories {
		f.Repositories = append(f.Repositories, delivery.Facet{Key: r, Count: 1})
	}
	return f, nil
}

// askedCatalog answers from what it owns, and notes what it was asked.
type askedCatalog struct {
	owners map[string]string
	down   bool
	asked  []string
}

func (c *askedCatalog) Owner(_ context.Context, repository string) (string, error) {
	if c.down {
		return "", codedFault{}
	}
	c.asked = append(c.asked, repository)
	return c.owners[repository], nil
}

type codedFault struct{}

func (codedFault) Error() string { return "401 Unauthorized" }
func (codedFault) Code() string  { return "denied" }

func TestAskOwners(t *testing.T) {
	w, _ := pushRig(t)
	ctx := t.Context()
	store := &deployedStore{Store: w.store, repositories: []string{"acme/pay", "Acme/Site"}}
	from := &askedCatalog{owners: map[string]string{"acme/pay": "group:default/platform", "acme/shop": "shop"}}
	w.store = store
	w.Catalog = func(c control.Catalog, token string) Catalog {
		if c.Endpoint != "https://b.example.com" || token != "good" {
			t.Errorf("the catalogue %+v is asked with %q", c, token)
		}
		return from
	}
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	ask := func(after time.Duration, want ...string) {
		t.Helper()
		from.asked = nil
		if err := w.askOwners(ctx, now.Add(after)); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(from.asked, want) {
			t.Errorf("after %s it is asked of %q, want %q", after, from.asked, want)
		}
	}
	ask(0) // there is none
	token := "good"
	_, err := w.db.SaveCatalog(ctx, control.Catalog{Endpoint: "https://b.example.com"}, &token)
	_, err2 := w.db.SaveService(ctx, control.Service{Service: delivery.Service{Name: "shop", Repository: "acme/shop"}})
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	ask(0, "Acme/Site", "acme/pay", "acme/shop")
	ask(time.Minute)
	for _, token := range []string{"other", "good"} { // given anew, it is tried at once
		if _, err := w.db.SaveCatalog(ctx, control.Catalog{Endpoint: "https://b.example.com"}, &token); err != nil {
			t.Fatal(err)
		}
	}
	ask(time.Minute, "Acme/Site", "acme/pay", "acme/shop")
	store.repositories = append(store.repositories, "acme/new")
	ask(2*time.Minute, "acme/new")
	from.down = true
	ask(2 * time.Hour)
	c, err := w.db.Catalog(ctx)
	if err != nil || c.Fault != "denied: 401 Unauthorized" || !c.AskedAt.Equal(now.Add(2*time.Hour)) {
		t.Errorf("state %+v, %v", c, err)
	}
	owners, err := w.db.OwnersByRepository(ctx)
	if want := map[string]string{"acme/pay": "group:default/platform", "acme/shop": "shop"}; err != nil || !maps.Equal(owners, want) {
		t.Errorf("while it is down: %v, %v", owners, err)
	}
	from.down = false
	ask(2*time.Hour+time.Minute, "Acme/Site", "acme/new", "acme/pay", "acme/shop")
	if c, err := w.db.Catalog(ctx); err != nil || c.Fault != "" {
		t.Errorf("state %+v, %v", c, err)
	}
}
