package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
)

func openTest(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "facts.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestStays(t *testing.T) {
	want := []stay{
		{status: 3, start: 1_700_000_000_000, end: 1_700_000_000_000},
		{status: 300_000, start: 1_700_000_000_000, end: 1_800_000_000_001, inferred: true},
		{status: 1, start: 1_800_000_000_001, end: -5},
		{status: 0, start: -5, inferred: true},
	}
	var b []byte
	var previous delivery.Instant
	for _, s := range want {
		b = appendStay(b, s, previous)
		previous = s.start
	}
	var got []stay
	if err := eachStay(b, func(s stay) { got = append(got, s) }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(stay{})); diff != "" {
		t.Error(diff)
	}
	if err := eachStay(nil, func(stay) { t.Error("a stay of none") }); err != nil {
		t.Error(err)
	}
	for n := 1; n < len(b); n++ {
		stays := 0
		if err := eachStay(b[:n], func(stay) { stays++ }); err == nil && stays == len(want) {
			t.Errorf("the first %d of %d bytes are read as if they were all", n, len(b))
		}
	}
}

func FuzzStays(f *testing.F) {
	f.Add([]byte{2, 4, 6, 8})
	f.Add([]byte{0x80})
	f.Fuzz(func(t *testing.T, b []byte) {
		var again []byte
		var previous, end delivery.Instant
		err := eachStay(b, func(s stay) {
			if again != nil && s.start != end {
				t.Errorf("a stay begins at %d, the one before ends at %d", s.start, end)
			}
			again = appendStay(again, s, previous)
			previous, end = s.start, s.end
		})
		if err == nil && eachStay(again, func(stay) {}) != nil {
			t.Error("what was read cannot be written")
		}
	})
}

func FuzzCursor(f *testing.F) {
	f.Add("1700000000000:17")
	f.Add("-1:0")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := parseCursor(s)
		if err == nil && s != "" && c.String() != s {
			t.Errorf("%q is read as %q", s, c)
		}
	})
}

// TestPlans keeps the queries of panels and lists on the indexes made for them.
func TestPlans(t *testing.T) {
	s := openTest(t)
	for _, c := range []struct {
		name, query string
		args        int
		want, never string
	}{
		{"finished", finishedSQL, 6, "f USING COVERING INDEX flow_by_close (generation=? AND closed_at>? AND closed_at<?)", "ORDER BY"},
		{"stays", staysSQL, 6, "f USING PRIMARY KEY (generation=? AND issue>?)", "ORDER BY"},
		{"statuses used", statusesUsedSQL, 1, "f USING PRIMARY KEY (generation=? AND issue>?)", "GROUP BY"},
		{"flows", flowsSQL, 8, "f USING PRIMARY KEY (generation=? AND issue>?)", "ORDER BY"},
		{"lives", livesSQL, 8, "f USING PRIMARY KEY (generation=? AND issue>?)", "ORDER BY"},
		{"listed", listedSQL, 1, "f USING PRIMARY KEY (generation=? AND issue=?)", "SCAN f"},
		{"keys", keysSQL, 1, "issues USING COVERING INDEX issues_by_key", "ORDER BY"},
		{"facets", facetsSQL, 1, "flow USING PRIMARY KEY (generation=?)", "GROUP BY"},
		{"issues", issuesSQL, 11, "f USING INDEX flow_by_creation (generation=? AND created_at>? AND created_at<?)", "ORDER BY"},
		{"unfilled", unfilledSQL, 2, "f USING PRIMARY KEY (generation=? AND issue>?)", "ORDER BY"},
		{"states", issueStatesSQL, 2, "i USING INDEX sqlite_autoindex_issues_1 (connection=? AND id=?)", "SCAN e"},
		{"ids", issueIDsSQL, 1, "issues USING INDEX sqlite_autoindex_issues_1 (connection=?)", "ORDER BY"},
		{"points", pointsSQL, 1, "i USING INTEGER PRIMARY KEY (rowid=?)", "SCAN i"},
		{"by key", issueByKeySQL, 1, "issues USING COVERING INDEX issues_by_key (key=?)", "SCAN aliases"},
	} {
		var plan strings.Builder
		rows, err := s.db.Reader.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+c.query, make([]any, c.args)...)
		err = each(rows, err, func(rows *sql.Rows) error {
			var id, parent, unused int
			var line string
			err := rows.Scan(&id, &parent, &unused, &line)
			fmt.Fprintln(&plan, line)
			return err
		})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if !strings.Contains(plan.String(), c.want) {
			t.Errorf("%s does not read %s:\n%s", c.name, c.want, plan.String())
		}
		if strings.Contains(plan.String(), c.never) {
			t.Errorf("%s needs %s:\n%s", c.name, c.never, plan.String())
		}
	}
}

