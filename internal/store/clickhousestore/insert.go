package clickhousestore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	columns "github.com/ClickHouse/clickhouse-go/v2/lib/column"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// column is a column of an insert: a slice with a value for each row.
type column struct {
	name   string
	values any
}

// types are the types of columns by table and name. The driver would ask for
// them before every insert.
type types map[[2]string]string

func readTypes(ctx context.Context, conn driver.Conn, query string) (types, error) {
	t := types{}
	err := scanRows(ctx, conn, query, func(rows driver.Rows) error {
		var table, name, typ string
		err := rows.Scan(&table, &name, &typ)
		t[[2]string{table, name}] = typ
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("types of columns: %w", err)
	}
	return t, nil
}

// insert writes rows as one block, which all readers see at once.
func (s *Store) insert(ctx context.Context, conn driver.Conn, table string, rows int, columns ...column) error {
	block, err := s.prepare(ctx, conn, table, rows, columns...)
	if err != nil {
		return err
	}
	return errors.Join(block.send(), block.discard())
}

// block holds the rows of an insert before they are sent; none when nil.
type block struct {
	store *Store
	table string
	rows  int
	batch driver.Batch
}

func (s *Store) prepare(ctx context.Context, conn driver.Conn, table string, rows int, columns ...column) (*block, error) {
	if rows == 0 {
		return nil, nil
	}
	names := make([]string, len(columns))
	described := make([]clickhouse.ColumnNameAndType, len(columns))
	for i, c := range columns {
		names[i] = c.name
		described[i] = clickhouse.ColumnNameAndType{Name: c.name, Type: s.types[[2]string{table, c.name}]}
	}
	ctx = clickhouse.Context(ctx, clickhouse.WithColumnNamesAndTypes(described))
	batch, err := conn.PrepareBatch(ctx, "INSERT INTO "+table+" ("+strings.Join(names, ", ")+")")
	if err != nil {
		return nil, fmt.Errorf("insert into %s: %w", table, err)
	}
	for i, c := range columns {
		err := reserve(batch, i, c.values)
		if err == nil {
			err = batch.Column(i).Append(c.values)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("insert into %s: %s: %w", table, c.name, err), batch.Close())
		}
	}
	return &block{s, table, rows, batch}, nil
}

// long is the size in bytes of a column's texts from which on it pays to reserve
// room for them.
const long = 1 << 20

// reserve gives a column of texts room for all of them: one that grows as they
// come is copied five times over, into memory that the kernel has to find.
func reserve(batch driver.Batch, i int, values any) error {
	texts, ok := values.([]string)
	if !ok {
		return nil
	}
	size := 0
	for _, t := range texts {
		size += len(t)
	}
	c, ok := batch.Columns()[i].(*columns.String)
	if size < long || !ok {
		return nil
	}
	if err := c.AppendRow(make([]byte, size)); err != nil {
		return err
	}
	c.Reset()
	return nil
}

func (b *block) send() error {
	if b == nil {
		return nil
	}
	start := time.Now()
	if err := b.batch.Send(); err != nil {
		return fmt.Errorf("insert into %s: %w", b.table, err)
	}
	if b.store.Inserted != nil {
		b.store.Inserted(b.table, b.rows, time.Since(start))
	}
	return nil
}

// discard gives back what a block holds, sent or not.
func (b *block) discard() error {
	if b == nil {
		return nil
	}
	return b.batch.Close()
}
