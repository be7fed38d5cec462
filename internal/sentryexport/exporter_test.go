package sentryexport_test

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/sentryexport"
)

type facts struct {
	groups   []delivery.ErrorGroup
	projects []delivery.ErrorProject
	asked    []string // connections whose groups were read
	fails    error
}

func (f *facts) ErrorGroups(_ context.Context, q delivery.ErrorQuery) iter.Seq2[delivery.ListedErrorGroup, error] {
	f.asked = append(f.asked, q.Connections...)
	return func(yield func(delivery.ListedErrorGroup, error) bool) {
		for _, g := range f.groups {
			for _, c := range q.Connections {
				if c == g.Connection && !yield(delivery.ListedErrorGroup{ErrorGroup: g}, f.fails) {
					return
				}
			}
		}
	}
}

func (f *facts) ErrorProjects(context.Context) ([]delivery.ErrorProject, error) {
	return append([]delivery.ErrorProject(nil), f.projects...), f.fails
}

// now is a whole second, as sources tell times.
var now = time.Now().UTC().Truncate(time.Second)

func ago(d time.Duration) delivery.Instant { return delivery.InstantOf(now.Add(-d)) }

func group(connection, id, project, environment string, age time.Duration, events int64, more ...func(*delivery.ErrorGroup)) delivery.ErrorGroup {
	logger, platform, unhandled := "root", "go", true
	g := delivery.ErrorGroup{
		Connection: connection, ID: id, Project: project, Level: "error", Status: delivery.GroupUnresolved, Logger: &logger, Platform: &platform,
		Unhandled: &unhandled, Events: events * 2, FirstSeen: ago(age + time.Hour), LastSeen: ago(0),
		Environments: []delivery.GroupEnvironment{{Name: environment, Events: events, FirstSeen: ago(age), LastSeen: ago(0), Release: project + "@1"}},
	}
	for _, change := range more {
		change(&g)
	}
	return g
}

func nowhere(g *delivery.ErrorGroup) { g.Environments = nil }

func company() *facts {
	return &facts{
		projects: []delivery.ErrorProject{
			{
				Connection: "sentry", ID: "web", Place: 1, Environments: []string{"production", "eu & us #1"}, KeysAt: 1, GroupsAt: 1,
				Keys:  []delivery.KeyLimit{{Count: 1000, Window: 7200}, {}},
				Month: delivery.EventTotals{At: 1, Accepted: 6_500_000, Filtered: 70, RateLimited: 30, Invalid: 5},
			},
			{Connection: "sentry", ID: "cron", Place: 2, KeysAt: 1, GroupsAt: 1, Keys: []delivery.KeyLimit{{Count: 60, Window: 60}}, Month: delivery.EventTotals{At: 1}},
			{Connection: "sentry", ID: "fresh", Place: 3, Environments: []string{""}, GroupsAt: 1}, // nothing else is known yet
			{Connection: "sentry", ID: "unread", Place: 4, Environments: []string{"production"}},   // of its groups neither
			{Connection: "sentry", ID: "old", Place: 0, Environments: []string{"production"}, Gone: true, Month: delivery.EventTotals{At: 1, Accepted: 4}},
		},
		groups: []delivery.ErrorGroup{
			group("sentry", "1", "web", "production", 30*time.Minute, 8),
			group("sentry", "2", "web", "production", 5*time.Hour, 20, func(g *delivery.ErrorGroup) { g.Status = delivery.GroupResolved }),
			group("sentry", "3", "web", "production", 10*24*time.Hour, 100, func(g *delivery.ErrorGroup) { g.Status = delivery.GroupIgnored }),
			group("sentry", "4", "web", "production", 20*24*time.Hour, 5000),
			group("sentry", "5", "cron", "", 10*time.Minute, 3, func(g *delivery.ErrorGroup) {
				g.Environments[0].None, g.Environments[0].Release, g.Logger, g.Platform, g.Unhandled = true, "", nil, nil, nil
			}),
			group("sentry", "6", "old", "production", time.Minute, 999),
			group("sentry", "7", "web", "eu & us #1", time.Minute, 1, func(g *delivery.ErrorGroup) { g.Level = "say \"no\"\n" }),
			group("sentry", "8", "web", "hidden", time.Minute, 999),
			// The exporter did not count these: nobody knows where they were seen, or in no
			// environment of a project that has some, or not all groups are known.
			group("sentry", "9", "web", "", 90*24*time.Hour, 999, nowhere),
			group("sentry", "10", "cron", "", time.Minute, 999, nowhere),
			group("sentry", "11", "web", "", 90*24*time.Hour, 999, func(g *delivery.ErrorGroup) { g.Environments[0].None = true }),
			group("sentry", "12", "unread", "", time.Minute, 999, nowhere),
		},
	}
}

