package control

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

// testKinds has one kind with a field of each type; New wants a token.
func testKinds() []source.Kind {
	return []source.Kind{{
		Name: "tracker",
		Fields: []source.Field{
			{Name: "base_url", Type: source.URL, Default: "https://api.example.com"},
			{Name: "cloud_org_id", Type: source.Text},
			{Name: "queues", Type: source.List},
			{Name: "language", Type: source.Choice, Default: "en", Options: []string{"en", "ru"}},
			{Name: "initial_range", Type: source.Duration, Default: "365d"},
			{Name: "changelog", Type: source.Bool, Default: "true"},
		},
		Secrets: []source.Field{{Name: "token", Type: source.Text}, {Name: "iam_token", Type: source.Text}},
		New: func(cfg source.Config, _ *http.Client) (source.Source, error) {
			var errs []error
			if _, ok := cfg.Settings["cloud_org_id"]; !ok {
				errs = append(errs, &source.SettingError{Field: "cloud_org_id", Message: "is needed"})
			}
			if token := cfg.Secrets["token"]; !strings.HasPrefix(token, "y0_") {
				// What no kind should do: it quotes the secret.
				errs = append(errs, &source.SettingError{Field: "token", Message: fmt.Sprintf("not a token: %q", token)})
			}
			return nil, errors.Join(errs...)
		},
	}}
}

var testVars = map[string]string{
	"TRACKER_TOKEN": "y0_secret-of-tracker", "CI_TOKEN": "0123456789abcdef", "NAMES": "DEV,OPS", "NO": "false",
	"BAD_TOKEN": "hunter2-hunter2", "EMPTY": "", "INJECT": "x\nkind: evil # {[\"",
}

func parseTest(text string) (*Provision, error) {
	lookup := func(name string) (string, bool) { v, ok := testVars[name]; return v, ok }
	readFile := func(path string) ([]byte, error) {
		if path == "/run/token" {
			return []byte("y0_from-file\n"), nil
		}
		return nil, &os.PathError{Op: "open", Path: path, Err: os.ErrNotExist}
	}
	return ParseProvision([]byte(text), lookup, readFile, testKinds())
}

// productExample is the documented file, without what is still to come.
const productExample = `connections:
  - name: tracker
    kind: tracker
    every: 1d
    settings: {cloud_org_id: 12345678901234567890, queues: [DEV, "!TEST"]}
    secrets: {token: ${TRACKER_TOKEN}}
calendars:
  - {name: default, timezone: Europe/Moscow, workdays: [mon, tue, wed, thu, fri], hours: ["09:00-22:00"], holidays: RU, days_off: [2026-11-03], working_days: [2026-11-01], from: 2026-01-01}
workflow: {closed: [closed, rejected, resolved, cancelled, released], active: [inProgress, testing], excluded_resolutions: [duplicate, wontFix], queues: {OPS: {closed: [done], active: []}}, from: 2026-01-01}
tokens:
  - {name: ci, scopes: [ingest], token: "${CI_TOKEN}", connection: ci}      # scopes: ${UNSET_IN_COMMENT}
`

func TestParseProvisionExample(t *testing.T) {
	p, err := parseTest(productExample)
	if err != nil {
		t.Fatal(err)
	}
	c := p.connections[0]
	if c.Name != "tracker" || c.Kind != "tracker" || c.Every != 24*time.Hour || !c.Provisioned {
		t.Errorf("connection %+v", c.Connection)
	}
	if got := string(c.Settings["cloud_org_id"]) + string(c.Settings["queues"]); got != `12345678901234567890["DEV","!TEST"]` {
		t.Errorf("settings %s", got)
	}
	if c.secrets["token"] != "y0_secret-of-tracker" {
		t.Errorf("token %q", c.secrets["token"])
	}
	want := Calendar{
		Name: "default", Zone: "Europe/Moscow", Workdays: []time.Weekday{1, 2, 3, 4, 5}, Hours: []string{"09:00-22:00"}, Holidays: "RU",
		DaysOff:     []delivery.Date{{Year: 2026, Month: 11, Day: 3}},
		WorkingDays: []delivery.Date{{Year: 2026, Month: 11, Day: 1}},
		From:        delivery.Date{Year: 2026, Month: 1, Day: 1}, Provisioned: true,
	}
	if !reflect.DeepEqual(p.calendars, []Calendar{want}) {
		t.Errorf("calendars %+v", p.calendars)
	}
	workflow := delivery.Workflow{
		StatusLists:         delivery.StatusLists{Closed: []string{"closed", "rejected", "resolved", "cancelled", "released"}, Active: []string{"inProgress", "testing"}},
		ExcludedResolutions: []string{"duplicate", "wontFix"},
		Queues:              map[string]delivery.StatusLists{"OPS": {Closed: []string{"done"}, Active: []string{}}},
	}
	if want := []WorkflowVersion{{Workflow: workflow, Provisioned: true}}; !reflect.DeepEqual(p.workflow.versions, want) {
		t.Errorf("workflow %+v", p.workflow.versions)
	}
	if tok := p.tokens[0]; tok.name != "ci" || tok.connection != "ci" || tok.line != 11 || len(tok.hash) != 32 {
		t.Errorf("token %+v", tok)
	}
}

