package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"throughline/internal/control"
	"throughline/internal/delivery"
)

// deployedStore is one in which these values are found in deployments.
type deployedStore struct {
	delivery.Store
	facets delivery.DoraFacets
	away   bool
}

func (s *deployedStore) DoraFacets(context.Context) (delivery.DoraFacets, error) {
	if s.away {
		return delivery.DoraFacets{}, delivery.ErrUnavailable
	}
	return s.facets, nil
}

// deployed is a site with an admin, where repositories were deployed.
func deployed(t *testing.T) (*site, *deployedStore) {
	t.Helper()
	store := &deployedStore{facets: delivery.DoraFacets{
		Repositories: []delivery.Facet{{Key: "acme/new", Count: 3}, {Key: "acme/shop", Count: 12}, {Key: "acme/site", Count: 1}},
		Environments: []delivery.Facet{{Key: "eu", Count: 2}, {Key: "production-eu", Count: 9}, {Key: "staging", Count: 5}, {Count: 1}},
		Projects:     []delivery.Facet{{Key: "PAY", Count: 4}},
	}}
	s := signedIn(t, func(c *Config) {
		store.Store = c.Store
		c.Store = store
	})
	return s, store
}

// saveService stores a service.
func (s *site) saveService(one delivery.Service) control.Service {
	s.t.Helper()
	if _, err := s.db.SaveService(s.t.Context(), control.Service{Service: one}); err != nil {
		s.t.Fatal(err)
	}
	got, err := s.db.Service(s.t.Context(), one.Name)
	if err != nil {
		s.t.Fatal(err)
	}
	return got
}

func serviceValues(one delivery.Service) url.Values {
	return url.Values{
		"name": {one.Name}, "repository": {one.Repository}, "paths": {lines(one.Paths)}, "environments": {lines(one.Environments)},
		"jira": {lines(one.JiraProjects)}, "sentry": {lines(one.SentryProjects)}, "queues": {lines(one.Queues)},
	}
}

func payService() delivery.Service {
	return delivery.Service{
		Name: "pay", Repository: "acme/shop", Paths: delivery.Patterns{"pay/**"}, JiraProjects: delivery.Patterns{"PAY"},
		SentryProjects: delivery.Patterns{"pay-api"}, Queues: delivery.Patterns{"PAYINC"}, Environments: delivery.Patterns{"production*"},
	}
}

func TestServices(t *testing.T) {
	s, _ := deployed(t)
	want(t, s.page("/settings/services"), ".empty", "No services declared")
	team := s.saveTeam("payments", "", nil)
	form := serviceValues(payService())
	form.Set("team", strconv.FormatInt(team.ID, 10))
	if res := s.post("/settings/services", form); res.status != http.StatusSeeOther {
		t.Fatalf("creating answers %d: %s", res.status, textOf(res.doc, ".banner.bad"))
	}
	doc := s.page("/settings/services")
	want(t, doc, ".flash", "Saved, and the team payments has it.")
	want(t, doc, ".services tbody tr", "pay | acme/shop pay/** | production* | Jira projects: PAYSentry projects: pay-apiTracker queues: PAYINC | payments")
	one, err := s.db.Service(t.Context(), "pay")
	if err != nil || !reflect.DeepEqual(one.Service, payService()) {
		t.Errorf("stored %+v, %v", one, err)
	}

	path := servicePath(one.ID)
	doc = s.page(path)
	want(t, doc, ".preview", "12 deploymentsEnvironments in the data: production-euProjects with incidents in the data: PAY")
	form = serviceValues(payService())
	form.Set("name", "payments-api")
	form.Set("environments", "")
	want(t, s.post(path+"/preview", form).doc, ".preview", "Environments in the data: eu, production-eu, staging")
	if res := s.post(path, form); res.status != http.StatusSeeOther {
		t.Fatalf("changing answers %d", res.status)
	}
	doc = s.page("/settings/services")
	want(t, doc, ".services tbody tr", "payments-api | acme/shop pay/** | all")
	want(t, doc, ".services tbody tr", "| Unknown")
	undo := doc.Find(".flash form").AttrOr("action", "")
	if res := s.post(undo, nil); res.status != http.StatusSeeOther || res.header.Get("Location") != "/settings/services" {
		t.Errorf("undoing answers %d, %s", res.status, res.header.Get("Location"))
	}
	want(t, s.page("/settings/services"), ".services tbody tr", "pay | ")

	want(t, s.page(path+"/delete"), "main", "Delete the service pay?")
	if res := s.post(path+"/delete", nil); res.status != http.StatusSeeOther {
		t.Errorf("deleting answers %d", res.status)
	}
	undo = s.page("/settings/services").Find(".flash form").AttrOr("action", "")
	s.post(undo, nil)
	if all, err := s.db.Services(t.Context()); err != nil || len(all) != 1 || s.worker.changes.Load() == 0 {
		t.Errorf("services %v, %v; the worker was told %d times", all, err, s.worker.changes.Load())
	}
	if got := s.page("/settings/audit?kind=service").Find(".audit tbody tr").Length(); got == 0 {
		t.Error("nothing of services in the audit log")
	}
}

