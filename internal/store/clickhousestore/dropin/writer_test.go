package dropin

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"throughline/internal/delivery"
)

// TestFresh writes into an empty database, and reads as dashboards do.
func TestFresh(t *testing.T) {
	b := openBase(t)
	type told struct {
		Table string
		Rows  int
	}
	var inserted, deduplicated []told
	w := newWriter(t, b, func(o *Options) {
		o.Inserted = func(table string, rows int, _ time.Duration) { inserted = append(inserted, told{table, rows}) }
		o.Deduplicated = func(table string, _ time.Duration) { deduplicated = append(deduplicated, told{Table: table}) }
	})
	first := record("1", "DEV-1", "Open@2026-03-01", "In progress@2026-03-02", "Closed@2026-03-04")
	first.Tags, first.Sprints, first.Deadline = []string{"a", "it's"}, []string{"S 1"}, delivery.Date{Year: 9999, Month: 12, Day: 31}
	second := record("2", "DEV-2", "Open@2026-03-01", "In progress@2026-03-03")
	stats := write(t, w, first, second, record("3", "OPS-1", "Open@2026-03-05"))
	same(t, "stats", stats, Stats{Issues: 3, Metrics: 3, Changes: 3, WithoutMetrics: 1, Inserted: 9, Version: delivery.InstantOf(noon)})
	slices.SortFunc(inserted, func(a, b told) int { return strings.Compare(a.Table, b.Table) })
	same(t, "inserted", inserted, []told{{"issue_metrics", 3}, {"issues", 3}, {"issues_changelog", 3}})
	same(t, "deduplicated", deduplicated, []told(nil))

	same(t, "status times", b.rows(t, `SELECT concat(status_name, ' ', toString(avg(duration)), ' ', toString(avg(busdays_duration)), ' ', any(human_readable_duration)) FROM issue_metrics_view GROUP BY status_name`),
		[]string{"in_progress 172800 172800 2d", "open 129600 129600 1d"})
	same(t, "joined", b.rows(t, `SELECT concat(i.issue_key, ' ', m.status_name, ' ', i.status, ' ', i.author, ' ', toString(i.is_closed)) FROM issues_view AS i JOIN issue_metrics_view AS m ON i.issue_key = m.issue_key`),
		[]string{"DEV-1 in_progress closed ada@example.org 1", "DEV-1 open closed ada@example.org 1", "DEV-2 open in_progress ada@example.org 0"})
	same(t, "changes", b.rows(t, `SELECT concat(issue_key, ' ', changed_from, ' ', changed_to, ' ', toString(event_time)) FROM issues_changelog_view WHERE changed_field = 'status'`),
		[]string{"DEV-1 in progress closed 2026-03-04 00:00:00.000", "DEV-1 open in progress 2026-03-02 00:00:00.000", "DEV-2 open in progress 2026-03-03 00:00:00.000"})
	same(t, "arrays and dates", b.rows(t, `SELECT toString(tuple(tags, sprints, deadline, start_date, closed_at, resolved_at, story_points)) FROM issues WHERE issue_key = 'DEV-1'`),
		[]string{`(['a','it\'s'],['S 1'],'2149-06-06','1970-01-01','2026-03-04 00:00:00.000','1970-01-01 00:00:00.000',0)`})
}

// TestAgain writes issues that have changed, whose rows move to other partitions.
func TestAgain(t *testing.T) {
	b := openBase(t)
	w := newWriter(t, b)
	kept := record("9", "DEV-9", "Open@2026-01-01", "Closed@2026-01-02")
	write(t, w, kept, record("1", "DEV-1", "Open@2026-01-01", "In progress@2026-01-20", "Review@2026-01-25"), record("2", "DEV-2", "Open@2026-01-01", "Review@2026-01-03"))
	now := []Record{
		// Another history: Review is no status that it ever left.
		record("1", "DEV-1", "Open@2026-01-01", "In progress@2026-01-20", "Open@2026-02-25", "Closed@2026-03-01"),
		record("2", "DEV-2", "Open@2026-02-01"),
	}
	stats := write(t, w, now...)
	if stats.Removed == 0 || stats.Version != delivery.InstantOf(noon)+1 {
		t.Errorf("stats %+v", stats)
	}
	fresh := openBase(t)
	other := newWriter(t, fresh)
	write(t, other, append(now, kept)...)
	same(t, "as written at once", b.dump(t, w), fresh.dump(t, other))
	same(t, "statuses", b.rows(t, `SELECT concat(issue_key, ' ', status_name) FROM issue_metrics`), []string{"DEV-1 in_progress", "DEV-1 open", "DEV-9 open"})

	same(t, "twice in one go", write(t, w, now[0], now[0], now[1], now[0]).Issues, 2)
	same(t, "nothing", write(t, w), Stats{Version: delivery.InstantOf(noon) + 2})
	same(t, "the same", b.dump(t, w), fresh.dump(t, other))
}

