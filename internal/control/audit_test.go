package control

import (
	"io/fs"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"

	"throughline/internal/sqlite"
	"throughline/migrations"
)

func TestAudit(t *testing.T) {
	db := openTest(t)
	admin, lead, _ := addUsers(t, db)
	must(t, db.SetRole(WithActor(db.ctx, admin.ID), lead.ID, Viewer))
	must(t, db.SetOption(WithActor(db.ctx, lead.ID), AnonymousViewing, true))
	_, err := db.CreateToken(WithActor(db.ctx, admin.ID), Token{Name: "ci", Scopes: []string{"read"}})
	must(t, err)
	for _, c := range []struct {
		name  string
		query AuditQuery
		want  []string
	}{
		{"all", AuditQuery{}, []string{"token.create", "option.set", "user.role", "user.add", "user.add", "user.add"}},
		{"of the admin", AuditQuery{User: admin.ID}, []string{"token.create", "user.role"}},
		{"of the program", AuditQuery{User: ByProgram, Limit: 2}, []string{"user.add", "user.add"}},
		{"of users", AuditQuery{Kind: "user"}, []string{"user.role", "user.add", "user.add", "user.add"}},
		{"of users by the admin", AuditQuery{Kind: "user", User: admin.ID}, []string{"user.role"}},
		{"of nothing", AuditQuery{Kind: "use"}, nil},
		{"older", AuditQuery{Before: 4, Limit: 2}, []string{"user.add", "user.add"}},
		{"oldest", AuditQuery{Before: 2}, []string{"user.add"}},
	} {
		log, err := db.Audit(db.ctx, c.query)
		must(t, err)
		var got []string
		for _, e := range log {
			got = append(got, e.Action)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	e := db.lastEntry(t)
	if !e.At.Equal(testNow) || e.Object != "token/ci" || e.Before != nil || string(e.After) != `{"name":"ci","scopes":["read"]}` {
		t.Errorf("entry %+v", e)
	}
	kinds, err := db.AuditKinds(db.ctx)
	must(t, err)
	if !slices.Equal(kinds, []string{"option", "token", "user"}) {
		t.Errorf("kinds %v", kinds)
	}
	actors, err := db.AuditActors(db.ctx)
	must(t, err)
	if want := []AuditActor{{ByProgram, ""}, {admin.ID, admin.Email}, {lead.ID, lead.Email}}; !slices.Equal(actors, want) {
		t.Errorf("actors %+v", actors)
	}
}

// firstMigration is the schema as it was first released.
func firstMigration(t *testing.T) fs.FS {
	t.Helper()
	const name = "00001_control.sql"
	text, err := fs.ReadFile(migrations.Control(), name)
	must(t, err)
	return fstest.MapFS{name: {Data: text}}
}

// What was written down before names were gets the name of who is still there.
func TestAuditOfBefore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "control.db")
	old, err := sqlite.Open(t.Context(), path, "NORMAL", firstMigration(t))
	must(t, err)
	_, err = old.Writer.Exec(`INSERT INTO users (id, email, password_hash, role, created_at) VALUES (7, 'ann@example.com', 'x', 'admin', 1);
		INSERT INTO audit_log (at, user_id, action, object) VALUES (1, 7, 'calendar.save', 'calendar/default'), (2, 8, 'calendar.save', 'calendar/default'), (3, NULL, 'setup', 'x')`)
	must(t, err)
	must(t, old.Close())
	db := openAt(t, path, testBox(t, 1))
	log, err := db.Audit(db.ctx, AuditQuery{})
	must(t, err)
	if len(log) != 3 || log[2].Email != "ann@example.com" || log[1].Email != "" || log[1].UserID != 8 || log[0].UserID != 0 {
		t.Errorf("log %+v", log)
	}
	u, err := db.User(db.ctx, 7)
	must(t, err)
	if u.SignOuts != 0 || !u.LastSeenAt.IsZero() {
		t.Errorf("user %+v", u)
	}
}

func TestOptions(t *testing.T) {
	db := openTest(t)
	on := func() bool {
		on, err := db.Option(db.ctx, AnonymousViewing)
		must(t, err)
		return on
	}
	if on() {
		t.Error("anonymous viewing is on from the start")
	}
	must(t, db.SetOption(db.ctx, AnonymousViewing, true))
	must(t, db.SetOption(db.ctx, AnonymousViewing, true))
	if !on() {
		t.Error("it is not on")
	}
	must(t, db.SetOption(db.ctx, AnonymousViewing, false))
	if on() {
		t.Error("it is still on")
	}
	log, err := db.Audit(db.ctx, AuditQuery{Kind: "option"})
	must(t, err)
	if len(log) != 2 || log[1].Object != "option/anonymous_viewing" || string(log[1].Before) != `{"value":"off"}` || string(log[1].After) != `{"value":"on"}` {
		t.Errorf("log %+v", log)
	}
}

func TestTokens(t *testing.T) {
	db := openTest(t)
	db.apply(t, productExample) // declares the token ci
	for _, c := range []struct {
		token       Token
		field, code string
	}{
		{Token{Name: " ", Scopes: []string{"read"}}, "name", "required"},
		{Token{Name: "a\nb", Scopes: []string{"read"}}, "name", "text"},
		{Token{Name: "ci", Scopes: []string{"read"}}, "name", "duplicate"},
		{Token{Name: "x"}, "scopes", "required"},
		{Token{Name: "x", Scopes: []string{"all"}}, "scopes", "invalid"},
		{Token{Name: "x", Scopes: []string{"read"}, Connection: "nowhere"}, "connection", "invalid"},
	} {
		_, err := db.CreateToken(db.ctx, c.token)
		wantField(t, err, c.field, c.code)
	}
	value, err := db.CreateToken(db.ctx, Token{Name: " wall ", Scopes: []string{"read", "metrics"}, Connection: "tracker"})
	must(t, err)
	if len(value) != 43 {
		t.Errorf("value %q", value)
	}
	if e := db.lastEntry(t); string(e.After) != `{"name":"wall","scopes":["read","metrics"],"connection":"tracker"}` {
		t.Errorf("entry %s", e.After)
	}
	token, err := db.TokenFor(db.ctx, value)
	must(t, err)
	tokens, err := db.Tokens(db.ctx)
	must(t, err)
	if len(tokens) != 2 || tokens[1].ID != token.ID || !tokens[1].LastUsedAt.Equal(testNow) || !tokens[0].Provisioned {
		t.Errorf("tokens %+v", tokens)
	}
	wantError(t, db.DeleteToken(db.ctx, tokens[0].ID), ErrProvisioned)
	must(t, db.DeleteToken(db.ctx, token.ID))
	wantError(t, db.DeleteToken(db.ctx, token.ID), ErrNotFound)
	_, err = db.TokenFor(db.ctx, value)
	wantError(t, err, ErrNotFound)
	_, err = db.Token(db.ctx, token.ID)
	wantError(t, err, ErrNotFound)
}
