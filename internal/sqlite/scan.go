package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"
	"sync"
	"sync/atomic"

	modernc "modernc.org/sqlite"
)

// Queryer is a database, connection or transaction.
type Queryer interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// scanFunction is the name of the aggregate that hands rows to Scan.
const scanFunction = "scan_rows"

// Row is a row that Scan reads. It is valid until the function it was given to
// returns.
type Row []driver.Value

// Int is column i, which must be an integer.
func (r Row) Int(i int) int64 { n, _ := r[i].(int64); return n }

// Float is column i, which must be a real number.
func (r Row) Float(i int) float64 { n, _ := r[i].(float64); return n }

// Text is a copy of column i, which must be a text.
func (r Row) Text(i int) string { s, _ := r[i].(string); return strings.Clone(s) }

// Bytes is column i, which must be a blob; it must not be kept.
func (r Row) Bytes(i int) []byte { b, _ := r[i].([]byte); return b }

// Scan reads many rows fast. The query selects
//
//	scan_rows(?1, a, b, …)
//
// and nothing else; args are bound from ?2 on. f is called for each row with
// the values of a, b, …; an error of it ends the scan. Rows come in the order
// in which the query happens to read them.
//
// A row read through database/sql costs about 500 ns and 300 ns a column, most
// of it for taking the connection's mutex for each. An aggregate is handed its
// arguments without: 200 ns and 50 ns.
func Scan(ctx context.Context, q Queryer, f func(Row) error, query string, args ...any) error {
	s := &scan{f: f}
	id := scans.next.Add(1)
	scans.running.Store(id, s)
	defer scans.running.Delete(id)
	var rows sql.NullInt64
	err := q.QueryRowContext(ctx, query, append([]any{id}, args...)...).Scan(&rows)
	if s.panicked != nil {
		panic(s.panicked)
	}
	if s.err != nil {
		return s.err
	}
	return err
}

// scans are the running scans by the id that their queries are given; SQLite
// knows functions by name only.
var scans struct {
	next    atomic.Int64
	running sync.Map // of *scan
}

type scan struct {
	f        func(Row) error
	err      error
	panicked any
}

// call calls f. A panic must not pass through SQLite, which holds locks.
func (s *scan) call(row Row) (err error) {
	defer func() {
		if r := recover(); r != nil {
			s.panicked, err = r, errPanic
		}
		s.err = err
	}()
	return s.f(row)
}

var errPanic = errors.New(scanFunction + ": panic")

// registerScan makes scan_rows known to connections opened from now on.
var registerScan = sync.OnceValue(func() error {
	return modernc.RegisterFunction(scanFunction, &modernc.FunctionImpl{
		NArgs:         -1,
		VolatileArgs:  true,
		MakeAggregate: func(modernc.FunctionContext) (modernc.AggregateFunction, error) { return &scanner{}, nil },
	})
})

// scanner is the aggregate; its value is the number of rows.
type scanner struct {
	scan *scan
	rows int64
}

var errNoScan = errors.New(scanFunction + ": no scan of this id")

func (a *scanner) Step(_ *modernc.FunctionContext, args []driver.Value) error {
	if a.scan == nil {
		s, ok := scans.running.Load(args[0])
		if !ok {
			return errNoScan
		}
		a.scan = s.(*scan)
	}
	a.rows++
	return a.scan.call(args[1:])
}

func (a *scanner) WindowInverse(*modernc.FunctionContext, []driver.Value) error {
	return errors.New(scanFunction + ": not a window function")
}

func (a *scanner) WindowValue(*modernc.FunctionContext) (driver.Value, error) { return a.rows, nil }

func (a *scanner) Final(*modernc.FunctionContext) {}