// endingContext ends after it has been looked at so many times.
type endingContext struct {
	context.Context
	looks int
}

func (c *endingContext) Err() error {
	if c.looks--; c.looks < 0 {
		return context.Canceled
	}
	return nil
}

func TestWriteCancelledHalfway(t *testing.T) {
	s := openTest(t)
	batch := delivery.Batch{Connection: "tracker"}
	for n := range 10 {
		batch.Issues = append(batch.Issues, delivery.IssueRecord{Issue: delivery.Issue{
			ID: fmt.Sprint(n), Key: fmt.Sprintf("DEV-%d", n), Queue: "DEV", Status: delivery.Ref{Key: fmt.Sprintf("status %d", n)}, CreatedAt: 1,
		}})
	}
	for looks := range 11 {
		if _, err := s.Write(&endingContext{t.Context(), looks}, batch); !errors.Is(err, context.Canceled) {
			t.Fatalf("after %d looks: %v", looks, err)
		}
	}
	for _, table := range []string{"issues", "terms", "histories", "flow"} {
		var n int
		if err := s.db.Reader.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil || n != 0 {
			t.Errorf("%s: %d rows, %v", table, n, err)
		}
	}
	written, err := s.Write(&endingContext{t.Context(), 11}, batch)
	if err != nil || written.Inserted != 10 {
		t.Errorf("written: %+v, %v", written, err)
	}
}

func TestUpdatePanics(t *testing.T) {
	s := openTest(t)
	func() {
		defer func() {
			if r := recover(); r != "halfway" {
				t.Errorf("panicked with %v", r)
			}
		}()
		err := s.update(t.Context(), func(w *writer) error {
			if _, err := w.term(queueTerm, "DEV"); err != nil {
				t.Error(err)
			}
			panic("halfway")
		})
		t.Errorf("no panic, but %v", err)
	}()
	err := s.update(t.Context(), func(w *writer) error {
		id, err := w.knownTerm(queueTerm, "DEV")
		if id != 0 {
			t.Errorf("a term that was undone has the id %d", id)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestOpenFails(t *testing.T) {
	if _, err := Open(t.Context(), filepath.Join(t.TempDir(), "no", "such", "folder.db")); err == nil {
		t.Error("opened in a folder that is not there")
	}
}

func FuzzParts(f *testing.F) {
	f.Add(appendPart(appendPart(nil, part{1, 2, delivery.NotSaid}), part{300_000, 0, 3_600_000}))
	f.Add([]byte{0x80})
	f.Add([]byte{2, 4})
	f.Fuzz(func(t *testing.T, b []byte) {
		var parts, again []part
		if err := eachPart(b, func(p part) { parts = append(parts, p) }); err != nil {
			return
		}
		var packed []byte
		for _, p := range parts {
			packed = appendPart(packed, p)
		}
		if err := eachPart(packed, func(p part) { again = append(again, p) }); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(parts, again, cmp.AllowUnexported(part{})); diff != "" {
			t.Error(diff)
		}
	})
}

func TestBadParts(t *testing.T) {
	b := appendPart(nil, part{name: 300_000, status: 2, duration: 3_600_000})
	for n := 1; n < len(b); n++ {
		if err := eachPart(b[:n], func(part) { t.Error("a part of a cut one") }); err == nil {
			t.Errorf("the first %d of %d bytes are read", n, len(b))
		}
	}
}
