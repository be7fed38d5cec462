package control

import (
	"encoding/json"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"throughline/internal/secret"
	"throughline/internal/source"
)

func settings(pairs ...string) source.Settings {
	out := source.Settings{}
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i]] = json.RawMessage(pairs[i+1])
	}
	return out
}

// save stores a connection that must be right.
func (db *testDB) save(t *testing.T, c Connection, secrets map[string]string) Connection {
	t.Helper()
	saved, err := db.SaveConnection(db.ctx, c, secrets)
	must(t, err)
	return saved
}

func newConnection(name string) Connection {
	return Connection{Name: name, Kind: "tracker", Every: time.Hour, Settings: settings("queues", `["DEV"]`)}
}

func TestSaveConnection(t *testing.T) {
	db := openTest(t)
	c := db.save(t, newConnection("work"), map[string]string{"token": "y0_secret", "iam_token": ""})
	want := Connection{ID: 1, Name: "work", Kind: "tracker", Every: time.Hour, Settings: settings("queues", `["DEV"]`), Secrets: []string{"token"}, Revision: 1}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("saved %+v", c)
	}
	db.save(t, newConnection("another"), nil)
	all, err := db.Connections(db.ctx)
	must(t, err)
	if len(all) != 2 || all[0].Name != "another" || !reflect.DeepEqual(all[1], want) {
		t.Errorf("connections %+v", all)
	}
	got, err := db.Connection(db.ctx, "work")
	must(t, err)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("connection %+v", got)
	}
	_, err = db.Connection(db.ctx, "other")
	wantError(t, err, ErrNotFound)
	_, err = db.SaveConnection(db.ctx, newConnection("work"), nil)
	wantError(t, err, ErrNameTaken)
}

func TestSaveConnectionRefuses(t *testing.T) {
	db := openTest(t)
	c := db.save(t, newConnection("work"), nil)
	tests := []struct {
		name        string
		change      func(*Connection)
		field, code string
	}{
		{"no name", func(c *Connection) { c.Name = "" }, "name", "required"},
		{"capitals", func(c *Connection) { c.Name = "Work" }, "name", "invalid"},
		{"hyphen first", func(c *Connection) { c.Name = "-a" }, "name", "invalid"},
		{"too long", func(c *Connection) { c.Name = strings.Repeat("a", 41) }, "name", "invalid"},
		{"line break", func(c *Connection) { c.Name = "a\n" }, "name", "invalid"},
		{"reserved", func(c *Connection) { c.Name = "series" }, "name", "reserved"},
		{"no kind", func(c *Connection) { c.Kind = "" }, "kind", "required"},
		{"too often", func(c *Connection) { c.Every = time.Minute - 1 }, "every", "range"},
		{"too rarely", func(c *Connection) { c.Every = MaxEvery + 1 }, "every", "range"},
		{"not JSON", func(c *Connection) { c.Settings = settings("queues", "[") }, "queues", "invalid"},
		{"renamed", func(c *Connection) { c.ID, c.Name = 1, "new" }, "name", "immutable"},
		{"of another kind", func(c *Connection) { c.ID, c.Kind = 1, "jira" }, "kind", "immutable"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			try := c
			try.ID, try.Name = 0, "fresh"
			if strings.Contains(tt.code, "immutable") {
				try.Name = "work"
			}
			tt.change(&try)
			_, err := db.SaveConnection(db.ctx, try, nil)
			wantField(t, err, tt.field, tt.code)
		})
	}
	c.ID = 99
	_, err := db.SaveConnection(db.ctx, c, nil)
	wantError(t, err, ErrNotFound)
}

