package chtest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/go-cmp/cmp"

	"throughline/internal/store/clickhousestore/chtest"
)

func TestErrors(t *testing.T) {
	conn := open(t)
	exec(t, conn, "CREATE TABLE rows (id Int64) ENGINE = MergeTree ORDER BY id")
	for name, c := range map[string]struct {
		sql  string
		code int32
	}{
		"no such table":                     {"SELECT * FROM nowhere", 60},
		"no such table to write":            {"INSERT INTO nowhere SELECT 1", 60},
		"there already":                     {"CREATE TABLE rows (id Int64) ENGINE = MergeTree ORDER BY id", 57},
		"no such column":                    {"SELECT nothing FROM rows", 47},
		"no SQL":                            {"SELEC 1", 62},
		"an expression":                     {"1 + 1", 62},
		"two queries":                       {"SELECT 1; SELECT 2", 62},
		"two statements":                    {"CREATE TABLE a (id Int64) ENGINE = Memory; CREATE TABLE b (id Int64) ENGINE = Memory", 62},
		"two statements, the first of rows": {"INSERT INTO rows VALUES (1), (2); DROP TABLE rows", 62},
		"a text for a number":               {"INSERT INTO rows SELECT 'a'", 6},
		"an error of a value":               {"SELECT throwIf(number = 3) FROM numbers(10)", 395},
		"an error after the first blocks":   {"SELECT throwIf(number = 1000000) FROM numbers(2000000)", 395},
		"too many rows":                     {"SELECT number FROM numbers(100) SETTINGS max_result_rows = 10", 396},
		"no such setting":                   {"SELECT 1 SETTINGS nothing = 1", 115},
		"no such database":                  {"CREATE TABLE nowhere.rows (id Int64) ENGINE = Memory", 81},
		"empty":                             {" ", 62},
	} {
		t.Run(name, func(t *testing.T) {
			err := drain(t.Context(), conn, c.sql)
			var e *clickhouse.Exception
			if !errors.As(err, &e) || e.Code != c.code {
				t.Errorf("%v, want the code %d", err, c.code)
			}
		})
	}
	if n := count(t, conn, "rows"); n != 0 {
		t.Errorf("%d rows, want none", n)
	}
}

