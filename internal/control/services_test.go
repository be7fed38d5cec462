package control

import (
	"reflect"
	"strings"
	"testing"

	"throughline/internal/delivery"
)

func payService() Service {
	return Service{Service: delivery.Service{
		Name: "pay", Repository: "acme/shop", Paths: delivery.Patterns{"pay/**"}, JiraProjects: delivery.Patterns{"PAY"},
		SentryProjects: delivery.Patterns{"pay-api"}, Queues: delivery.Patterns{"PAY"}, Environments: delivery.Patterns{"production"},
	}}
}

// service stores a service and returns it as it is stored.
func (db *testDB) service(t *testing.T, s Service) Service {
	t.Helper()
	_, err := db.SaveService(db.ctx, s)
	must(t, err)
	got, err := db.Service(db.ctx, s.Name)
	must(t, err)
	return got
}

func TestSaveService(t *testing.T) {
	db := openTest(t)
	in := payService()
	in.Name, in.Paths = " pay ", delivery.Patterns{" pay/** ", "", "pay/**"}
	version := db.version(t)
	audit, err := db.SaveService(db.ctx, in)
	must(t, err)
	got, err := db.Service(db.ctx, "pay")
	must(t, err)
	want := payService()
	want.ID = got.ID
	if !reflect.DeepEqual(got, want) || audit == 0 {
		t.Errorf("service %+v (entry %d)", got, audit)
	}
	if db.version(t) == version {
		t.Error("the settings version stands")
	}
	version = db.version(t)
	if again, err := db.SaveService(db.ctx, got); err != nil || again != 0 || db.version(t) != version {
		t.Errorf("saving the same is entry %d, version %d after %d (%v)", again, db.version(t), version, err)
	}
}

func TestSaveServiceRefuses(t *testing.T) {
	db := openTest(t)
	db.service(t, payService())
	tests := []struct {
		name, field, code string
		change            func(*Service)
	}{
		{"no name", "name", "required", func(s *Service) { s.Name = " " }},
		{"a long name", "name", "text_long", func(s *Service) { s.Name = strings.Repeat("ы", 101) }},
		{"two lines", "name", "text_long", func(s *Service) { s.Name = "a\nb" }},
		{"the sign of deployments", "name", "signs", func(s *Service) { s.Name = "pay #1" }},
		{"no repository", "repository", "invalid", func(s *Service) { s.Repository = "shop" }},
		{"an address", "repository", "invalid", func(s *Service) { s.Repository = "https://github.com/acme/shop" }},
		{"paths of nothing", "repository", "required", func(s *Service) { s.Repository = "" }},
		{"only exclusions", "paths", "patterns", func(s *Service) { s.Paths = delivery.Patterns{"!x"} }},
		{"a wrong environment", "environments", "patterns", func(s *Service) { s.Environments = delivery.Patterns{"a\x01"} }},
		{"a long pattern", "jira", "patterns", func(s *Service) { s.JiraProjects = delivery.Patterns{strings.Repeat("x", 201)} }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := payService()
			s.Name = "other"
			tt.change(&s)
			_, err := db.SaveService(db.ctx, s)
			wantField(t, err, tt.field, tt.code)
		})
	}
	_, err := db.SaveService(db.ctx, Service{Service: delivery.Service{Name: "PAY"}})
	wantError(t, err, ErrNameTaken)
	_, err = db.SaveService(db.ctx, Service{ID: 99, Service: delivery.Service{Name: "x"}})
	wantError(t, err, ErrNotFound)
	_, err = db.DeleteService(db.ctx, "x")
	wantError(t, err, ErrNotFound)
}

// What people said of a service's deployments goes with its name, and comes back
// with it.
func TestRenameService(t *testing.T) {
	db := openTest(t)
	s := db.service(t, payService())
	_, err := db.SaveVerdicts(db.ctx, delivery.Verdict{Service: "pay", Group: "7", Decision: delivery.Confirm})
	must(t, err)
	s.Name = "payments"
	audit, err := db.SaveService(db.ctx, s)
	must(t, err)
	if v := db.verdicts(t); len(v) != 1 || v[0].Service != "payments" {
		t.Errorf("verdicts %+v", v)
	}
	_, err = db.Undo(db.ctx, audit)
	must(t, err)
	if v := db.verdicts(t); len(v) != 1 || v[0].Service != "pay" {
		t.Errorf("verdicts %+v", v)
	}
}