func TestGoneAndMoved(t *testing.T) {
	b := openBase(t)
	w := newWriter(t, b)
	write(t, w, record("1", "OLD-1", "Open@2026-01-01", "Closed@2026-01-02"), record("2", "DEV-2", "Open@2026-01-01", "Closed@2026-01-02"),
		record("3", "DEV-'3\\", "Open@2026-01-01", "Closed@2026-01-02"), record("4", "DEV-4", "Open@2026-01-01", "Closed@2026-01-02"))
	moved := record("1", "NEW-5", "Open@2026-01-01", "Closed@2026-01-02")
	moved.Aliases = []string{"OLD-1"}
	stats := write(t, w, moved, gone("2", "DEV-2"), gone("3", "DEV-'3\\"), gone("7", "DEV-7"))
	if stats.Gone != 3 || stats.Issues != 1 || stats.Removed < 3*3 {
		t.Errorf("stats %+v", stats)
	}
	for _, table := range w.tables() {
		same(t, table.name, b.rows(t, "SELECT issue_key FROM "+table.name), []string{"DEV-4", "NEW-5"})
	}
	// Gone for one and there for another: it is there.
	write(t, w, record("4", "DEV-4", "Open@2026-01-01", "Closed@2026-01-03"), gone("40", "DEV-4"))
	write(t, w, gone("40", "DEV-4"), record("4", "DEV-4", "Open@2026-01-01", "Closed@2026-01-03"))
	same(t, "there for one", b.rows(t, "SELECT toString(closed_at) FROM issues WHERE issue_key = 'DEV-4'"), []string{"2026-01-03 00:00:00.000"})
}

// TestWithoutChangelog keeps what the predecessor has stored of the changelog
// when there is nothing to put in its place.
func TestWithoutChangelog(t *testing.T) {
	b := openBase(t)
	w := newWriter(t, b)
	rec := record("1", "DEV-1", "Open@2026-01-01", "Closed@2026-01-02")
	write(t, w, rec)
	rec.Full = false
	for i := range rec.Events {
		rec.Events[i].Fields = nil
	}
	write(t, w, rec)
	same(t, "changes", b.rows(t, "SELECT changed_to FROM issues_changelog"), []string{"closed"})
	rec.Gone = true
	write(t, w, rec)
	same(t, "changes of a gone issue", b.rows(t, "SELECT changed_to FROM issues_changelog"), []string{})
}

func TestCurrentStatus(t *testing.T) {
	b := openBase(t)
	w := newWriter(t, b, func(o *Options) { o.CurrentStatus = true })
	records := []Record{record("1", "DEV-1", "Open@2026-04-01", "In progress@2026-04-08"), record("2", "DEV-2", "Open@2026-04-01", "Closed@2026-04-02")}
	write(t, w, records...)
	want := []string{"DEV-1 in_progress 0 216000 2026-04-10 12:00:00.000", "DEV-1 open 1 604800 2026-04-08 00:00:00.000", "DEV-2 open 1 86400 2026-04-02 00:00:00.000"}
	sql := "SELECT concat(issue_key, ' ', status_name, ' ', toString(status_transitions_count), ' ', toString(duration), ' ', toString(last_seen)) FROM issue_metrics"
	same(t, "with the current one", b.rows(t, sql), want)
	write(t, newWriter(t, b), records...)
	same(t, "and without", b.rows(t, sql), want[1:])
}

// TestGroups writes more than is inserted at once, over many months.
func TestGroups(t *testing.T) {
	b := openBase(t)
	var inserts int
	w := newWriter(t, b, func(o *Options) { o.Inserted = func(string, int, time.Duration) { inserts++ } })
	var records []Record
	for n := range 60 {
		rec := company(n)
		rec.Title = strings.Repeat("long ", 150_000)
		records = append(records, rec)
	}
	write(t, w, records...)
	if inserts < 8 {
		t.Errorf("%d inserts", inserts)
	}
	same(t, "issues", b.rows(t, "SELECT toString(tuple(count(), uniq(issue_key), uniq(toYYYYMM(created_at)))) FROM issues"), []string{"(60,60,60)"})
	same(t, "written for a second time", write(t, w, records...).Inserted, 0)
	for i := range records {
		records[i].Title = "short"
	}
	same(t, "and with other titles", write(t, w, records...).Inserted, 60)
	same(t, "issues again", b.rows(t, "SELECT toString(tuple(count(), uniq(issue_key))) FROM issues"), []string{"(60,60)"})
	same(t, "nothing else is there", b.rows(t, "SELECT name FROM system.tables WHERE database = currentDatabase()"), []string{
		"issue_metrics", "issue_metrics_view", "issues", "issues_changelog", "issues_changelog_view", "issues_view",
	})
}

func TestFailingRecords(t *testing.T) {
	b := openBase(t)
	w := newWriter(t, b)
	old := record("1", "DEV-1", "Open@2026-01-01", "Closed@2026-01-02")
	write(t, w, old)
	broken := errors.New("broken")
	_, err := w.Write(t.Context(), func(yield func(Record, error) bool) {
		if yield(record("1", "DEV-1", "Open@2026-01-01"), nil) {
			yield(Record{}, broken)
		}
	})
	if !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	same(t, "nothing is removed", b.rows(t, "SELECT issue_key FROM issues"), []string{"DEV-1"})
}
