package control

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

func (db *testDB) apply(t *testing.T, text string) {
	t.Helper()
	p, err := parseTest(text)
	must(t, err)
	must(t, db.Apply(db.ctx, p, testNow))
}

func TestApply(t *testing.T) {
	db := openTest(t)
	version := db.version(t)
	db.apply(t, productExample)
	c, err := db.Connection(db.ctx, "tracker")
	must(t, err)
	if !c.Provisioned || c.Every != 24*time.Hour || !slices.Equal(c.Secrets, []string{"token"}) {
		t.Errorf("connection %+v", c)
	}
	if _, secrets, err := db.Config(db.ctx, c); err != nil || secrets["token"] != "y0_secret-of-tracker" {
		t.Errorf("%v, %v", secrets, err)
	}
	calendars, err := db.Calendars(db.ctx)
	must(t, err)
	if len(calendars) != 1 || !calendars[0].Provisioned || calendars[0].Zone != "Europe/Moscow" {
		t.Errorf("calendars %+v", calendars)
	}
	w, err := db.Workflow(db.ctx)
	must(t, err)
	if !w.Provisioned || !w.Chosen || w.Class("OPS", "", "done", "") != delivery.Closed {
		t.Errorf("workflow %+v", w)
	}
	token, err := db.TokenFor(db.ctx, "0123456789abcdef")
	must(t, err)
	if want := (Token{ID: 1, Name: "ci", Scopes: []string{"ingest"}, Connection: "ci", Provisioned: true, CreatedAt: testNow, LastUsedAt: testNow}); !reflect.DeepEqual(token, want) {
		t.Errorf("token %+v", token)
	}
	if v := db.version(t); v <= version {
		t.Errorf("version %d after %d", v, version)
	}
}

func TestApplyAgainChangesNothing(t *testing.T) {
	db := openTest(t)
	db.apply(t, productExample)
	c, err := db.Connection(db.ctx, "tracker")
	must(t, err)
	s, err := db.StartSync(db.ctx, c.ID, testNow)
	must(t, err)
	must(t, db.SaveProgress(db.ctx, s.ID, source.Cursor(`1`), source.Progress{}, noneWritten, nil, testNow))
	must(t, db.FinishSync(db.ctx, s.ID, Done, source.Message{}, testNow.Add(time.Hour), 0, testNow))
	version, entries := db.version(t), len(db.auditLog(t))
	db.apply(t, productExample)
	if v := db.version(t); v != version {
		t.Errorf("version %d after %d", v, version)
	}
	if n := len(db.auditLog(t)); n != entries {
		t.Errorf("%d audit entries after %d", n, entries)
	}
	if cursor, err := db.Cursor(db.ctx, c.ID); err != nil || string(cursor) != "1" {
		t.Errorf("cursor %s, %v", cursor, err)
	}
	for _, e := range db.auditLog(t) {
		if e.user != nil {
			t.Errorf("the program's own change is user %d's", *e.user)
		}
		for _, secret := range testVars {
			if e.after != nil && len(secret) > 8 && strings.Contains(*e.after, secret) {
				t.Errorf("a secret shows: %s", *e.after)
			}
		}
	}
}

func TestProvisionedIsReadOnly(t *testing.T) {
	db := openTest(t)
	db.apply(t, productExample)
	c, err := db.Connection(db.ctx, "tracker")
	must(t, err)
	_, err = db.SaveConnection(db.ctx, c, nil)
	wantError(t, err, ErrProvisioned)
	wantError(t, db.DeleteConnection(db.ctx, "tracker"), ErrProvisioned)
	wantError(t, db.SaveWorkflow(db.ctx, delivery.Workflow{}), ErrProvisioned)
	wantError(t, db.SaveCalendar(db.ctx, moscow()), ErrProvisioned)
	other := moscow()
	other.Name = "other"
	must(t, db.SaveCalendar(db.ctx, other))
	must(t, db.Pause(db.ctx, c.ID, "expired", "", testNow))
	must(t, db.Resume(db.ctx, "tracker", testNow))
}

// What the file no longer declares stays and can be edited; tokens go.
func TestApplyLess(t *testing.T) {
	db := openTest(t)
	db.apply(t, productExample)
	version := db.version(t)
	db.apply(t, "")
	c, err := db.Connection(db.ctx, "tracker")
	must(t, err)
	if c.Provisioned || len(c.Secrets) != 1 {
		t.Errorf("connection %+v", c)
	}
	db.save(t, c, nil)
	calendars, err := db.Calendars(db.ctx)
	must(t, err)
	if len(calendars) != 1 || calendars[0].Provisioned {
		t.Errorf("calendars %+v", calendars)
	}
	w, err := db.Workflow(db.ctx)
	must(t, err)
	if w.Provisioned || !w.Chosen || !slices.Contains(w.Closed, "released") {
		t.Errorf("workflow %+v", w)
	}
	_, err = db.TokenFor(db.ctx, "0123456789abcdef")
	wantError(t, err, ErrNotFound)
	if v := db.version(t); v == version {
		t.Error("the version stands though calendars are editable now")
	}
}

