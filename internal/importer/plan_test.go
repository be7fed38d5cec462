package importer

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/source"
	"throughline/internal/source/sentry"
	"throughline/internal/source/tracker"
)

var update = flag.Bool("update", false, "write what is said as the expected report")

// testNow is when tests import.
var testNow = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func options(file, text string) Options {
	return Options{
		File: file, Data: []byte(text), Database: "throughline", DataDir: "/data",
		Lookup: none, ReadFile: os.ReadFile, Kind: tracker.Kind(), Sentry: sentry.Kind(), CursorSince: tracker.CursorSince, Now: testNow,
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// golden compares with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(read(t, path), got); diff != "" {
		t.Error(diff)
	}
}

func TestReports(t *testing.T) {
	here, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"full", "least", "serverless", "redis", "sentry", "sentry-least"} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join("testdata", name+".env")
			text := read(t, file)
			plan, err := New(options(file, text))
			if err != nil {
				t.Fatal(err)
			}
			said := strings.ReplaceAll(plan.Report.String(), here, "HERE")
			if strings.Contains(said, "tell-nobody") {
				t.Errorf("it tells a secret:\n%s", said)
			}
			// Every variable is spoken of, each line of it once at least.
			entries, _ := ParseDotenv([]byte(text), none)
			for _, e := range entries {
				if shown(e.Name) && !strings.Contains(said, e.Name) {
					t.Errorf("nothing is said of %s", e.Name)
				}
			}
			golden(t, name+".report.txt", said)
			made, err := json.MarshalIndent(map[string]any{
				"every": plan.Imported.Connection.Every.String(), "settings": plan.Imported.Connection.Settings, "managed": plan.Imported.Managed,
				"secrets": plan.Imported.Secrets, "start": plan.Imported.Start, "calendar": plan.Imported.Calendar, "workflow": plan.Imported.Workflow,
				"files": plan.Files,
			}, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".plan.json", string(made)+"\n")
		})
	}
}