func all() sentryexport.Connection {
	return sentryexport.Connection{Name: "sentry", Issues: true, Events: true, RateLimits: true, Ages: []string{"1h", "24h", "14d"}}
}

func exporter(t testing.TB, f sentryexport.Facts, connections ...sentryexport.Connection) *sentryexport.Exporter {
	t.Helper()
	e := sentryexport.New(f, func(context.Context) ([]sentryexport.Connection, error) { return connections, nil })
	if err := e.Update(t.Context()); err != nil {
		t.Fatal(err)
	}
	return e
}

// written is what a scrape says, without the words of help.
func written(t *testing.T, e *sentryexport.Exporter, at time.Time) string {
	t.Helper()
	var b strings.Builder
	if err := e.Write(&b, at); err != nil {
		t.Fatal(err)
	}
	var out []string
	for line := range strings.Lines(b.String()) {
		if !strings.HasPrefix(line, "# HELP ") {
			out = append(out, line)
		}
	}
	return strings.Join(out, "")
}

// theirs are the exporter's families, which come first.
func theirs(text string) string {
	text, _, _ = strings.Cut(text, "# TYPE throughline_")
	return text
}

func same(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n%s\nnot\n%s", what, got, want)
	}
}

func TestFamilies(t *testing.T) {
	today := now.Format(time.DateOnly)
	first := func(age time.Duration) string { return now.Add(-age).Format(time.DateOnly) }
	same(t, "families", theirs(written(t, exporter(t, company(), all()), now)), `# TYPE sentry_issues histogram
sentry_issues_bucket{environment="production",le="1h",project_slug="web"} 8.0
sentry_issues_bucket{environment="production",le="24h",project_slug="web"} 28.0
sentry_issues_bucket{environment="production",le="+Inf",project_slug="web"} 128.0
sentry_issues_bucket{environment="eu & us #1",le="1h",project_slug="web"} 1.0
sentry_issues_bucket{environment="eu & us #1",le="24h",project_slug="web"} 1.0
sentry_issues_bucket{environment="eu & us #1",le="+Inf",project_slug="web"} 1.0
sentry_issues_bucket{environment="None",le="1h",project_slug="cron"} 3.0
sentry_issues_bucket{environment="None",le="24h",project_slug="cron"} 3.0
sentry_issues_bucket{environment="None",le="+Inf",project_slug="cron"} 3.0
sentry_issues_bucket{environment="",le="1h",project_slug="fresh"} 0.0
sentry_issues_bucket{environment="",le="24h",project_slug="fresh"} 0.0
sentry_issues_bucket{environment="",le="+Inf",project_slug="fresh"} 0.0
# TYPE sentry_issues_gcount gauge
sentry_issues_gcount{environment="production",project_slug="web"} 128.0
sentry_issues_gcount{environment="eu & us #1",project_slug="web"} 1.0
sentry_issues_gcount{environment="None",project_slug="cron"} 3.0
sentry_issues_gcount{environment="",project_slug="fresh"} 0.0
# TYPE sentry_issues_gsum gauge
sentry_issues_gsum{environment="production",project_slug="web"} 164.0
sentry_issues_gsum{environment="eu & us #1",project_slug="web"} 3.0
sentry_issues_gsum{environment="None",project_slug="cron"} 9.0
sentry_issues_gsum{environment="",project_slug="fresh"} 0.0
# TYPE sentry_open_issue_events gauge
sentry_open_issue_events{environment="production",firstSeen="`+first(30*time.Minute)+`",isUnhandled="True",issue_id="1",lastSeen="`+today+`",level="error",logger="root",platform="go",project_slug="web",release="web@1",status="unresolved"} 8.0
sentry_open_issue_events{environment="None",firstSeen="`+first(10*time.Minute)+`",isUnhandled="None",issue_id="5",lastSeen="`+today+`",level="error",logger="None",platform="None",project_slug="cron",release="None",status="unresolved"} 3.0
sentry_open_issue_events{environment="eu & us #1",firstSeen="`+first(time.Minute)+`",isUnhandled="True",issue_id="7",lastSeen="`+today+`",level="say \"no\"\n",logger="root",platform="go",project_slug="web",release="web@1",status="unresolved"} 1.0
# TYPE sentry_events_total counter
sentry_events_total{project_slug="cron",stat="received"} 0.0
sentry_events_total{project_slug="cron",stat="rejected"} 0.0
sentry_events_total{project_slug="cron",stat="blacklisted"} 0.0
sentry_events_total{project_slug="web",stat="received"} 6.5001e+06
sentry_events_total{project_slug="web",stat="rejected"} 30.0
sentry_events_total{project_slug="web",stat="blacklisted"} 70.0
# TYPE sentry_rate_limit_events_sec gauge
sentry_rate_limit_events_sec{project_slug="web"} 0.138889
sentry_rate_limit_events_sec{project_slug="cron"} 1.0
`)
}

