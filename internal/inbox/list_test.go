package inbox

import (
	"strings"
	"testing"
)

func TestList(t *testing.T) {
	db := openTest(t)
	one := db.put(t, Entry{Connection: "gitlab", Kind: "runs", Token: "ci", Key: "a", Body: []byte("A")})
	two := db.put(t, Entry{Connection: "gitlab", Kind: "save_metrics", Token: "cron", Body: []byte("B")})
	three := db.put(t, Entry{Connection: "github", Kind: "runs", Token: "ci", Body: []byte("C")})
	four := db.put(t, Entry{Connection: "gitlab", Kind: "runs", Token: "cron", Body: []byte("D")})
	must(t, db.Done(db.ctx, one, `{}`))
	must(t, db.GiveUp(db.ctx, three, "no use"))
	for _, test := range []struct {
		name  string
		query Query
		want  []int64
	}{
		{"all", Query{}, []int64{four, three, two, one}},
		{"connection", Query{Connection: "gitlab"}, []int64{four, two, one}},
		{"token", Query{Token: "cron"}, []int64{four, two}},
		{"kind", Query{Kind: "runs"}, []int64{four, three, one}},
		{"state", Query{State: Waiting}, []int64{four, two}},
		{"all of them", Query{Connection: "gitlab", Token: "ci", Kind: "runs", State: Done}, []int64{one}},
		{"none", Query{Connection: "sentry"}, nil},
		{"first page", Query{Connection: "gitlab", Limit: 2}, []int64{four, two}},
		{"second page", Query{Connection: "gitlab", Limit: 2, Before: two}, []int64{one}},
	} {
		t.Run(test.name, func(t *testing.T) {
			list, err := db.List(db.ctx, test.query)
			must(t, err)
			equal(t, ids(list), test.want)
			for _, e := range list {
				if e.Body != nil || e.Bytes != 1 {
					t.Errorf("entry %d: body %q of %d bytes", e.ID, e.Body, e.Bytes)
				}
			}
		})
	}
	equal(t, db.counts(t), map[string]map[State]int{"gitlab": {Waiting: 2, Done: 1}, "github": {Failed: 1}})
	_, err := db.Entry(db.ctx, 99)
	wantError(t, err, ErrNotFound)
}

// No list sorts, and none with a filter reads the whole table.
func TestListUsesIndices(t *testing.T) {
	db := openTest(t)
	for mask := range 16 {
		var q Query
		for bit, field := range []*string{&q.Connection, &q.Token, &q.Kind, (*string)(&q.State)} {
			if mask&(1<<bit) != 0 {
				*field = "x"
			}
		}
		query, args := q.sql()
		plan := db.plan(t, query, args...)
		if strings.Contains(plan, "TEMP B-TREE") || mask != 0 && !strings.Contains(plan, "SEARCH entries USING INDEX") {
			t.Errorf("%s: %s", query, plan)
		}
	}
}

func (db *testDB) plan(t *testing.T, query string, args ...any) string {
	t.Helper()
	rows, err := db.sql.Reader.QueryContext(db.ctx, `EXPLAIN QUERY PLAN `+query, args...)
	must(t, err)
	defer func() { must(t, rows.Close()) }()
	var plan []string
	for rows.Next() {
		var step string
		must(t, rows.Scan(new(int), new(int), new(int), &step))
		plan = append(plan, step)
	}
	must(t, rows.Err())
	return strings.Join(plan, "; ")
}
