package dropin

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"throughline/internal/delivery"
)

// predecessor makes the tables as the predecessor left them: older copies in
// other partitions and in the same one, a status that no longer applies, a former
// key, a deleted issue, and one from before anything that we have read.
func predecessor(t testing.TB, b base) {
	t.Helper()
	sql, err := os.ReadFile("testdata/predecessor.sql")
	if err != nil {
		t.Fatal(err)
	}
	b.exec(t, slices.DeleteFunc(strings.Split(string(sql), ";\n"), func(s string) bool { return s == "" })...)
}

func successors() []Record {
	moved := record("2", "NEW-2", "Open@2026-01-01", "Closed@2026-03-02")
	moved.Aliases = []string{"OLD-2"}
	return []Record{record("1", "DEV-1", "Open@2026-01-01", "In progress@2026-02-05", "Closed@2026-03-05"), moved, gone("3", "DEV-3")}
}

func TestAdopt(t *testing.T) {
	b := openBase(t)
	predecessor(t, b)
	w := newWriter(t, b)
	stats := write(t, w, successors()...)
	if stats.Removed == 0 || stats.Version <= at("2030-01-05") {
		t.Errorf("stats %+v", stats)
	}
	same(t, "issues without FINAL", b.rows(t, "SELECT concat(issue_key, ' ', status) FROM issues"), []string{"ANCIENT-1 closed", "DEV-1 closed", "NEW-2 closed"})
	same(t, "metrics", b.rows(t, "SELECT concat(issue_key, ' ', status_name, ' ', human_readable_duration) FROM issue_metrics"),
		[]string{"ANCIENT-1 open ", "DEV-1 in_progress 4w", "DEV-1 open 1mo 5d", "NEW-2 open 2mo"})
	same(t, "changes", b.rows(t, "SELECT concat(issue_key, ' ', changed_to) FROM issues_changelog"),
		[]string{"ANCIENT-1 x", "DEV-1 closed", "DEV-1 in progress", "NEW-2 closed"})
	for _, table := range w.tables() {
		same(t, table.name+" through the view", b.rows(t, "SELECT toString(count()) FROM "+table.name+"_view"), b.rows(t, "SELECT toString(count()) FROM "+table.name))
	}
	stats = write(t, w, successors()...)
	if stats.Inserted != 0 || stats.Removed != 0 {
		t.Errorf("again: %+v", stats)
	}
}

func TestAdoptOlder(t *testing.T) {
	b := openBase(t)
	predecessor(t, b)
	b.exec(t, "ALTER TABLE issues DROP COLUMN project, DROP COLUMN moved_at", "ALTER TABLE issue_metrics MODIFY COLUMN duration UInt64",
		"ALTER TABLE issues MODIFY COLUMN is_closed Bool, MODIFY COLUMN assignee LowCardinality(Nullable(String)), MODIFY COLUMN closed_at DateTime('UTC')",
		"ALTER TABLE issues ADD COLUMN mine String DEFAULT 'x'", "CREATE OR REPLACE VIEW issues_view AS SELECT * FROM issues FINAL",
		"CREATE OR REPLACE VIEW issue_metrics_view AS SELECT issue_key FROM issue_metrics")
	w := newWriter(t, b)
	records := successors()
	records[0].Project = delivery.Ref{Name: "Big One"}
	write(t, w, records...)
	same(t, "issues", b.rows(t, "SELECT toString(tuple(issue_key, project, is_closed, assignee, closed_at, mine)) FROM issues_view"), []string{
		"('ANCIENT-1','',false,'','1970-01-01 00:00:00','x')", "('DEV-1','big one',true,'','2026-03-05 00:00:00','x')", "('NEW-2','',true,'','2026-03-02 00:00:00','x')",
	})
	same(t, "a view of somebody's own stays", b.rows(t, "SELECT name FROM system.columns WHERE database = currentDatabase() AND table = 'issue_metrics_view'"), []string{"issue_key"})
	if stats := write(t, w, records...); stats.Inserted != 0 {
		t.Errorf("again: %+v", stats)
	}
}

func TestInTheWay(t *testing.T) {
	for name, c := range map[string]struct {
		sql  []string
		says []string
	}{
		"another engine": {[]string{"CREATE TABLE issues (issue_key String) ENGINE = MergeTree ORDER BY issue_key"}, []string{"table issues", "MergeTree", "ReplacingMergeTree"}},
		"a view in a table's place": {
			[]string{"CREATE VIEW issue_metrics AS SELECT 1 AS a"},
			[]string{"table issue_metrics", "View"},
		},
		"a table in a view's place": {[]string{"CREATE TABLE issues_changelog_view (a String) ENGINE = Memory"}, []string{"issues_changelog_view", "Memory", "must be a view"}},
		"another type": {
			[]string{"CREATE TABLE issues (version DateTime64(3), issue_key String, tags String, updated_at DateTime64(3)) ENGINE = ReplacingMergeTree(version) ORDER BY issue_key"},
			[]string{"column tags", "table issues", "String", "Array(String)"},
		},
		"a column that is computed": {
			[]string{"CREATE TABLE issues (version DateTime64(3), issue_key String, title String MATERIALIZED 'x') ENGINE = ReplacingMergeTree(version) ORDER BY issue_key"},
			[]string{"column title", "table issues", "MATERIALIZED"},
		},
		"a custom column of no use": {
			[]string{"CREATE TABLE issues (version DateTime64(3), issue_key String, risk Map(String, String)) ENGINE = ReplacingMergeTree(version) ORDER BY issue_key"},
			[]string{"column risk", "table issues", "Map(String, String)"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := openBase(t)
			b.exec(t, c.sql...)
			_, err := openWriter(t, b.Conn, b.name, func(o *Options) { o.Custom = []string{"risk"} })
			for _, word := range c.says {
				if err == nil || !strings.Contains(err.Error(), word) {
					t.Errorf("error %v does not say %q", err, word)
				}
			}
		})
	}
}

