package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const (
	doraConfig = `teams:
  - {name: payments, github_repositories: [acme/pay], jira_projects: [PAY]}
github: {owner: acme, token: tell-nobody}
server: {port: 8090}
catalog: {mode: backstage, endpoint: "https://backstage.example.com", token: tell-nobody-either}
storage: {file: {path: dora.prom}}
`
	doraSnapshot = `# TYPE github_deployments_total counter
github_deployments_total{environment="production",repo="pay",status="success",team="payments"} 42
github_deployments_duration_sum{environment="production",repo="pay",status="success",team="payments"} 9.223372036854776e+09
`
)

// doraFiles are a config and a snapshot beside it.
func doraFiles(t *testing.T) (config, snapshot string) {
	t.Helper()
	dir := t.TempDir()
	plant(t, dir, map[string]string{"config.yml": doraConfig, "dora.prom": doraSnapshot})
	return filepath.Join(dir, "config.yml"), filepath.Join(dir, "dora.prom")
}

func TestImportDora(t *testing.T) {
	environ := dataDir(t)
	config, snapshot := doraFiles(t)
	code, dry, stderr := cli(t, environ, "import-dora", "--dry-run", config)
	made := []string{"\nconnection github: made\n", "\nteam payments: made\nservice pay: made\ncatalog: made\ncounters: 2 series taken over\n"}
	expect(t, code, exitDone, dry+stderr, append(made, "\n\nDry run: nothing was written.\n", "  THROUGHLINE_ADDR=:8090\n", "1 × 292 years")...)
	if _, err := os.Stat(dirOf(environ)); !os.IsNotExist(err) {
		t.Errorf("a dry run made the data directory: %v", err)
	}
	if strings.Contains(dry, "shown this once") {
		t.Errorf("a dry run shows secrets:\n%s", dry)
	}

	code, stdout, stderr := cli(t, environ, "import-dora", config, snapshot)
	expect(t, code, exitDone, stdout+stderr, made...)
	if !regexp.MustCompile(`\nThe webhook secret of the connection github, shown this once:\n  [A-Z2-7]{26}\n`).MatchString(stdout) {
		t.Errorf("it shows no webhook secret:\n%s", stdout)
	}
	before := rowsIn(t, filepath.Join(dirOf(environ), "control.db"))
	code, again, stderr := cli(t, environ, "import-dora", snapshot, config)
	expect(t, code, exitDone, again+stderr, "\nconnection github: there already\n", "\nteam payments: there already\nservice pay: there already\ncatalog: there already\ncounters: there already\n")
	if after := rowsIn(t, filepath.Join(dirOf(environ), "control.db")); !sameRows(before, after) || strings.Contains(again, "shown this once") {
		t.Errorf("importing again changed something, or shows a secret:\n%s", again)
	}

	plant(t, filepath.Dir(config), map[string]string{"config.yml": strings.NewReplacer("tell-nobody}", "tell-nobody-new}", "backstage.example.com", "other.example.com").Replace(doraConfig)})
	code, stdout2, refusal := cli(t, environ, "import-dora", config)
	expect(t, code, exitError, stdout2+refusal, "import-dora: nothing was written:\n  the connection github is there and differs in: token; give --replace",
		"\n  the catalog is there and differs in: endpoint or annotation; give --replace")
	code, replaced, stderr := cli(t, environ, "import-dora", config, "--replace")
	expect(t, code, exitDone, replaced+stderr, "\nconnection github: replaced\n", "\ncatalog: replaced\n")
	discreet(t, dry, stdout, again, refusal, replaced)

	code, checked, stderr := cli(t, environ, "check")
	expect(t, code, exitError, checked+stderr, "✗ catalog https://other.example.com: ", "Its settings are under Settings → Services.")
	discreet(t, checked)
}

// What was shown by the import is what hooks are signed with, and what was counted is
// shown.
func TestImportDoraServes(t *testing.T) {
	environ := dataDir(t)
	config, _ := doraFiles(t)
	code, stdout, stderr := cli(t, environ, "import-dora", config)
	expect(t, code, exitDone, stdout+stderr)
	secrets := map[string]string{}
	for _, found := range regexp.MustCompile(`The webhook secret of the connection (\w+), shown this once:\n  (\S+)`).FindAllStringSubmatch(stdout, -1) {
		secrets[found[1]] = found[2]
	}
	s := launch(t, environ, "serve")
	for _, tt := range []struct {
		name, path, header, value string
		status                    int
	}{
		{"GitHub, signed", "/api/github", "X-Hub-Signature-256", signed(secrets["github"], "{}"), http.StatusOK},
		{"GitHub, unsigned", "/api/github", "X-Other", "", http.StatusUnauthorized},
		{"Jira, unsigned", "/api/jira", "X-Other", "", http.StatusUnauthorized},
		{"Jira, with another secret", "/api/jira", "X-Webhook-Secret", "other", http.StatusUnauthorized},
		{"Jira, with its secret", "/api/jira", "X-Webhook-Secret", secrets["jira"], http.StatusUnprocessableEntity},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+tt.path, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("X-GitHub-Event", "ping")
		req.Header.Set("X-GitHub-Delivery", "1")
		req.Header.Set(tt.header, tt.value)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != tt.status {
			t.Errorf("%s: %d, %s", tt.name, res.StatusCode, body)
		}
	}
	const series = `github_deployments_total{environment="production",redeployment="false",repo="pay",status="success",team="payments"} 42`
	if _, metrics := s.get("/metrics"); !strings.Contains(metrics, series) {
		t.Errorf("%s is not shown", series)
	}
}

