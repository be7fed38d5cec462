package dropin

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// entity is a table or a view that is there.
type entity struct{ engine, query string }

// prepare makes what is missing, and adopts what is there: of the predecessor, of
// a former version, or of whoever has made it.
func (w *Writer) prepare(ctx context.Context) error {
	var databases uint64
	if err := w.conn.QueryRow(ctx, databaseSQL, w.ddl.database).Scan(&databases); err != nil {
		return fmt.Errorf("look for database %s: %w", w.ddl.database, err)
	}
	if databases == 0 {
		if err := w.conn.Exec(ctx, w.ddl.createDatabase()); err != nil {
			return fmt.Errorf("create database %s: %w", w.ddl.database, err)
		}
	}
	for _, t := range w.tables() {
		if err := w.prepareTable(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

func (w *Writer) prepareTable(ctx context.Context, t *table) error {
	there, err := w.look(ctx, t)
	if err != nil {
		return err
	}
	if there.table == (entity{}) {
		if err := w.conn.Exec(ctx, w.ddl.createTable(t)); err != nil {
			return fmt.Errorf("create table %s: %w", t.name, err)
		}
		if there, err = w.look(ctx, t); err != nil {
			return err
		}
	}
	added, err := w.addMissing(ctx, t, there.columns)
	if err != nil {
		return err
	}
	if err := t.settle(); err != nil {
		return err
	}
	return w.prepareView(ctx, t, there.view, there.viewColumns, added)
}

// present is what is there of a table and its view.
type present struct {
	table, view          entity
	columns, viewColumns map[string]found
}

// look sees what is there of a table and its view; what cannot be adopted is an
// error.
func (w *Writer) look(ctx context.Context, t *table) (present, error) {
	view := t.name + viewSuffix
	there, err := w.entities(ctx, t.name, view)
	if err != nil {
		return present{}, err
	}
	if e, ok := there[t.name]; ok && !strings.HasSuffix(e.engine, "ReplacingMergeTree") {
		return present{}, fmt.Errorf("table %s is there and of the engine %s: it must be a ReplacingMergeTree", t.name, e.engine)
	}
	if e, ok := there[view]; ok && e.engine != "View" {
		return present{}, fmt.Errorf("%s is there and of the engine %s: it must be a view", view, e.engine)
	}
	columns, err := w.foundColumns(ctx, t.name, view)
	return present{there[t.name], there[view], columns[t.name], columns[view]}, err
}

// entities are the tables and views of some names that are there.
func (w *Writer) entities(ctx context.Context, names ...string) (out map[string]entity, err error) {
	out = map[string]entity{}
	rows, err := w.conn.Query(ctx, tablesSQL, w.ddl.database, names)
	err = each(rows, err, func() error {
		var name string
		var e entity
		err := rows.Scan(&name, &e.engine, &e.query)
		out[name] = e
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look for tables: %w", err)
	}
	return out, nil
}

// foundColumns are the columns of tables and views, by their names.
func (w *Writer) foundColumns(ctx context.Context, names ...string) (out map[string]map[string]found, err error) {
	out = map[string]map[string]found{}
	rows, err := w.conn.Query(ctx, columnsSQL, w.ddl.database, names)
	err = each(rows, err, func() error {
		var table, name string
		var c found
		err := rows.Scan(&table, &name, &c.typ, &c.def)
		if out[table] == nil {
			out[table] = map[string]found{}
		}
		out[table][name] = c
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look for columns: %w", err)
	}
	return out, nil
}

// each calls scan for each of rows and closes them. err is what asking for them
// returned.
func each(rows driver.Rows, err error, scan func() error) error {
	if err != nil {
		return err
	}
	for err == nil && rows.Next() {
		err = scan()
	}
	if err == nil {
		err = rows.Err()
	}
	if closed := rows.Close(); err == nil {
		err = closed
	}
	return err
}

// addMissing adds columns that a table lacks and reports whether it lacked any.
func (w *Writer) addMissing(ctx context.Context, t *table, there map[string]found) (bool, error) {
	missing := w.found(t, there)
	if len(missing) == 0 {
		return false, nil
	}
	if err := w.conn.Exec(ctx, w.ddl.addColumns(t, missing)); err != nil {
		return false, fmt.Errorf("add columns to table %s: %w", t.name, err)
	}
	return true, nil
}

// found notes the columns that are there, and as ours those that are missing.
func (w *Writer) found(t *table, there map[string]found) (missing []column) {
	t.found = map[string]found{}
	maps.Copy(t.found, there)
	for _, c := range t.columns {
		if _, ok := there[c.name]; !ok {
			missing = append(missing, c)
			t.found[c.name] = found{typ: c.typ}
		}
	}
	return missing
}

// settle checks the types of the columns that are there.
func (t *table) settle() error {
	t.types, t.bares = nil, nil
	for i := range t.columns {
		c := &t.columns[i]
		f := t.found[c.name]
		if f.def == "MATERIALIZED" || f.def == "ALIAS" || f.def == "EPHEMERAL" {
			return fmt.Errorf("column %s of table %s is %s: it cannot be written", c.name, t.name, f.def)
		}
		if t.isCustom(c) {
			if c.kind = kindOf(f.typ); c.kind == noKind {
				return fmt.Errorf("column %s of table %s is of the type %s, which no custom field can be written to", c.name, t.name, f.typ)
			}
		} else if !takes(f.typ, c.kind) {
			return fmt.Errorf("column %s of table %s is of the type %s: it must be %s or alike", c.name, t.name, f.typ, c.typ)
		}
		typ, _ := bare(f.typ)
		t.types, t.bares = append(t.types, f.typ), append(t.bares, typ)
	}
	return nil
}

// isCustom reports whether a column is not one of those that every table of its
// kind has.
func (t *table) isCustom(c *column) bool {
	return t.order == "issue_key" && !slices.ContainsFunc(issueColumns, func(o column) bool { return o.name == c.name })
}

// prepareView makes the view that merges on reading. One that is there stays,
// unless it is the plain one and lacks columns: a view has those that its table
// had when it was made.
func (w *Writer) prepareView(ctx context.Context, t *table, there entity, columns map[string]found, added bool) error {
	view := t.name + viewSuffix
	if there == (entity{}) {
		if err := w.conn.Exec(ctx, w.ddl.createView(t, "CREATE VIEW IF NOT EXISTS")); err != nil {
			return fmt.Errorf("create view %s: %w", view, err)
		}
		return nil
	}
	lacks := added
	for name := range t.found {
		if _, ok := columns[name]; !ok {
			lacks = true
		}
	}
	if !lacks || !w.plain(t, there.query) {
		return nil
	}
	if err := w.conn.Exec(ctx, w.ddl.createView(t, "CREATE OR REPLACE VIEW")); err != nil {
		return fmt.Errorf("replace view %s: %w", view, err)
	}
	return nil
}

// plain reports whether a view's query is the one that we and the predecessor
// make.
func (w *Writer) plain(t *table, query string) bool {
	strip := strings.NewReplacer("`", "", "\n", " ")
	query = strings.Join(strings.Fields(strip.Replace(query)), " ")
	for _, from := range []string{w.ddl.database + "." + t.name, t.name} {
		if query == "SELECT * FROM "+from+" FINAL" {
			return true
		}
	}
	return false
}