func TestNames(t *testing.T) {
	b := openBase(t)
	own := "its\\own `base"
	defer b.exec(t, "DROP DATABASE IF EXISTS "+quoted(own))
	w, err := openWriter(t, b.Conn, own, func(o *Options) {
		o.Issues, o.Metrics, o.Changelog = "my issues", "изменения", "c`h'"
	})
	if err != nil {
		t.Fatal(err)
	}
	write(t, w, successors()...)
	many := manyRecords(20)
	write(t, w, many...)
	for i := range many {
		many[i].Title = "changed"
		many[i].Priority.Name = "high"
	}
	write(t, w, many...)
	same(t, "issues", b.rows(t, "SELECT toString(count()) FROM "+w.ddl.full("my issues_view")), []string{"21"})
	same(t, "metrics", b.rows(t, "SELECT toString(uniq(issue_key)) FROM "+w.ddl.full("изменения")), []string{"21"})
	same(t, "changes", b.rows(t, "SELECT toString(uniq(issue_key)) FROM "+w.ddl.full("c`h'")), []string{"21"})
	// And for a second time nothing is in the way.
	if _, err := openWriter(t, b.Conn, own, func(o *Options) { o.Issues, o.Metrics, o.Changelog = "my issues", "изменения", "c`h'" }); err != nil {
		t.Error(err)
	}
}

func TestOptions(t *testing.T) {
	for name, c := range map[string]struct {
		o    Options
		says string
	}{
		"no database":        {Options{}, "database: has no name"},
		"one table for two":  {Options{Database: "d", Metrics: "issues"}, "issues is the table of issues, too"},
		"a table like views": {Options{Database: "d", Metrics: "issues_view"}, "issues_view is the table of issues, too"},
		"control":            {Options{Database: "d\n"}, "characters"},
		"long":               {Options{Database: strings.Repeat("d", 151)}, "longer"},
		"cluster":            {Options{Database: "d", Cluster: "\x01"}, "cluster"},
		"custom of ours":     {Options{Database: "d", Custom: []string{"issueKey"}}, "issue_key"},
		"custom twice":       {Options{Database: "d", Custom: []string{"0123456789abcdef01--riskLevel", "risk level"}}, "both would be column risk_level"},
		"custom of nothing":  {Options{Database: "d", Custom: []string{"--"}}, "makes no name"},
		"custom too many":    {Options{Database: "d", Custom: make([]string, 201)}, "201 custom fields"},
	} {
		if err := c.o.Validate(); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := (Options{Database: "agile"}).Validate(); err != nil {
		t.Error(err)
	}
}

func TestCustom(t *testing.T) {
	b := openBase(t)
	predecessor(t, b)
	b.exec(t, "ALTER TABLE issues ADD COLUMN risk Float64, ADD COLUMN reviewers Array(String), ADD COLUMN due Nullable(Date), ADD COLUMN urgent Bool, ADD COLUMN votes Nullable(UInt8), ADD COLUMN seen DateTime")
	custom := func(o *Options) {
		o.Custom = []string{"6063181a59590578909db920--risk", "reviewers", "due", "urgent", "votes", "seen", "ownNote", "team"}
	}
	w := newWriter(t, b, custom)
	rec, empty := record("1", "DEV-1", "Open@2026-01-01"), record("2", "DEV-2", "Open@2026-01-01")
	rec.Custom = map[string]json.RawMessage{
		"6063181a59590578909db920--risk": json.RawMessage(`"2.5"`), "reviewers": json.RawMessage(`[{"self":"https://x/v3/users/1","id":"1","display":"Ada L"},{"id":"2","display":"Bob B"},"x"]`),
		"due": json.RawMessage(`"2026-05-06"`), "urgent": json.RawMessage(`true`), "votes": json.RawMessage(`300`),
		"seen": json.RawMessage(`"2026-05-06T10:00:00.000+0300"`), "ownNote": json.RawMessage(`["a","b"]`), "team": json.RawMessage(`{"id":"5","key":"t","display":"Team Five"}`),
	}
	empty.Custom = map[string]json.RawMessage{"6063181a59590578909db920--risk": json.RawMessage(`"high"`), "due": json.RawMessage(`"soon"`), "votes": json.RawMessage(`null`)}
	write(t, w, rec, empty)
	same(t, "columns", b.rows(t, "SELECT toString(tuple(risk, reviewers, due, urgent, votes, toDateTime64(seen, 0, 'UTC'), own_note, team)) FROM issues_view WHERE issue_key LIKE 'DEV-_' AND queue != ''"), []string{
		"(0,[],NULL,false,NULL,'1970-01-01 00:00:00','','')",
		"(2.5,['ada@example.org','Bob B','x'],'2026-05-06',true,255,'2026-05-06 07:00:00','a, b','Team Five')",
	})
	if stats := write(t, newWriter(t, b, custom), rec, empty); stats.Inserted != 0 {
		t.Errorf("again: %+v", stats)
	}
	// A field that is no longer chosen keeps its column.
	write(t, newWriter(t, b), rec)
	same(t, "without", b.rows(t, "SELECT toString(count()) FROM issues WHERE issue_key = 'DEV-1'"), []string{"1"})
}
