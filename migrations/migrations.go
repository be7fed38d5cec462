// Package migrations embeds the schemas. A migration that has been released is
// never edited: what changes goes into the next one.
package migrations

import (
	"embed"
	"io/fs"
)

//go:embed control/*.sql inbox/*.sql sqlite/*.sql clickhouse/*.sql
var files embed.FS

// Control is the schema of the control database.
func Control() fs.FS { return sub("control") }

// Inbox is the schema of the inbox.
func Inbox() fs.FS { return sub("inbox") }

// ClickHouse is the schema of the fact store in ClickHouse: templates, in which
// clickhousestore fills in what depends on a cluster.
func ClickHouse() fs.FS { return sub("clickhouse") }

// SQLite is the schema of the fact store in SQLite.
func SQLite() fs.FS { return sub("sqlite") }

func sub(dir string) fs.FS {
	f, err := fs.Sub(files, dir)
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return f
}
