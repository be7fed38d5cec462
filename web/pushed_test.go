package web

import (
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/control"
	"throughline/internal/inbox"
	"throughline/internal/source"
	"throughline/internal/source/ci"
)

// withCI is a site whose kinds are one that is pulled from, the one of what is
// pushed, and one that receives hooks.
func withCI(t *testing.T, change func(*Config)) (*site, *inbox.DB) {
	t.Helper()
	box, err := inbox.Open(t.Context(), filepath.Join(t.TempDir(), "inbox.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Close() })
	return signedIn(t, func(c *Config) {
		hooks := madeUpKind()
		hooks.Name, hooks.Title = "github", "GitHub"
		hooks.Secrets = append(hooks.Secrets, source.Field{Name: source.WebhookSecret, Type: source.Text})
		c.Kinds = append(c.Kinds, ci.Kind(), hooks)
		c.Inbox, c.Pushes = box, ci.Pushes()
		if change != nil {
			change(c)
		}
	}), box
}

func TestBuiltInConnection(t *testing.T) {
	s, box := withCI(t, nil)
	want(t, s.page("/syncs"), ".empty", "Nothing is connected yet")
	if _, _, err := box.Put(t.Context(), inbox.Entry{Connection: "ci", Kind: "runs", Body: []byte("{}")}); err != nil {
		t.Fatal(err)
	}
	doc := s.page("/settings/connections")
	want(t, doc, ".connection", "ci CI Receives what is pushed with a token 1 body received")
	if doc.Find(".connection button").Length() != 0 {
		t.Error("it can be synced or paused")
	}
	doc = s.page("/settings/connections/ci")
	for _, selector := range []string{"[name=every]", "[hx-post]", ".danger", "[name=name]"} {
		if doc.Find(selector).Length() != 0 {
			t.Errorf("its form has %s", selector)
		}
	}
	res := s.post("/settings/connections/ci", url.Values{"kind": {"ci"}, "e2e_jobs": {"!x"}})
	if res.status != http.StatusUnprocessableEntity {
		t.Errorf("patterns that take nothing in are answered %d", res.status)
	}
	res = s.post("/settings/connections/ci", url.Values{"kind": {"ci"}, "e2e_jobs": {"e2e*"}, "default_branches": {"trunk"}})
	if res.status != http.StatusSeeOther || res.header.Get("Location") != "/settings/connections" {
		t.Fatalf("saving answers %d to %s: %s", res.status, res.header.Get("Location"), res.body)
	}
	want(t, s.page("/settings/connections"), "main", "It holds for what is pushed from now on")
	if got := s.page("/settings/connections/ci").Find("#f-e2e_jobs").AttrOr("value", ""); got != "e2e*" {
		t.Errorf("it says %q", got)
	}
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		if res := s.do(s.request(method, "/settings/connections/ci/delete", nil)); res.status != http.StatusForbidden {
			t.Errorf("%s of its end answers %d", method, res.status)
		}
	}
	if res := s.post("/syncs/act", url.Values{"connection": {"ci"}, "act": {"run"}}); res.status != http.StatusConflict {
		t.Errorf("a sync of it answers %d", res.status)
	}
	if res := s.api(http.MethodPost, "/api/v1/connections/ci/sync", s.token("ingest")); errorOf(t, res).Error.Code != "pushed" || res.status != http.StatusConflict {
		t.Errorf("a sync of it is answered %d %s", res.status, res.body)
	}
	want(t, s.page("/syncs"), ".empty", "Nothing is connected yet")
}

// token is the value of one that holds the scope.
func (s *site) token(scope string) string {
	s.t.Helper()
	value, err := s.db.CreateToken(s.t.Context(), control.Token{Name: scope, Scopes: []string{scope}})
	if err != nil {
		s.t.Fatal(err)
	}
	return value
}

func TestFurtherPushedConnection(t *testing.T) {
	s, _ := withCI(t, nil)
	s.connect()
	res := s.post("/settings/connections", url.Values{"kind": {"ci"}, "name": {"gitlab"}})
	if res.status != http.StatusSeeOther {
		t.Fatalf("saving answers %d: %s", res.status, res.body)
	}
	var offered []string
	s.page("/settings/tokens").Find("#f-connection option").Each(func(_ int, o *selection) { offered = append(offered, o.AttrOr("value", "")) })
	if d := cmp.Diff([]string{"", "gitlab"}, offered); d != "" {
		t.Errorf("a token may name (-want +got):\n%s", d)
	}
	if res := s.post("/settings/connections/gitlab/delete", nil); res.status != http.StatusSeeOther {
		t.Errorf("its end answers %d", res.status)
	}
}

func TestDefaultBranches(t *testing.T) {
	s, _ := withCI(t, nil)
	s.connect()
	save := func(name, kind, branches string) {
		t.Helper()
		c := control.Connection{Name: name, Kind: kind, Every: time.Hour, Settings: source.Settings{}}
		if branches != "" {
			c.Settings["default_branches"] = []byte(branches)
		}
		if _, err := s.db.SaveConnection(t.Context(), c, nil); err != nil {
			t.Fatal(err)
		}
	}
	check := func(want map[string][]string) {
		t.Helper()
		got, err := s.server.defaultBranches(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("default branches (-want +got):\n%s", d)
		}
	}
	usual := []string{"master", "main"}
	check(map[string][]string{"ci": usual})
	save("gitlab", "ci", "")
	save("github", "github", "")
	save("enterprise", "github", `["develop"]`)
	check(map[string][]string{"ci": usual, "gitlab": usual, "enterprise": {"develop"}})
	save("ci", "ci", `["trunk"]`)
	check(map[string][]string{"ci": {"trunk"}, "gitlab": usual, "enterprise": {"develop"}})
}

func TestHookAddressAndSecret(t *testing.T) {
	base, err := url.Parse("https://tools.example.com/flow")
	if err != nil {
		t.Fatal(err)
	}
	s, _ := withCI(t, func(c *Config) { c.BaseURL = base })
	doc := s.page("/flow/settings/connections/new?kind=github")
	if got := doc.Find("#hook-address").AttrOr("value", ""); got != "https://tools.example.com/flow/hooks/github" {
		t.Errorf("the address is %q", got)
	}
	want(t, doc, ".hook", "https://tools.example.com/flow/api/github")
	for _, id := range []string{"hook-address", "f-webhook_secret"} {
		if doc.Find("button[data-copy="+id+"]").Length() != 1 {
			t.Errorf("%s cannot be copied", id)
		}
	}
	proposed := doc.Find("#f-webhook_secret").AttrOr("value", "")
	other := s.page("/flow/settings/connections/new?kind=github").Find("#f-webhook_secret").AttrOr("value", "")
	if len(proposed) < 43 || proposed == other {
		t.Errorf("proposed are %q and %q", proposed, other)
	}
	form := url.Values{"kind": {"github"}, "name": {"github"}, "org_id": {"42"}, "token": {"good"}, "language": {"en"}, "changelog": {"on"}, "every": {"1800"}, "webhook_secret": {proposed}}
	res := s.post("/flow/settings/connections", form)
	if to := res.header.Get("Location"); res.status != http.StatusSeeOther || to != "/flow/settings/connections/github" {
		t.Fatalf("saving answers %d to %s: %s", res.status, to, res.body)
	}
	res = s.get("/flow/settings/connections/github")
	want(t, res.doc, "main", "Hooks go to the address below")
	if strings.Contains(res.body, proposed) || res.doc.Find("#f-webhook_secret").AttrOr("type", "") != "password" {
		t.Error("the secret is shown again")
	}
	c, err := s.db.Connection(t.Context(), "github")
	if err != nil {
		t.Fatal(err)
	}
	if _, secrets, err := s.db.Config(t.Context(), c); err != nil || secrets["webhook_secret"] != proposed {
		t.Errorf("stored is %q, %v", secrets["webhook_secret"], err)
	}
	link := res.doc.Find(`a[href$="?secret=new"]`).AttrOr("href", "")
	again := s.page(link).Find("#f-webhook_secret").AttrOr("value", "")
	if len(again) < 43 || again == proposed {
		t.Errorf("another one is %q", again)
	}
	if strings.Contains(s.log.String(), proposed) {
		t.Error("the secret is in the log")
	}
}

func TestHookAddressOfProvisioned(t *testing.T) {
	s, _ := withCI(t, nil)
	if _, err := s.db.SaveConnection(t.Context(), control.Connection{Name: "gh", Kind: "github", Every: time.Hour, Settings: source.Settings{}}, nil); err != nil {
		t.Fatal(err)
	}
	s.execControl(`UPDATE connections SET provisioned = 1`)
	doc := s.page("/settings/connections/gh?secret=new")
	if got := doc.Find("#hook-address").AttrOr("value", ""); got != s.url+"/hooks/gh" {
		t.Errorf("the address is %q", got)
	}
	if doc.Find("#f-webhook_secret").AttrOr("value", "") != "" || doc.Find(`a[href$="?secret=new"]`).Length() != 0 {
		t.Error("a secret is proposed that cannot be saved")
	}
}

// What a dry run tells is what the settings of the connection make of it.
func TestDryRunBySettings(t *testing.T) {
	s, _ := withCI(t, nil)
	s.post("/settings/connections/ci", url.Values{"kind": {"ci"}, "e2e_jobs": {"e2e*"}})
	const run = `{"id":"7","project":"acme/pay","status":"success","branch":"main","created_at":"2026-03-02T10:00:00Z","duration":600,"jobs":[
		{"name":"build","status":"success","started_at":"2026-03-02T10:01:00Z","finished_at":"2026-03-02T10:03:00Z"},
		{"name":"e2e 1","status":"success","started_at":"2026-03-02T10:03:00Z","finished_at":"2026-03-02T10:07:30Z"}]}`
	status, answer := s.push("/api/v1/runs?dry_run=1", s.token("ingest"), run)
	if status != http.StatusOK || !strings.Contains(answer, `"duration_e2e":270`) || !strings.Contains(answer, `"is_e2e":true`) {
		t.Errorf("%d %s", status, answer)
	}
}
