// Package clickhousestore is the delivery.Store in a ClickHouse database: on one
// server, in a cluster or in a managed service.
//
// There are no transactions. A batch is worked out before anything of it is
// written; then it is written table by table in such an order that a batch which
// was cut off changes no answer for good: writing it again, which whoever was cut
// off does, makes the same rows. An issue and its changelog are one row, and
// so are a run and its jobs, so that they are replaced at once; rows that say the
// same thing are told apart by a counter, and read with FINAL. One process writes at a time.
package clickhousestore

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"text/template"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"throughline/internal/delivery"
)

var _ delivery.Store = (*Store)(nil)

//go:embed query/*.sql
var queries embed.FS

// Store is a delivery.Store in a ClickHouse database. While the server cannot be
// reached, every answer is a delivery.ErrUnavailable.
type Store struct {
	// Inserted is told of each insert and how long it took; it may be nil, is set
	// before the first use, may be called at the same time and must not block.
	Inserted func(table string, rows int, took time.Duration)

	address Address
	queries *template.Template

	opening chan struct{} // holds one while the database is being opened
	failed  failure       // of the last attempt; for whoever is opening
	conn    driver.Conn
	types   types
	state   atomic.Pointer[state] // nil until the database is open

	writing sync.Mutex // held by whoever writes
	stale   bool       // a write failed: what the database holds is to be read again
	readers generationReaders
	series  pointStore
}

// New returns the store at an address, without reaching for it.
func New(a Address) (*Store, error) {
	t, err := template.New("").Funcs(queryFuncs()).ParseFS(queries, "query/*.sql")
	if err != nil {
		return nil, fmt.Errorf("queries: %w", err)
	}
	return &Store{address: a, queries: t, opening: make(chan struct{}, 1), readers: newGenerationReaders()}, nil
}

// Open returns the store at an address, with its schema up to date. When the
// server cannot be reached the error is a delivery.ErrUnavailable and the store
// is of use all the same: it opens when the server is back.
func Open(ctx context.Context, a Address) (*Store, error) {
	s, err := New(a)
	if err != nil {
		return nil, err
	}
	_, err = s.open(ctx)
	return s, err
}

// failure is an attempt to open the database that failed.
type failure struct {
	err error
	at  time.Time
}

// openAgain is how long a server that did not answer is not asked again: those
// who waited for the attempt need not fail one after another.
const openAgain = time.Second

// open is the state of the database, which is opened when it is not.
func (s *Store) open(ctx context.Context) (*state, error) {
	if st := s.state.Load(); st != nil {
		return st, ctx.Err()
	}
	select {
	case s.opening <- struct{}{}:
		defer func() { <-s.opening }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if st := s.state.Load(); st != nil {
		return st, ctx.Err()
	}
	if s.failed.err != nil && time.Since(s.failed.at) < openAgain {
		return nil, s.failed.err
	}
	err := s.explain(ctx, s.openOnce(ctx))
	s.failed = failure{}
	if errors.Is(err, delivery.ErrUnavailable) {
		s.failed = failure{err, time.Now()}
	}
	return s.state.Load(), err
}

func (s *Store) openOnce(ctx context.Context) error {
	conn, err := s.connect(ctx)
	if err != nil {
		return err
	}
	var st *state
	if s.types, err = readTypes(ctx, conn, s.sql("types", nil)); err == nil {
		st, err = s.readState(ctx, conn)
	}
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	s.conn = conn
	s.state.Store(st)
	return nil
}

// unknownDatabase is ClickHouse's code for a database that there is not.
const unknownDatabase = 81

// connect makes the database if it is missing, and brings its schema up to date.
func (s *Store) connect(ctx context.Context) (driver.Conn, error) {
	conn, err := clickhouse.Open(s.address.options(s.address.database))
	if err != nil {
		return nil, err
	}
	err = conn.Ping(ctx)
	var refused *clickhouse.Exception
	if errors.As(err, &refused) && refused.Code == unknownDatabase {
		err = s.createDatabase(ctx)
	}
	if err == nil {
		err = migrate(ctx, &s.address)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

func (s *Store) createDatabase(ctx context.Context) (err error) {
	conn, err := clickhouse.Open(s.address.options(""))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	on := ""
	if s.address.cluster != "" {
		on = " ON CLUSTER `" + s.address.cluster + "`"
	}
	return conn.Exec(ctx, "CREATE DATABASE IF NOT EXISTS `"+s.address.database+"`"+on)
}

// Ping reports whether the server answers.
func (s *Store) Ping(ctx context.Context) error {
	if _, err := s.open(ctx); err != nil {
		return err
	}
	return s.explain(ctx, s.conn.Ping(ctx))
}

// Close closes the connections.
func (s *Store) Close() error {
	s.opening <- struct{}{}
	defer func() { <-s.opening }()
	if s.conn == nil {
		return nil
	}
	return s.conn.Close()
}

// Database is the database's name.
func (s *Store) Database() string { return s.address.database }

// Identity tells this database from every other one.
func (s *Store) Identity(ctx context.Context) (string, error) {
	st, err := s.open(ctx)
	if err != nil {
		return "", fmt.Errorf("store identity: %w", err)
	}
	return st.identity, nil
}

// Version changes whenever an answer may have changed.
func (s *Store) Version(ctx context.Context) (int64, error) {
	st, err := s.open(ctx)
	if err != nil {
		return 0, fmt.Errorf("store version: %w", err)
	}
	return st.version, nil
}

// sql is the text of a statement.
func (s *Store) sql(name string, data any) string {
	var text strings.Builder
	if err := s.queries.ExecuteTemplate(&text, name+".sql", data); err != nil {
		panic(fmt.Errorf("statement %s: %w", name, err)) // its template does not fit its data
	}
	return text.String()
}

// scanRows calls scan for each row that a statement answers.
func scanRows(ctx context.Context, conn driver.Conn, query string, scan func(driver.Rows) error, args ...any) (err error) {
	// Over HTTP the server ends a statement whose client has gone away only when
	// it cannot write. With a deadline the driver sets max_execution_time, too.
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"readonly": 2}))
	rows, err := conn.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// generationReaders counts who reads a generation, so that its rows are not
// taken from under an answer.
type generationReaders struct {
	mu    *sync.Mutex
	count map[uint32]int
}

func newGenerationReaders() generationReaders {
	return generationReaders{&sync.Mutex{}, map[uint32]int{}}
}

func (r generationReaders) add(id uint32, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.count[id] += n; r.count[id] == 0 {
		delete(r.count, id)
	}
}

func (r generationReaders) none(id uint32) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.count[id] == 0
}

// waitReaders is how often a generation that is read is looked at again.
const waitReaders = 50 * time.Millisecond

// read runs f with a state whose generation stays until f returns.
func (s *Store) read(ctx context.Context, f func(st *state) error) error {
	st, err := s.open(ctx)
	if err != nil {
		return err
	}
	for {
		s.readers.add(st.current().id, 1)
		now := s.state.Load()
		if now.current().id == st.current().id {
			break
		}
		s.readers.add(st.current().id, -1) // overtaken: its rows may be gone
		st = now
	}
	defer s.readers.add(st.current().id, -1)
	return s.explain(ctx, f(st))
}