func TestSwitches(t *testing.T) {
	count := func(c sentryexport.Connection, at time.Time, prefix string) int {
		return strings.Count("\n"+written(t, exporter(t, company(), c), at), "\n"+prefix)
	}
	off := sentryexport.Connection{Name: "sentry"}
	same(t, "nothing", theirs(written(t, exporter(t, company(), off), now)), "")
	same(t, "no connection", written(t, exporter(t, company()), now), "")
	c := all()
	c.Ages = []string{"24h"}
	if n := count(c, now, "sentry_issues_bucket{"); n != 4 {
		t.Errorf("of one age: %d buckets", n)
	}
	if n := count(c, now, "sentry_open_issue_events{"); n != 0 {
		t.Errorf("without the last hour: %d groups", n)
	}
	if text := written(t, exporter(t, company(), c), now); !strings.Contains(text, `sentry_issues_gcount{environment="production",project_slug="web"} 28.0`) {
		t.Errorf("the largest bucket that is shown is not counted: %s", text)
	}
	c = all()
	c.Environments = []string{"production"}
	if n := count(c, now, "sentry_issues_gcount{"); n != 2 { // and the project without any
		t.Errorf("of one environment: %d", n)
	}
	// Groups grow older without being asked for.
	if n := count(all(), now.Add(31*time.Minute), "sentry_open_issue_events{"); n != 2 {
		t.Errorf("half an hour later: %d groups of the last hour", n)
	}
}

func TestTwoConnections(t *testing.T) {
	f := company()
	f.projects = append(f.projects, delivery.ErrorProject{Connection: "other", ID: "web", Environments: []string{"production"}, Month: delivery.EventTotals{At: 1, Accepted: 1}, KeysAt: 1, GroupsAt: 1},
		delivery.ErrorProject{Connection: "other", ID: "cron", Environments: []string{"production"}, GroupsAt: 1})
	f.groups = append(f.groups, group("other", "1", "web", "production", time.Minute, 2), group("other", "2", "cron", "", 90*24*time.Hour, 2, nowhere))
	other := all()
	other.Name = "other"
	text := written(t, exporter(t, f, other, all()), now) // cron is known by its environments first
	seen := map[string]bool{}
	for line := range strings.Lines(text) {
		series, _, _ := strings.Cut(line, "} ")
		if seen[series] {
			t.Errorf("twice: %s", line)
		}
		seen[series] = true
	}
	for _, want := range []string{
		`sentry_issues_bucket{environment="production",le="1h",project_slug="web"} 10.0`,
		`sentry_events_total{project_slug="web",stat="received"} 6.500101e+06`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("without %s:\n%s", want, text)
		}
	}
}

