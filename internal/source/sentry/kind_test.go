package sentry

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/source"
	"throughline/internal/source/sourcetest"
)

// mistakes are field and id of each error of the settings.
func mistakes(err error) (out []string) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			out = append(out, mistakes(e)...)
		}
		slices.Sort(out)
		return out
	}
	if e, ok := errors.AsType[*source.SettingError](err); ok {
		return []string{e.Field + " " + strings.TrimPrefix(e.ID, "setting.")}
	}
	if err != nil {
		return []string{err.Error()}
	}
	return nil
}

func TestSettings(t *testing.T) {
	type values = map[string]any
	token := map[string]string{"token": "x"}
	for name, c := range map[string]struct {
		settings values
		secrets  map[string]string
		want     []string
	}{
		"a token":       {values{"organization": "acme"}, token, nil},
		"only hooks":    {values{"organization": "acme"}, map[string]string{"webhook_secret": "x"}, nil},
		"only unsigned": {values{"organization": "acme", "allow_unsigned": true}, nil, nil},
		"all of it": {values{
			"organization": "acme-1", "projects": []string{"pay-api", "web_2"}, "environments": []string{"production", "eu & us #1, or not"},
			"incidents": "alert:*, alert:Pay*, project:pay-api, level:Fatal", "ages": "24h", "issue_metrics": false, "event_metrics": true,
			"rate_limit_metrics": true, "base_url": "https://sentry.example.com/sub/api/0/",
		}, token, nil},
		"nothing": {values{}, nil, []string{"organization sentry.no_organization", "token sentry.no_access"}},
		"all at once": {
			values{
				"organization": "acme/x", "projects": "a b", "environments": []string{"a\nb"}, "incidents": "alert:, team:x, fatal, level:huge", "ages": "1h,7d",
				"issue_metrics": "perhaps", "base_url": "sentry.io", "every": "5m",
			},
			map[string]string{"token": "a b"},
			[]string{
				"ages sentry.age", "base_url url", "environments sentry.environment", "every unknown",
				"incidents sentry.incident_level", "incidents sentry.incident_rule", "incidents sentry.incident_rule", "incidents sentry.incident_rule",
				"issue_metrics bool", "organization sentry.organization", "projects sentry.project", "token sentry.token_characters",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Kind().New(source.Config{Settings: settingsOf(t, c.settings), Secrets: c.secrets}, http.DefaultClient)
			if diff := cmp.Diff(c.want, mistakes(err)); diff != "" {
				t.Error(diff)
			}
		})
	}
	if every := Kind().Every; every != 5*time.Minute {
		t.Errorf("every %s", every)
	}
}

func TestMetricsOf(t *testing.T) {
	if diff := cmp.Diff(Metrics{Issues: true, Events: true, Ages: []string{"1h", "24h", "14d"}}, MetricsOf(source.Settings{})); diff != "" {
		t.Error(diff)
	}
	got := MetricsOf(settingsOf(t, map[string]any{"ages": "14d,1h", "rate_limit_metrics": true, "issue_metrics": false}))
	if diff := cmp.Diff(Metrics{Events: true, RateLimits: true, Ages: []string{"1h", "14d"}}, got); diff != "" {
		t.Error(diff)
	}
}

// TestAddress: the API's root is as typed, with or without a slash, and need not end
// like Sentry's own.
func TestAddress(t *testing.T) {
	for base, want := range map[string]string{
		sourcetest.Address + "/api/0":   "/api/0/organizations/acme/projects/",
		sourcetest.Address + "/api/0/":  "/api/0/organizations/acme/projects/",
		sourcetest.Address + "/a b/x":   "/a%20b/x/organizations/acme/projects/",
		sourcetest.Address:              "/organizations/acme/projects/",
		sourcetest.Address + "/api/0//": "/api/0/organizations/acme/projects/",
	} {
		var asked, authorization string
		transport := &sourcetest.Transport{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked, authorization = r.URL.EscapedPath(), r.Header.Get("Authorization")
			write(w, []any{})
		})}
		src, err := Kind().New(source.Config{
			Settings: settingsOf(t, map[string]any{"organization": "acme", "base_url": base}), Secrets: map[string]string{"token": " x "},
		}, transport.Client())
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range src.Pull(t.Context(), nil) {
			if err != nil {
				t.Error(err)
			}
		}
		if asked != want || authorization != "Bearer x" {
			t.Errorf("%s: asked %s as %q", base, asked, authorization)
		}
	}
}