func TestConfig(t *testing.T) {
	path := filepath.Join(t.TempDir(), "control.db")
	db := openAt(t, path, testBox(t, 1))
	c := db.save(t, newConnection("work"), map[string]string{"token": "y0_secret", "iam_token": "t1.x"})
	check := func(want map[string]string) {
		t.Helper()
		got, secrets, err := db.Config(db.ctx, c)
		must(t, err)
		if !reflect.DeepEqual(secrets, want) || string(got["queues"]) != `["DEV"]` {
			t.Errorf("%v, %v", got, secrets)
		}
	}
	check(map[string]string{"token": "y0_secret", "iam_token": "t1.x"})
	db.save(t, c, map[string]string{"iam_token": ""})
	check(map[string]string{"token": "y0_secret"})
	db.save(t, c, nil)
	check(map[string]string{"token": "y0_secret"})
	db.save(t, c, map[string]string{"token": "y0_other"})
	check(map[string]string{"token": "y0_other"})

	stranger := openAt(t, path, testBox(t, 2))
	_, _, err := stranger.Config(db.ctx, c)
	wantError(t, err, secret.ErrSealed)
	if strings.Contains(err.Error(), "y0_other") {
		t.Errorf("a secret shows: %v", err)
	}
	// A lost key is mended by typing the secret in again.
	stranger.save(t, c, map[string]string{"token": "y0_again"})
	if _, secrets, err := stranger.Config(db.ctx, c); err != nil || secrets["token"] != "y0_again" {
		t.Errorf("%v, %v", secrets, err)
	}
}

// A sealed secret does not open in another row.
func TestSecretsAreBoundToTheirRow(t *testing.T) {
	db := openTest(t)
	a := db.save(t, newConnection("a"), map[string]string{"token": "of a"})
	b := db.save(t, newConnection("b"), map[string]string{"token": "of b"})
	_, err := db.sql.Writer.Exec(`UPDATE connection_secrets SET sealed = (SELECT sealed FROM connection_secrets WHERE connection_id = ?) WHERE connection_id = ?`, a.ID, b.ID)
	must(t, err)
	_, _, err = db.Config(db.ctx, b)
	wantError(t, err, secret.ErrSealed)
}

func TestConnectionIDsAreNotReused(t *testing.T) {
	db := openTest(t)
	a := db.save(t, newConnection("a"), nil)
	must(t, db.DeleteConnection(db.ctx, "a"))
	if b := db.save(t, newConnection("b"), nil); b.ID <= a.ID {
		t.Errorf("id %d after %d", b.ID, a.ID)
	}
}

func TestDeleteConnection(t *testing.T) {
	db := openTest(t)
	c := db.save(t, newConnection("a"), map[string]string{"token": "x"})
	s, err := db.StartSync(db.ctx, c.ID, testNow)
	must(t, err)
	must(t, db.SaveProgress(db.ctx, s.ID, nil, source.Progress{}, noneWritten, []source.Problem{{Record: "A-1"}}, testNow))
	must(t, db.DeleteConnection(db.ctx, "a"))
	wantError(t, db.DeleteConnection(db.ctx, "a"), ErrNotFound)
	for _, table := range []string{"connections", "connection_secrets", "syncs", "sync_problems"} {
		var n int
		must(t, db.sql.Reader.QueryRow(`SELECT count(*) FROM `+table).Scan(&n))
		if n != 0 {
			t.Errorf("%s has %d rows", table, n)
		}
	}
	wantError(t, db.SaveProgress(db.ctx, s.ID, nil, source.Progress{}, noneWritten, nil, testNow), ErrNotFound)
	wantError(t, db.FinishSync(db.ctx, s.ID, Done, source.Message{}, testNow, 0, testNow), ErrNotFound)
	_, _, err = db.Config(db.ctx, c)
	wantError(t, err, ErrNotFound)
}