func TestMistakes(t *testing.T) {
	const good = "EXPORTER_TRACKER__TOKEN=y0_tell-nobody\nEXPORTER_TRACKER__ORG_ID=1\n"
	for name, c := range map[string]struct{ text, want string }{
		"nothing of it": {"PORT=1", "f.env: it sets no variable of tracker-exporter, whose names begin with EXPORTER_, nor of sentry-prometheus-exporter, as SENTRY_AUTH_TOKEN"},
		"empty":         {"", "f.env: it sets no variable of tracker-exporter, whose names begin with EXPORTER_, nor of sentry-prometheus-exporter, as SENTRY_AUTH_TOKEN"},
		"no account":    {"EXPORTER_STATEFUL=true", "f.env: EXPORTER_TRACKER__TOKEN: is missing, and so is EXPORTER_TRACKER__IAM_TOKEN\nf.env: EXPORTER_TRACKER__ORG_ID: is missing, and so is EXPORTER_TRACKER__CLOUD_ORG_ID"},
		"two of each": {good + "EXPORTER_TRACKER__IAM_TOKEN=t1.tell-nobody\nEXPORTER_TRACKER__CLOUD_ORG_ID=2", "f.env: line 3: EXPORTER_TRACKER__IAM_TOKEN: both it and EXPORTER_TRACKER__TOKEN are set: keep one\n" +
			"f.env: line 4: EXPORTER_TRACKER__CLOUD_ORG_ID: both it and EXPORTER_TRACKER__ORG_ID are set: keep one"},
		"IAM for 360":  {"EXPORTER_TRACKER__IAM_TOKEN=t1.tell-nobody\nEXPORTER_TRACKER__ORG_ID=1", "f.env: line 1: EXPORTER_TRACKER__IAM_TOKEN: an IAM token works with cloud_org_id only"},
		"broken token": {"EXPORTER_TRACKER__TOKEN='y0 tell-nobody'\nEXPORTER_TRACKER__ORG_ID=1", "f.env: line 1: EXPORTER_TRACKER__TOKEN: holds characters that no token has"},
		"all at once": {
			good + "EXPORTER_WORKDAYS=0,1\nEXPORTER_BUSINESS_HOURS_START=9am\nEXPORTER_TRACKER__TIMEZONE=Moscow\nEXPORTER_ETL_INTERVAL_MINUTES=0\n" +
				"EXPORTER_TRACKER__SEARCH__QUEUES=DEV,ОЧЕРЕДЬ\nEXPORTER_CLICKHOUSE__PORT=http\nEXPORTER_CLICKHOUSE__ISSUES_TABLE=issue_metrics\nEXPORTER_STATEFUL=maybe\n" +
				"EXPORTER_TRACKER__LANGUAGE=de\nEXPORTER_STATEFUL_INITIAL_RANGE=1 week\nset A=b\nEXPORTER_STATE__STORAGE=s3\nEXPORTER_LOGLEVEL=loud\n" +
				"EXPORTER_MONITORING__METRICS_ENABLED=yes\nEXPORTER_MONITORING__METRICS_BASE_LABELS=[\"a:b\",]\nEXPORTER_MONITORING__SENTRY_ENABLED=on\nEXPORTER_CLICKHOUSE__PROTO=tcp\nEXPORTER_CLICKHOUSE__HOST=http://tell-nobody@x",
			"f.env: line 3: EXPORTER_WORKDAYS: not a list in JSON, like [0, 1, 2, 3, 4]\n" +
				"f.env: line 4: EXPORTER_BUSINESS_HOURS_START: not a time of day like 09:00 or 09:00:00\n" +
				"f.env: line 5: EXPORTER_TRACKER__TIMEZONE: not a time zone like Europe/Moscow\n" +
				"f.env: line 6: EXPORTER_ETL_INTERVAL_MINUTES: not a number between 1 and 43200\n" +
				"f.env: line 7: EXPORTER_TRACKER__SEARCH__QUEUES: not the key of a queue, like DEV or !TEST: \"ОЧЕРЕДЬ\"\n" +
				"f.env: line 8: EXPORTER_CLICKHOUSE__PORT: not a number between 1 and 65535\n" +
				"f.env: line 10: EXPORTER_STATEFUL: not true or false\n" +
				"f.env: line 11: EXPORTER_TRACKER__LANGUAGE: not one of en, ru\n" +
				"f.env: line 12: EXPORTER_STATEFUL_INITIAL_RANGE: not a range like 1w, 90d or 12h\n" +
				"f.env: line 13: not NAME=value\n" +
				"f.env: line 14: EXPORTER_STATE__STORAGE: not one of jsonfile, redis, custom\n" +
				"f.env: line 15: EXPORTER_LOGLEVEL: not one of debug, info, warning, error, critical\n" +
				"f.env: line 17: EXPORTER_MONITORING__METRICS_BASE_LABELS: not a list in JSON, like [\"one\", \"two\"]\n" +
				"f.env: EXPORTER_CLICKHOUSE__ISSUE_METRICS_TABLE: the three tables need names of their own, and each has a view of its name with _view behind it\n" +
				"f.env: EXPORTER_MONITORING__SENTRY_DSN: not an address like https://KEY@sentry.example.com/1\n" +
				"f.env: line 19: EXPORTER_CLICKHOUSE__PROTO: not http or https\n" +
				"f.env: line 20: EXPORTER_CLICKHOUSE__HOST: not the name or the IP address of a host",
		},
		"a day that is none": {good + "EXPORTER_WORKDAYS=[7]", "f.env: line 3: EXPORTER_WORKDAYS: not numbers from 0, Monday, to 6, Sunday"},
		"no day":             {good + "EXPORTER_WORKDAYS=[]", "f.env: line 3: EXPORTER_WORKDAYS: names no day"},
		"database taken":     {good + "EXPORTER_CLICKHOUSE__DATABASE=throughline", "f.env: line 3: EXPORTER_CLICKHOUSE__DATABASE: our own facts cannot go into the same database: choose another one for them with --database"},
		"database's name":    {good + "EXPORTER_CLICKHOUSE__DATABASE=my-agile", "f.env: line 3: EXPORTER_CLICKHOUSE__DATABASE: a name has up to 100 letters, digits and _, and does not begin with a digit"},
		"binary":             {"\x00", "f.env: not a text in UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(options("f.env", c.text))
			var wrong *Error
			if !errors.As(err, &wrong) {
				t.Fatalf("%v", err)
			}
			want, got := sorted(c.want), sorted(err.Error())
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if strings.Contains(err.Error(), "tell-nobody") {
				t.Errorf("it tells a secret: %v", err)
			}
		})
	}
}

// sorted is a text's lines, those without a number last.
func sorted(text string) []string {
	var first, last []string
	for _, line := range strings.Split(text, "\n") {
		if strings.Contains(line, ": line ") {
			first = append(first, line)
		} else {
			last = append(last, line)
		}
	}
	return append(first, last...)
}

