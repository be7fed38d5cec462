package main

import "testing"

func TestSingle(t *testing.T) {
	for name, c := range map[string]struct {
		sql, want string // no want: refused
	}{
		"one":                       {"INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (1)"},
		"one, ended":                {"INSERT INTO t VALUES (1);\n -- that is all\n", "INSERT INTO t VALUES (1);\n -- that is all\n"},
		"a semicolon in a text":     {`INSERT INTO t VALUES ('a;b', 'it\'s; c')`, `INSERT INTO t VALUES ('a;b', 'it\'s; c')`},
		"a semicolon in a comment":  {"INSERT INTO t VALUES (1 /* ; */)", "INSERT INTO t VALUES (1 /* ; */)"},
		"two":                       {sql: "INSERT INTO t VALUES (1); DROP TABLE t"},
		"two, a comment in between": {sql: "INSERT INTO t (a) VALUES (';'); /* x */ DROP TABLE t"},
		"drop and wait":             {"DROP TABLE IF EXISTS t SYNC", "DROP TABLE IF EXISTS t"},
		"drop and wait, ended":      {"drop database t\nno delay;", "drop database t;"},
		"a table called sync":       {"DROP TABLE sync", "DROP TABLE sync"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := single(c.sql)
			if refused := c.want == ""; refused != (err != nil) || got != c.want {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}