// Saving resumes, makes due and forgets the cursor only when it has to.
func TestSaveConnectionRenews(t *testing.T) {
	next := testNow.Add(time.Hour)
	tests := []struct {
		name    string
		change  func(*Connection)
		secrets map[string]string
		resumed bool
		cursor  string
		next    time.Time
	}{
		{"nothing", func(*Connection) {}, nil, false, `{"page":2}`, next},
		{"the same secret", func(*Connection) {}, map[string]string{"token": "x"}, false, `{"page":2}`, next},
		{"the same settings, written otherwise", func(c *Connection) { c.Settings = settings("queues", ` [ "DEV" ] `, "query", "null") }, nil, false, `{"page":2}`, next},
		{"more often", func(c *Connection) { c.Every = 20 * time.Minute }, nil, false, `{"page":2}`, testNow.Add(20 * time.Minute)},
		{"more rarely", func(c *Connection) { c.Every = 3 * time.Hour }, nil, false, `{"page":2}`, testNow.Add(3 * time.Hour)},
		{"another secret", func(*Connection) {}, map[string]string{"token": "y"}, true, `{"page":2}`, time.Time{}},
		{"a secret less", func(*Connection) {}, map[string]string{"token": ""}, true, `{"page":2}`, time.Time{}},
		{"other settings", func(c *Connection) { c.Settings = settings("queues", `["OPS"]`) }, nil, true, "", time.Time{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			db := openTest(t)
			c := db.save(t, newConnection("a"), map[string]string{"token": "x"})
			s, err := db.StartSync(db.ctx, c.ID, testNow)
			must(t, err)
			must(t, db.SaveProgress(db.ctx, s.ID, source.Cursor(`{"page":2}`), source.Progress{}, noneWritten, nil, testNow))
			must(t, db.FinishSync(db.ctx, s.ID, Paused, source.Message{Text: "expired"}, next, 0, testNow))
			must(t, db.Pause(db.ctx, c.ID, "expired", "the token has expired", testNow))
			tt.change(&c)
			saved := db.save(t, c, tt.secrets)
			if resumed := saved.Paused == nil; resumed != tt.resumed {
				t.Errorf("resumed: %v", resumed)
			}
			if !saved.NextRunAt.Equal(tt.next) {
				t.Errorf("next run at %v, want %v", saved.NextRunAt, tt.next)
			}
			cursor, err := db.Cursor(db.ctx, c.ID)
			must(t, err)
			if string(cursor) != tt.cursor {
				t.Errorf("cursor %s, want %s", cursor, tt.cursor)
			}
		})
	}
}

func TestConnectionAudit(t *testing.T) {
	db := openTest(t)
	db.ctx = WithActor(db.ctx, 7)
	c := db.save(t, newConnection("a"), map[string]string{"token": "y0_secret"})
	c.Settings = settings("queues", `["OPS"]`)
	c = db.save(t, c, map[string]string{"token": "y0_other"})
	db.save(t, c, nil) // no change, no entry
	must(t, db.DeleteConnection(db.ctx, "a"))
	log := db.auditLog(t)
	var actions []string
	for _, e := range log {
		actions = append(actions, e.action)
		if e.user == nil || *e.user != 7 || e.object != "connection/a" {
			t.Errorf("entry %+v", e)
		}
		for _, text := range []*string{e.before, e.after} {
			if text != nil && strings.Contains(*text, "y0_") {
				t.Errorf("a secret shows: %s", *text)
			}
		}
	}
	if !slices.Equal(actions, []string{"connection.create", "connection.update", "connection.delete"}) {
		t.Fatalf("actions %v", actions)
	}
	if want := `{"kind":"tracker","every":"1h0m0s","settings":{"queues":["OPS"]},"secrets":["token"],"new_secrets":["token"]}`; *log[1].after != want {
		t.Errorf("after %s", *log[1].after)
	}
}

