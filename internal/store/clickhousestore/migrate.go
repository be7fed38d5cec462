package clickhousestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"text/template"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"

	"throughline/migrations"
)

// NewerError is returned for a database whose schema a newer program made.
// Nothing was changed.
type NewerError struct {
	Database   string
	Has, Knows int64 // versions of the schema
}

func (e *NewerError) Error() string {
	return fmt.Sprintf("the ClickHouse database %s was written by a newer version of Throughline (its schema is %d, this version knows up to %d): "+
		"run that version again, or use another database", e.Database, e.Has, e.Knows)
}

// migration is a file of migrations/clickhouse, filled in.
type migration struct {
	version    int64
	statements []string
}

// migrationsFor are the migrations for a database, in order.
func migrationsFor(a *Address) ([]migration, error) {
	files := migrations.ClickHouse()
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, err
	}
	var out []migration
	for _, name := range names {
		version, err := goose.NumericComponent(name)
		if err != nil {
			return nil, fmt.Errorf("migration %s: %w", name, err)
		}
		t, err := template.New(name).Funcs(schemaFuncs(a)).ParseFS(files, name)
		if err != nil {
			return nil, fmt.Errorf("migration %s: %w", name, err)
		}
		var text strings.Builder
		if err := t.Execute(&text, nil); err != nil {
			return nil, fmt.Errorf("migration %s: %w", name, err)
		}
		out = append(out, migration{version, statements(text.String())})
	}
	return out, nil
}

// schemaFuncs are what the migrations leave open: on a single server a table is
// itself, in a cluster it is one on each host under a Distributed one.
func schemaFuncs(a *Address) template.FuncMap {
	on := ""
	if a.cluster != "" {
		on = "ON CLUSTER `" + a.cluster + "`"
	}
	return template.FuncMap{
		"on":    func() string { return on },
		"local": func(table string) string { return localTable(a, table) },
		"replacing": func(_, args string) string {
			if a.cluster != "" {
				return "ReplicatedReplacingMergeTree(" + args + ")"
			}
			return "ReplacingMergeTree(" + args + ")"
		},
		"distributed": func(table, key string) string {
			if a.cluster == "" {
				return ""
			}
			return fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s %s AS %s ENGINE = Distributed(`%s`, `%s`, %s, %s);",
				table, on, localTable(a, table), a.cluster, a.database, localTable(a, table), key)
		},
		"distributedColumn": func(table, column string) string {
			if a.cluster == "" {
				return ""
			}
			return fmt.Sprintf("ALTER TABLE %s %s ADD COLUMN IF NOT EXISTS %s;", table, on, column)
		},
	}
}

// localTable is the table that holds rows, as opposed to the one that is read.
func localTable(a *Address, table string) string {
	if a.cluster != "" {
		return table + "_local"
	}
	return table
}

// statements are the statements of a migration; a line that ends in ; ends one.
func statements(text string) []string {
	var out []string
	for part := range strings.SplitSeq(text, ";\n") {
		var lines []string
		for line := range strings.Lines(part) {
			if trimmed := strings.TrimSpace(line); trimmed != "" && !strings.HasPrefix(trimmed, "--") {
				lines = append(lines, strings.TrimRight(line, "\n"))
			}
		}
		if len(lines) > 0 {
			out = append(out, strings.Join(lines, "\n"))
		}
	}
	return out
}

// migrate brings the database's schema up to this program's.
func migrate(ctx context.Context, a *Address) (err error) {
	todo, err := migrationsFor(a)
	if err != nil {
		return err
	}
	var steps []*goose.Migration
	newest := int64(0)
	for _, m := range todo {
		newest = max(newest, m.version)
		steps = append(steps, goose.NewGoMigration(m.version, &goose.GoFunc{RunDB: func(ctx context.Context, db *sql.DB) error {
			for _, statement := range m.statements {
				if _, err := db.ExecContext(ctx, statement); err != nil {
					return err
				}
			}
			return nil
		}}, nil))
	}
	db := clickhouse.OpenDB(a.options(a.database))
	defer func() { err = errors.Join(err, db.Close()) }()
	versions, err := versionTable(a)
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider("", db, nil, goose.WithStore(versions), goose.WithGoMigrations(steps...), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	has, err := provider.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("read the version of the schema: %w", err)
	}
	if has > newest {
		return &NewerError{a.database, has, newest}
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// versionTable is goose's, which in a cluster is the same on every host.
func versionTable(a *Address) (database.Store, error) {
	plain, err := database.NewStore(goose.DialectClickHouse, goose.DefaultTablename)
	if err != nil || a.cluster == "" {
		return plain, err
	}
	return clusterVersions{plain, a}, nil
}

type clusterVersions struct {
	database.Store
	address *Address
}

func (v clusterVersions) CreateVersionTable(ctx context.Context, db database.DBTxConn) error {
	_, err := db.ExecContext(ctx, versionTableSQL(v.address))
	return err
}

// versionTableSQL makes every host of every shard a replica of one table.
func versionTableSQL(a *Address) string {
	return fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s ON CLUSTER `%s` (version_id Int64, is_applied UInt8, date Date DEFAULT now(), tstamp DateTime DEFAULT now()) "+
		"ENGINE = ReplicatedMergeTree('/clickhouse/tables/{uuid}/all', '{shard}-{replica}') ORDER BY version_id",
		goose.DefaultTablename, a.cluster)
}
