package control

import (
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func text(s string) *string { return &s }

func TestSaveCatalog(t *testing.T) {
	db := openTest(t)
	if c, err := db.Catalog(db.ctx); err != nil || c.On() {
		t.Errorf("at first %+v, %v", c, err)
	}
	for _, tt := range []struct{ name, endpoint, annotation, field, code string }{
		{"no scheme", "backstage.example.com", "", "endpoint", "url"},
		{"a user", "https://me:pw@backstage.example.com", "", "endpoint", "url"},
		{"a query", "https://backstage.example.com?a=b", "", "endpoint", "url"},
		{"an annotation of two", "https://backstage.example.com", "a,b", "annotation", "invalid"},
	} {
		_, err := db.SaveCatalog(db.ctx, Catalog{Endpoint: tt.endpoint, Annotation: tt.annotation}, nil)
		wantField(t, err, tt.field, tt.code)
	}
	in := Catalog{Endpoint: " https://backstage.example.com/base/ "}
	changed, err := db.SaveCatalog(db.ctx, in, text("one two three"))
	must(t, err)
	c, err := db.Catalog(db.ctx)
	must(t, err)
	if want := (Catalog{Endpoint: "https://backstage.example.com/base", Annotation: DefaultAnnotation, HasToken: true}); !changed || c != want {
		t.Errorf("stored %+v", c)
	}
	if changed, err = db.SaveCatalog(db.ctx, c, nil); err != nil || changed {
		t.Errorf("the same again: changed %v, %v", changed, err)
	}
	elsewhere := c
	elsewhere.Endpoint = "https://other.example.com"
	_, err = db.SaveCatalog(db.ctx, elsewhere, nil)
	wantField(t, err, "catalog_token", "again")
	_, err = db.SaveCatalog(db.ctx, elsewhere, text(""))
	must(t, err)
	if token, _, err := db.CatalogToken(db.ctx); err != nil || token != "" {
		t.Errorf("token %q, %v", token, err)
	}
	entries, err := db.Audit(db.ctx, AuditQuery{Kind: "catalog", Limit: 10})
	must(t, err)
	if len(entries) != 2 {
		t.Errorf("%d entries", len(entries))
	}
	for _, e := range entries {
		if strings.Contains(string(e.Before)+string(e.After), "one two three") {
			t.Errorf("the token is in the audit log: %+v", e)
		}
		if _, err := db.Undo(db.ctx, e.ID); !errors.Is(err, ErrNoUndo) {
			t.Errorf("undoing: %v", err)
		}
	}
}

func TestCatalogOwners(t *testing.T) {
	db := openTest(t)
	const at = "https://backstage.example.com"
	_, err := db.SaveCatalog(db.ctx, Catalog{Endpoint: at}, nil)
	must(t, err)
	db.team(t, "Platform", "")
	db.service(t, payService())
	must(t, db.CatalogSaid(db.ctx, at, map[string]string{"Acme/Shop": "group:default/platform", "acme/site": "guild", "acme/old": ""}, "", testNow))
	owners, err := db.OwnersByRepository(db.ctx)
	must(t, err)
	if want := map[string]string{"acme/shop": "group:default/platform", "acme/site": "guild"}; !maps.Equal(owners, want) {
		t.Errorf("owners %v", owners)
	}
	setup, err := db.DoraSetup(db.ctx)
	must(t, err)
	if of := setup.Teams.OfService(&setup.Services[0]); !slices.Equal(of, []string{"Platform"}) {
		t.Errorf("the service is of %q", of)
	}
	if _, ok := setup.Teams.Named("guild"); !ok {
		t.Errorf("teams %+v", setup.Teams)
	}

	version := db.version(t)
	must(t, db.CatalogSaid(db.ctx, at, map[string]string{"acme/shop": "group:default/platform", "acme/none": ""}, "it does not answer", testNow.Add(time.Hour)))
	if db.version(t) != version {
		t.Error("answers that change nothing change the settings")
	}
	if c, err := db.Catalog(db.ctx); err != nil || c.Fault != "it does not answer" || !c.AskedAt.Equal(testNow.Add(time.Hour)) {
		t.Errorf("state %+v, %v", c, err)
	}
	must(t, db.CatalogSaid(db.ctx, "https://else.example.com", map[string]string{"acme/x": "y"}, "", testNow))
	all, err := db.CatalogOwners(db.ctx)
	must(t, err)
	if len(all) != 4 || !all[3].AskedAt.Equal(testNow) || !all[2].AskedAt.Equal(testNow.Add(time.Hour)) {
		t.Errorf("kept %+v", all)
	}
	_, err = db.SaveCatalog(db.ctx, Catalog{Endpoint: at + "/moved"}, nil)
	must(t, err)
	if all, err := db.CatalogOwners(db.ctx); err != nil || len(all) != 0 {
		t.Errorf("after another catalogue: %v, %v", all, err)
	}
}

// With another secret key the token is lost, and can be given anew.
func TestCatalogTokenOfAnotherKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "control.db")
	c := Catalog{Endpoint: "https://backstage.example.com"}
	first := openAt(t, path, testBox(t, 1))
	_, err := first.SaveCatalog(first.ctx, c, text("token"))
	must(t, err)
	db := openAt(t, path, testBox(t, 2))
	if token, opens, err := db.CatalogToken(db.ctx); token != "" || opens || err != nil {
		t.Errorf("token %q, opens %v, %v", token, opens, err)
	}
	_, err = db.SaveCatalog(db.ctx, c, nil)
	wantField(t, err, "catalog_token", "sealed")
	if changed, err := db.SaveCatalog(db.ctx, c, text("token")); err != nil || !changed {
		t.Errorf("given anew: %v, %v", changed, err)
	}
	if token, _, err := db.CatalogToken(db.ctx); err != nil || token != "token" {
		t.Errorf("token %q, %v", token, err)
	}
}