func TestServiceMistakes(t *testing.T) {
	s, _ := deployed(t)
	s.saveService(payService())
	for _, tt := range []struct{ field, value, at, says string }{
		{"name", "", "#f-name-error", "Give it a name"},
		{"name", "PAY", "#f-name-error", "Something else has this name"},
		{"name", strings.Repeat("x", 101), "#f-name-error", "Up to 100 letters"},
		{"name", "pay #1", "#f-name-error", "no “ #”"},
		{"repository", "https://github.com/acme/shop", "#f-repository-error", "not its address"},
		{"repository", "", "#f-repository-error", "Say which repository the paths are of"},
		{"paths", "!x", "#f-paths-error", "Up to 200 patterns"},
		{"team", "77", "#f-team-error", "There is no such team"},
	} {
		one := payService()
		one.Name = "other"
		form := serviceValues(one)
		form.Set(tt.field, tt.value)
		if tt.field == "team" {
			s.saveTeam("some", "", nil)
		}
		res := s.post("/settings/services", form)
		if res.status != http.StatusUnprocessableEntity {
			t.Errorf("%s %.10q answers %d", tt.field, tt.value, res.status)
		}
		want(t, res.doc, tt.at, tt.says)
		if got := res.doc.Find("#f-jira").Text(); got != "PAY" {
			t.Errorf("what was typed is lost: %q", got)
		}
	}
	for path, status := range map[string]int{"/settings/services/77": 404, "/settings/services/x": 404} {
		if got := s.get(path).status; got != status {
			t.Errorf("%s answers %d", path, got)
		}
	}
	if all, err := s.db.Services(t.Context()); err != nil || len(all) != 1 {
		t.Errorf("services %v, %v", all, err)
	}
}

// Repositories that neither a service nor a team has are listed, with ways to map
// them.
func TestUnknownRepositories(t *testing.T) {
	s, store := deployed(t)
	s.saveService(payService())
	team := s.saveTeam("web", "", nil)
	doc := s.page("/settings/services")
	want(t, doc, "#unknown", "2 repositories in the data are of no service and no team")
	want(t, doc, "#unknown li", "acme/new 3 deployments")
	link := doc.Find("#unknown li a").First().AttrOr("href", "")
	doc = s.page(link)
	if name, of := doc.Find("#f-name").AttrOr("value", ""), doc.Find("#f-repository").AttrOr("value", ""); name != "new" || of != "acme/new" {
		t.Errorf("the form begins with %q of %q", name, of)
	}
	give := url.Values{"team": {strconv.FormatInt(team.ID, 10)}, "repository": {"acme/site"}}
	if res := s.post("/settings/services/give", give); res.status != http.StatusSeeOther {
		t.Fatalf("giving answers %d", res.status)
	}
	doc = s.page("/settings/services")
	want(t, doc, ".flash", "acme/site is of the team web now.")
	want(t, doc, "#unknown", "1 repository in the data")
	want(t, doc, "#implied", "2 repositories in the data are services by themselves")
	res := s.post("/settings/services/give", give)
	if res.status != http.StatusUnprocessableEntity {
		t.Errorf("giving it again answers %d", res.status)
	}
	want(t, res.doc, ".banner.bad", "A service or a team has this repository already")
	if got := s.post("/settings/services/give", url.Values{"team": {"9"}, "repository": {"acme/new"}}).status; got != http.StatusBadRequest {
		t.Errorf("another team answers %d", got)
	}

	store.away = true
	doc = s.page("/settings/services")
	want(t, doc, ".banner.warn", "The fact store does not answer")
	want(t, doc, ".services tbody tr", "pay | ")
}

