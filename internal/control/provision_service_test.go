package control

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"throughline/internal/delivery"
)

const servicesExample = `services:
  - {name: pay, repository: acme/shop, paths: [pay/**], jira_projects: [PAY], sentry_projects: [pay-api], tracker_queues: [PAY], environments: [production]}
  - {name: site, repository: acme/site}
teams:
  - {name: payments, services: [pay], github_repositories: [acme/pay], jira_projects: [PAY]}
catalog: {mode: backstage, endpoint: "https://backstage.example.com/base/", token: "s3cret-of-backstage"}
`

func TestProvisionServices(t *testing.T) {
	db := openTest(t)
	mine := db.service(t, Service{Service: delivery.Service{Name: "Site", Repository: "acme/old"}})
	db.apply(t, servicesExample)
	got, err := db.Service(db.ctx, "pay")
	must(t, err)
	want := payService()
	want.ID, want.Provisioned = got.ID, true
	if !reflect.DeepEqual(got, want) {
		t.Errorf("service %+v", got)
	}
	site, err := db.Service(db.ctx, "site")
	must(t, err)
	if site.ID != mine.ID || site.Repository != "acme/site" || !site.Provisioned {
		t.Errorf("the service that was there is %+v", site)
	}
	_, err = db.SaveService(db.ctx, got)
	wantError(t, err, ErrProvisioned)
	_, err = db.DeleteService(db.ctx, "pay")
	wantError(t, err, ErrProvisioned)
	team, err := db.Team(db.ctx, "payments")
	must(t, err)
	if !slices.Equal(team.Services, []string{"pay"}) || !slices.Equal(team.Repositories, []string{"acme/pay"}) || !slices.Equal(team.JiraProjects, []string{"PAY"}) {
		t.Errorf("team %+v", team)
	}

	version := db.version(t)
	db.apply(t, servicesExample)
	if db.version(t) != version {
		t.Error("the same file again changes the settings")
	}
	db.apply(t, "")
	if got, err = db.Service(db.ctx, "pay"); err != nil || got.Provisioned {
		t.Errorf("taken out of the file: %+v, %v", got, err)
	}
	got.Environments = nil
	_, err = db.SaveService(db.ctx, got)
	must(t, err)
}

func TestProvisionCatalog(t *testing.T) {
	db := openTest(t)
	db.apply(t, servicesExample)
	want := Catalog{Endpoint: "https://backstage.example.com/base", Annotation: DefaultAnnotation, HasToken: true, Provisioned: true}
	if c, err := db.Catalog(db.ctx); err != nil || c != want {
		t.Errorf("catalogue %+v, %v", c, err)
	}
	if token, _, err := db.CatalogToken(db.ctx); err != nil || token != "s3cret-of-backstage" {
		t.Errorf("token %q, %v", token, err)
	}
	_, err := db.SaveCatalog(db.ctx, Catalog{}, nil)
	wantError(t, err, ErrProvisioned)
	db.apply(t, "catalog: {mode: static}\n")
	if c, err := db.Catalog(db.ctx); err != nil || c.On() {
		t.Errorf("a static one is %+v, %v", c, err)
	}
	db.apply(t, servicesExample)
	db.apply(t, "")
	want.Provisioned = false
	if c, err := db.Catalog(db.ctx); err != nil || c != want {
		t.Errorf("taken out of the file: %+v, %v", c, err)
	}
	_, err = db.SaveCatalog(db.ctx, Catalog{}, nil)
	must(t, err)
}

func TestProvisionServiceProblems(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
	}{
		{"services", `services:
  - {name: pay, repository: shop, paths: ["!x"]}
  - {repository: acme/a, colour: red}
  - {name: PAY, tracker_queues: ["!Q"], jira_projects: PAY}
  - {name: site, paths: [a/**]}
`, []string{
			`line 2: paths: only exclusions: nothing is taken in that they could take out`,
			`line 2: repository: not a repository like owner/name`,
			`line 3: unknown key "colour"; a service has name, repository, paths, jira_projects, sentry_projects, tracker_queues, environments`,
			`line 3: name: give the service a name`,
			`line 4: jira_projects: must be a list`,
			`line 4: tracker_queues: only exclusions: nothing is taken in that they could take out`,
			`line 4: service "pay" is declared on line 2 already`,
			`line 5: repository: say which repository the paths are of`,
		}},
		{"no mode", "catalog:\n  endpoint: https://b.example.com\n", []string{`line 1: mode: is missing`}},
		{"a mode", "catalog:\n  mode: port\n", []string{`line 2: mode: not one of static, backstage: "port"`}},
		{"static with more", "catalog:\n  mode: static\n  token: abc\n", []string{`line 3: token: goes with mode: backstage only`}},
		{"no endpoint", "catalog:\n  mode: backstage\n", []string{`line 1: endpoint: is missing`}},
		{"a wrong one", "catalog:\n  mode: backstage\n  endpoint: ftp://b.example.com\n  annotation: a b\n  url: x\n", []string{
			`line 3: endpoint: not an address like https://backstage.example.com, without user, query and fragment`,
			`line 4: annotation: not the name of an annotation like github.com/project-slug`,
			`line 5: unknown key "url"; the catalog has mode, endpoint, token, annotation`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parseTest(tt.text)
			want := "provision.yml: " + strings.Join(tt.want, "\nprovision.yml: ")
			if err == nil || err.Error() != want {
				t.Errorf("got\n%v\nwant\n%s", err, want)
			}
		})
	}
}
