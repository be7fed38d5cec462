package control

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

func doraImport() DoraImport {
	github := Connection{Name: "github", Kind: "github", Every: DefaultEvery, Settings: source.Settings{"repositories": []byte(`["acme/pay","acme/site"]`)}}
	team := func(name string, repositories ...string) Team {
		return Team{Team: delivery.Team{Name: name, Repositories: repositories, JiraProjects: delivery.Patterns{"PAY"}}}
	}
	return DoraImport{
		Connections: []ImportedConnection{{github, []string{"repositories"}, map[string]string{"token": "one"}, map[string]string{"webhook_secret": "made"}}},
		Teams:       []Team{team("payments", "acme/pay"), team("Web", "acme/site", "acme/shop")},
		Services:    []Service{{Service: delivery.Service{Name: "pay", Repository: "acme/pay"}}, {Service: delivery.Service{Name: "site", Repository: "acme/site"}}},
		Catalog:     &Catalog{Endpoint: "https://backstage.example.com"}, Token: "two",
		Counters:   []Counter{{Family: "jira_incidents", Labels: []string{"PAY", "payments"}, Taken: 7}},
		CountersAt: testNow.Add(-time.Hour),
	}
}

func TestImportDora(t *testing.T) {
	db := openTest(t)
	_, err := db.SaveTeam(db.ctx, Team{Team: delivery.Team{Name: "web", Queues: delivery.Patterns{"WEB"}, Repositories: delivery.Patterns{"acme/sh*"}}})
	must(t, err)
	db.service(t, Service{Service: delivery.Service{Name: "website", Repository: "ACME/site"}})
	out, err := db.ImportDora(db.ctx, doraImport(), Declared{})
	must(t, err)
	want := DoraOutcome{
		Connections: map[string]Outcome{"github": Created}, Missing: map[string]bool{"github": true},
		Teams: map[string]Outcome{"payments": Created, "Web": Added}, Services: map[string]Outcome{"pay": Created, "site": Unchanged},
		Catalog: Created, Counters: 1,
	}
	if !reflect.DeepEqual(out, want) {
		t.Errorf("outcome %+v", out)
	}
	web, err := db.Team(db.ctx, "web")
	must(t, err)
	if !slices.Equal(web.Repositories, []string{"acme/sh*", "acme/site"}) || !slices.Equal(web.Queues, []string{"WEB"}) || !slices.Equal(web.JiraProjects, []string{"PAY"}) {
		t.Errorf("team %+v", web)
	}
	c, err := db.Connection(db.ctx, "github")
	must(t, err)
	_, secrets, err := db.Config(db.ctx, c)
	must(t, err)
	if !reflect.DeepEqual(secrets, map[string]string{"token": "one", "webhook_secret": "made"}) {
		t.Errorf("secrets %v", secrets)
	}
	if token, _, err := db.CatalogToken(db.ctx); err != nil || token != "two" {
		t.Errorf("token %q, %v", token, err)
	}
	counters, err := db.Counters(db.ctx)
	must(t, err)
	if len(counters) != 1 || counters[0].Taken != 7 || !counters[0].TakenAt.Equal(testNow.Add(-time.Hour)) {
		t.Errorf("counters %+v", counters)
	}

	// Again: nothing changes, a secret that is there is not made anew.
	version := db.version(t)
	again := doraImport()
	again.Connections[0].Missing["webhook_secret"], again.CountersAt = "other", testNow
	out, err = db.ImportDora(db.ctx, again, Declared{})
	must(t, err)
	want = DoraOutcome{
		Connections: map[string]Outcome{"github": Unchanged}, Missing: map[string]bool{},
		Teams: map[string]Outcome{"payments": Unchanged, "Web": Unchanged}, Services: map[string]Outcome{"pay": Unchanged, "site": Unchanged}, Catalog: Unchanged,
	}
	if !reflect.DeepEqual(out, want) || db.version(t) != version {
		t.Errorf("again %+v, version %d after %d", out, db.version(t), version)
	}
}

func TestImportDoraRefused(t *testing.T) {
	db := openTest(t)
	_, err := db.ImportDora(db.ctx, doraImport(), Declared{})
	must(t, err)
	other := doraImport()
	other.Connections[0].Secrets["token"] = "three"
	other.Catalog.Endpoint = "https://else.example.com"
	other.Teams = append(other.Teams, Team{Team: delivery.Team{Name: "new", Repositories: delivery.Patterns{"acme/new"}}})
	_, err = db.ImportDora(db.ctx, other, Declared{Teams: []string{"new"}})
	var refused *ImportError
	want := []ImportConflict{
		{Object: "connection", Name: "github", Differs: []string{"token"}},
		{Object: "team", Name: "new", Provisioned: true},
		{Object: "catalog", Differs: []string{"endpoint or annotation"}},
	}
	if !errors.As(err, &refused) || !reflect.DeepEqual(refused.Conflicts, want) {
		t.Errorf("conflicts %+v", err)
	}
	other.Replace = true
	out, err := db.ImportDora(db.ctx, other, Declared{})
	must(t, err)
	if out.Connections["github"] != Replaced || out.Catalog != Replaced || out.Teams["new"] != Created {
		t.Errorf("replaced %+v", out)
	}
	// A connection that lost its webhook secret is given one.
	c, err := db.Connection(db.ctx, "github")
	must(t, err)
	_, err = db.SaveConnection(db.ctx, c, map[string]string{"webhook_secret": ""})
	must(t, err)
	out, err = db.ImportDora(db.ctx, other, Declared{})
	must(t, err)
	if out.Connections["github"] != Added || !out.Missing["github"] {
		t.Errorf("given a secret %+v", out)
	}
}