func TestApplyTakesOver(t *testing.T) {
	db := openTest(t)
	db.save(t, newConnection("tracker"), map[string]string{"token": "typed", "iam_token": "typed too"})
	early := BuiltinCalendar()
	must(t, db.SaveCalendar(db.ctx, early))
	must(t, db.SaveWorkflow(db.ctx, delivery.Workflow{StatusLists: delivery.StatusLists{Closed: []string{"mine"}}}))
	db.apply(t, productExample)
	c, err := db.Connection(db.ctx, "tracker")
	must(t, err)
	if !c.Provisioned || c.ID != 1 || !slices.Equal(c.Secrets, []string{"token"}) {
		t.Errorf("connection %+v", c)
	}
	calendars, err := db.Calendars(db.ctx)
	must(t, err)
	if len(calendars) != 1 || calendars[0].From.IsZero() {
		t.Errorf("a version that nobody sees is left: %+v", calendars)
	}
	if w, err := db.Workflow(db.ctx); err != nil || slices.Contains(w.Closed, "mine") {
		t.Errorf("%+v, %v", w, err)
	}
}

func TestApplyTokens(t *testing.T) {
	db := openTest(t)
	file := func(a, b string) string {
		return fmt.Sprintf("tokens:\n- {name: a, scopes: [read, ingest], token: %s}\n- {name: b, scopes: [metrics], token: %s}\n", a, b)
	}
	const one, two = "one-one-one-one-", "two-two-two-two-"
	name := func(value string) string {
		t.Helper()
		token, err := db.TokenFor(db.ctx, value)
		must(t, err)
		return token.Name
	}
	db.apply(t, file(one, two))
	if name(one) != "a" || name(two) != "b" {
		t.Error("tokens are mixed up")
	}
	db.apply(t, file(two, one))
	if name(one) != "b" || name(two) != "a" {
		t.Error("swapped tokens are mixed up")
	}
	var stored []byte
	must(t, db.sql.Reader.QueryRow(`SELECT group_concat(hash || name || scopes) FROM api_tokens`).Scan(&stored))
	if strings.Contains(string(stored), "one-one") {
		t.Error("a token is stored in the clear")
	}
}

func TestApplyChecksTheConnectionOfTokens(t *testing.T) {
	db := openTest(t)
	p, err := parseTest("workflow: {closed: [done]}\ntokens:\n- name: a\n  scopes: [ingest]\n  token: 0123456789abcdef\n  connection: nowhere\n")
	must(t, err)
	err = db.Apply(db.ctx, p, testNow)
	var problems *ProvisionError
	if !errors.As(err, &problems) || err.Error() != `provision.yml: line 6: connection: there is none called "nowhere"` {
		t.Errorf("error %v", err)
	}
	if w, err := db.Workflow(db.ctx); err != nil || w.Chosen {
		t.Errorf("half the file was applied: %+v, %v", w, err)
	}
}

func TestTokenForNotesUse(t *testing.T) {
	db := openTest(t)
	db.apply(t, productExample)
	used := func() time.Time {
		t.Helper()
		_, err := db.TokenFor(db.ctx, "0123456789abcdef")
		must(t, err)
		var ms int64
		must(t, db.sql.Reader.QueryRow(`SELECT last_used_at FROM api_tokens`).Scan(&ms))
		return fromMillis(ms)
	}
	if got := used(); !got.Equal(testNow) {
		t.Errorf("used at %v", got)
	}
	db.clock = testNow.Add(time.Minute - 1)
	if got := used(); !got.Equal(testNow) {
		t.Errorf("used at %v", got)
	}
	db.clock = testNow.Add(time.Minute)
	if got := used(); !got.Equal(db.clock) {
		t.Errorf("used at %v", got)
	}
	_, err := db.TokenFor(db.ctx, "")
	wantError(t, err, ErrNotFound)
}

// TestTokensAreForgotten: what is kept of a token ends with it.
func TestTokensAreForgotten(t *testing.T) {
	db := openTest(t)
	value, err := db.CreateToken(db.ctx, Token{Name: "ci", Scopes: []string{"ingest"}})
	must(t, err)
	var token Token
	for range 2 {
		token, err = db.TokenFor(db.ctx, value)
		must(t, err)
		if token.Name != "ci" || !token.LastUsedAt.Equal(testNow) {
			t.Errorf("got %+v", token)
		}
	}
	must(t, db.DeleteToken(db.ctx, token.ID))
	_, err = db.TokenFor(db.ctx, value)
	wantError(t, err, ErrNotFound)
}

// TestTokenCacheRaces: a token that was read before a change is not kept after it.
func TestTokenCacheRaces(t *testing.T) {
	var c hashCache[Token]
	_, _, before := c.of([]byte("hash"))
	c.forget()
	c.add([]byte("hash"), Token{Name: "old"}, before)
	if _, found, seen := c.of([]byte("hash")); found || seen == before {
		t.Error("it is kept")
	}
	_, _, seen := c.of([]byte("hash"))
	c.add([]byte("hash"), Token{Name: "new"}, seen)
	if got, found, _ := c.of([]byte("hash")); !found || got.Name != "new" {
		t.Errorf("kept is %+v", got)
	}
}