func TestParseProvisionAccepts(t *testing.T) {
	connection := func(rest string) string {
		return "connections:\n- name: a\n  kind: tracker\n  secrets: {token: y0_1}\n  settings:\n    cloud_org_id: x\n" + rest
	}
	setting := func(name, want string) func(*testing.T, *Provision) {
		return func(t *testing.T, p *Provision) {
			if got := string(p.connections[0].Settings[name]); got != want {
				t.Errorf("%s = %s, want %s", name, got, want)
			}
		}
	}
	tests := []struct {
		name, text string
		check      func(*testing.T, *Provision)
	}{
		{"nothing", "", nil},
		{"comments only", "# nothing ${X}\n", nil},
		{"byte order mark", "\uFEFFworkflow: {}\n", nil},
		{"empty sections", "connections:\ncalendars: []\nworkflow:\ntokens: ~\n", func(t *testing.T, p *Provision) {
			if p.workflow != nil {
				t.Error("an empty workflow was declared")
			}
		}},
		{"default interval", connection(""), func(t *testing.T, p *Provision) {
			if p.connections[0].Every != DefaultEvery {
				t.Errorf("every %s", p.connections[0].Every)
			}
		}},
		{"variable as list", connection("    queues: ${NAMES}\n"), setting("queues", `"DEV,OPS"`)},
		{"variable as yes or no", connection("    changelog: ${NO}\n"), setting("changelog", "false")},
		{"variable inside text", connection("    base_url: https://${CI_TOKEN}.example.com\n"), setting("base_url", `"https://0123456789abcdef.example.com"`)},
		{"null is not set", connection("    language: null\n"), setting("language", "null")},
		{"a value cannot inject", strings.Replace(connection(""), "cloud_org_id: x", "cloud_org_id: ${INJECT}", 1), setting("cloud_org_id", `"x\nkind: evil # {[\""`)},
		{"file", strings.Replace(connection(""), "y0_1", "${file:/run/token}", 1), func(t *testing.T, p *Provision) {
			if got := p.connections[0].secrets["token"]; got != "y0_from-file" {
				t.Errorf("token %q", got)
			}
		}},
		{"block text", strings.Replace(connection(""), "{token: y0_1}", "\n    token: |\n      y0_line\n", 1), func(t *testing.T, p *Provision) {
			if got := p.connections[0].secrets["token"]; got != "y0_line" {
				t.Errorf("token %q", got)
			}
		}},
		{"anchor and merge", "calendars:\n- &base {name: a, timezone: UTC, workdays: [mon], hours: [\"09:00-18:00\"]}\n- {<<: *base, name: b, from: 2026-01-01}\n", func(t *testing.T, p *Provision) {
			if len(p.calendars) != 2 || p.calendars[1].Name != "b" || p.calendars[1].Zone != "UTC" || p.calendars[1].From.Year != 2026 {
				t.Errorf("calendars %+v", p.calendars)
			}
		}},
		{"versions of a calendar", "calendars:\n- {name: a, timezone: UTC, workdays: [mon], hours: [\"09:00-18:00\"]}\n- {name: a, timezone: UTC, workdays: [mon], hours: [\"22:00-06:00\"], from: 2026-01-01}\n", func(t *testing.T, p *Provision) {
			if len(p.calendars) != 2 {
				t.Errorf("calendars %+v", p.calendars)
			}
		}},
		{"round the clock", "calendars:\n- {name: a, timezone: UTC, workdays: [sun, mon, tue, wed, thu, fri, sat], hours: [\"00:00-24:00\"], holidays: none}\n", nil},
		{"empty list of statuses", "workflow: {active: [], closed: [done]}\n", func(t *testing.T, p *Provision) {
			if w := p.workflow.versions[0]; w.Active == nil || w.Waiting != nil || len(w.Closed) != 1 {
				t.Errorf("workflow %+v", w)
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := parseTest(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			if tt.check != nil {
				tt.check(t, p)
			}
		})
	}
}

func TestParseProvisionProblems(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string // "line N: …", or for the whole file the message
	}{
		{"unknown sections", "teams: []\nservice:\n  - x\ncatalogue: {mode: static}\nembed: []\n", []string{
			`line 2: unknown key "service"; the file has connections, calendars, workflow, services, teams, catalog, tokens, embeds`,
			`line 4: unknown key "catalogue"; the file has connections, calendars, workflow, services, teams, catalog, tokens, embeds`,
			`line 5: unknown key "embed"; the file has connections, calendars, workflow, services, teams, catalog, tokens, embeds`,
		}},
		{"not a mapping", "- a\n", []string{"line 1: the file: must be a mapping of keys to values"}},
		{"key twice", "workflow: {}\ntokens: []\nworkflow: {}\n", []string{`line 3: the key "workflow" is given twice`}},
		{"bad YAML", "connections:\n  - {name: a\n", []string{"line 2: not valid YAML: could not find flow mapping end token '}'"}},
		{"two documents", "workflow: {}\n---\nworkflow: {}\n", []string{"line 3: a second document; one is read only"}},
		{"tag", "workflow:\n  closed: [!TEST]\n", []string{"line 2: a value that begins with an exclamation mark must be in quotes"}},
		{"not text", "workflow:\n  closed: [\"\xff\"]\n", []string{"line 2: not UTF-8 text"}},
		{"connection, everything wrong", `connections:
  - name: Tracker
    kind: jira
    every: 30
    colour: red
  - kind: tracker
    every: 31d
  - name: ci
    kind: tracker
    settings: {cloud_org_id: x}
    secrets: {token: y0_1}
  - {name: b, kind: tracker}
  - {name: b, kind: tracker, settings: {cloud_org_id: x}, secrets: {token: y0_1}}
`, []string{
			`line 2: name: a name has 1 to 40 small letters, digits and hyphens, and begins with a letter or digit`,
			`line 3: kind: not one of tracker: "jira"`,
			`line 4: every: not a duration between 1m and 30d, like 30m, 1h or 1d: "30"`,
			`line 5: unknown key "colour"; a connection has name, kind, every, settings, secrets`,
			`line 6: name: is missing`,
			`line 6: cloud_org_id: is needed`,
			`line 6: token: not a token: ""`,
			`line 7: every: not a duration between 1m and 30d, like 30m, 1h or 1d: "31d"`,
			`line 8: name: the name ci is reserved`,
			`line 12: cloud_org_id: is needed`,
			`line 12: token: not a token: ""`,
			`line 13: connection "b" is declared on line 12 already`,
		}},
		{"settings", `connections:
- name: a
  kind: tracker
  settings:
    cloud_org_id: x
    language: de
    initial_range: 5y
    nonsense: 1
    changelog: maybe
  secrets:
    token: y0_1
    password: hunter2-hunter2
    iam_token:
`, []string{
			`line 12: unknown key "password"; there is no such secret of tracker`,
			`line 13: iam_token: is empty`,
		}},
		{"settings by their kind", `connections:
- name: a
  kind: tracker
  settings:
    cloud_org_id: x
    language: de
    initial_range: 5y
    nonsense: 1
    changelog: maybe
  secrets: {token: y0_1}
`, []string{
			`line 6: language: not one of en, ru`,
			`line 7: initial_range: not a number of days, weeks or months like 365d, 52w or 12m: "5y"`,
			`line 8: nonsense: no such setting of tracker`,
			`line 9: changelog: must be true or false`,
		}},
		{"variables", `connections:
- name: a
  kind: tracker
  settings: {cloud_org_id: "${UNSET}", language: "${a-b}"}
  secrets: {token: "${EMPTY}"}
- name: ${UNSET}
  kind: ${file:/nowhere}
  ${X}: 1
`, []string{
			`line 4: cloud_org_id: the variable UNSET is not set`,
			`line 4: language: not ${NAME} or ${file:PATH}: "${a-b}"`,
			`line 5: token: the variable EMPTY is not set`,
			`line 6: name: the variable UNSET is not set`,
			`line 7: kind: ${file:/nowhere}: the file cannot be read: open /nowhere: file does not exist`,
			`line 8: a key cannot hold a variable`,
			`line 8: unknown key "${X}"; a connection has name, kind, every, settings, secrets`,
		}},
		{"calendar, everything wrong", `calendars:
  - name: a
    timezone: Moscow
    workdays: [mon, Funday]
    hours: ["9-18", "09:00-18:00", "17:00-19:00"]
    holidays: XX
    days_off: [2026-11-03, 3.11.2026, 2200-01-01]
    working_days: [2026-11-03]
    from: soon
  - {}
  - {name: b, timezone: Local, workdays: [mon], hours: ["22:00-06:00", "05:00-09:00"]}
  - {name: c, timezone: UTC, workdays: [mon], hours: ["09:00-18:00"]}
  - {name: c, timezone: UTC, workdays: [mon], hours: ["09:00-18:00"]}
`, []string{
			`line 3: timezone: not a time zone like Europe/Moscow: "Moscow"`,
			`line 4: workdays: not one of mon, tue, wed, thu, fri, sat, sun: "Funday"`,
			`line 5: hours: not hours like 09:00-18:00: "9-18"`,
			`line 5: hours: 09:00-18:00 and 17:00-19:00 overlap`,
			`line 6: holidays: not a known country code like RU, nor none: "XX"`,
			`line 7: days_off: not a date like 2026-01-31: "3.11.2026"`,
			`line 7: days_off: 2200-01-01 is not between 1970 and 2060`,
			`line 9: from: not a date like 2026-01-31: "soon"`,
			`line 10: name: give the calendar a name`,
			`line 10: timezone: choose a time zone`,
			`line 10: hours: give hours like 09:00-18:00`,
			`line 10: workdays: choose at least one working day of the week`,
			`line 11: timezone: not a time zone like Europe/Moscow: "Local"`,
			`line 11: hours: 22:00-06:00 and 05:00-09:00 overlap`,
			`line 13: calendar "c" is declared on line 12 already`,
		}},
		{"workflow", "workflow:\n  closed: [done, review]\n  active: [review]\n  queues:\n    OPS:\n      closed: [a]\n      waiting: [a]\n      colour: [red]\n  from: 1\n", []string{
			`line 2: closed: status "review" is both active and closed`,
			`line 6: queues.OPS.closed: status "a" is both waiting and closed`,
			`line 8: unknown key "colour"; a queue's workflow has waiting, active, closed`,
			`line 9: from: not a date like 2026-01-31: "1"`,
		}},
		{"tokens", `tokens:
  - {name: a, scopes: [ingest, admin], token: short}
  - {name: a, scopes: [], token: "has a space in it, and is long"}
  - {token: 0123456789abcdef, connection: "No"}
  - {name: d, scopes: [read], token: 0123456789abcdef}
  - {name: e, scopes: [read], 0123456789abcdef}
`, []string{
			`line 2: scopes: not one of ingest, read, metrics: "admin"`,
			`line 2: token: shorter than 16 characters`,
			`line 3: scopes: name at least one of ingest, read, metrics`,
			`line 3: token "a" is declared on line 2 already`,
			`line 3: token: only letters, digits and signs of ASCII, without spaces`,
			`line 4: name: is missing`,
			`line 4: scopes: name at least one of ingest, read, metrics`,
			`line 4: connection: not a connection's name: "No"`,
			`line 5: token: the same as on line 4`,
			`line 6: unknown key; a token has name, scopes, token, connection`,
			`line 6: token: is missing`,
		}},
		{"alias of itself", "workflow: &a\n  closed: *a\n", []string{"line 2: closed: must be a list"}},
		{"unknown alias", "workflow: *a\n", []string{"line 1: no anchor of this name"}},
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

// What a kind says of its settings is not let through with a secret in it.
func TestParseProvisionHidesSecrets(t *testing.T) {
	for name, text := range map[string]string{
		"variable":            `connections: [{name: a, kind: tracker, settings: {cloud_org_id: x}, secrets: {token: "${BAD_TOKEN}"}}]`,
		"written out":         `connections: [{name: a, kind: tracker, settings: {cloud_org_id: x}, secrets: {token: hunter2-hunter2}}]`,
		"in a setting":        `connections: [{name: a, kind: tracker, settings: {cloud_org_id: x, initial_range: "${BAD_TOKEN}"}, secrets: {token: y0_1}}]`,
		"as kind":             `connections: [{name: a, kind: "${BAD_TOKEN}"}]`,
		"as name":             `connections: [{name: "${BAD_TOKEN} x", kind: tracker}]`,
		"as interval":         `connections: [{name: a, kind: tracker, every: "${BAD_TOKEN}"}]`,
		"as zone":             `calendars: [{name: a, timezone: "${BAD_TOKEN}", hours: ["${BAD_TOKEN}"], holidays: "${BAD_TOKEN}", workdays: ["${BAD_TOKEN}"], from: "${BAD_TOKEN}"}]`,
		"as scope":            `tokens: [{name: a, scopes: ["${BAD_TOKEN}"], token: "${BAD_TOKEN}", connection: "${BAD_TOKEN} "}]`,
		"as a status":         `workflow: {closed: ["${BAD_TOKEN}"], active: ["${BAD_TOKEN}"]}`,
		"name of a token":     `tokens: [{name: "${BAD_TOKEN}", scopes: [read], token: "0123456789abcdef"}, {name: "${BAD_TOKEN}", scopes: [read], token: "0123456789abcdeg"}]`,
		"secrets as a text":   `connections: [{name: a, kind: tracker, secrets: hunter2-hunter2}]`,
		"secrets as a list":   `connections: [{name: a, kind: tracker, secrets: [hunter2-hunter2]}]`,
		"secret without name": `connections: [{name: a, kind: tracker, secrets: {hunter2-hunter2}}]`,
		"secret as a mapping": `connections: [{name: a, kind: tracker, secrets: {token: {hunter2-hunter2: 1}}}]`,
		"broken YAML":         "connections:\n- secrets: {token: \"hunter2-hunter2}\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseTest(text)
			if err == nil {
				t.Fatal("no error")
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("a secret shows: %v", err)
			}
		})
	}
}

func TestParseProvisionBombs(t *testing.T) {
	laughs := "a: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
	for i := range 9 {
		laughs += fmt.Sprintf("b%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i, i+1, i, i, i, i, i, i, i, i, i, i)
	}
	for name, text := range map[string]string{
		"too large":         strings.Repeat("#", maxProvision+1),
		"brackets":          "workflow: " + strings.Repeat("[", 500_000),
		"braces":            strings.Repeat("{a: ", 200_000),
		"dashes":            strings.Repeat("- ", 500_000),
		"question marks":    strings.Repeat("? ", 500_000),
		"tags":              "workflow: " + strings.Repeat("!a ", 300_000),
		"laughs":            laughs + "connections:\n- name: a\n  kind: tracker\n  settings:\n    queues: *a9\n",
		"endless recursion": "connections:\n- name: a\n  kind: tracker\n  settings: &s\n    cloud_org_id: *s\n",
		"many variables":    "workflow: {closed: [" + strings.Repeat("${A},", 100_000) + "]}",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := parseTest(text); err == nil {
				t.Error("accepted")
			}
		})
	}
}

func FuzzParseProvision(f *testing.F) {
	f.Add(productExample)
	f.Add("a: &a [*a]\n<<: *a\n? b\n")
	f.Add("connections: [{name: a, kind: tracker, secrets: {token: '${CI_TOKEN}'}}]")
	f.Add("x: |\n  ${file:/run/token}\n--- !!t\n%YAML 1.2\n")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parseTest(text)
		var problems *ProvisionError
		if err == nil && p == nil || err != nil && !errors.As(err, &problems) {
			t.Fatalf("%v, %v", p, err)
		}
		if err == nil {
			return
		}
		for name, value := range testVars {
			if len(value) >= 8 && !strings.Contains(text, value[:8]) && strings.Contains(err.Error(), value) {
				t.Errorf("the value of %s shows: %v", name, err)
			}
		}
	})
}
