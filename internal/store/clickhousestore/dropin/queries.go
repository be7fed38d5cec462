package dropin

import (
	_ "embed"
	"strings"
)

var (
	//go:embed query/columns.sql
	columnsSQL string
	//go:embed query/copy_partition.sql
	copyPartitionSQL string
	//go:embed query/database.sql
	databaseSQL string
	//go:embed query/digests.sql
	digestsSQL string
	//go:embed query/partition_rows.sql
	partitionRowsSQL string
	//go:embed query/old_parts.sql
	oldPartsSQL string
	//go:embed query/parts.sql
	partsSQL string
	//go:embed query/replace_partition.sql
	replacePartitionSQL string
	//go:embed query/shape.sql
	shapeSQL string
	//go:embed query/stale_partitions.sql
	stalePartitionsSQL string
	//go:embed query/tables.sql
	tablesSQL string
	//go:embed query/version.sql
	versionSQL string
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
