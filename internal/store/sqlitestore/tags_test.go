package sqlitestore

import (
	"encoding/json"
	"fmt"
	"testing"

	"throughline/internal/delivery"
	"throughline/internal/store/storetest"
)

// TestTagsOfFormerFacts: what was stored before tags were derived gets them in a
// rebuild, which may be interrupted.
func TestTagsOfFormerFacts(t *testing.T) {
	s := openTest(t)
	b := delivery.Batch{Connection: "tracker"}
	const issues = rebuildIssues + 10
	for n := range issues {
		rec := delivery.IssueRecord{Replace: true, Full: n != 3, Issue: delivery.Issue{
			ID: fmt.Sprint(n), Key: fmt.Sprintf("DEV-%d", n), Queue: "DEV", Status: delivery.Ref{Key: "open"}, CreatedAt: 1000, UpdatedAt: 5000,
		}}
		switch n % 5 {
		case 0:
			rec.Events = []delivery.Event{{ID: fmt.Sprint("e", n), At: 2000, Fields: []delivery.FieldChange{
				{Field: "tags", From: json.RawMessage(`[]`), To: json.RawMessage(`["blocked"]`)},
			}}}
		case 3:
			rec.Tags = []string{"on-hold"}
		}
		b.Issues = append(b.Issues, rec)
	}
	if _, err := s.Write(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	want := storetest.TaggedNow(t, s)
	if len(want) != issues/5*2-1 {
		t.Fatalf("%d issues have tags that block", len(want))
	}
	for _, statement := range []string{"UPDATE histories SET tagged = ''", "UPDATE state SET tags_from = 1, tags_to = (SELECT max(issue) FROM histories)"} {
		if _, err := s.db.Writer.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if left, err := s.Rebuilding(t.Context()); !left || err != nil {
		t.Fatalf("rebuilding: %t, %v", left, err)
	}
	before, err := s.Version(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.update(t.Context(), func(w *writer) error { _, err := w.rebuildStep(); return err }); err != nil {
		t.Fatal(err)
	}
	if n := len(storetest.TaggedNow(t, s)); n == 0 || n >= len(want) {
		t.Errorf("%d issues have tags after one step", n)
	}
	if err := s.Rebuild(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if got := storetest.TaggedNow(t, s); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("tags are %v, want %v", got, want)
	}
	if left, err := s.Rebuilding(t.Context()); left || err != nil {
		t.Errorf("rebuilding: %t, %v", left, err)
	}
	if after, err := s.Version(t.Context()); after == before || err != nil {
		t.Errorf("version is still %d, %v", after, err)
	}
}