func TestDue(t *testing.T) {
	db := openTest(t)
	due := func(now time.Time) []string {
		t.Helper()
		all, err := db.Due(db.ctx, now)
		must(t, err)
		names := []string{}
		for _, c := range all {
			names = append(names, c.Name)
		}
		return names
	}
	check := func(now time.Time, want ...string) {
		t.Helper()
		if got := due(now); !slices.Equal(got, append([]string{}, want...)) {
			t.Errorf("due %v, want %v", got, want)
		}
	}
	a, b := db.save(t, newConnection("a"), nil), db.save(t, newConnection("b"), nil)
	check(testNow, "a", "b")
	s, err := db.StartSync(db.ctx, a.ID, testNow)
	must(t, err)
	check(testNow, "b")
	if c, err := db.Connection(db.ctx, "a"); err != nil || !c.Syncing {
		t.Errorf("%+v, %v", c, err)
	}
	_, err = db.StartSync(db.ctx, a.ID, testNow)
	wantError(t, err, ErrSyncRunning)
	must(t, db.FinishSync(db.ctx, s.ID, Done, source.Message{}, testNow.Add(time.Hour), 0, testNow))
	check(testNow.Add(time.Hour-1), "b")
	check(testNow.Add(time.Hour), "b", "a")

	must(t, db.Pause(db.ctx, b.ID, "expired", "the token has expired", testNow))
	check(testNow.Add(time.Hour), "a")
	paused, err := db.Connection(db.ctx, "b")
	must(t, err)
	if want := (&Pause{"expired", "the token has expired", testNow}); !reflect.DeepEqual(paused.Paused, want) {
		t.Errorf("pause %+v", paused.Paused)
	}
	must(t, db.Resume(db.ctx, "b", testNow))
	must(t, db.RunNow(db.ctx, "a", testNow))
	check(testNow, "a", "b")
	must(t, db.Pause(db.ctx, b.ID, "expired", "again", testNow))
	must(t, db.RunNow(db.ctx, "b", testNow))
	check(testNow, "a", "b")
	wantError(t, db.RunNow(db.ctx, "c", testNow), ErrNotFound)

	soon := testNow.Add(time.Minute)
	must(t, db.RunBy(db.ctx, a.ID, soon))
	check(testNow, "a", "b") // it is due before
	must(t, db.Pause(db.ctx, b.ID, "expired", "again", testNow))
	must(t, db.RunBy(db.ctx, b.ID, testNow))
	check(testNow, "a")
	must(t, db.Resume(db.ctx, "b", testNow.Add(time.Hour)))
	must(t, db.RunBy(db.ctx, b.ID, soon))
	check(soon.Add(-time.Second), "a")
	check(soon, "a", "b")
	wantError(t, db.Resume(db.ctx, "c", testNow), ErrNotFound)
	wantError(t, db.Pause(db.ctx, 99, "", "", testNow), ErrNotFound)
}

// What a person says holds, also after a change; what a sync says does only of
// the connection as it was.
func TestPauseAfterChange(t *testing.T) {
	db := openTest(t)
	c := db.save(t, newConnection("a"), map[string]string{"token": "x"})
	s, err := db.StartSync(db.ctx, c.ID, testNow)
	must(t, err)
	must(t, db.FinishSync(db.ctx, s.ID, Done, source.Message{}, testNow.Add(time.Hour), 0, testNow))
	must(t, db.PauseAfter(db.ctx, s.ID, "expired", "", testNow))
	if got, err := db.Connection(db.ctx, "a"); err != nil || got.Paused == nil || got.Paused.Code != "expired" {
		t.Errorf("after its sync: %+v, %v", got.Paused, err)
	}
	c = db.save(t, c, map[string]string{"token": "y"})
	must(t, db.PauseAfter(db.ctx, s.ID, "expired", "", testNow))
	if got, err := db.Connection(db.ctx, "a"); err != nil || got.Paused != nil {
		t.Errorf("after a new token: %+v, %v", got.Paused, err)
	}
	must(t, db.Pause(db.ctx, c.ID, "user", "", testNow))
	if got, err := db.Connection(db.ctx, "a"); err != nil || got.Paused == nil || got.Paused.Code != "user" {
		t.Errorf("by hand: %+v, %v", got.Paused, err)
	}
}
