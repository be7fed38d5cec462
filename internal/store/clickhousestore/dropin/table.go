package dropin

import (
	"strings"
)

// table is one of the three.
type table struct {
	name      string
	columns   []column
	partition string
	order     string

	rows  uint64              // when the run began
	asked bool                // for some of them
	known map[string][]uint64 // digests of all of them, by key; nil until they are read
	found map[string]found    // columns that are there, by name
	sql   string              // INSERT of all columns
	types []string            // of all columns, in their order
	bares []string            // the same without what does not concern values
}

// found is a column that is there.
type found struct{ typ, def string }

func tables(o Options, custom []customColumn) (issues, metrics, changelog *table) {
	issues = &table{
		name: o.Issues, columns: issueColumns[:len(issueColumns):len(issueColumns)],
		partition: "toYYYYMM(updated_at)", order: "issue_key",
	}
	for _, c := range custom {
		issues.columns = append(issues.columns, column{name: c.name, typ: textType, kind: c.kind})
	}
	metrics = &table{
		name: o.Metrics, columns: metricColumns,
		partition: "toYYYYMM(last_seen)", order: "(issue_key, status_name, last_seen)",
	}
	changelog = &table{
		name: o.Changelog, columns: changeColumns,
		partition: "toYYYYMM(event_time)", order: "(issue_key, event_time, event_type, changed_field)",
	}
	return issues, metrics, changelog
}

// ddl makes the statements that create and change things.
type ddl struct{ database, cluster string }

func (d ddl) full(name string) string { return quoted(d.database) + "." + quoted(name) }

func (d ddl) onCluster() string {
	if d.cluster == "" {
		return ""
	}
	return " ON CLUSTER " + quoted(d.cluster)
}

func (d ddl) createDatabase() string {
	return "CREATE DATABASE IF NOT EXISTS " + quoted(d.database) + d.onCluster()
}

func (d ddl) createTable(t *table) string {
	var b strings.Builder
	b.WriteString("CREATE TABLE IF NOT EXISTS " + d.full(t.name) + d.onCluster() + " (\n")
	for i, c := range t.columns {
		if i > 0 {
			b.WriteString(",\n")
		}
		b.WriteString("    " + c.definition())
	}
	engine := "ReplacingMergeTree"
	if d.cluster != "" {
		engine = "ReplicatedReplacingMergeTree"
	}
	b.WriteString("\n) ENGINE = " + engine + "(" + versionColumn + ")\nPARTITION BY " + t.partition + "\nORDER BY " + t.order)
	return b.String()
}

func (c column) definition() string {
	s := quoted(c.name) + " " + c.typ
	if c.name == versionColumn {
		s += " DEFAULT now64(3)"
	}
	return s
}

func (d ddl) addColumns(t *table, missing []column) string {
	parts := make([]string, len(missing))
	for i, c := range missing {
		parts[i] = "ADD COLUMN IF NOT EXISTS " + c.definition()
	}
	return "ALTER TABLE " + d.full(t.name) + d.onCluster() + " " + strings.Join(parts, ", ")
}

func (d ddl) createView(t *table, verb string) string {
	return verb + " " + d.full(t.name+viewSuffix) + d.onCluster() + " AS SELECT * FROM " + d.full(t.name) + " FINAL"
}

// insert is the statement that rows of all columns are inserted by.
func (d ddl) insert(t *table) string {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = quoted(c.name)
	}
	return "INSERT INTO " + d.full(t.name) + " (" + strings.Join(names, ", ") + ")"
}
