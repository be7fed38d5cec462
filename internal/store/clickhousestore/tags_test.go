package clickhousestore_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"

	"throughline/internal/delivery"
	"throughline/internal/store/clickhousestore/chtest"
	"throughline/internal/store/storetest"
)

// TestTagsOfFormerFacts: what was stored before tags were derived gets them in a
// rebuild.
func TestTagsOfFormerFacts(t *testing.T) {
	dsn := chtest.Open(t)
	s := open(t, dsn)
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	b := delivery.Batch{Connection: "tracker"}
	for n := range 1_300 {
		rec := delivery.IssueRecord{Replace: true, Full: true, Issue: delivery.Issue{
			ID: fmt.Sprint(n), Key: fmt.Sprintf("DEV-%d", n), Queue: "DEV", Status: delivery.Ref{Key: "open"}, CreatedAt: 1000, UpdatedAt: 5000,
		}}
		rec.Events = []delivery.Event{{ID: fmt.Sprint("e", n), At: 2000, Type: "IssueUpdated", Fields: []delivery.FieldChange{
			{Field: "tags", From: json.RawMessage(`[]`), To: json.RawMessage(`["blocked"]`)},
		}}}
		if n%2 == 0 {
			rec.Events, rec.Tags = nil, []string{"ui"}
		}
		b.Issues = append(b.Issues, rec)
	}
	if _, err := s.Write(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	want := storetest.TaggedNow(t, s)
	if len(want) != 650 {
		t.Fatalf("%d issues have tags that block", len(want))
	}
	options, err := clickhouse.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	db := clickhouse.OpenDB(options)
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	for _, statement := range []string{
		"ALTER TABLE issues UPDATE tagged = '' WHERE true SETTINGS mutations_sync = 1",
		`INSERT INTO state SELECT one, replaceOne(doc, '"untagged":-1,', ''), version, written + 1 FROM state FINAL`,
	} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	again := open(t, dsn)
	defer func() {
		if err := again.Close(); err != nil {
			t.Error(err)
		}
	}()
	if n := len(storetest.TaggedNow(t, again)); n != 0 {
		t.Fatalf("%d issues have tags still", n)
	}
	if left, err := again.Rebuilding(t.Context()); !left || err != nil {
		t.Fatalf("rebuilding: %t, %v", left, err)
	}
	before, err := again.Version(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Rebuild(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if got := storetest.TaggedNow(t, again); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("tags are %v, want %v", got, want)
	}
	if left, err := again.Rebuilding(t.Context()); left || err != nil {
		t.Errorf("rebuilding: %t, %v", left, err)
	}
	if after, err := again.Version(t.Context()); after == before || err != nil {
		t.Errorf("version is still %d, %v", after, err)
	}
}