// A team says by name which services it has, besides its repositories.
func TestServicesOfTeamForm(t *testing.T) {
	s, _ := deployed(t)
	s.saveService(payService())
	form := url.Values{"name": {"payments"}, "services": {"pay\nledger*"}}
	if res := s.post("/settings/teams", form); res.status != http.StatusSeeOther {
		t.Fatalf("saving answers %d", res.status)
	}
	team, err := s.db.Team(t.Context(), "payments")
	if err != nil || !slices.Equal(team.Services, []string{"pay", "ledger*"}) {
		t.Errorf("team %+v, %v", team, err)
	}
	if got := s.page(teamPath(team.ID)).Find("#f-services").Text(); got != "pay\nledger*" {
		t.Errorf("the form shows %q", got)
	}
	want(t, s.page("/settings/services"), ".services tbody tr", "| payments")
	form.Set("services", "!pay")
	want(t, s.post(teamPath(team.ID), form).doc, "#f-services-error", "Up to 200 patterns")
}

func TestServicesOfLeads(t *testing.T) {
	s, _ := deployed(t)
	mine, theirs := s.saveService(payService()), s.saveService(delivery.Service{Name: "site", Repository: "acme/site"})
	both := s.saveService(delivery.Service{Name: "both", Repository: "acme/both"})
	if _, err := s.db.SaveTeam(t.Context(), control.Team{Team: delivery.Team{Name: "payments", Services: delivery.Patterns{"pay", "both"}}, Members: []int64{1}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.db.SaveTeam(t.Context(), control.Team{Team: delivery.Team{Name: "web", Services: delivery.Patterns{"site", "both"}}}); err != nil {
		t.Fatal(err)
	}
	s.demote("lead")
	doc := s.page("/settings/services")
	if got := doc.Find(".services th a").Text(); got != "pay" || doc.Find("#catalog").Length() != 0 {
		t.Errorf("a lead may open %q", got)
	}
	for _, other := range []control.Service{theirs, both} {
		if got := s.get(servicePath(other.ID)).status; got != http.StatusForbidden {
			t.Errorf("%s answers a lead %d", other.Name, got)
		}
	}
	if got := s.post(servicePath(mine.ID), serviceValues(payService())).status; got != http.StatusForbidden {
		t.Errorf("a lead who renames is answered %d", got)
	}
	form := serviceValues(payService())
	form.Del("name")
	form.Del("repository")
	form.Set("jira", "PAY\nPAY2")
	if got := s.post(servicePath(mine.ID), form).status; got != http.StatusSeeOther {
		t.Errorf("a lead who changes projects is answered %d", got)
	}
	one, err := s.db.Service(t.Context(), "pay")
	if err != nil || one.Repository != "acme/shop" || !slices.Equal(one.JiraProjects, []string{"PAY", "PAY2"}) {
		t.Errorf("stored %+v, %v", one, err)
	}
	undo := s.page("/settings/services").Find(".flash form").AttrOr("action", "")
	if res := s.post(undo, nil); res.status != http.StatusSeeOther {
		t.Errorf("a lead who undoes it is answered %d", res.status)
	}
	for _, path := range []string{"/settings/services/new", "/settings/services/rules", servicePath(mine.ID) + "/delete"} {
		if got := s.get(path).status; got != http.StatusForbidden {
			t.Errorf("%s answers a lead %d", path, got)
		}
	}
	verdict, err := s.db.SaveVerdicts(t.Context(), delivery.Verdict{Service: "both", Group: "1", Decision: delivery.Confirm})
	other, err2 := s.db.SaveVerdicts(t.Context(), delivery.Verdict{Service: "site", Group: "1", Decision: delivery.Confirm})
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	for audit, status := range map[int64]int{verdict: http.StatusSeeOther, other: http.StatusForbidden} {
		if got := s.post("/settings/audit/"+strconv.FormatInt(audit, 10)+"/undo", nil).status; got != status {
			t.Errorf("a lead who undoes a verdict is answered %d, want %d", got, status)
		}
	}
	for service, may := range map[string]bool{"pay": true, "both": true, "site": false, "acme/other": false} {
		ctx := context.WithValue(t.Context(), userKey{}, control.User{ID: 1, Role: control.Lead})
		if got, err := s.server.mayJudge(ctx, service); err != nil || got != may {
			t.Errorf("a lead judges %s: %v, %v", service, got, err)
		}
	}
}

func TestProvisionedServices(t *testing.T) {
	s, _ := deployed(t)
	s.provision("services:\n  - {name: pay, repository: acme/shop}\ncatalog: {mode: backstage, endpoint: \"https://backstage.example.com\"}\n")
	one, err := s.db.Service(t.Context(), "pay")
	if err != nil {
		t.Fatal(err)
	}
	path := servicePath(one.ID)
	doc := s.page(path)
	want(t, doc, ".banner.info", "declared in the provisioning file")
	if doc.Find("#service button[type=submit]").Length() != 0 || doc.Find("#service input:not([disabled])").Length() != 0 {
		t.Error("the form can be changed")
	}
	if got := s.post(path, serviceValues(payService())).status; got != http.StatusForbidden {
		t.Errorf("saving answers %d", got)
	}
	if got := s.get(path + "/delete").status; got != http.StatusForbidden {
		t.Errorf("asking to delete answers %d", got)
	}
	doc = s.page("/settings/services")
	want(t, doc, "#catalog .banner.info", "declared in the provisioning file")
	if got := s.post("/settings/services/catalog", url.Values{"endpoint": {""}}).status; got != http.StatusForbidden {
		t.Errorf("saving the catalogue answers %d", got)
	}
}

func TestCatalogForm(t *testing.T) {
	s, _ := deployed(t)
	form := url.Values{"endpoint": {"backstage"}, "annotation": {"a b"}, "catalog_token": {"tell-nobody"}}
	res := s.post("/settings/services/catalog", form)
	if res.status != http.StatusUnprocessableEntity || strings.Contains(res.body, "tell-nobody") {
		t.Errorf("a wrong address answers %d", res.status)
	}
	want(t, res.doc, "#f-endpoint-error", "Enter an address like https://backstage.example.com")
	want(t, res.doc, "#f-annotation-error", "Enter the name of an annotation")
	form.Set("endpoint", "https://backstage.example.com/base")
	form.Set("annotation", "")
	if res := s.post("/settings/services/catalog", form); res.status != http.StatusSeeOther || s.worker.changes.Load() != 1 {
		t.Errorf("saving answers %d", res.status)
	}
	doc := s.page("/settings/services")
	want(t, doc, ".flash", "The catalogue is saved.")
	want(t, doc, "#catalog", "It was not asked yet")
	if html, _ := doc.Html(); strings.Contains(html, "tell-nobody") {
		t.Error("the page shows the token")
	}
	err := s.db.CatalogSaid(t.Context(), "https://backstage.example.com/base", map[string]string{"acme/new": "group:default/platform"}, "denied: 401 Unauthorized", testNow.Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	doc = s.page("/settings/services")
	want(t, doc, "#catalog .banner.warn", "It does not accept the token (401 Unauthorized).")
	want(t, doc, "#catalog", "1 repository has an owner there")
	want(t, doc, "#unknown", "2 repositories") // acme/new is of a team by now
	form.Set("endpoint", "https://else.example.com")
	form.Del("catalog_token")
	want(t, s.post("/settings/services/catalog", form).doc, "#f-catalog_token-error", "Enter it again: the address has changed")
	form.Set("endpoint", "")
	s.post("/settings/services/catalog", form)
	want(t, s.page("/settings/services"), ".flash", "There is no catalogue any more.")
}

func TestRules(t *testing.T) {
	s, _ := deployed(t)
	team := s.saveTeam("pay & more", "", nil)
	doc := s.page("/settings/services/rules")
	if got := doc.Find("#f-together").AttrOr("value", "") + " " + doc.Find("#f-window").AttrOr("value", "") + " " + doc.Find("#f-silence").AttrOr("value", ""); got != "10 24 60" {
		t.Errorf("at first %q", got)
	}
	want(t, doc, ".preview", "Productionproduction-eu 9 deployments Othereu 2 deploymentsstaging 5 deployments")
	form := url.Values{
		"production": {"eu\nProd"}, "together": {"15"}, "window": {"1,5"}, "silence": {"30"}, "hotfix_labels": {"hotfix"},
		"hotfix_branches": {"fix/**"}, "hotfix_titles": {"urgent, now*"}, "bots": {"renovate*"}, teamField(&team): {"pay-prod, pay-live"},
		"error_level": {"fatal"}, "error_users": {"3"},
	}
	want(t, s.post("/settings/services/rules/preview", form).doc, ".preview", "Productioneu 2 deployments")
	if res := s.post("/settings/services/rules", form); res.status != http.StatusSeeOther {
		t.Fatalf("saving answers %d: %s", res.status, textOf(res.doc, ".banner.bad"))
	}
	rules, own, err := s.db.DoraRules(t.Context())
	wantRules := delivery.DoraRules{
		Production: []string{"eu", "Prod"}, Together: 15 * time.Minute, Window: 90 * time.Minute, Silence: 30 * 24 * time.Hour, HotfixLabels: delivery.Patterns{"hotfix"},
		HotfixBranches: delivery.Patterns{"fix/**"}, HotfixTitles: delivery.Patterns{"urgent, now*"}, Bots: delivery.Patterns{"renovate*"},
		ErrorLevel: "fatal", ErrorUsers: 3,
	}
	if err != nil || !reflect.DeepEqual(rules, wantRules) || !slices.Equal(own["pay & more"], []string{"pay-prod", "pay-live"}) {
		t.Errorf("stored %+v, %v, %v", rules, own, err)
	}
	doc = s.page("/settings/services/rules")
	want(t, doc, ".flash", "The rules are saved.")
	if got := doc.Find("#f-" + teamField(&team)); got.Length() == 0 {
		got = doc.Find("[name='" + teamField(&team) + "']")
		if got.AttrOr("value", "") != "pay-prod, pay-live" {
			t.Errorf("of the team %q", got.AttrOr("value", ""))
		}
	}
	undo := doc.Find(".flash form").AttrOr("action", "")
	if res := s.post(undo, nil); res.status != http.StatusSeeOther || res.header.Get("Location") != "/settings/services/rules" {
		t.Errorf("undoing answers %d", res.status)
	}
	if rules, _, err := s.db.DoraRules(t.Context()); err != nil || !reflect.DeepEqual(rules, delivery.DefaultDoraRules()) {
		t.Errorf("undone: %+v, %v", rules, err)
	}
	for _, tt := range []struct{ field, value, says string }{
		{"production", " ", "Name at least one environment"},
		{"together", "121", "from 0 to 120"},
		{"together", "NaN", "from 0 to 120"},
		{"window", "", "from 1 to 720"},
		{"window", "721", "from 1 to 720"},
		{"silence", "-1", "from 1 to 1000"},
		{"bots", "!x", "Up to 200 patterns"},
		{teamField(&team), strings.Repeat("x", 101), "up to 100 letters"},
	} {
		wrong := url.Values{}
		for name, values := range form {
			wrong[name] = values
		}
		wrong.Set(tt.field, tt.value)
		res := s.post("/settings/services/rules", wrong)
		if res.status != http.StatusUnprocessableEntity {
			t.Errorf("%s %.10q answers %d", tt.field, tt.value, res.status)
		}
		want(t, res.doc, "[id='f-"+tt.field+"-error']", tt.says)
		if got := res.doc.Find("#f-hotfix_titles").Text(); got != "urgent, now*" {
			t.Errorf("what was typed is lost: %q", got)
		}
	}
}

func TestServicesInRussian(t *testing.T) {
	s, _ := deployed(t)
	one := s.saveService(payService())
	s.post("/preferences", url.Values{"lang": {"ru"}, "back": {"/"}})
	seen := map[string]bool{}
	for path, says := range map[string]string{
		"/settings/services": "2 репозитория в данных не относятся ни к сервису, ни к команде", "/settings/services/new": "Новый сервис",
		servicePath(one.ID): "12 деплоев", servicePath(one.ID) + "/delete": "Удалить сервис pay?", "/settings/services/rules": "Названия продакшена",
	} {
		doc := s.page(path)
		want(t, doc, "main", says)
		title := doc.Find("title").Text()
		if seen[title] {
			t.Errorf("two pages are called %q", title)
		}
		seen[title] = true
	}
}