func TestPositions(t *testing.T) {
	dir := t.TempDir()
	state := func(text string) string {
		path := filepath.Join(dir, "given")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	moscow, err := time.LoadLocation("Europe/Moscow")
	if err != nil {
		t.Fatal(err)
	}
	at := func(day, hour, minute, second int) time.Time {
		return time.Date(2026, 1, day, hour, minute, second, 0, moscow)
	}
	for name, c := range map[string]struct {
		since, state string
		want         time.Time // zero when it is refused
		fault        string
	}{
		"since a day":     {"2026-01-31", "", at(31, 0, 0, 0), ""},
		"since a minute":  {"2026-01-31 12:30", "", at(31, 12, 30, 0), ""},
		"since a second":  {"2026-01-31 12:30:15", "", at(31, 12, 30, 15), ""},
		"since elsewhere": {"2026-01-31T12:30:15+05:00", "", at(31, 10, 30, 15), ""},
		"since never":     {"yesterday", "", time.Time{}, "--since: not a time like"},
		"since then":      {"2026-03-02T12:00:01Z", "", time.Time{}, "--since: lies in the future"},
		"since long":      {"1999-12-31", "", time.Time{}, "--since: lies before the year 2000"},
		"state":           {"", `{"other": 1, "tracker_etl_default": "2026-01-31 12:30:15"}`, at(31, 12, 30, 15), ""},
		"redis":           {"", "2026-01-31 12:30:15\n", at(31, 12, 30, 15), ""},
		"redis, quoted":   {"", `"2026-01-31 12:30:15"`, at(31, 12, 30, 15), ""},
		"no key":          {"", `{}`, time.Time{}, "--state: there is no tracker_etl_default in it"},
		"no text":         {"", `{"tracker_etl_default": 5}`, time.Time{}, "--state: holds no time"},
		"no JSON":         {"", `{"tracker`, time.Time{}, "--state: not JSON"},
		"empty":           {"", "", time.Time{}, "--state: holds no time"},
		"binary":          {"", "\xff\xfe", time.Time{}, "--state: not a state of tracker-exporter"},
		"future":          {"", "2030-01-01 00:00:00", time.Time{}, "--state: lies in the future"},
	} {
		t.Run(name, func(t *testing.T) {
			o := options("f.env", "EXPORTER_TRACKER__TOKEN=a\nEXPORTER_TRACKER__ORG_ID=1")
			if o.Since = c.since; c.since == "" {
				o.State = state(c.state)
			}
			var got time.Time
			o.CursorSince = func(t time.Time) source.Cursor { got = t; return source.Cursor(`1`) }
			plan, err := New(o)
			if c.fault != "" {
				if err == nil || !strings.Contains(err.Error(), c.fault) {
					t.Errorf("%v, want %s", err, c.fault)
				}
				return
			}
			if err != nil || !got.Equal(c.want) || string(plan.Imported.Start) != "1" || !plan.Imported.Restart {
				t.Errorf("%v, %v, want %v", got, err, c.want)
			}
		})
	}
}

func TestStateThatIsNotThere(t *testing.T) {
	plan, err := New(options(filepath.Join(t.TempDir(), ".env"), "EXPORTER_TRACKER__TOKEN=a\nEXPORTER_TRACKER__ORG_ID=1\nEXPORTER_STATEFUL=true"))
	if err != nil || plan.Imported.Start != nil || !strings.Contains(plan.Report.String(), "state.json: there is no such file; name the file by --state FILE or the time by --since.") {
		t.Errorf("%v\n%s", err, plan.Report.String())
	}
}

func TestSkips(t *testing.T) {
	o := options("testdata/full.env", read(t, "testdata/full.env"))
	o.Skip = Parts()
	plan, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	in := plan.Imported
	if in.Calendar != nil || in.Workflow != nil || in.Start != nil || len(plan.Files) != 1 || plan.Files[0].Name != DSNFile {
		t.Errorf("%+v and %d files", in.Calendar, len(plan.Files))
	}
	if _, ok := in.Connection.Settings["drop_in_database"]; ok {
		t.Error("drop-in tables without a store")
	}
}

func TestRangeDays(t *testing.T) {
	for text, want := range map[string]string{
		"1w": "7d", "2h": "1d", "25h": "2d", "1d 1s": "2d", "1mo": "30d", "1y": "360d", "90D": "90d", "1w2d": "9d",
		"": "", "0d": "", "w": "", "1": "", "1.5d": "", "-1d": "", "999999y": "", "99999d": "", "1w of it": "",
	} {
		if got, _ := rangeDays(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}
