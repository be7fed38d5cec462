package github

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"throughline/internal/source"
	"throughline/internal/source/sourcetest"
)

// mistakes are field and id of each error of the settings.
func mistakes(t *testing.T, settings map[string]any, secrets map[string]string) []string {
	t.Helper()
	_, err := Kind().New(source.Config{Connection: "gh", Settings: settingsOf(t, settings), Secrets: secrets}, http.DefaultClient)
	return mistakesIn(err)
}

func mistakesIn(err error) (out []string) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			out = append(out, mistakesIn(e)...)
		}
		return out
	}
	var e *source.SettingError
	if errors.As(err, &e) {
		out = append(out, e.Field+" "+strings.TrimPrefix(e.ID, "setting."))
	} else if err != nil {
		out = append(out, err.Error())
	}
	slices.Sort(out)
	return out
}

func TestSettings(t *testing.T) {
	type values = map[string]any
	type texts = map[string]string
	_, text := testKey(t)
	listed := values{"repositories": "acme/pay"}
	for name, c := range map[string]struct {
		settings values
		secrets  texts
		want     []string
	}{
		"a token":               {listed, texts{"token": "x"}, nil},
		"only hooks":            {values{}, texts{"webhook_secret": "x"}, nil},
		"only unsigned hooks":   {values{"allow_unsigned": true}, nil, nil},
		"an app":                {values{"app_id": 12, "installation_id": 34, "organizations": []string{"acme"}}, texts{"private_key": text}, nil},
		"an app of a client id": {values{"app_id": "Iv23.abc", "installation_id": "34"}, texts{"private_key": text}, nil},
		"nothing":               {values{}, nil, []string{"token github.no_access"}},
		"a token for nothing":   {values{}, texts{"token": "x"}, []string{"token github.nothing"}},
		"no token":              {listed, texts{"webhook_secret": "x"}, []string{"token github.no_token"}},
		"both":                  {values{"app_id": "12"}, texts{"token": "x"}, []string{"token github.two_accesses"}},
		"half an app":           {values{"app_id": "12"}, nil, []string{"installation_id github.installation_id", "private_key github.no_key"}},
		"a key alone":           {values{}, texts{"private_key": "secret"}, []string{"app_id github.app_id", "installation_id github.installation_id", "private_key github.key"}},
		"all at once": {
			values{"repositories": []string{"pay", "a/..", "a/b/c"}, "organizations": "a/b", "initial_range": "1y", "deployment_rules": 1, "e2e_jobs": strings.Repeat("x", 201)},
			texts{"token": "a b"},
			[]string{
				"deployment_rules github.rule.environment", "e2e_jobs github.pattern", "initial_range range", "organizations github.organization",
				"repositories github.repository", "repositories github.repository", "repositories github.repository", "token github.token_characters",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := mistakes(t, c.settings, c.secrets)
			slices.Sort(got)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPatterns(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"e2e*", "E2E / chrome (1)", true},
		{"*e2e*", "run e2e", true},
		{"e2e", "e2e tests", false},
		{"e2e [chrome]", "e2e [chrome]", true},
		{"e2e [chrome]", "e2e c", false},
		{"e2e-?", "e2e-1", true},
		{"a.b", "axb", false},
	} {
		p, ok := patternOf(c.pattern)
		if !ok || p.match.MatchString(c.text) != c.want {
			t.Errorf("%q of %q: not %v", c.pattern, c.text, c.want)
		}
	}
}

func testKey(t *testing.T) (*rsa.PrivateKey, string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key, string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
}

func TestKeysInAllShapes(t *testing.T) {
	key, text := testKey(t)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8 := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	for name, shape := range map[string]string{
		"PKCS 1": text, "PKCS 8": pkcs8, "one line": strings.ReplaceAll(text, "\n", ""),
		"spaces": strings.ReplaceAll(text, "\n", " "), "escaped": strings.ReplaceAll(pkcs8, "\n", `\n`),
	} {
		if got, err := parseKey(shape); err != nil || !got.Equal(key) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := parseKey("-----BEGIN PRIVATE KEY-----secret-----END PRIVATE KEY-----"); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("no key: %v", err)
	}
}

// TestApp pulls with an installation's token, and with another before it expires.
func TestApp(t *testing.T) {
	key, text := testKey(t)
	f := &fake{}
	f.add(1, "acme/pay", runs(1, 120, hours, hours)...)
	r := newRig(f, "acme/pay")
	r.settings["app_id"], r.settings["installation_id"] = 12, 34
	r.secrets = map[string]string{"private_key": text}
	made, asked := 0, map[string]int{}
	r.transport.Fault = func(_ int, req *http.Request) (*http.Response, error) {
		token := strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer ")
		if !strings.HasPrefix(req.URL.Path, "/app/") {
			f.mu.Lock()
			defer f.mu.Unlock()
			if asked[token]++; asked[token] == 60 {
				r.later(58 * time.Minute)
			}
			return nil, nil //nolint:nilnil // the request goes through
		}
		var claims jwt.RegisteredClaims
		_, err := jwt.ParseWithClaims(token, &claims, func(*jwt.Token) (any, error) { return &key.PublicKey, nil },
			jwt.WithValidMethods([]string{"RS256"}), jwt.WithTimeFunc(r.clock), jwt.WithIssuer("12"))
		if err != nil || claims.ExpiresAt.Sub(r.clock()) > 10*time.Minute {
			t.Errorf("the app's own token: %v, %+v", err, claims)
		}
		if req.Method == http.MethodGet {
			return sourcetest.Answer(200, `{"app_slug":"flow","account":{"login":"acme"}}`)(0, req)
		}
		if req.URL.Path != "/app/installations/34/access_tokens" {
			t.Errorf("asked for %s", req.URL.Path)
		}
		made++
		body, err := json.Marshal(map[string]any{"token": fmt.Sprintf("ghs_%d", made), "expires_at": r.clock().Add(time.Hour)})
		if err != nil {
			return nil, err
		}
		return sourcetest.Answer(201, string(body))(0, req)
	}
	r.mustPull(t)
	if r.count() != 120 || made < 2 || asked["ghs_1"] < 60 || asked["ghs_2"] == 0 || len(asked) != made {
		t.Errorf("%d runs, %d tokens, asked %v", r.count(), made, asked)
	}
	report, err := r.open(t).Check(t.Context())
	if err != nil || report.Account != "flow" || report.Organization != "acme" || !slices.Equal(report.Scope, []string{"acme/pay"}) {
		t.Errorf("check: %+v, %v", report, err)
	}
	r.transport.Fault = sourcetest.Answer(404, `{}`)
	if err := r.pull(t, -1); source.MessageOf(err, "").ID != "github.app.installation" || !errors.Is(err, source.ErrAuth) {
		t.Errorf("no such installation: %v", err)
	}
}

func TestCheck(t *testing.T) {
	f := &fake{}
	f.add(1, "acme/pay", run(1, hours))
	f.add(2, "acme/secret").hidden = true
	f.add(3, "umbrella/corp")
	f.add(4, "umbrella/web").hidden = true
	f.orgs = map[string][]string{"orgs/umbrella": {"umbrella/corp", "umbrella/web"}}
	r := newRig(f, "acme/pay", "acme/secret", "acme/gone")
	r.settings["organizations"] = []string{"umbrella", "nobody"}
	report, err := r.open(t).Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var missing []string
	for _, m := range report.Missing {
		missing = append(missing, m.ID+" "+m.Args[1])
	}
	want := []string{"github.repository acme/gone", "github.organization nobody", "github.actions acme/secret", "github.dora acme/secret"}
	if diff := cmp.Diff(want, missing); diff != "" {
		t.Error(diff)
	}
	if report.Account != "Octo Cat (octo)" || !slices.Equal(report.Scope, []string{"acme/pay", "acme/secret", "umbrella/corp", "umbrella/web"}) {
		t.Errorf("%+v", report)
	}
	r.transport.Fault = sourcetest.Answer(401, `{}`)
	if _, err := r.open(t).Check(t.Context()); !errors.Is(err, source.ErrAuth) {
		t.Errorf("with a bad token: %v", err)
	}
	hooks := newRig(f)
	hooks.settings, hooks.secrets = map[string]any{}, map[string]string{"webhook_secret": "x"}
	if report, err := hooks.open(t).Check(t.Context()); err != nil || report.Scope != nil {
		t.Errorf("only hooks: %+v, %v", report, err)
	}
	hooks.mustPull(t)
	if n := hooks.transport.Sent(); n != 0 {
		t.Errorf("%d requests without a token", n)
	}
}
