package tracker

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"throughline/internal/source"
)

func TestDropIn(t *testing.T) {
	defaults := DropIn{Issues: "issues", Metrics: "issue_metrics", Changelog: "issues_changelog"}
	agile := defaults
	agile.Database = "agile"
	for name, c := range map[string]struct {
		settings source.Settings
		want     DropIn
		wrong    string // field and text, in order
	}{
		"none":         {nil, defaults, ""},
		"defaults":     {settingsOf("drop_in_database", `"agile"`), agile, ""},
		"empty fields": {settingsOf("drop_in_database", `" agile "`, "drop_in_issues_table", `""`), agile, ""},
		"all": {
			settingsOf("drop_in_database", `"_a1"`, "drop_in_issues_table", `"i"`, "drop_in_metrics_table", `"m"`, "drop_in_changelog_table", `"c"`, "drop_in_current_status", `true`),
			DropIn{"_a1", "i", "m", "c", true},
			"",
		},
		"database":     {settingsOf("drop_in_database", `"1a"`), DropIn{}, "drop_in_database clickhouse_name"},
		"quoted":       {settingsOf("drop_in_database", "\"a`b\""), DropIn{}, "drop_in_database clickhouse_name"},
		"cyrillic":     {settingsOf("drop_in_database", `"аджайл"`), DropIn{}, "drop_in_database clickhouse_name"},
		"long":         {settingsOf("drop_in_database", `"`+strings.Repeat("a", 101)+`"`), DropIn{}, "drop_in_database clickhouse_name"},
		"table":        {settingsOf("drop_in_database", `"a"`, "drop_in_metrics_table", `"b.c"`), DropIn{}, "drop_in_metrics_table clickhouse_name"},
		"same":         {settingsOf("drop_in_database", `"a"`, "drop_in_metrics_table", `"issues"`), DropIn{}, "drop_in_metrics_table same_table"},
		"no database":  {settingsOf("drop_in_changelog_table", `"c"`, "drop_in_current_status", `true`), DropIn{}, "drop_in_changelog_table no_drop_in, drop_in_current_status no_drop_in"},
		"default name": {settingsOf("drop_in_changelog_table", `"issues_changelog"`, "drop_in_current_status", `false`), defaults, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := DropInOf(c.settings)
			if diff := wrongOf(t, err); diff != c.wrong {
				t.Errorf("it refuses %q, want %q: %v", diff, c.wrong, err)
			}
			if c.wrong == "" && got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

func wrongOf(t *testing.T, err error) string {
	var got []string
	for _, e := range flatten(err) {
		var bad *source.SettingError
		if !errors.As(e, &bad) {
			t.Fatalf("%T: %v", e, e)
		}
		got = append(got, bad.Field+" "+strings.TrimPrefix(bad.ID, "setting.tracker."))
	}
	slices.Sort(got)
	return strings.Join(got, ", ")
}

func TestCursorSince(t *testing.T) {
	since := time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
	c := cursorOf(CursorSince(since))
	if !c.Since.Time().Equal(since) || c.Walk != nil || c.SweptAt.Known() {
		t.Errorf("%+v", c)
	}
	if raw := CursorSince(since); !json.Valid(raw) || string(c.raw()) != string(raw) {
		t.Errorf("%s becomes %s", raw, c.raw())
	}
}
