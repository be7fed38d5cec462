package dropin

import (
	_ "embed"
	"strings"
)

var (
	//go:embed query/database.sql
	databaseSQL string
	//go:embed query/tables.sql
	tablesSQL string
	//go:embed query/columns.sql
	columnsSQL string
	//go:embed query/version.sql
	versionSQL string
	//go:embed query/stale.sql
	staleSQL string
	//go:embed query/remove.sql
	removeSQL string
)

// fill puts values in the place of their names in braces.
func fill(sql string, values ...string) string { return strings.NewReplacer(values...).Replace(sql) }

var (
	escapeName = strings.NewReplacer("\\", "\\\\", "`", "\\`")
	escapeText = strings.NewReplacer("\\", "\\\\", "'", "\\'", "\x00", "\\0")
)

// quoted is the name of something in the database.
func quoted(name string) string { return "`" + escapeName.Replace(name) + "`" }

// literal is a text.
func literal(s string) string { return "'" + escapeText.Replace(s) + "'" }
