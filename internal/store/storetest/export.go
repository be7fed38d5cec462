package storetest

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"throughline/internal/delivery"
)

// another is one more store, which the test's end closes.
func (s *store) another(t *testing.T) *store {
	t.Helper()
	other := &store{Store: s.o.Open(t), o: s.o}
	t.Cleanup(func() {
		if err := other.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return other
}

// export is all that the store keeps, page by page.
func (s *store) export(t *testing.T, limit int) []delivery.Batch {
	t.Helper()
	out, err := s.Words(t.Context())
	if err != nil {
		t.Fatalf("words: %v", err)
	}
	for after := ""; ; {
		b, next, err := s.Export(t.Context(), after, limit)
		if err != nil {
			t.Fatalf("export: %v", err)
		}
		read := b.Len()
		if read == 0 {
			same(t, "next of nothing", next, "")
			return out
		}
		if read > limit && !b.OnlySeries() {
			t.Fatalf("%d issues and runs, and %d were asked for", read, limit)
		}
		out, after = append(out, b), next
	}
}

// exported are the records of an export, by connection and id.
func exported(batches []delivery.Batch) map[[2]string]delivery.IssueRecord {
	all := map[[2]string]delivery.IssueRecord{}
	for _, b := range batches {
		for _, rec := range b.Issues {
			all[[2]string{b.Connection, rec.ID}] = rec
		}
	}
	return all
}

// remembering fills a store with what no source would tell again.
func (s *store) remembering(t *testing.T) {
	t.Helper()
	s.write(t, everyField())
	s.write(t, company(20)...)
	// Two connections by turns, with the same ids.
	for n, id := range []string{"1", "2", "3"} {
		rec := issue(id, "ZOO-"+id, "open@2026-03-02 10:00", "closed@2026-03-03 11:00")
		rec.Connection = "zoo"
		s.batch(t, delivery.Batch{Connection: "zoo", Issues: []delivery.IssueRecord{rec}})
		s.write(t, issue(id, "APP-"+id, "open@2026-03-02 10:00", "review@2026-03-04"))
		if n == 1 {
			s.batch(t, delivery.Batch{Connection: "zoo", Statuses: []delivery.Status{{Connection: "zoo", Key: "open", Name: "Offen", Type: "new", Order: 9}}})
		}
	}
	// Moved on, and of another type: queue, type and key are in no record any more.
	s.write(t, issue("m", "LOST-1", "open@2026-03-02 10:00"))
	s.write(t, with(issue("m", "FOUND-1", "open@2026-03-02 10:00", "limbo@2026-03-03"), ofType("epic")))
	s.write(t, with(issue("n", "APP-9", "open@2026-03-02 10:00"), ofType("rare")))
	s.write(t, issue("n", "APP-9", "open@2026-03-02 10:00", "inProgress@2026-03-03"))
	s.batch(t, delivery.Batch{Connection: tracker, Gone: []string{"0007", "2"}, People: []delivery.Person{
		{ID: "7", Login: "ada", Email: "ada@example.org", Name: "Ada"}, {ID: "8", Name: "Bob"},
	}})
	s.batch(t, delivery.Batch{Connection: "zoo", People: []delivery.Person{{ID: "7", Login: "zoe", Name: "Zoe"}}})
}

func testExport(t *testing.T, s *store) {
	s.remembering(t)
	facts, states := s.dump(t), s.states(t, "0007", "2", "m")
	version := s.version(t)
	whole := s.export(t, 1000)
	same(t, "issues", len(exported(whole)), 1+20+6+2)
	same(t, "version", s.version(t), version)
	for _, rec := range exported(whole) {
		same(t, "gone "+rec.Connection+" "+rec.ID, rec.Gone, rec.Connection == tracker && (rec.ID == "0007" || rec.ID == "2"))
	}
	same(t, "former keys", exported(whole)[[2]string{tracker, "m"}].Former, []string{"LOST-1"})
	queues, err := s.Queues(t.Context())
	if err != nil || !slices.Contains(queues, "LOST") {
		t.Fatalf("queues: %v, %v", queues, err)
	}
	for _, limit := range []int{3, 1000} {
		other := s.another(t)
		batches := s.export(t, limit)
		for _, b := range batches {
			other.batch(t, b)
		}
		same(t, "facts", other.dump(t), facts)
		same(t, "states", other.states(t, "0007", "2", "m"), states)
		same(t, "export of the copy", other.export(t, 1000), whole)
		same(t, "former key", other.issue(t, "LOST-1").Key, "FOUND-1")
		same(t, "order", keys(other.list(t, delivery.IssueQuery{Filter: ask(everything).Filter})),
			keys(s.list(t, delivery.IssueQuery{Filter: ask(everything).Filter})))
		got, err := other.Queues(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		same(t, "queues", got, queues)

		version := other.version(t)
		for _, b := range batches {
			same(t, "again", other.batch(t, b), delivery.Written{Unchanged: len(b.Issues)})
		}
		same(t, "version after all again", other.version(t), version)
	}
}

func testExportNothing(t *testing.T, s *store) {
	same(t, "batches", len(s.export(t, 10)), 0)
	for _, after := range []string{"x", "-1", "0"} {
		if b, next, err := s.Export(t.Context(), after, 10); err == nil {
			t.Errorf("after %q: %v, %q", after, b, next)
		}
	}
}

// testExportLarge: few issues are read at once when they are large.
func testExportLarge(t *testing.T, s *store) {
	text := json.RawMessage(`"` + strings.Repeat("x", delivery.ExportBytes/5) + `"`)
	for _, id := range []string{"1", "2", "3", "4", "5"} {
		rec := issue(id, "DEV-"+id, "open@2026-03-02", "closed@2026-03-03")
		rec.Full = true
		rec.Events[0].Fields = []delivery.FieldChange{{Field: "description", From: text, To: text}}
		s.write(t, rec)
	}
	s.write(t, issue("6", "DEV-6", "open@2026-03-02"), issue("7", "DEV-7", "open@2026-03-02"))
	var read []int
	for _, b := range s.export(t, 1000) {
		if len(b.Issues) > 0 {
			read = append(read, len(b.Issues))
		}
	}
	same(t, "issues read at once", read, []int{3, 4})
}

func testGoneAtOnce(t *testing.T, s *store) {
	rec := issue("1", "DEV-1", "open@2026-03-02", "closed@2026-03-03")
	rec.Gone, rec.Former = true, []string{"OLD-1"}
	same(t, "written", s.write(t, rec), delivery.Written{Inserted: 1})
	same(t, "ids", len(s.ids(t, tracker)), 0)
	same(t, "gone", s.states(t, "1")["1"].Gone, true)
	same(t, "listed", len(s.list(t, delivery.IssueQuery{Filter: ask(everything).Filter})), 0)
	version := s.version(t)
	same(t, "again", s.write(t, rec), delivery.Written{Unchanged: 1})
	same(t, "version", s.version(t), version)

	rec.Gone = false
	same(t, "back", s.write(t, rec), delivery.Written{Updated: 1})
	same(t, "by its former key", s.issue(t, "OLD-1").Key, "DEV-1")
	rec.Former = []string{"OLDER-1"}
	same(t, "one more former key", s.write(t, rec), delivery.Written{Updated: 1})
	same(t, "keys", s.issue(t, "OLDER-1").Aliases, []string{"OLD-1", "OLDER-1"})
	rec.Gone = true
	same(t, "gone again", s.write(t, rec), delivery.Written{Updated: 1})
	same(t, "cycle time", s.cycleTime(t, ask(everything)).Sample.N, 0)
}

func testNames(t *testing.T, s *store) {
	s.write(t, issue("1", "DEV-1", "open@2026-03-02"))
	version := s.version(t)
	s.batch(t, delivery.Batch{Names: []delivery.Name{
		{Kind: delivery.QueueName, Key: "GHOST"},
		{Kind: delivery.TypeName, Key: "task", Name: "Newer", At: at("2026-04-01")},
		{Kind: delivery.StatusName, Key: "open", Name: "Older", At: at("2025-01-01")},
	}})
	if s.version(t) == version {
		t.Error("the version is the same after new names")
	}
	queues, err := s.Queues(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	same(t, "queues", queues, []string{"DEV", "GHOST"})
	facets, err := s.Facets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	same(t, "types", facets.Types, []delivery.Facet{{Key: "task", Name: "Newer", Count: 1}})
	for _, wrong := range []delivery.Name{{Kind: "person", Key: "ada"}, {Kind: delivery.TypeName, Name: "Task"}} {
		if _, err := s.Write(t.Context(), delivery.Batch{Names: []delivery.Name{wrong}}); err == nil {
			t.Errorf("%+v is taken", wrong)
		}
	}
}

func (s *store) marked(t *testing.T, want string) {
	t.Helper()
	if got, err := s.Mark(t.Context()); err != nil || got != want {
		t.Fatalf("mark %q, %v; want %q", got, err, want)
	}
}

func testMark(t *testing.T, s *store) {
	s.marked(t, "")
	version := s.version(t)
	s.batch(t, delivery.Batch{Mark: "one"})
	s.marked(t, "one")
	same(t, "version", s.version(t), version)
	s.reopen(t)
	s.marked(t, "one")
	rec := issue("1", "DEV-1", "open@2026-03-02")
	s.batch(t, delivery.Batch{Connection: tracker, Issues: []delivery.IssueRecord{rec}, Mark: "two"})
	if s.version(t) == version {
		t.Error("the version is the same after an issue")
	}
	s.setWorkflow(t, delivery.Workflow{StatusLists: delivery.StatusLists{Closed: []string{"open"}}})
	s.rebuild(t)
	s.marked(t, "two")
	// Nothing of a batch that fails.
	broken := with(rec, func(r *delivery.IssueRecord) {
		r.Custom = map[string]json.RawMessage{"field": json.RawMessage(`{"cut`)}
	})
	if _, err := s.Write(t.Context(), delivery.Batch{Connection: tracker, Issues: []delivery.IssueRecord{broken}, Mark: "three"}); err == nil {
		t.Fatal("broken JSON is taken")
	}
	s.marked(t, "two")
	s.batch(t, delivery.Batch{Connection: tracker, Issues: []delivery.IssueRecord{rec}})
	s.marked(t, "")
}

func testAdopted(t *testing.T, s *store) {
	identity := func() string {
		t.Helper()
		id, err := s.Identity(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	s.batch(t, delivery.Batch{Connection: tracker, Issues: []delivery.IssueRecord{issue("1", "DEV-1", "open@2026-03-02")}, Mark: "all"})
	own, version := identity(), s.version(t)
	if err := s.Adopt(t.Context(), ""); err == nil || identity() != own {
		t.Errorf("it adopted nothing: %v", err)
	}
	if err := s.Adopt(t.Context(), "another's"); err != nil {
		t.Fatal(err)
	}
	same(t, "identity", identity(), "another's")
	s.marked(t, "")
	same(t, "version", s.version(t), version)
	s.reopen(t)
	same(t, "identity", identity(), "another's")
	same(t, "ids", s.ids(t, tracker), []string{"1 DEV-1"})
}
