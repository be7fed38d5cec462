package chtest_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"

	"throughline/internal/store/clickhousestore/chtest"
)

// TestKilled kills the engine and starts another over the same folder and port.
func TestKilled(t *testing.T) {
	folder := t.TempDir()
	first := chtest.Start(t, folder, "127.0.0.1:0")
	conn := connect(t, first.DSN())
	exec(t, conn, "CREATE TABLE rows (id Int64) ENGINE = MergeTree ORDER BY id")
	exec(t, conn, "INSERT INTO rows SELECT number FROM numbers(100000)")
	exec(t, conn, "INSERT INTO rows SELECT number FROM numbers(10)")
	first.Stop()
	if err := conn.Ping(t.Context()); err == nil {
		t.Fatal("a killed engine answers")
	}
	second := chtest.Start(t, folder, first.Addr())
	if first.DSN() != second.DSN() {
		t.Errorf("%s became %s", first.DSN(), second.DSN())
	}
	if n := count(t, conn, "rows"); n != 100_010 {
		t.Errorf("%d rows, want all 100010", n)
	}
}

// TestGiven takes a server that the environment names.
func TestGiven(t *testing.T) {
	server := chtest.Start(t, t.TempDir(), "127.0.0.1:0")
	t.Setenv("TEST_CLICKHOUSE_DSN", server.DSN()+"?dial_timeout=1s&database=default")
	dsn := chtest.Open(t)
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	if u.Host != server.Addr() || !strings.HasPrefix(u.Path, "/test_") || u.RawQuery != "dial_timeout=1s" {
		t.Errorf("%s is not on the server given", dsn)
	}
	exec(t, connect(t, dsn), "CREATE TABLE rows (id Int64) ENGINE = MergeTree ORDER BY id")
}

func TestStrangers(t *testing.T) {
	dsn, err := url.Parse(chtest.Open(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, user := range map[string]*url.Userinfo{
		"wrong password": url.UserPassword(dsn.User.Username(), "wrong"),
		"wrong name":     url.User("stranger"),
		"nobody":         nil,
	} {
		t.Run(name, func(t *testing.T) {
			stranger := *dsn
			stranger.User = user
			var e *clickhouse.Exception
			if err := connect(t, stranger.String()).Ping(t.Context()); !errors.As(err, &e) || e.Code != 516 {
				t.Errorf("%v, want the code 516", err)
			}
		})
	}
}