func TestVerdicts(t *testing.T) {
	db := openTest(t)
	ann := db.user(t, "ann@example.com")
	ctx := WithActor(db.ctx, ann)
	first, err := db.SaveVerdicts(ctx, delivery.Verdict{Service: "acme/pay", Group: "7", Incident: "jira/PAY-1", Decision: delivery.Confirm, Note: " yes "})
	must(t, err)
	relinked, err := db.SaveVerdicts(ctx,
		delivery.Verdict{Service: "acme/pay", Group: "7", Incident: "jira/PAY-1", Decision: delivery.Reject},
		delivery.Verdict{Service: "api", Group: "9", Incident: "jira/PAY-1", Decision: delivery.Link})
	must(t, err)
	told := func() (out []string) {
		for _, v := range db.verdicts(t) {
			out = append(out, v.Service+" "+v.Group+" "+v.Incident+" "+string(v.Decision)+" "+v.Note+" "+v.By)
		}
		return out
	}
	want := []string{"acme/pay 7 jira/PAY-1 reject  ann@example.com", "api 9 jira/PAY-1 link  ann@example.com"}
	if got := told(); !reflect.DeepEqual(got, want) {
		t.Errorf("verdicts %q", got)
	}
	entries, err := db.Audit(db.ctx, AuditQuery{Kind: "verdict"})
	must(t, err)
	if len(entries) != 2 || entries[0].Object != "verdict/acme/pay #7 + api #9" || entries[0].Action != "verdict.save" || entries[0].Email != "ann@example.com" {
		t.Errorf("entries %+v", entries)
	}
	_, err = db.Undo(ctx, first)
	wantError(t, err, ErrChanged)
	_, err = db.Undo(ctx, relinked)
	must(t, err)
	if got, want := told(), []string{"acme/pay 7 jira/PAY-1 confirm yes ann@example.com"}; !reflect.DeepEqual(got, want) {
		t.Errorf("undone, verdicts are %q", got)
	}
	same, err := db.SaveVerdicts(ctx, delivery.Verdict{Service: "acme/pay", Group: "7", Incident: "jira/PAY-1", Decision: delivery.Confirm, Note: "yes"})
	if err != nil || same != 0 {
		t.Errorf("the same again is entry %d, %v", same, err)
	}
	deleted, err := db.DeleteVerdict(ctx, db.verdicts(t)[0].ID)
	must(t, err)
	if got := told(); got != nil || deleted == 0 {
		t.Errorf("deleted, verdicts are %q (entry %d)", got, deleted)
	}
	_, err = db.DeleteVerdict(ctx, 99)
	wantError(t, err, ErrNotFound)
}

func TestVerdictRefused(t *testing.T) {
	db := openTest(t)
	tests := []struct {
		name, field, code string
		v                 delivery.Verdict
	}{
		{"of nothing", "group", "required", delivery.Verdict{Decision: delivery.Confirm}},
		{"an object of its own", "group", "invalid", delivery.Verdict{Service: "a #1 + b", Group: "2", Decision: delivery.Confirm}},
		{"a link to nothing", "incident", "required", delivery.Verdict{Service: "a", Group: "1", Decision: delivery.Link}},
		{"no decision", "decision", "invalid", delivery.Verdict{Service: "a", Group: "1", Decision: "maybe"}},
		{"a long note", "note", "length", delivery.Verdict{Service: "a", Group: "1", Decision: delivery.Reject, Note: strings.Repeat("ы", 2001)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := db.SaveVerdicts(db.ctx, tt.v)
			wantField(t, err, tt.field, tt.code)
		})
	}
	_, err := db.SaveVerdicts(db.ctx)
	wantField(t, err, "group", "length")
}

func (db *testDB) verdicts(t *testing.T) []delivery.Verdict {
	t.Helper()
	all, err := db.Verdicts(db.ctx)
	must(t, err)
	return all
}
