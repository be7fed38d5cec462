// Package chtest gives tests a real ClickHouse: the engine itself, in a process
// of its own, behind the HTTP interface that the driver speaks. It is no part of
// the program.
//
// The engine is not the whole server. There are one user, no sessions, no
// external tables and no native protocol; KILL QUERY goes by a query's text and
// not by the client's query_id; a DateTime column with a time zone arrives
// without it (DateTime64 keeps its own). With TEST_CLICKHOUSE_DSN, native or
// HTTP, Open takes that server instead.
package chtest

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// shared is the engine of this test process, started by the first test that
// wants one. It ends with the process and takes its folder along.
var shared = sync.OnceValues(func() (*process, error) { return start("", "127.0.0.1:0") })

// Open returns the DSN of a new and empty database, which is dropped when the
// test ends. Without an engine the test fails, and says how to get one.
func Open(t testing.TB) string {
	t.Helper()
	server := os.Getenv("TEST_CLICKHOUSE_DSN")
	if server == "" {
		p, err := shared()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { p.tell(t) })
		server = p.dsn("default")
	}
	name := "test_" + strings.ToLower(rand.Text())
	dsn, err := withDatabase(server, name)
	if err != nil {
		t.Fatalf("TEST_CLICKHOUSE_DSN: %v", err)
	}
	_, on, err := options(server)
	if err != nil {
		t.Fatalf("TEST_CLICKHOUSE_DSN: %v", err)
	}
	execute(t, server, "CREATE DATABASE "+name+on)
	t.Cleanup(func() { execute(t, server, "DROP DATABASE "+name+on) })
	return dsn
}

// options are the driver's for an address in the forms of THROUGHLINE_STORE too:
// clickhouses, a file of certificates, and a cluster, on all of whose hosts a
// statement with on behind it runs.
func options(dsn string) (o *clickhouse.Options, on string, err error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return nil, "", fmt.Errorf("cannot be read as a URL")
	}
	q := u.Query()
	ca, cluster := q.Get("ca"), q.Get("cluster")
	q.Del("ca")
	q.Del("cluster")
	if u.Scheme == "clickhouses" {
		u.Scheme = "clickhouse"
		q.Set("secure", "true")
	}
	u.RawQuery = q.Encode()
	if o, err = clickhouse.ParseDSN(u.String()); err != nil {
		return nil, "", err
	}
	if cluster != "" {
		on = " ON CLUSTER `" + cluster + "`"
	}
	if ca == "" {
		return o, on, nil
	}
	text, err := os.ReadFile(ca)
	if err != nil {
		return nil, "", err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, "", fmt.Errorf("%s holds no certificate", ca)
	}
	o.TLS = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}
	return o, on, nil
}

// withDatabase returns the DSN with another database.
func withDatabase(dsn, name string) (string, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		// What it says has the password in it.
		return "", fmt.Errorf("cannot be read as a URL")
	}
	u.Path = "/" + name
	q := u.Query()
	q.Del("database")
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// execute runs one statement on a connection of its own.
func execute(t testing.TB, dsn, statement string) {
	t.Helper()
	o, _, err := options(dsn)
	if err != nil {
		t.Fatal(err)
	}
	// A test's context has ended when it cleans up.
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	db := clickhouse.OpenDB(o)
	defer closeDB(t, db)
	if _, err := db.ExecContext(ctx, statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func closeDB(t testing.TB, db *sql.DB) {
	t.Helper()
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}
