package tracker

import (
	"regexp"
	"slices"
	"strings"

	"throughline/internal/source"
)

// DropIn says where tables in the shape of tracker-exporter's are kept, for
// dashboards made on those.
type DropIn struct {
	Database                   string // "" for none; then the rest says nothing
	Issues, Metrics, Changelog string // tables
	// CurrentStatus gives the status that an issue is in a row of its own, which
	// tracker-exporter never did.
	CurrentStatus bool
}

var (
	fieldDropInDatabase  = source.Field{Name: "drop_in_database", Type: source.Text, Advanced: true}
	fieldDropInIssues    = source.Field{Name: "drop_in_issues_table", Type: source.Text, Default: "issues", Advanced: true}
	fieldDropInMetrics   = source.Field{Name: "drop_in_metrics_table", Type: source.Text, Default: "issue_metrics", Advanced: true}
	fieldDropInChangelog = source.Field{Name: "drop_in_changelog_table", Type: source.Text, Default: "issues_changelog", Advanced: true}
	fieldDropInCurrent   = source.Field{Name: "drop_in_current_status", Type: source.Bool, Default: "false", Advanced: true}
)

// clickhouseName is an identifier that needs no quotes.
var clickhouseName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,99}$`)

// dropInView is what the name of a table's view ends with.
const dropInView = "_view"

// DropInOf reads the drop-in settings of a connection. The error joins
// *source.SettingError.
func DropInOf(s source.Settings) (DropIn, error) {
	var errs settingErrors
	return readDropIn(s, errs.refuse), errs.join()
}

// readDropIn reports each setting that is wrong by refuse. What is of another
// type is read as if not set: Validate says so.
func readDropIn(s source.Settings, refuse refusal) DropIn {
	var d DropIn
	d.Database, _ = s.Text(fieldDropInDatabase)
	d.CurrentStatus, _ = s.Bool(fieldDropInCurrent)
	if d.Database != "" && !clickhouseName.MatchString(d.Database) {
		refuse(fieldDropInDatabase, "clickhouse_name", notAName)
	}
	if slices.Contains([]string{"system", "information_schema"}, strings.ToLower(d.Database)) {
		refuse(fieldDropInDatabase, "clickhouse_own", "this database is ClickHouse's own; name another")
	}
	seen := map[string]bool{}
	for _, t := range []struct {
		field source.Field
		to    *string
	}{{fieldDropInIssues, &d.Issues}, {fieldDropInMetrics, &d.Metrics}, {fieldDropInChangelog, &d.Changelog}} {
		name, err := s.Text(t.field)
		if err == nil && name == "" { // an empty field of the form
			name = t.field.Default
		}
		*t.to = name
		switch {
		case err != nil:
		case !clickhouseName.MatchString(name):
			refuse(t.field, "clickhouse_name", notAName)
		case seen[name], seen[name+dropInView], seen[strings.TrimSuffix(name, dropInView)]:
			refuse(t.field, "same_table", "the three tables need names of their own, and each has a view of its name with "+dropInView+" behind it")
		case d.Database == "" && name != t.field.Default:
			refuse(t.field, "no_drop_in", noDropIn)
		}
		seen[name] = true
	}
	if d.Database == "" && d.CurrentStatus {
		refuse(fieldDropInCurrent, "no_drop_in", noDropIn)
	}
	return d
}

const (
	notAName = "a name has up to 100 letters, digits and _, and does not begin with a digit"
	noDropIn = "says nothing without drop_in_database"
)

// CustomFieldsOf are the keys of the custom fields that a connection takes.
func CustomFieldsOf(s source.Settings) ([]string, error) { return s.List(fieldCustom) }