func TestHooksOnly(t *testing.T) {
	transport := &sourcetest.Transport{Handler: http.NotFoundHandler()}
	src, err := Kind().New(source.Config{
		Settings: settingsOf(t, map[string]any{"organization": "acme"}), Secrets: map[string]string{"webhook_secret": "x"},
	}, transport.Client())
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range src.Pull(t.Context(), nil) {
		if err != nil {
			t.Error(err)
		}
	}
	if report, err := src.Check(t.Context()); err != nil || !report.HooksOnly || transport.Sent() > 0 {
		t.Errorf("%+v %v, %d requests", report, err, transport.Sent())
	}
}

func TestCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := acme()
		r := newRig(f)
		r.settings["projects"] = "pay, shop, web"
		r.settings["environments"] = "production, testing"
		report, err := r.open(t).Check(t.Context())
		want := source.Report{Organization: "Acme Corp", Scope: []string{"web", "pay"}, Missing: []source.Message{
			noProject("shop"),
			{Text: `environment "testing" is in none of the projects`, Phrase: source.Phrase{ID: "sentry.environment", Args: []string{"name", "testing"}}},
		}}
		if diff := cmp.Diff(want, report); diff != "" || err != nil {
			t.Error(err, diff)
		}
		if n := len(f.asked); n != 8 {
			t.Errorf("%d calls", n)
		}
		r.settings["environments"] = ""
		f.lacks = map[endpoint]int{toGroups: 403, toEvents: 404, toKeys: 404, toReleases: 403, toSessions: 404, toStats: 403, toOrganization: 403}
		report, err = r.open(t).Check(t.Context())
		var ids []string
		for _, m := range report.Missing {
			ids = append(ids, m.ID)
		}
		// Of keys and statistics those of projects will do.
		if diff := cmp.Diff([]string{"sentry.project", "sentry.lacks.groups", "sentry.lacks.events", "sentry.lacks.releases", "sentry.lacks.sessions"}, ids); diff != "" || err != nil {
			t.Error(err, diff)
		}
		for status, code := range map[int]string{401: "expired", 403: "forbidden", 404: "organization"} {
			f.lacks = map[endpoint]int{toProjects: status}
			_, err := r.open(t).Check(t.Context())
			auth, ok := errors.AsType[*source.AuthError](err)
			if !ok || auth.Code != code || strings.Contains(err.Error(), testToken) {
				t.Errorf("%d: %v", status, err)
			}
			if err := r.pull(t, -1); !errors.Is(err, source.ErrAuth) {
				t.Errorf("pull, %d: %v", status, err)
			}
		}
	})
}

// TestPhrasesAreInTheCatalogue: of those that are put together the catalogue has all.
func TestPhrasesAreInTheCatalogue(t *testing.T) {
	raw, err := os.ReadFile("../../i18n/messages/en/sentry.json")
	if err != nil {
		t.Fatal(err)
	}
	var messages map[string]any
	if err := json.Unmarshal(raw, &messages); err != nil {
		t.Fatal(err)
	}
	for piece := range pieces {
		if messages["said.sentry.piece."+piece] == nil {
			t.Errorf("said.sentry.piece.%s is not in the catalogue", piece)
		}
	}
	kind := Kind()
	for _, f := range slices.Concat(kind.Fields, kind.Secrets) {
		for _, id := range []string{"connection.sentry." + f.Name, "connection.sentry." + f.Name + ".help"} {
			if messages[id] == nil {
				t.Errorf("%s is not in the catalogue", id)
			}
		}
	}
	refusal := regexp.MustCompile(`add\([^,]+, [^,]+, "(\w+)"|refuse\((?:name|"[^"]*"), "(\w+)"`)
	known := []string{"object", "missing", "count", "list", "text", "time"} // in the others' part of it
	for _, name := range []string{"decode.go", "group.go", "list.go", "releases.go"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range refusal.FindAllStringSubmatch(string(text), -1) {
			if id := m[1] + m[2]; !slices.Contains(known, id) && messages["said.field."+id] == nil {
				t.Errorf("said.field.%s is not in the catalogue", id)
			}
		}
	}
}