// signed is a signature of GitHub's.
func signed(secret, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

func TestImportDoraMistakes(t *testing.T) {
	environ := dataDir(t)
	config, snapshot := doraFiles(t)
	dir := filepath.Dir(config)
	plant(t, dir, map[string]string{"broken.yml": "teams: {a: tell-nobody}\n", "broken.prom": "jira_incidents{project=\"tell-nobody} 1\n# TYPE x counter\n", "other.prom": "up 1\n"})
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"none":        {nil, "import-dora: FILE is missing: its config.yml, its snapshot"},
		"missing":     {[]string{filepath.Join(dir, "nowhere")}, "no such file or directory"},
		"two configs": {[]string{config, filepath.Join(dir, "broken.yml")}, "both look like a config: give one"},
		"two of them": {[]string{snapshot, filepath.Join(dir, "other.prom")}, "both look like a snapshot: give one"},
		"config":      {[]string{filepath.Join(dir, "broken.yml")}, "import-dora: nothing was written:\n  " + dir + "/broken.yml: line 1: teams: must be a list\n"},
		"snapshot":    {[]string{config, filepath.Join(dir, "broken.prom")}, dir + "/broken.prom: line 1: not a sample: broken labels"},
		"another one": {[]string{filepath.Join(dir, "other.prom")}, "not a snapshot of dora-exporter"},
		"one name":    {[]string{config, "--github", "x", "--jira", "x"}, "--github and --jira: give two names"},
		"a name":      {[]string{config, "--github", "Git Hub"}, "a name has 1 to 40 small letters"},
		"flag":        {[]string{config, "--force"}, "flag provided but not defined: -force"},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := cli(t, environ, append([]string{"import-dora"}, c.args...)...)
			expect(t, code, exitUsage, stdout+stderr, c.want)
			discreet(t, stdout, stderr)
		})
	}
	if _, err := os.Stat(dirOf(environ)); !os.IsNotExist(err) {
		t.Errorf("a mistake made the data directory: %v", err)
	}
	code, stdout, stderr := cli(t, environ, "import-dora", "--help")
	expect(t, code, exitDone, stdout+stderr, "throughline import-dora: take over the settings of dora-exporter", "Usage: throughline import-dora [flags] FILE...\n",
		"--github NAME", "--jira NAME", "--unsigned\n", "--replace\n", "--dry-run\n")
}

// What is declared in the provisioning file is not imported.
func TestImportDoraProvisioned(t *testing.T) {
	environ := dataDir(t)
	config, _ := doraFiles(t)
	file := filepath.Join(t.TempDir(), "provision.yml")
	plant(t, filepath.Dir(file), map[string]string{"provision.yml": "teams:\n  - {name: payments}\ncatalog: {mode: static}\n"})
	code, stdout, stderr := cli(t, append(environ, "THROUGHLINE_PROVISION="+file), "import-dora", config)
	expect(t, code, exitError, stdout+stderr, "import-dora: nothing was written:\n  the team payments is declared in the provisioning file and read-only here",
		"\n  the catalog is declared in the provisioning file and read-only here")
	discreet(t, stdout, stderr)
}

func TestCheckCatalog(t *testing.T) {
	backstage := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer good-token" {
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		_, _ = w.Write([]byte("[]"))
	}))
	defer backstage.Close()
	file := filepath.Join(t.TempDir(), "provision.yml")
	plant(t, filepath.Dir(file), map[string]string{"provision.yml": "catalog: {mode: backstage, endpoint: \"" + backstage.URL + "\", token: \"${BACKSTAGE_TOKEN}\"}\n"})
	environ := append(dataDir(t), "THROUGHLINE_PROVISION="+file, "THROUGHLINE_ALLOWED_NETWORKS=127.0.0.0/8")
	code, stdout, stderr := cli(t, append(environ, "BACKSTAGE_TOKEN=good-token"), "check")
	expect(t, code, exitDone, stdout+stderr, "✓ catalog "+backstage.URL+": answers; teams are looked up by github.com/project-slug\n")
	code, stdout, stderr = cli(t, append(environ, "BACKSTAGE_TOKEN=tell-nobody"), "check")
	expect(t, code, exitError, stdout+stderr, "✗ catalog "+backstage.URL+": It does not accept the token (401 Unauthorized). Its settings are in the provisioning file.")
	discreet(t, stdout, stderr)
}