func TestOwnFamilies(t *testing.T) {
	values := map[string]string{}
	for line := range strings.Lines(written(t, exporter(t, company(), all()), now)) {
		series, value, _ := strings.Cut(line, "} ")
		values[strings.TrimPrefix(series, "throughline_sentry_")] = strings.TrimSpace(value)
	}
	for key, want := range map[string]string{
		`error_groups{age_le_seconds="3600",environment="production",project="web",status="unresolved"`:    "1.0",
		`error_groups{age_le_seconds="1209600",environment="production",project="web",status="unresolved"`: "1.0",
		`error_groups{age_le_seconds="+Inf",environment="production",project="web",status="unresolved"`:    "2.0",
		`error_groups{age_le_seconds="3600",environment="production",project="web",status="resolved"`:      "0.0",
		`error_groups{age_le_seconds="86400",environment="production",project="web",status="resolved"`:     "1.0",
		`error_groups{age_le_seconds="+Inf",environment="production",project="web",status="ignored"`:       "1.0",
		`error_groups{age_le_seconds="3600",environment="",project="cron",status="unresolved"`:             "1.0",
		`error_groups{age_le_seconds="86400",environment="",project="cron",status="unresolved"`:            "2.0",
		`error_groups{age_le_seconds="1209600",environment="",project="web",status="unresolved"`:           "0.0",
		`error_groups{age_le_seconds="+Inf",environment="",project="web",status="unresolved"`:              "2.0",
		`events_this_month{outcome="accepted",project="web"`:                                               "6.5e+06",
		`events_this_month{outcome="invalid",project="web"`:                                                "5.0",
		`rate_limit_events_per_second{project="cron"`:                                                      "1.0",
	} {
		if got, ok := values[key]; !ok || got != want {
			t.Errorf("%s: %q, %v, want %q", key, got, ok, want)
		}
	}
	if _, ok := values[`rate_limit_events_per_second{project="web"`]; ok {
		t.Error("a project with a key without limit has one")
	}
	if _, ok := values[`error_groups{age_le_seconds="+Inf",environment="",project="unread",status="unresolved"`]; ok {
		t.Error("groups of a project are counted before all are known")
	}
	if _, ok := values[`events_this_month{outcome="accepted",project="fresh"`]; ok {
		t.Error("what nobody said is shown")
	}
}

func TestUpdates(t *testing.T) {
	f := company()
	connections := []sentryexport.Connection{all()}
	e := sentryexport.New(f, func(context.Context) ([]sentryexport.Connection, error) { return connections, nil })
	if e.Rebuilt() {
		t.Error("it is rebuilt before anything was read")
	}
	update := func(what, want string) {
		t.Helper()
		f.asked = nil
		if err := e.Update(t.Context()); err != nil {
			t.Fatal(err)
		}
		same(t, what, strings.Join(f.asked, " "), want)
	}
	update("first", "sentry")
	update("nothing new", "")
	e.Touched(&delivery.Batch{Connection: "sentry", Releases: []delivery.Release{{}}})
	update("a release", "")
	f.groups[0].Environments[0].Events = 9
	e.Touched(&delivery.Batch{Connection: "sentry", ErrorGroups: []delivery.ErrorGroup{{}}})
	update("a group", "sentry")
	if text := written(t, e, now); !e.Rebuilt() || !strings.Contains(text, `le="1h",project_slug="web"} 9.0`) {
		t.Errorf("not fresh: %s", text)
	}
	other := all()
	other.Name = "other"
	connections = append(connections, other)
	update("another connection", "sentry other")
	e.Touched(&delivery.Batch{Connection: "other", ErrorProjects: []delivery.ErrorProject{{}}})
	update("only that", "other")
	f.fails = errors.New("down")
	e.Touched(&delivery.Batch{Connection: "other", ErrorProjects: []delivery.ErrorProject{{}}})
	if err := e.Update(t.Context()); err == nil {
		t.Error("no error of a store that is down")
	}
	if text := written(t, e, now); !strings.Contains(text, "9.0") {
		t.Error("what was known is not shown")
	}
	f.fails = nil
	update("once it is up", "other")
}
