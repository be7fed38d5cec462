package importer

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"throughline/internal/source/github"
	"throughline/internal/source/jira"
)

func doraFamilies() []Family {
	deployment := []string{"repo", "environment", "team", "status", "redeployment"}
	return []Family{
		{"github_deployments_total", deployment, true},
		{"github_deployments_duration", deployment, false},
		{"github_deployments_duration_sum", deployment, true},
		{"jira_incidents", []string{"project", "team"}, true},
		{"jira_incidents_duration_sum", []string{"project", "team"}, true},
	}
}

func doraOptions(config string) DoraOptions {
	o := DoraOptions{
		GitHub: github.Kind(), Jira: jira.Kind(), GitHubName: "github", JiraName: "jira", Families: doraFamilies(),
		Secrets: map[string]string{"github": "made-for-github", "jira": "made-for-jira"},
		Lookup:  none, ReadFile: os.ReadFile, ModTime: func(string) time.Time { return testNow.Add(-time.Hour) }, Now: testNow,
	}
	if config != "" {
		o.Config = &InputFile{Name: filepath.Join("testdata", "dora.yml"), Data: []byte(config)}
	}
	return o
}

func doraPlanText(t *testing.T, plan *DoraPlan) string {
	t.Helper()
	made, err := json.MarshalIndent(plan.Import, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(made) + "\n"
}

func TestDoraReport(t *testing.T) {
	plan, err := NewDora(doraOptions(read(t, filepath.Join("testdata", "dora.yml"))))
	if err != nil {
		t.Fatal(err)
	}
	said := plan.Report.String()
	if strings.Contains(said, "tell-nobody") || strings.Contains(said, "made-for") {
		t.Errorf("it tells a secret:\n%s", said)
	}
	golden(t, "dora.report.txt", said)
	golden(t, "dora.plan.json", doraPlanText(t, plan))
}

func TestDoraSnapshotAlone(t *testing.T) {
	o := doraOptions("")
	o.Snapshot = &InputFile{Name: "dora.prom", Data: []byte(read(t, filepath.Join("testdata", "dora.prom"))), At: testNow.Add(time.Hour)}
	plan, err := NewDora(o)
	if err != nil {
		t.Fatal(err)
	}
	if in := plan.Import; len(in.Connections)+len(in.Teams)+len(in.Services) != 0 || in.Catalog != nil || len(in.Counters) != 6 || !in.CountersAt.Equal(testNow) {
		t.Errorf("plan %+v", in)
	}
}

// What a config leaves out is no mistake.
func TestDoraLittle(t *testing.T) {
	tests := []struct {
		name, config string
		env          map[string]string
		unsigned     bool
		says         []string
	}{
		{"empty", "", nil, false, []string{
			"github.token (not set): there is none, in GITHUB_TOKEN neither: hooks are taken, but",
			"/api/jira: no team has Jira projects and nothing was counted of any",
			"storage.file.path (not set): testdata/dora-exporter.prom is not read: open testdata/dora-exporter.prom: no such file or directory; name the snapshot as a second FILE",
		}},
		{"a token in the environment", "github: {owner: acme}\n", map[string]string{"GITHUB_TOKEN": "tell-nobody"}, false, []string{
			"GITHUB_TOKEN: sealed in the connection github", "github.owner (line 1): each hook says whose the repository is",
		}},
		{"the snapshot in the environment", "{}\n", map[string]string{"STORAGE_FILE_PATH": "dora.prom"}, false, []string{
			"STORAGE_FILE_PATH: what was counted, from testdata/dora.prom", "jira_incidents: 1 series of it go on",
		}},
		{"unsigned", "teams: [{name: a, github_repositories: [acme/a], jira_projects: [A]}]\n", nil, true, []string{
			"GitHub's webhook (content type application/json): let it go to this server's /api/github. Hooks without a signature are taken for now",
			"Jira's webhook or automation rule: let it go to this server's /api/jira. Hooks without",
		}},
		{"static", "catalog: {mode: Static, endpoint: x}\n", nil, false, []string{"catalog.mode (line 1): teams are those of the file", "catalog.endpoint (line 1): with a static catalog nothing is asked"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := doraOptions("x")
			o.Config.Data, o.Unsigned = []byte(tt.config), tt.unsigned
			o.Lookup = func(name string) (string, bool) { v, ok := tt.env[name]; return v, ok }
			plan, err := NewDora(o)
			if err != nil {
				t.Fatal(err)
			}
			said := plan.Report.String()
			for _, text := range tt.says {
				if !strings.Contains(said, text) {
					t.Errorf("it does not say %q:\n%s", text, said)
				}
			}
			if strings.Contains(said, "tell-nobody") {
				t.Error("it tells a secret")
			}
		})
	}
}

func TestDoraMistakes(t *testing.T) {
	tests := []struct{ name, config, want string }{
		{"not YAML", "teams: [\n", "testdata/dora.yml: line 1: not valid YAML: *"},
		{"a text", "hello\n", "testdata/dora.yml: line 1: the file: must be a mapping of keys to values"},
		{"teams by name", "teams: {a: b}\n", "testdata/dora.yml: line 1: teams: must be a list"},
		{"no name", "teams:\n  - jira_projects: [A]\n", "testdata/dora.yml: line 2: teams[1]: has no name"},
		{"a list in a list", "teams:\n  - name: a\n    github_repositories: [[acme/a]]\n", "testdata/dora.yml: line 3: teams[1].github_repositories: must be a list of texts"},
		{"a port", "server:\n  port: 80900\n", "testdata/dora.yml: line 2: server.port: not a port like 8090"},
		{"a mode", "catalog: {mode: port}\n", "testdata/dora.yml: line 1: catalog.mode: not one of static, backstage"},
		{"no endpoint", "catalog: {mode: backstage}\n", "testdata/dora.yml: line 1: catalog.endpoint: is missing"},
		{"twice", "github: {}\ngithub: {}\n", "testdata/dora.yml: line 2: a key that is given on line 1 already"},
		{"an alias", "teams: &a []\ngithub: *a\n", "testdata/dora.yml: line 1: aliases, anchors and tags are not read: write the value out\n*"},
		{"too deep", "teams: " + strings.Repeat("[", 100) + "\n", "testdata/dora.yml: line 1: nested too deeply"},
		{"a long name", "teams: [{name: " + strings.Repeat("x", 61) + "}]\n", "testdata/dora.yml: the team \"" + strings.Repeat("x", 60) + "…\": name: a name has up to 60 characters on one line"},
		{"a token of two lines", "github: {token: \"a b\"}\n", "testdata/dora.yml: line 1: the connection github: token: holds characters that no token has"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := NewDora(doraOptions(tt.config))
			begin, open := strings.CutSuffix(tt.want, "*")
			if err == nil || err.Error() != tt.want && (!open || !strings.HasPrefix(err.Error(), begin)) {
				t.Errorf("error %v, want %s", err, tt.want)
			}
		})
	}
	o := doraOptions("")
	for text, want := range map[string]string{
		"": "dora.prom: not a snapshot of dora-exporter: it has none of its metrics", "up 1\n": "dora.prom: not a snapshot of dora-exporter: it has none of its metrics",
		"jira_incidents{project=\"A} 1\n": "dora.prom: line 1: not a sample: broken labels", "jira_incidents x\n": "dora.prom: line 1: not a sample: the value is no number",
		"\xff": "dora.prom: not a text",
	} {
		o.Snapshot = &InputFile{Name: "dora.prom", Data: []byte(text)}
		var wrong *Error
		if _, err := NewDora(o); !errors.As(err, &wrong) || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func FuzzParseYAML(f *testing.F) {
	f.Add([]byte("teams:\n  - {name: a, github_repositories: [x/y]}\ngithub: {token: t}\n"))
	f.Add([]byte("? a\n: - - b\n<<: *x\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		o := doraOptions("x")
		o.Config.Data = data
		if _, err := NewDora(o); err != nil && err.Error() == "" {
			t.Error("an error that says nothing")
		}
	})
}

func FuzzParseExposition(f *testing.F) {
	f.Add([]byte("a{b=\"c\\\"\\n\\\\\",} 1 2\n# x\nNaN NaN\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		samples, problems := parseExposition(data)
		for _, s := range samples {
			if s.name == "" || s.line < 1 {
				t.Errorf("sample %+v", s)
			}
		}
		for _, p := range problems {
			if p.Message == "" {
				t.Error("a problem that says nothing")
			}
		}
	})
}