func TestParameters(t *testing.T) {
	conn := open(t)
	ctx := clickhouse.Context(t.Context(), clickhouse.WithParameters(clickhouse.Parameters{
		"ids": "[1, -2, 9223372036854775807]", "names": `['a', 'it\'s', '']`, "text": "ё'; DROP", "none": `\N`, "when": "2026-03-29 02:30:00.123",
	}))
	var (
		ids   []int64
		names []string
		text  string
		none  *int64
		when  int64
	)
	if err := conn.QueryRow(ctx, `SELECT {ids:Array(Int64)}, {names:Array(String)}, {text:String}, {none:Nullable(Int64)},
		toUnixTimestamp64Milli({when:DateTime64(3, 'UTC')})`).Scan(&ids, &names, &text, &none, &when); err != nil {
		t.Fatal(err)
	}
	got := []any{ids, names, text, none, when}
	want := []any{[]int64{1, -2, 9223372036854775807}, []string{"a", "it's", ""}, "ё'; DROP", (*int64)(nil), int64(1774751400123)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	var sum int64
	if err := conn.QueryRow(t.Context(), "SELECT arraySum(@ids) + {n:Int64}",
		clickhouse.Named("ids", []int64{1, 2})).Scan(&sum); err == nil {
		t.Error("a parameter that is not there was found")
	}
	if err := conn.QueryRow(t.Context(), "SELECT arraySum({ids:Array(Int64)})", clickhouse.Named("ids", "[1,2]")).Scan(&sum); err != nil || sum != 3 {
		t.Errorf("%d, %v", sum, err)
	}
}

// TestSettings are those of one query, and of no other.
func TestSettings(t *testing.T) {
	conn := open(t)
	ctx := clickhouse.Context(t.Context(), clickhouse.WithSettings(clickhouse.Settings{"max_threads": 7, "log_comment": "it's"}))
	threads, comment := "", ""
	const sql = "SELECT toString(getSetting('max_threads')), getSetting('log_comment')"
	if err := conn.QueryRow(ctx, sql).Scan(&threads, &comment); err != nil || threads != "7" || comment != "it's" {
		t.Errorf("max_threads %s, log_comment %q, %v", threads, comment, err)
	}
	exec(t, conn, "SET max_threads = 9")
	if err := conn.QueryRow(t.Context(), sql).Scan(&threads, &comment); err != nil || threads == "7" || threads == "9" || comment == "it's" {
		t.Errorf("max_threads %s, log_comment %q, %v", threads, comment, err)
	}
}

func TestAsyncInsert(t *testing.T) {
	conn := open(t)
	exec(t, conn, "CREATE TABLE rows (id Int64) ENGINE = MergeTree ORDER BY id")
	ctx := clickhouse.Context(t.Context(), clickhouse.WithAsync(true))
	if err := conn.Exec(ctx, "INSERT INTO rows VALUES (1), (2)"); err != nil {
		t.Fatal(err)
	}
	batch, err := conn.PrepareBatch(ctx, "INSERT INTO rows (id)")
	if err != nil {
		t.Fatal(err)
	}
	if err := batch.Append(int64(3)); err != nil {
		t.Fatal(err)
	}
	if err := batch.Send(); err != nil {
		t.Fatal(err)
	}
	exec(t, conn, "INSERT INTO rows SELECT id + 10 FROM rows")
	if n := count(t, conn, "rows"); n != 6 {
		t.Errorf("%d rows, want 6", n)
	}
}

// TestCancel goes away in the middle of a query that would take hours: before
// its first row, and after some.
func TestCancel(t *testing.T) {
	conn := open(t)
	for name, sql := range map[string]string{
		"nothing yet": "SELECT count() FROM numbers(100000000000000) WHERE NOT ignore(sipHash64(number), 'cancelled')",
		"some rows":   "SELECT number, 'cancelled' FROM numbers(100000000000000)",
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			ended := make(chan error, 1)
			go func() { ended <- drain(ctx, conn, sql) }()
			for running(t, conn, "cancelled") == 0 {
			}
			cancel()
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("the query ended with %v", err)
			}
			for running(t, conn, "cancelled") > 0 {
			}
		})
	}
}

// drain reads all that a query answers.
func drain(ctx context.Context, conn driver.Conn, sql string) error {
	rows, err := conn.Query(ctx, sql)
	if err != nil {
		return err
	}
	for rows.Next() {
	}
	return errors.Join(rows.Err(), rows.Close())
}

// running is how many queries are that hold the text.
func running(t *testing.T, conn driver.Conn, text string) uint64 {
	t.Helper()
	return count(t, conn, "system.processes WHERE query LIKE '%"+text+"%' AND query NOT LIKE '%processes%'")
}

func TestKill(t *testing.T) {
	conn := open(t)
	ended := make(chan error, 1)
	const sql = "SELECT count() FROM numbers(100000000000000) WHERE NOT ignore(sipHash64(number), 'killed')"
	go func() { ended <- drain(t.Context(), conn, sql) }()
	for {
		exec(t, conn, "KILL QUERY WHERE query LIKE '%killed%' AND query NOT LIKE 'KILL%'")
		select {
		case err := <-ended:
			var e *clickhouse.Exception
			if !errors.As(err, &e) || e.Code != 394 {
				t.Errorf("the query ended with %v", err)
			}
			return
		default:
		}
	}
}

// TestApart has two databases with a table of the same name.
func TestApart(t *testing.T) {
	one, two := chtest.Open(t), chtest.Open(t)
	if one == two {
		t.Fatal("the same database twice")
	}
	a, b := connect(t, one), connect(t, two)
	exec(t, a, "CREATE TABLE rows (id Int64) ENGINE = MergeTree ORDER BY id")
	exec(t, b, "CREATE TABLE rows (id Int64) ENGINE = MergeTree ORDER BY id")
	exec(t, a, "INSERT INTO rows VALUES (1)")
	if n, m := count(t, a, "rows"), count(t, b, "rows"); n != 1 || m != 0 {
		t.Errorf("%d and %d rows", n, m)
	}
	exec(t, b, "DROP TABLE rows SYNC")
	if n := count(t, a, "rows"); n != 1 {
		t.Errorf("%d rows", n)
	}
}
